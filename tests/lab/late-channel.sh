# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: a CPU that read before the sub-channels opened uses them afterwards
# azhost: --vcpus 4 --disk ram=16M,channels=1 --fault vmbus:delay,msg=gpadl-created,us=5000000,after=1,count=1
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

guest() {
	plan 7
	check "storvsc loads" mod_load hv_storvsc
	check "disk there" wait_for 40 disk_dev
	check "early reads on CPU 3" read_on 3 20
	is "there is one sub-channel, not yet in use" "$(sub_interrupts)" 0
	sleep 8
	check "late reads on CPU 3" read_on 3 500
	json late "{\"sub_interrupts\":$(sub_interrupts)}"
	compare "most went by the sub-channel" "$(sub_interrupts)" -ge 250
	check_no_splat
}
