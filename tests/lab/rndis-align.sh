# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the host wants packets aligned to 2^255; are small ones still sent from the send buffer?
# azhost: --vcpus 1 --net responder --fault net0:rndis-align,factor=255
# timeout: 60

guest() {
	plan 3
	check "interface up" net_up
	mark begin
	check "UDP echo" udp_echo 200
	mark end
	check_no_splat
}

verify() {
	sections=$(delta channels.device=net0.device_counters.tx_section begin end)
	packets=$(delta channels.device=net0.device_counters.tx_vmbus_packets begin end)
	metric rndis_align_percent_in_sections $((100 * sections / packets))
	if [ "$ARM" = stock ]; then
		is "no packet is sent from a section" "$sections" 0
	else
		is "each packet is sent from a section" "$sections" "$packets"
	fi
}
