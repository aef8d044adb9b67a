# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: a request goes out by the channel whose interrupt its own CPU takes
# azhost: --vcpus 2 --disk ram=16M
# modules: hv_vmbus hv_utils sd_mod
# timeout: 120
# expect-stock: fail

# interrupts CPU: those of the storvsc channels that it serves
interrupts() {
	sum=0
	for chan in /sys/bus/vmbus/drivers/hv_storvsc/*/channels/*; do
		if [ "$(cat "$chan/cpu")" = "$1" ]; then
			sum=$((sum + $(cat "$chan/interrupts")))
		fi
	done
	echo $sum
}

both_serve() {
	[ "$(cat /sys/bus/vmbus/drivers/hv_storvsc/*/channels/*/cpu | sort -u | wc -l)" = 2 ]
}

guest() {
	plan 7
	check "storvsc loads" mod_load hv_storvsc storvsc_vcpus_per_sub_channel=1
	check "disk there" wait_for 20 disk_dev
	check "each CPU serves a channel" wait_for 20 both_serve
	sleep 2
	for cpu in 0 1; do
		from=$(interrupts $cpu)
		azimuth bench io --file "/dev/$(disk_dev)" --rw randread --bs 4096 --count 1000 \
			--warmup 0 --cpus $cpu >/dev/null
		own=$(($(interrupts $cpu) - from))
		metric "own_channel_cpu$cpu" $own
		compare "CPU $cpu takes its own 1000 completions" $own -ge 950
	done
	check "the disk reads and writes right" azimuth bench io --file "/dev/$(disk_dev)" \
		--rw verify --bs 64k
	check_no_splat
}
