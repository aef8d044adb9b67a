# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the host's NIC answers 6 s late; does the log name the answers that netvsc waits for?
# azhost: --vcpus 2 --net responder --fault net0:delay,op=nvsp-init,us=6000000
# azhost: --fault net0:delay,op=recv-buf,us=6000000 --fault net0:delay,op=rndis-query,us=6000000
# azhost: --fault net0:delay,op=subchannel,us=6000000
# azhost: --fault vmbus:delay,msg=open-result,us=15000000,after=1
# modules: hv_vmbus
# timeout: 150
# expect-stock: fail

guest() {
	plan 5
	check "netvsc loads" mod_load hv_netvsc
	check "interface up" net_up
	check "UDP echo" udp_echo 20
	wait_for 20 all_named
	dmesg | grep -E 'no answer|still waiting' | while read -r line; do diag "$line"; done
	metric late_net_named "$(named)"
	check "all five are named" all_named
	check_no_splat
}

named() {
	for what in 'no answer to NVSP INIT' 'no answer to SEND_RECV_BUF' 'no answer to RNDIS QUERY' \
		'no answer to SUBCHANNEL' '1 of 2 channels are open, still waiting'; do
		dmesg | grep -q "$what" && echo
	done | wc -l
}

all_named() {
	[ "$(named)" = 5 ]
}
