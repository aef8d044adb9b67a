# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: one NIC waits for its host with RTNL held, the other for RTNL: does it spin?
# azhost: --vcpus 2 --net responder --net responder --fault net1:delay,op=nvsp-init,us=1000000
# modules: none
# timeout: 90
# expect-stock: fail

guest() {
	plan 3
	trace_event workqueue/workqueue_execute_start
	mod_load hv_vmbus
	mod_load hv_netvsc
	check "two NICs" wait_for 30 net_dev 1
	check "sub-channels are set up" wait_for 20 two_queues
	runs=$(grep -c 'function netvsc_subchan_work' "$TRACING/trace")
	metric rtnl_retry_runs "$runs"
	compare "workers that wait for RTNL run at most 100 times" "$runs" -le 100
}

two_queues() {
	[ -d "/sys/class/net/$(net_dev 1)/queues/tx-1" ]
}
