# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: what a SCSI controller with 8 channels costs in memory on 8 vCPUs
# azhost: --vcpus 8 --memory 1024 --disk ram=16M
# modules: hv_vmbus hv_utils sd_mod
# timeout: 150
# expect-stock: fail

free_kib() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
	usleep 500000
	awk '/^MemFree:/ { print $2 }' /proc/meminfo
}

load() {
	mod_load hv_storvsc storvsc_vcpus_per_sub_channel=1 && wait_for 20 disk_dev
}

# The first load also costs what is never given back; the second is measured.
guest() {
	plan 6
	check "storvsc loads" load
	sleep 1
	check "storvsc unloads" mod_unload hv_storvsc
	before=$(free_kib)
	check "storvsc loads again" load
	after=$(free_kib)
	metric storvsc_tags_kib $((before - after))
	is "no I/O scheduler on several queues" "$(cut -d' ' -f1 "/sys/block/$(disk_dev)/queue/scheduler")" \
		"[none]"
	compare "less than 12 MiB for the controller, its rings and its disk" \
		$((before - after)) -lt 12288
	check_no_splat
}
