# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: trace vmbus counts what the host counts: interrupts, packets, signals of each device
# azhost: --vcpus 2 --net responder --disk ram=16M
# timeout: 180

guest() {
	plan 7
	check "interface up" net_up
	check "disk there" wait_for 20 disk_dev
	udp_echo 20
	check "the tracer attaches" tracer_begin vmbus
	sleep 1
	mark from
	check "UDP echo" udp_echo 300
	check "reads" azimuth bench io --file "/dev/$(disk_dev)" --rw randread --bs 4096 --count 200
	sleep 1
	mark to
	check "the tracer ends" tracer_end vmbus
	tracer_result vmbus
	check_no_splat
}

# same WHAT DEVICE COUNTER PATH: of the host between the marks, and of the tracer
same() {
	is "$2: $1" "$(traced vmbus "channels.device=$(name_of "$2").$4")" \
		"$(delta "channels.device=$2.counters.$3" from to)"
}

# What the guest calls the host's device
name_of() {
	case $1 in
	net0) echo eth0 ;;
	scsi0) echo host0 ;;
	esac
}

verify() {
	for device in net0 scsi0; do
		same "packets to the host" $device packets_in sends
		is "$device: signals" \
			"$(($(traced vmbus "channels.device=$(name_of $device).signals_write") +
			    $(traced vmbus "channels.device=$(name_of $device).signals_read")))" \
			"$(delta "channels.device=$device.counters.signals_received" from to)"
		is "$device: interrupts" "$(traced vmbus "channels.device=$(name_of $device).interrupts")" \
			"$(($(delta "channels.device=$device.counters.interrupts_raised" from to) -
			    $(delta "channels.device=$device.counters.interrupts_coalesced" from to)))"
	done
}
