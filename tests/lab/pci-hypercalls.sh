# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: config space by hypercalls instead of traps, as an isolated guest reaches it
# azhost: --vcpus 2 --mmio-hypercalls --pci pcitest
# modules: hv_vmbus pci-hyperv
# timeout: 200

guest() {
	check "the function is there" wait_for 60 pci_dev
	mark scanned
	pcitest_load || return 0
	check "vectors, DMA and blocks work" pcitest_works
	check_no_splat
}

verify() {
	selects=$(counter 'channels.device=vpci0.device_counters.window_selects')
	compare "the window was used" "$selects" -ge 20
	is "nothing trapped while the function was scanned" "$(counter 'marks.name=scanned.vm.exits.mmio')" 0
	compare "each choice of a function was a hypercall" \
		"$(counter vm.hypercalls.mmio_write)" -ge "$selects"
	compare "reads" "$(counter vm.hypercalls.mmio_read)" -ge 10
	is "no hypercall was unknown" "$(counter vm.hypercalls.unknown)" 0
}
