# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the host adds a disk and says so while the driver waits for the old one's last flush
# azhost: --vcpus 2 --disk disk.img --fault scsi0:delay,op=flush,us=5000000,after=1,count=1
# modules: hv_vmbus hv_utils sd_mod hv_storvsc
# kernel: debug
# timeout: 90
# expect-stock: panic splat
# expect-stock-7.3: splat panic

prepare() {
	truncate -s 16M disk.img
}

# The first flush is verify's, the second the one of the removal.
guest() {
	plan 6
	check "disk there" wait_for 30 disk_dev 0
	check "write and verify" azimuth bench io --file "/dev/$(disk_dev)" --rw verify --bs 64k --seed 5
	echo "# unloading"
	check "storvsc unloads" mod_unload hv_storvsc
	check "storvsc loads again, with both disks" both_disks
	check "the data is still there" azimuth bench io --file "/dev/$(disk_dev 0)" --rw check \
		--bs 64k --seed 5
	check_no_splat
}

both_disks() {
	mod_load hv_storvsc && wait_for 30 disk_dev 0 && wait_for 30 disk_dev 1
}

host() {
	guest_said '^# unloading' 60
	sleep 1
	check "add a disk" ctl '{"cmd":"add-lun","device":"scsi0","spec":"ram=16M"}'
}

verify() {
	check "and in the host's file" "$LAB/azimuth" bench io --file "$RUN/disk.img" \
		--rw check --bs 64k --seed 5
}
