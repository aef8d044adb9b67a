# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: no memory for the first message of the host; do it and those behind it arrive?
# azhost: --vcpus 1 --net responder
# modules: none
# timeout: 150
# expect-stock: fail

# The slot of a message that was not handled stays full, and no other comes. Later an interrupt
# of any channel would make the guest look again; here there is no channel yet, as the message
# is the first offer.

guest() {
	plan 5
	dpc=vmbus_on_msg_dpc
	[ "$BASE" = 6.12 ] || dpc=__vmbus_on_msg_dpc
	check "an allocation is to fail" fail_call __kmalloc_noprof 0 0 1 $dpc
	mod_load hv_vmbus
	wait_for 10 offered
	is "it failed" "$(cat /sys/module/failcall/parameters/failed)" 1
	offers=$(find /sys/bus/vmbus/devices/ -mindepth 1 | wc -l)
	metric message_dpc_offers "$offers"
	compare "the host's devices are there" "$offers" -ge 2
	check "the NIC works" nic_works
	check_no_splat
}

nic_works() {
	offered && mod_load hv_netvsc && net_up
}

offered() {
	[ "$(find /sys/bus/vmbus/devices/ -mindepth 1 | wc -l)" -ge 2 ]
}
