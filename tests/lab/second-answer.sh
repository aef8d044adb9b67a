# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the host answers the RNDIS initialization twice, the second time with an error
# azhost: --vcpus 1 --net responder
# azhost: --fault net0:dup-answer,op=rndis-init,status=0xc0000001,count=1
# timeout: 90
# expect-stock: fail

# One processor: both answers are there before who waits for them runs. The request has
# been answered then, with success.
guest() {
	plan 3
	check "interface up" net_up
	check "UDP echo" udp_echo 50
	check_no_splat
}

verify() {
	is "a second answer was sent" "$(counter 'channels.device=net0.device_counters.control_repeated')" 1
}
