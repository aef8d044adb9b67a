# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the host completes a control message without saying what it completes
# azhost: --vcpus 1 --net responder --fault net0:empty-completion,op=rndis,count=1
# timeout: 60
# expect-stock: panic splat

guest() {
	plan 3
	check "interface up" net_up
	check "UDP echo" udp_echo 50
	check_no_splat
}

verify() {
	is "a completion was empty" "$(counter 'channels.device=net0.device_counters.completions_emptied')" 1
}
