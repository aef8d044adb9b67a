# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: TCP over netvsc and a TAP to a real peer, contents verified
# azhost: --vcpus 2 --net tap=aztap0
# timeout: 120

guest() {
	plan 4
	check "interface up" net_up
	check "peer answers" wait_for 20 ping -c 1 -W 1 "$NET_PEER"
	check "TCP there and back" azimuth bench net --mode tcp --bytes 4M --count 2 \
		--timeout 30s "$NET_PEER:7077"
	check_no_splat
}

host() {
	check "peer behind the TAP" tap_peer aztap0 7077
}
