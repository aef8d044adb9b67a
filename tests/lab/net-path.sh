# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: bench net over netvsc without a VF: synthetic path, stages by its stamps
# azhost: --vcpus 2 --net responder

# says TEXT: the result has it
says() {
	grep -qF "$1" /tmp/path.json
}

guest() {
	plan 8
	check "interface up" net_up
	azimuth bench net --stamps --count 300 --json /tmp/path.json "$NET_PEER:7"
	compare "UDP round trips with stamps" $? -eq 0
	check "the interface's driver is known" says '"driver": "hv_netvsc"'
	check "the path is synthetic" says '"start": "synthetic"'
	check "samples are of that path" says '"rtt@synthetic"'
	check "netvsc stamps what it sends and receives" says '"stage_network+server"'
	check "the responder tells no times, and that is said" says 'server: the server does not say'
	check_no_splat
}
