# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: a host of VMBus 4.1, the oldest that Linux takes beside 4.0
# azhost: --vcpus 2 --vmbus-version 4.1 --net responder --disk ram=16M
# timeout: 90

guest() {
	plan 5
	check "interface up" net_up
	check "UDP echo" udp_echo 50
	check "disk there" wait_for 20 disk_dev
	is "VMBus version" "$(dmesg | sed -n 's/.*Vmbus version://p')" 4.1
	check_no_splat
}

verify() {
	is "no message was refused" "$(counter vm.messages.refused)" 0
}
