# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the host sends frames without an Ethernet header; do they reach the stack?
# azhost: --vcpus 1 --net responder
# timeout: 60
# expect-stock: fail

# A runt has 6 bytes behind eth_type_trans(), where frames enter GRO; a good one has more
# than the 14 of the header there.
guest() {
	plan 6
	check "interface up" net_up
	check "UDP echo" udp_echo 5
	trace_event net/napi_gro_receive_entry 'len < 14'
	echo "# ready"
	check "ten runts have come" wait_for 20 all_came
	metric runt_frames_passed_on "$(passed_on)"
	is "none is passed on" "$(passed_on)" 0
	check "UDP echo afterwards" udp_echo 50
	check_no_splat
}

passed_on() {
	grep -c napi_gro_receive_entry: "$TRACING/trace"
}

all_came() {
	[ $(($(passed_on) + $(stat_of "$(net_dev)" rx_length_errors))) = 10 ]
}

host() {
	guest_said '^# ready' 60
	for n in 1 2 3 4 5 6 7 8 9 10; do
		check "runt $n" ctl '{"cmd":"inject","device":"net0","kind":"ppi-runt"}'
	done
}
