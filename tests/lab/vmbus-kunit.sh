# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the KUnit tests of VMBus, in kernels of our own: they run when hv_vmbus is loaded
# azhost: --vcpus 8 --memory 1024
# modules: none
# timeout: 120
# expect-stock-7.3: fail

tests="ring_batch_bytes ring_batch_full ring_batch_refused spread_no_smt spread_smt2 spread_smt4"
tests="$tests ring_packet_and_batch"

passed() {
	for passed_test in $tests; do
		! dmesg | grep -qE "\] +ok [0-9]+ $passed_test\$" || echo "$passed_test"
	done | wc -l
}

guest() {
	if [ "$FLAVOUR" = distribution ]; then
		plan 1
		skip "KUnit tests" "the distribution's kernel has no KUnit"
		return
	fi
	plan 3
	check "VMBus loads" mod_load hv_vmbus
	diag "$(dmesg | grep -E 'vmbus_|(not )?ok [0-9]+ |EXPECTATION|ASSERTION' | tail -n 30)"
	metric vmbus_kunit_passed "$(passed)"
	is "all seven pass" "$(passed)" 7
	check_no_splat
}
