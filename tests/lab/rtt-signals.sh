# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: signals to the host for a round trip, and that no receive completion is kept for long
# azhost: --vcpus 1 --net responder
# timeout: 90

guest() {
	plan 4
	check "interface up" net_up
	check "warm" udp_echo 100
	mark begin
	check "round trips" udp_echo 1000
	mark end
	sleep 1
	mark idle
	check_no_splat
}

verify() {
	signals=$(delta 'channels.device=net0.counters.signals_received' begin end)
	received=$(counter 'marks.name=idle.channels.device=net0.counters.xfer_pages_out')
	completed=$(counter 'marks.name=idle.channels.device=net0.counters.completions_in')
	metric rtt_signals "$signals"
	[ "$ARM" = stock ] ||
		compare "a signal for a round trip, or little more" "$signals" -le 1155
	is "completions missing after a second of silence" "$((received - completed))" 0
}
