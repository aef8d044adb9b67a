# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: a transmit completion that never comes, and one that comes twice
# azhost: --vcpus 2 --net responder --fault net0:lose-completion,after=50,count=1 --fault net0:dup-completion,after=80,count=1
# timeout: 90

guest() {
	plan 3
	check "interface up" net_up
	check "UDP echo goes on" udp_echo 400
	check_no_splat
}

verify() {
	is "both faults fired" "$(counter "faults.*.fired")" 2
}
