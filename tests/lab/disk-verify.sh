# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: write, read and verify by checksum on a RAM disk and on a file; what was flushed is in the file
# azhost: --vcpus 2 --disk ram=32M --disk disk.img --disk ro.img,ro
# timeout: 150

prepare() {
	truncate -s 16M disk.img
	truncate -s 1M ro.img
}

guest() {
	plan 8
	check "RAM disk there" wait_for 20 disk_dev 0
	check "file disk there" wait_for 20 disk_dev 1
	check "read-only disk there" wait_for 20 disk_dev 2
	check "verify, RAM" azimuth bench io --file "/dev/$(disk_dev 0)" --rw verify --bs 64k --seed 3
	check "verify, file" azimuth bench io --file "/dev/$(disk_dev 1)" --rw verify --bs 4k \
		--count 1000 --seed 7
	is "the third is read-only" "$(cat "/sys/block/$(disk_dev 2)/ro")" 1
	check "a write to it fails" refused_write
	check_no_splat
}

refused_write() {
	! dd if=/dev/zero of="/dev/$(disk_dev 2)" bs=4096 count=1 conv=fsync 2>/dev/null
}

# The same pattern must lie in the file, read without the guest.
verify() {
	check "the flushed data is in the file" "$LAB/azimuth" bench io --file "$RUN/disk.img" \
		--rw check --bs 4k --count 1000 --seed 7
}
