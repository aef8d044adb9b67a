# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: what netvsc counts for each queue, compared with what the host counted
# azhost: --vcpus 1 --net responder
# timeout: 90

# report PREFIX: the guest's counters, and the host's by a mark
report() {
	azimuth stats "$(net_dev)" | sed "s/^/# $1 /"
	mark "$1"
}

guest() {
	plan 6
	check "interface up" net_up
	check "round trips" udp_echo 300
	azimuth bench net --mode burst --size 64 --warmup 0 --count 4 --burst 256 "$NET_PEER:9" >/dev/null
	compare "bursts" $? -eq 0
	sleep 1
	report one
	check "a new MTU makes new queues" ip link set dev "$(net_dev)" mtu 1400
	check "round trips afterwards" udp_echo 100
	sleep 1
	report two
	check_no_splat
}

# same MARK NAME PATH: one more if the guest's counter is there and as the host's
same() {
	same_guest=$(sed -n "s/^# $1 $2 //p" "$RUN/results.txt")
	same_host=$(counter "marks.name=$1.channels.device=net0.$3")
	if [ "$same_guest" = "$same_host" ]; then
		equal=$((equal + 1))
	else
		diag "$1 $2: guest '$same_guest', host $same_host"
	fi
}

verify() {
	equal=0
	same one qstats_queue_0_tx_packets device_counters.tx_rndis_packets
	same one qstats_queue_0_tx_bytes device_counters.tx_bytes
	same one qstats_queue_0_rx_packets device_counters.rx_packets
	same one qstats_queue_0_rx_bytes device_counters.rx_bytes
	same one tx_queue_0_vmbus_packets device_counters.tx_vmbus_packets
	same one tx_queue_0_in_section device_counters.tx_section
	same one tx_queue_0_signals counters.signals_received
	same one rx_queue_0_interrupts counters.interrupts_raised
	# The sums of the device go on where those of the new queues begin at 0.
	same two qstats_tx_packets device_counters.tx_rndis_packets
	same two qstats_tx_bytes device_counters.tx_bytes
	same two qstats_rx_packets device_counters.rx_packets
	same two qstats_rx_bytes device_counters.rx_bytes
	metric queue_stats_equal "$equal"
	[ "$ARM" = stock ] || is "counters as the host's, of 12" "$equal" 12
}
