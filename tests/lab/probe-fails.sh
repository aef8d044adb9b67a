# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the NIC cannot be registered while the work that sets up its sub-channels is queued
# azhost: --vcpus 2 --net responder
# append: init_on_free=1
# modules: hv_vmbus
# kernel: debug
# timeout: 60
# expect-stock: splat panic

guest() {
	plan 4
	check "the registration fails" fail_call register_netdevice -12
	check "load hv_netvsc" mod_load hv_netvsc
	check "the driver gave up" wait_for 20 gave_up
	sleep 2
	check_no_splat
}

gave_up() {
	dmesg | grep -q 'Unable to register netdev'
}
