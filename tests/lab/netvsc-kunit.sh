# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the KUnit tests of netvsc, where the kernel has KUnit: they run when it is loaded
# azhost: --vcpus 2 --memory 1024 --net responder
# modules: none
# timeout: 120
# expect-stock-7.3: fail

guest() {
	kunit_guest hv_netvsc ppi_test_block ppi_test_twice netvsc_test_completions \
		netvsc_test_completion_bytes netvsc_test_completion_batch netvsc_test_sections \
		netvsc_test_copy
}
