# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the KUnit tests of netvsc, where the kernel has KUnit: they run when it is loaded
# azhost: --vcpus 2 --memory 1024 --net responder
# modules: none
# timeout: 120
# expect-stock-7.3: fail

tests="ppi_test_block ppi_test_twice netvsc_test_completions netvsc_test_completion_bytes"
tests="$tests netvsc_test_completion_batch netvsc_test_sections netvsc_test_copy"

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
	check "netvsc loads" mod_load hv_netvsc
	diag "$(dmesg | grep -E 'netvsc|ppi|(not )?ok [0-9]+ |EXPECTATION|ASSERTION' | tail -n 40)"
	metric netvsc_kunit_passed "$(passed)"
	is "all seven pass" "$(passed)" 7
	check_no_splat
}
