# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: what storvsc allocates for reads of 256 KiB, whose pages do not fit into a command
# azhost: --vcpus 2 --disk disk.img
# modules: hv_vmbus hv_utils sd_mod hv_storvsc
# timeout: 120
# expect-stock: fail

prepare() {
	truncate -s 16M disk.img
}

watch_kmalloc() {
	tracing 8192 && trace_event kmem/kmalloc 'bytes_req>292'
}

guest() {
	plan 5
	check "disk there" wait_for 30 disk_dev
	check "tracing" watch_kmalloc
	check "500 reads of 256 KiB" azimuth bench io --file "/dev/$(disk_dev)" --rw randread \
		--bs 256k --count 500 --warmup 0
	trace_event_end kmem/kmalloc
	allocations=$(grep -c 'call_site=storvsc_' "$TRACING/trace")
	metric large_reads_allocations "$allocations"
	is "nothing allocated by storvsc" "$allocations" 0
	check "write and verify" azimuth bench io --file "/dev/$(disk_dev)" --rw verify --bs 256k \
		--seed 9
}

verify() {
	check "the data is in the host's file" "$LAB/azimuth" bench io --file "$RUN/disk.img" \
		--rw check --bs 256k --seed 9
}
