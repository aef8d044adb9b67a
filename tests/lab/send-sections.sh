# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: channels take send sections of their own, while they have some
# azhost: --vcpus 2 --net responder
# timeout: 90

# The host sees which channel sends from which section. Where one that another channel used
# last goes out, the two have written the same bit of the guest's map of sections.

has_channels() {
	[ "$(labtool nic channels "$(net_dev)" | cut -d' ' -f1)" = "$1" ]
}

guest() {
	plan 4
	check "interface up" net_up
	check "it has two channels" wait_for 20 has_channels 2
	mark begin
	azimuth bench net --mode rtt --flows 8 --fanout 8 --count 500 --warmup 0 --size 64 \
		"$NET_PEER:7" >/dev/null
	compare "500 requests to 8 flows each" $? -eq 0
	mark end
	check_no_splat
}

# sent NAME: by both channels between the marks
sent() {
	delta "channels.device=net0.device_counters.$1" begin end
}

verify() {
	in_sections=$(sent tx_section)
	compare "packets in sections" "$in_sections" -ge 2000
	channels=$("$LAB/labtool" json "$RUN/counters.json" \
		marks.name=end.channels.device=net0.device_counters.tx_section | awk '$1 >= 400' | wc -l)
	is "both channels send" "$channels" 2
	moved=$(sent tx_section_moved)
	metric send_sections_moved "$moved"
	kept=0
	[ "$moved" != 0 ] || kept=1
	metric send_sections_kept $kept
	[ "$ARM" = stock ] || is "no section goes from channel to channel" "$moved" 0
}
