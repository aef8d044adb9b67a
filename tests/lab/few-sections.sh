# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: a host with few receive sections waits for the guest to give them back
# azhost: --vcpus 1 --net responder,queues=1,recv_sections=4
# timeout: 90

guest() {
	plan 4
	check "interface up" net_up
	# Together fewer than the 512 frames that the host keeps.
	check "bursts" azimuth bench net --mode burst --size 64 --warmup 0 --count 10 --burst 32 \
		"$NET_PEER:7"
	check "UDP echo" udp_echo 50
	check_no_splat
}

verify() {
	waited=$(counter 'channels.device=net0.device_counters.rx_no_section')
	compare "frames had to wait for a section" "$waited" -gt 0
	is "none was dropped" "$(counter 'channels.device=net0.device_counters.rx_dropped')" 0
}
