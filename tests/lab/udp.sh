# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: UDP over netvsc, each reply's content verified, on two channels
# azhost: --vcpus 2 --net responder
# timeout: 90

guest() {
	plan 6
	check "interface up" net_up
	for size in 16 64 1472 8000; do
		check "UDP echo of $size bytes" azimuth bench net --mode rtt --size "$size" \
			--warmup 10 --count 200 "$NET_PEER:7"
	done
	check_no_splat
}

verify() {
	compare "the host echoed what it received" "$(counter \
		'channels.device=net0.counters.protocol_errors')" -eq 0
}
