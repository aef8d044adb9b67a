# SPDX-License-Identifier: GPL-2.0-only
# desc: hv_exitlat: interrupts to the other thread of the core
# arms: stock
# azhost: --vcpus 2 --smt --memory 512
# modules: none
# timeout: 180

# shellcheck source=tests/lab/exitlat.sh
. "${LAB:-}/tests/exitlat.sh"

guest() {
	mod_path hv_exitlat >/dev/null 2>&1 || {
		skip "hv_exitlat" "the module is not built: scripts/modules BASE"
		return
	}
	mount -t debugfs debugfs /sys/kernel/debug
	check "the module loads" mod_load hv_exitlat
	put count $SAMPLES
	for what in ipi-apic ipi-hypercall ipi-call; do
		check "$what runs" measure $what
		is "CPU 1 is the sibling" "$(field $what-sibling target)" 1
		has_samples $what-sibling
	done
	not "there is no other core" measure ipi-apic-core
	not "and no other node" measure ipi-apic-remote
	check_no_splat
}

verify() {
	:
}
