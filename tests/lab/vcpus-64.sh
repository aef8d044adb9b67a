# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: 64 processors are there, two to a core, and few of them run
# azhost: --vcpus 64 --smt --numa 2 --memory 900 --disk ram=8M --disk ram=8M,controller=1,channels=2
# append: maxcpus=4
# timeout: 120

cpu=/sys/devices/system/cpu

start_cpu() {
	echo 1 >"$cpu/cpu$1/online"
}

guest() {
	plan 10
	is "processors present" "$(cat $cpu/present)" 0-63
	is "processors possible" "$(cat $cpu/possible)" 0-63
	# The kernel starts one thread of each core before it starts the others.
	is "processors online" "$(cat $cpu/online)" 0,2,4,6
	check "a second thread starts" start_cpu 1
	is "siblings of CPU 0" "$(cat $cpu/cpu0/topology/thread_siblings_list)" 0-1
	is "nodes" "$(cat /sys/devices/system/node/possible)" 0-1
	is "CPU 0's node" "$(basename "$(echo $cpu/cpu0/node*)")" node0
	check "disk found" wait_for 20 disk_dev
	check "two controllers" wait_for 20 test -e /sys/class/scsi_host/host1
	for host in /sys/class/scsi_host/*; do
		diag "$(basename "$host"): can_queue $(cat "$host/can_queue")"
	done
	mark end
	check_no_splat
}
