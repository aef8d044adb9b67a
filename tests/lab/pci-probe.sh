# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: functions behind vPCI: BARs, NUMA node, interrupts on each CPU, DMA, and their counts
# azhost: --vcpus 4 --numa 2 --pci pcitest,vectors=8,memory=16M,numa=1
# azhost: --pci pcitest,vectors=2,memory=128M,numa=0
# modules: hv_vmbus pci-hyperv
# kernel: debug
# timeout: 200

guest() {
	check "two functions" wait_for 60 pci_dev 1
	d=$(pci_dev)
	is "vendor and device" "$(cat "$d/vendor" "$d/device" | tr '\n' ' ')" "0x1414 0xa27e "
	is "size of the register BAR" "$(size_of "$d" 1)" 65536
	is "size of the memory BAR" "$(size_of "$d" 3)" 16777216
	is "size of the other one's" "$(size_of "$(pci_dev 1)" 3)" 134217728
	is "NUMA node" "$(cat "$d/numa_node")" 1
	is "slot by its serial number" "$(cat /sys/bus/pci/slots/2/address)" a201:00:00
	mark scanned
	pcitest_load || return 0
	mark bound
	check "vectors, DMA and blocks work" pcitest_works
	check "and on the other bus" pcitest_works 1
	compare "interrupts" "$(cat "$d/interrupts")" -ge 10
	mark worked
	check "interrupts move to another CPU" moved
	mod_unload pcitest
	check_no_splat
	mark unloaded
}

# size_of DEVICE LINE: of its resource file
size_of() {
	sed -n "$2p" "$1/resource" | {
		read -r from to _
		echo $((to - from + 1))
	}
}

# The first interrupt of the second function: to CPU 2 and back, and it still comes.
moved() {
	irq=$(find "$(pci_dev 1)/msi_irqs" -type f | head -n 1)
	for cpu in 2 0; do
		echo $cpu >"/proc/irq/${irq##*/}/smp_affinity_list" && pcitest_works 1 || return
	done
}

verify() {
	first='pci.name=pcitest0'
	compare "config space was read while it was scanned" \
		"$(counter "$first.config_reads.scan.bar")" -ge 6
	is "no interrupt before the driver" "$(counter "marks.name=scanned.$first.msi_creates.total")" 0
	grep -q '^ok .*driver loads' "$RUN/results.txt" || return 0
	compare "a message for each vector, at least" "$(counter "$first.msi_creates.total")" -ge 8
	is "all of them were given back" \
		"$(counter "$first.msi_creates.total")" "$(counter "$first.msi_deletes")"
	compare "retargets" "$(counter "$first.retargets")" -ge 8
	compare "the hypervisor saw as many" "$(counter vm.hypercalls.retarget)" -ge 10
	compare "interrupts" "$(counter "$first.interrupts")" -ge 10
	is "none was lost" "$(counter "$first.interrupts_dropped")" 0
	is "one copy in each direction" "$(delta "$first.copies" bound worked)" 2
	diag "config reads: $(counter "$first.config_reads.total"), writes: $(counter "$first.config_writes.total")"
	metric pci_probe_window_exits "$(counter 'channels.device=vpci0.device_counters.window_selects')"
	metric pci_probe_messages "$(counter "$first.msi_creates.total")"
	metric pci_probe_retargets "$(counter "$first.retargets")"
}
