# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the virtual switch takes the cable away and gives it back
# azhost: --vcpus 1 --net responder
# timeout: 90

no_carrier() {
	! net_carrier "$1"
}

guest() {
	plan 5
	check "interface up" net_up
	dev=$(net_dev)
	echo "# ready"
	check "the carrier goes" wait_for 20 no_carrier "$dev"
	echo "# down"
	check "the carrier comes back" wait_for 20 net_carrier "$dev"
	check "UDP echo afterwards" udp_echo 50
	check_no_splat
}

host() {
	guest_said '^# ready' 60
	check "media down" ctl '{"cmd":"media","device":"net0","state":"down"}'
	guest_said '^# down' 60
	check "media up" ctl '{"cmd":"media","device":"net0","state":"up"}'
}
