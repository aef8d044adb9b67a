# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the number of channels changes, 2 to 1 and back, and both carry packets
# azhost: --vcpus 2 --net responder
# timeout: 120

channels() {
	labtool nic channels "$dev" | cut -d' ' -f1
}

echo_works() {
	wait_for 20 net_carrier "$dev" &&
		udp_echo 50
}

guest() {
	plan 9
	check "interface up" net_up
	dev=$(net_dev)
	wait_for 20 has_channels 2
	is "one channel for each vCPU" "$(channels)" 2
	for n in 1 2; do
		check "set $n" labtool nic channels "$dev" $n
		wait_for 20 has_channels $n
		is "the interface has $n" "$(channels)" $n
		check "UDP echo over $n" echo_works
	done
	check_no_splat
}

has_channels() {
	[ "$(channels)" = "$1" ]
}
