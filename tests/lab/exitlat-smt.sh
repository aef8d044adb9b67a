# SPDX-License-Identifier: GPL-2.0-only
# desc: hv_exitlat: interrupts to the other thread of the core
# arms: stock
# azhost: --vcpus 2 --smt --memory 512
# modules: none
# timeout: 180

SAMPLES=200

guest() {
	exitlat_ready || return
	exitlat_put count $SAMPLES
	for what in ipi-apic ipi-hypercall ipi-call; do
		check "$what runs" exitlat_run $what
		is "CPU 1 is the sibling" "$(exitlat_field $what-sibling target)" 1
		exitlat_has $what-sibling $SAMPLES
	done
	fails "there is no other core" exitlat_run ipi-apic-core
	fails "and no other node" exitlat_run ipi-apic-remote
	check_no_splat
}
