# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: aborted and late requests; nothing is lost, in the guest and in the host's file
# azhost: --vcpus 2 --disk disk.img --fault scsi0:error,op=write,sense=aborted,every=40,count=0 --fault scsi0:error,op=read,sense=aborted,every=50,count=0 --fault scsi0:delay,us=3000,prob=0.05,count=0
# modules: hv_vmbus hv_utils sd_mod hv_storvsc
# timeout: 150

prepare() {
	truncate -s 16M disk.img
}

guest() {
	plan 4
	check "disk there" wait_for 30 disk_dev
	check "write, read back and compare" azimuth bench io --file "/dev/$(disk_dev)" --rw verify \
		--bs 4k --count 1000 --seed 11
	check "write, read back and compare, large" azimuth bench io --file "/dev/$(disk_dev)" \
		--rw verify --bs 256k --seed 12 --force
	check_no_splat
}

verify() {
	check "the data is in the host's file" "$LAB/azimuth" bench io --file "$RUN/disk.img" \
		--rw check --bs 256k --seed 12
	compare "errors and delays were made" "$(counter 'faults.*.fired')" -ge 50
}
