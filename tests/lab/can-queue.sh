# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: how deep may a disk's queue be after another controller, with fewer channels, was probed?
# azhost: --vcpus 8 --memory 1024 --disk ram=16M,channels=1 --disk ram=16M,controller=1,lun=1,channels=0
# append: maxcpus=2
# modules: hv_vmbus sd_mod hv_storvsc
# timeout: 150
# expect-stock: fail

# The driver counts the CPUs that are online when it probes a controller. The first controller is
# probed with all of them, then the second with as few as have no channel to serve.

# controller_of DISK: its VMBus device, as sysfs knows it
controller_of() {
	path=$(readlink -f "/sys/block/$1/device")
	until [ -e "$path/class_id" ]; do
		path=$(dirname "$path")
		[ "$path" != / ] || return
	done
	basename "$path"
}

# probe_again LUN: takes the driver off the controller of that disk and gives it back
probe_again() {
	device=$(controller_of "$(disk_dev "$1")") || return
	echo "$device" >/sys/bus/vmbus/drivers/hv_storvsc/unbind &&
		echo "$device" >/sys/bus/vmbus/drivers/hv_storvsc/bind &&
		wait_for 20 disk_dev "$1"
}

# cpus STATE: 1 brings all up; 0 takes down those that can be
cpus() {
	for cpu in 2 3 4 5 6 7; do
		echo "$1" 2>/dev/null >/sys/devices/system/cpu/cpu$cpu/online || [ "$1" = 0 ] || return
	done
}

guest() {
	plan 8
	check "the first disk is there" wait_for 30 disk_dev 0
	check "the second, too" wait_for 30 disk_dev 1
	check "6 CPUs come up" cpus 1
	check "the first controller is probed with 8 CPUs" probe_again 0
	sleep 1
	cpus 0
	compare "at most 4 CPUs stay" "$(grep -c ^processor /proc/cpuinfo)" -le 4
	check "the second controller is probed with them" probe_again 1
	disk=/sys/block/$(disk_dev 0)/device
	host=$(readlink -f "$disk")
	host=${host%/target*}
	can_queue=$(cat "$host"/scsi_host/host*/can_queue)
	echo "$can_queue" >"$disk/queue_depth"
	depth=$(cat "$disk/queue_depth")
	metric can_queue_depth "$depth"
	is "the first disk's queue is as deep as its controller's" "$depth" "$can_queue"
	check_no_splat
}
