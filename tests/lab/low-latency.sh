# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: low_latency makes the guest signal a monitored channel at once
# azhost: --vcpus 2 --net responder,monitor_us=500
# timeout: 90
# expect-stock: fail

guest() {
	plan 5
	check "interface up" net_up
	mark from
	check "UDP echo by the monitor page" udp_echo 100
	mark mid
	check "low_latency can be set" set_all
	udp_echo 10
	mark on
	check "UDP echo by signals" udp_echo 100
	mark to
	check_no_splat
}

set_all() {
	set_result=1
	for set_channel in /sys/bus/vmbus/drivers/hv_netvsc/*/channels/*; do
		[ -e "$set_channel/low_latency" ] || return 1
		echo 1 >"$set_channel/low_latency" || return
		[ "$(cat "$set_channel/low_latency")" = 1 ] || return
		set_result=0
	done
	return $set_result
}

# monitored FROM TO: what part of the guest's signals the host found in the monitor page, percent
monitored() {
	mon_all=$(delta 'channels.device=net0.counters.signals_received' "$1" "$2")
	mon_bit=$(delta 'channels.device=net0.counters.signals_monitored' "$1" "$2")
	[ "$mon_all" -gt 0 ] && echo $((mon_bit * 100 / mon_all))
}

verify() {
	metric low_latency_monitored "$(monitored on to)" %
	is "before, all signals are in the monitor page" "$(monitored from mid)" 100
	[ "$ARM" = stock ] || is "then none is" "$(monitored on to)" 0
}
