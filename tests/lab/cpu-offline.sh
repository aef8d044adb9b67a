# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: CPUs that take channel interrupts go offline under load and come back
# azhost: --vcpus 4 --net responder --disk ram=32M
# kernel: debug
# timeout: 150
# expect-stock: fail
# expect-stock-7.3: ok

online() {
	echo "$2" >"/sys/devices/system/cpu/cpu$1/online"
}

# channels_on CPU: how many VMBus channels it serves
channels_on() {
	cat /sys/bus/vmbus/devices/*/channels/*/cpu | grep -cx "$1"
}

guest() {
	check "interface up" net_up
	check "disk there" wait_for 20 disk_dev
	disk=/dev/$(disk_dev)
	wait_for 10 all_serve
	check "each CPU serves a channel" all_serve
	azimuth bench io --file "$disk" --rw randread --bs 4096 --count 100000000 >/dev/null 2>&1 &
	reader=$!
	gone=0
	for cpu in 3 2 1; do
		check "CPU $cpu goes offline" online $cpu 0
		[ "$(cat /sys/devices/system/cpu/cpu$cpu/online)" = 0 ] || break
		gone=$((gone + 1))
		is "no channel is left on CPU $cpu" "$(channels_on $cpu)" 0
		check "UDP echo without CPU $cpu" udp_echo 50
	done
	metric cpu_offline_gone $gone
	for cpu in 1 2 3; do
		[ "$(cat /sys/devices/system/cpu/cpu$cpu/online)" = 1 ] || online $cpu 1
	done
	is "all CPUs are back" "$(nproc)" 4
	kill "$reader"
	check "the disk reads and writes right" azimuth bench io --file "$disk" --rw verify --bs 64k
	check_no_splat
}

all_serve() {
	for cpu in 0 1 2 3; do
		[ "$(channels_on $cpu)" -gt 0 ] || return
	done
}
