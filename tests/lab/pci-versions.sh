# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: hosts of vPCI 1.1, 1.2, 1.3 and 1.4: interrupts in each form work
# azhost: --vcpus 2 --pci pcitest,protocol=1.1 --pci pcitest,protocol=1.2
# azhost: --pci pcitest,protocol=1.3 --pci pcitest,protocol=1.4
# modules: hv_vmbus pci-hyperv
# timeout: 200

guest() {
	check "the last function is there" wait_for 60 pci_dev 3
	pcitest_load || return 0
	for bus in 0 1 2 3; do
		check "bus $bus: vectors, DMA and blocks work" pcitest_works $bus
	done
	check_no_splat
}

# sent BUS MESSAGE
sent() {
	counter "channels.device=vpci$1.device_counters.$2"
}

verify() {
	for bus in 0 1 2 3; do
		is "bus $bus: versions that were tried" "$(sent $bus query_version)" $((4 - bus))
	done
	is "1.1: resources in the first form" "$(sent 0 resources_assigned)" 1
	is "1.2: in the second" "$(sent 1 resources_assigned2)" 1
	grep -q '^ok .*driver loads' "$RUN/results.txt" || return 0
	compare "1.1: the first form of interrupts" "$(sent 0 create_interrupt)" -ge 8
	compare "1.2: the second" "$(sent 1 create_interrupt2)" -ge 8
	compare "1.3: the second" "$(sent 2 create_interrupt2)" -ge 8
	compare "1.4: the third" "$(sent 3 create_interrupt3)" -ge 8
}
