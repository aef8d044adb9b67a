# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: ICMP and ICMPv6 echo over netvsc
# azhost: --vcpus 2 --net responder

guest() {
	plan 5
	check "interface up" net_up
	check "ping" ping -c 5 -i 0.2 -W 5 "$NET_PEER"
	check "ping with a fragmented packet" ping -c 2 -s 4000 -W 5 "$NET_PEER"
	check "ping over IPv6" ping -6 -c 5 -i 0.2 -W 5 "$NET_PEER6"
	check_no_splat
}
