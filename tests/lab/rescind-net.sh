# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the NIC is rescinded while it sends, offered again, and works
# azhost: --vcpus 2 --net responder
# timeout: 120

guest() {
	plan 4
	check "interface up" net_up
	azimuth bench net --mode burst --size 64 --count 1000000 --burst 32 "$NET_PEER:9" \
		>/tmp/sender 2>&1 &
	echo "# sending"
	if wait_for 60 no_nic; then
		ok "the interface went away"
	else
		not_ok "the interface went away"
	fi
	kill $! 2>/dev/null
	echo "# gone"
	check "offered again, UDP echo works" back
	check_no_splat
}

no_nic() {
	! net_dev
}

back() {
	wait_for 60 net_dev && net_up &&
		udp_echo 50
}

host() {
	guest_said '^# sending' 120
	sleep 2
	check "rescind" ctl '{"cmd":"rescind","device":"net0"}'
	guest_said '^# gone' 90
	check "offer again" ctl '{"cmd":"reoffer","device":"net0"}'
}
