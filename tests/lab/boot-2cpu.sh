# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the kernel boots on two vCPUs over two NUMA nodes and powers off
# azhost: --vcpus 2 --numa 2 --memory 512

guest() {
	plan 4
	is "two processors" "$(nproc)" 2
	is "two nodes" "$(find /sys/devices/system/node -name 'node[0-9]*' | wc -l)" 2
	check "VMBus interrupts on both" both_interrupted
	check_no_splat
}

# /proc/interrupts counts those of the synthetic timer per CPU.
both_interrupted() {
	# shellcheck disable=SC2016 # awk's own fields
	wait_for 10 awk '/^ *HVS:|^ *HYP:/ { if ($2 > 0 && $3 > 0) good = 1 } END { exit !good }' \
		/proc/interrupts
}
