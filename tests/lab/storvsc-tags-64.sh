# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: what a SCSI controller costs in memory on 64 vCPUs, of which 16 are brought up
# azhost: --vcpus 64 --memory 1024 --disk disk.img
# append: maxcpus=16
# modules: hv_vmbus hv_utils sd_mod
# timeout: 240
# expect-stock: fail

# The driver makes a hardware queue for each CPU that is present, and by default a channel for
# each 4 that are online. With one for each of 16 it has the 16 channels, and the can_queue, that
# 64 have by default.

prepare() {
	truncate -s 16M disk.img
}

free_kib() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	usleep 500000
	awk '/^MemFree:/ { print $2 }' /proc/meminfo
}

all_channels() {
	set -- /sys/bus/vmbus/drivers/hv_storvsc/*/channels/*
	[ $# = 16 ]
}

load() {
	mod_load hv_storvsc storvsc_vcpus_per_sub_channel=1 && wait_for 60 disk_dev &&
		wait_for 60 all_channels
}

# The first load also costs what is never given back; the second is measured.
guest() {
	plan 7
	is "64 CPUs are present" "$(cat /sys/devices/system/cpu/present)" 0-63
	check "storvsc loads, with 16 channels" load
	check "storvsc unloads" mod_unload hv_storvsc
	before=$(free_kib)
	check "storvsc loads again" load
	after=$(free_kib)
	metric storvsc_tags_64_kib $((before - after))
	compare "less than 20 MiB for the controller, its rings and its disk" \
		$((before - after)) -lt 20480
	check "write and verify" azimuth bench io --file "/dev/$(disk_dev)" --rw verify --bs 64k \
		--seed 23
	check_no_splat
}

verify() {
	[ "$OUTCOME" = ok ] || return 0
	check "the data is in the host's file" "$LAB/azimuth" bench io --file "$RUN/disk.img" \
		--rw check --bs 64k --seed 23
}
