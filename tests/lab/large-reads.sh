# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: what storvsc allocates for reads of 256 KiB, whose pages do not fit into a command
# azhost: --vcpus 2 --disk disk.img
# modules: hv_vmbus hv_utils sd_mod hv_storvsc
# timeout: 120
# expect-stock: fail

tracing=/sys/kernel/tracing

prepare() {
	truncate -s 16M disk.img
}

watch_kmalloc() {
	mount -t tracefs tracefs $tracing 2>/dev/null
	echo 8192 >$tracing/buffer_size_kb
	echo 'bytes_req>292' >$tracing/events/kmem/kmalloc/filter
	echo 1 >$tracing/events/kmem/kmalloc/enable
}

guest() {
	plan 5
	check "disk there" wait_for 30 disk_dev
	check "tracing" watch_kmalloc
	check "500 reads of 256 KiB" azimuth bench io --file "/dev/$(disk_dev)" --rw randread \
		--bs 256k --count 500 --warmup 0
	echo 0 >$tracing/events/kmem/kmalloc/enable
	allocations=$(grep -c 'call_site=storvsc_' $tracing/trace)
	metric large_reads_allocations "$allocations"
	is "nothing allocated by storvsc" "$allocations" 0
	check "write and verify" azimuth bench io --file "/dev/$(disk_dev)" --rw verify --bs 256k \
		--seed 9
}

verify() {
	check "the data is in the host's file" "$LAB/azimuth" bench io --file "$RUN/disk.img" \
		--rw check --bs 256k --seed 9
}
