# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: no memory for the completion ring of a sub-channel; what was freed is not freed again
# azhost: --vcpus 4 --net responder
# timeout: 90
# expect-stock: panic splat

# The first change of the MTU gets two of four rings, and the device goes on with its
# primary channel. The second one frees that device.
guest() {
	plan 7
	check "interface up" net_up
	dev=$(net_dev)
	check "the third ring of the next device fails" \
		fail_call netvsc_alloc_recv_comp_ring -12 2
	check "MTU 1400" ip link set dev "$dev" mtu 1400
	is "one channel" "$(labtool nic channels "$dev" | cut -d' ' -f1)" 1
	check "MTU 1500" ip link set dev "$dev" mtu 1500
	sleep 1
	check "UDP echo afterwards" udp_echo 50
	check_no_splat
}
