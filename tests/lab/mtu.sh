# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: MTU changes, down and up again, while packets flow
# azhost: --vcpus 2 --net responder
# timeout: 120

guest() {
	plan 9
	check "interface up" net_up
	dev=$(net_dev)
	for mtu in 1400 576 1500; do
		check "MTU $mtu" ip link set dev "$dev" mtu "$mtu"
		is "the interface has MTU $mtu" "$(cat "/sys/class/net/$dev/mtu")" "$mtu"
	done
	wait_for 20 net_carrier "$dev"
	ip -6 addr replace "$NET_SELF6/64" dev "$dev"
	check "UDP echo after the changes" udp_echo 100 1400
	check_no_splat
}
