# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: hosts with few receive sections get all of them back, and go on
# azhost: --vcpus 1 --net responder,recv_sections=2 --net responder,recv_sections=1100
# timeout: 90

# Replies to a burst wait in the host, for sections. Afterwards single ones come as before.
load() {
	udp_echo 300 &&
		azimuth bench net --mode burst --size 64 --warmup 0 --count 20 --burst 64 "$NET_PEER:7" &&
		sleep 1 && udp_echo 300
}

second() {
	ip link set "$(net_dev 0)" down && ip addr flush dev "$(net_dev 0)" && net_up "$(net_dev 1)"
}

guest() {
	plan 5
	check "interface with 2 sections up" net_up
	check "load" load
	check "interface with 1100 sections up" second
	check "load" load
	sleep 1
	mark idle
	check_no_splat
}

verify() {
	for n in net0 net1; do
		sent=$(counter "marks.name=idle.channels.device=$n.counters.xfer_pages_out")
		is "$n: completions" \
			"$(counter "marks.name=idle.channels.device=$n.counters.completions_in")" "$sent"
	done
}
