# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: a network device and a disk that are signalled through the monitor page
# azhost: --vcpus 1 --net responder,monitor_us=200 --disk ram=16M,monitor_us=500
# timeout: 90

guest() {
	plan 6
	check "interface up" net_up
	mark begin
	check "UDP echo" udp_echo 50
	mark end
	check "disk there" wait_for 20 disk_dev
	check "reads" azimuth bench io --file "/dev/$(disk_dev)" --rw randread --bs 4096 --count 50
	is "the offer says so" "$(cat /sys/bus/vmbus/drivers/hv_netvsc/*/monitor_id | wc -l)" 1
	check_no_splat
}

verify() {
	seen='channels.device=net0.counters.signals_monitored'
	compare "the host saw the bit" "$(delta "$seen" begin end)" -gt 0
	is "and was signalled by nothing else" "$(delta "$seen" begin end)" \
		"$(delta 'channels.device=net0.counters.signals_received' begin end)"
	compare "the disk's, too" "$(counter 'channels.device=scsi0.counters.signals_monitored')" -gt 0
}
