# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the kernel boots on one vCPU and takes the host for Hyper-V
# azhost: --vcpus 1

guest() {
	plan 6
	dmesg >/tmp/dmesg
	is "one processor" "$(nproc)" 1
	check "Hyper-V detected" grep -q 'Hypervisor detected: Microsoft Hyper-V' /tmp/dmesg
	is "clock source" \
		"$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)" \
		hyperv_clocksource_tsc_page
	check "VMBus connected" grep -q 'Vmbus version:' /tmp/dmesg
	check "integration services offered" test -n "$(ls /sys/bus/vmbus/devices)"
	check_no_splat
}
