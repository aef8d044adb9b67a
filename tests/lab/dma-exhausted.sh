# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: an isolated VM runs out of bounce buffers while it sends; are they all given back?
# azhost: --vcpus 1 --net responder,mtu=65000,tx_us=50,tx_batch_us=5000
# append: swiotlb=128,force
# modules: hv_vmbus hv_netvsc
# timeout: 90
# expect-stock: fail

slots=/sys/kernel/debug/swiotlb

# Only the driver is told that the VM is isolated, when the device is set up: what it
# sends goes through 256 KiB of bounce buffers then. A frame of 40,000 bytes has several
# mappings, so that the buffers often run out in the middle of one.
guest() {
	plan 5
	mount -t debugfs debugfs /sys/kernel/debug
	check "interface up" net_up
	check "MTU 65000" ip link set dev "$(net_dev)" mtu 65000
	wait_for 20 net_carrier "$(net_dev)"
	echo 4000000 >/proc/sys/net/core/wmem_default
	check "the VM is isolated" fail_call hv_is_isolation_supported 1 0 0
	azimuth bench net --mode burst --burst 50 --count 20 --size 40000 "$NET_PEER:9"
	diag "$(labtool nic stat "$(net_dev)" tx_no_space) packets without space"
	diag "$(cat $slots/io_tlb_used) of $(cat $slots/io_tlb_nslabs) slots are in use"
	wait_for 10 all_free
	metric dma_exhausted_slots_lost "$(cat $slots/io_tlb_used)"
	is "no slot is lost" "$(cat $slots/io_tlb_used)" 0
	check_no_splat
}

all_free() {
	[ "$(cat $slots/io_tlb_used)" = 0 ]
}
