# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the host adds a disk and says so before it has answered the last message of the introduction
# azhost: --vcpus 2 --disk ram=16M --fault scsi0:delay,op=init,us=5000000,after=3,count=1
# modules: hv_vmbus hv_utils sd_mod
# kernel: debug
# timeout: 90
# expect-stock: panic splat

guest() {
	plan 4
	echo "# loading"
	check "storvsc loads" mod_load hv_storvsc
	check "the first disk is there" wait_for 30 disk_dev 0
	check "the new disk, too" wait_for 30 disk_dev 1
	check_no_splat
}

host() {
	guest_said '^# loading' 60
	sleep 2
	check "add a disk" ctl '{"cmd":"add-lun","device":"scsi0","spec":"ram=16M"}'
}
