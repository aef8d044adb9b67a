# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the KUnit tests of VMBus, in kernels of our own: they run when hv_vmbus is loaded
# azhost: --vcpus 8 --memory 1024
# modules: none
# timeout: 120
# expect-stock-7.3: fail

guest() {
	kunit_guest hv_vmbus ring_batch_bytes ring_batch_full ring_batch_refused \
		spread_no_smt spread_smt2 spread_smt4 ring_packet_and_batch
}
