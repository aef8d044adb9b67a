# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# arms: none
#
# Not yet one of the tests: it has not passed as a whole. Take "none" away to run it.
# desc: trace netvsc counts what the host counts, and takes the delay of the peer for none of its own
# azhost: --vcpus 2 --net responder
# timeout: 240

# Delays are so long that a loaded machine does not make one of its own of half that length.
DELAY_US=400000

guest() {
	plan 9
	check "interface up" net_up
	udp_echo 20

	check "the tracer attaches" tracer_begin netvsc --xdp
	sleep 1
	mark from
	interrupts=$(interrupts)
	check "UDP echo" udp_echo 300
	sleep 1
	mark to
	json trace_guest "{\"interrupts\": $(($(interrupts) - interrupts))}"
	check "the tracer ends" tracer_end netvsc
	tracer_result netvsc counts

	echo "# please: delay"
	sleep 3
	check "the tracer attaches again" tracer_begin netvsc
	check "UDP echo with a slow peer" slow_echo
	# The answers come when nobody is there any more.
	check "a burst" azimuth bench net --mode burst --size 64 --warmup 1 --count 1 --burst 2 \
		"$NET_PEER:7"
	sleep 2
	check "the tracer ends again" tracer_end netvsc
	tracer_result netvsc slow
	check_no_splat
}

# What the driver of the bus counted for the interface's channels
interrupts() {
	cat "/sys/class/net/$(net_dev)/device/channels/"*/interrupts | awk '{ s += $1 } END { print s }'
}

# Without the usual warm-up, for each round trip takes its time
slow_echo() {
	azimuth bench net --mode rtt --size 64 --warmup 1 --count 6 "$NET_PEER:7"
}

host() {
	guest_said '^# please: delay' 120
	check "the peer answers later" \
		ctl "{\"cmd\":\"delay\",\"device\":\"net0\",\"us\":$DELAY_US}"
}

# same WHAT COUNTER PATH: of the host between the marks, and of the tracer
same() {
	is "$1" "$(traced counts "$3")" "$(delta "channels.device=net0.$2" from to)"
}

verify() {
	same "packets to the host" device_counters.tx_vmbus_packets "queues.*.tx"
	same "their completions" device_counters.tx_vmbus_packets "queues.*.tx_done"
	same "packets from the host" device_counters.rx_packets "queues.*.rx"
	# Two of the host's may come as one where both are there before the guest looks.
	is "interrupts" "$(traced counts "queues.*.interrupts")" "$(traced guest interrupts)"
	is "each was read" "$(traced counts histograms.rx_read.count)" \
		"$(traced counts "queues.*.rx")"
	is "none is left" "$(traced counts counts.in_flight)" 0
	is "each completion has its packet" "$(traced counts counts.unmatched)" 0
	is "XDP passes all" "$(traced counts counts.xdp_pass)" \
		"$(traced counts "queues.*.rx")"

	for stage in tx_qdisc tx_driver tx_host rx_irq rx_poll rx_stack rx_wake rx_read; do
		compare "the peer's delay is not in $stage" \
			"$(traced slow "histograms.$stage.p50")" -lt $((DELAY_US * 500))
	done
	compare "answers that nobody waited for" \
		"$(traced slow drop_reasons.NO_SOCKET)" -ge 2
}
