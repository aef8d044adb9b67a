# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: a host that answers late: 2 ms for an interrupt, longer for the rest; how often it is asked
# azhost: --vcpus 2 --pci pcitest,vectors=4,msi_delay_us=2000 --fault vpci0:delay,op=version,us=200000
# azhost: --fault vpci0:delay,op=resources,us=200000 --fault vpci0:delay,op=d0-entry,us=200000
# azhost: --fault vpci0:delay,op=assigned,us=200000
# modules: hv_vmbus pci-hyperv
# timeout: 200

guest() {
	check "the function is there" wait_for 60 pci_dev
	mark scanned
	pcitest_load || return 0
	mark bound
	check "vectors, DMA and blocks work" pcitest_works
	check_no_splat
}

verify() {
	grep -q '^ok .*driver loads' "$RUN/results.txt" || return 0
	creates=$(counter 'pci.name=pcitest0.msi_creates.total')
	compare "each answer was late" \
		"$(counter 'channels.device=vpci0.device_counters.replies_delayed')" -ge $((creates + 4))
	# While it waits pci-hyperv asks for the vendor, to see whether the device is still there.
	polls=$(delta 'pci.name=pcitest0.config_reads.enabled.id' scanned bound)
	polls=$((polls + $(delta 'pci.name=pcitest0.config_reads.running.id' scanned bound)))
	metric pci_late_creates "$creates"
	metric pci_late_polls "$polls"
	compare "it looked for the device while it waited" "$polls" -ge "$creates"
}
