# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the host coalesces TCP segments into one frame of many receive sections
# azhost: --vcpus 1 --net responder,rsc=on
# timeout: 90

# The driver tells the host about coalescing only when it attaches anew.
reattach() {
	ip link set dev "$dev" mtu 1400 && ip link set dev "$dev" mtu 1500 &&
		wait_for 20 net_carrier "$dev" && udp_echo 10
}

resets() {
	awk '$1 == "Tcp:" && $2 ~ /[0-9]/ { print $15 }' /proc/net/snmp
}

more_resets() {
	[ "$(resets)" -gt "$1" ]
}

guest() {
	plan 5
	check "interface up" net_up
	dev=$(net_dev)
	check "coalescing agreed" reattach
	before=$(resets)
	bytes=$(stat_of "$dev" rx_bytes)
	echo "# ready"
	check "the frame reaches TCP, checksum and all" wait_for 20 more_resets "$before"
	compare "it came as one" $(($(stat_of "$dev" rx_bytes) - bytes)) -ge 11638
	check_no_splat
}

host() {
	guest_said '^# ready' 60
	check "the host sends it" ctl '{"cmd":"send-rsc","device":"net0","segments":8}'
}

verify() {
	is "coalesced frames" "$(counter 'channels.device=net0.device_counters.rx_rsc_frames')" 1
}
