# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: a CPU that read before the sub-channels opened uses them afterwards
# azhost: --vcpus 4 --disk disk.img,channels=1 --fault vmbus:delay,msg=gpadl-created,us=5000000,after=1,count=1
# modules: hv_vmbus sd_mod
# timeout: 150
# expect-stock: fail

# sub_interrupts: those of the sub-channel, which does not serve CPU 0
sub_interrupts() {
	for chan in /sys/bus/vmbus/drivers/hv_storvsc/*/channels/*; do
		[ "$(cat "$chan/cpu")" = 0 ] || cat "$chan/interrupts"
	done
}

read_on() {
	azimuth bench io --file "/dev/$(disk_dev)" --rw randread --bs 4096 --count "$2" \
		--warmup 0 --cpus "$1"
}

prepare() {
	truncate -s 16M disk.img
}

guest() {
	plan 8
	check "storvsc loads" mod_load hv_storvsc
	check "disk there" wait_for 40 disk_dev
	check "early reads on CPU 3" read_on 3 20
	is "there is one sub-channel, not yet in use" "$(sub_interrupts)" 0
	sleep 8
	check "late reads on CPU 3" read_on 3 500
	metric late_channel_sub_interrupts "$(sub_interrupts)"
	compare "most went by the sub-channel" "$(sub_interrupts)" -ge 250
	check "write and verify" azimuth bench io --file "/dev/$(disk_dev)" --rw verify --bs 64k \
		--seed 17
	check_no_splat
}

verify() {
	check "the data is in the host's file" "$LAB/azimuth" bench io --file "$RUN/disk.img" \
		--rw check --bs 64k --seed 17
}
