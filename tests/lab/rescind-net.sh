# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the NIC is rescinded with packets in flight, offered again, and works (stock waits for ever)
# azhost: --vcpus 2 --net responder,tx_us=1000
# kernel: debug
# timeout: 60
# expect-stock: hang

# The host's NIC takes 1 ms for each packet, so some are never completed.
guest() {
	plan 4
	check "interface up" net_up
	azimuth bench net --mode burst --size 64 --count 1000000 --burst 32 "$NET_PEER:9" \
		>/tmp/sender 2>&1 &
	echo "# sending"
	if wait_for 20 no_nic; then
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
	wait_for 20 net_dev && net_up && udp_echo 50
}

host() {
	guest_said '^# sending' 60
	sleep 1
	check "rescind" ctl '{"cmd":"rescind","device":"net0"}'
	guest_said '^# gone' 60
	check "offer again" ctl '{"cmd":"reoffer","device":"net0"}'
}
