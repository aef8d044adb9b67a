# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the four channels of a NIC are served by four cores, not by the threads of two
# azhost: --vcpus 8 --smt --memory 1024 --net responder,queues=4
# modules: hv_vmbus hv_netvsc
# timeout: 120
# expect-stock: fail

net_cpus() {
	cat /sys/bus/vmbus/drivers/hv_netvsc/*/channels/*/cpu
}

four_channels() {
	[ "$(net_cpus | wc -l)" = 4 ]
}

guest() {
	plan 4
	check "interface up" net_up
	check "four channels" wait_for 20 four_channels
	diag "CPUs $(net_cpus | tr '\n' ' ')"
	cores=$(for cpu in $(net_cpus); do
		cat "/sys/devices/system/cpu/cpu$cpu/topology/core_id"
	done | sort -u | wc -l)
	metric channel_spread_cores "$cores"
	is "four cores" "$cores" 4
	check_no_splat
}
