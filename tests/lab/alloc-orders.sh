# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: a change of the MTU allocates everything anew; what must be contiguous memory?
# azhost: --vcpus 2 --net responder
# timeout: 90
# expect-stock: fail

tracing=/sys/kernel/tracing

# allocated_by FUNCTION: how many of the traced allocations, but for tries, FUNCTION asked for
allocated_by() {
	awk -v f=" $1" '/order=/ { wanted = !/__GFP_NORETRY/ } index($0, f) && /=>/ { n += wanted; wanted = 0 }
		END { print n + 0 }' $tracing/trace
}

# An allocation with __GFP_NORETRY is a try that has something to fall back to.
guest() {
	plan 4
	check "interface up" net_up
	dev=$(net_dev)
	mount -t tracefs tracefs $tracing 2>/dev/null
	echo 'order>=4' >$tracing/events/kmem/mm_page_alloc/filter
	echo 1 >$tracing/options/stacktrace
	echo 1 >$tracing/events/kmem/mm_page_alloc/enable
	check "MTU change" ip link set dev "$dev" mtu 1400
	echo 0 >$tracing/events/kmem/mm_page_alloc/enable
	diag "$(grep 'order=' $tracing/trace | sed 's/.*order=/order=/')"
	metric alloc_orders_request_ids "$(allocated_by __vmbus_open)"
	is "nothing but the rings of two channels" \
		"$(grep 'order=[4-9]' $tracing/trace | grep -vc __GFP_NORETRY)" 2
	check "UDP echo afterwards" udp_echo 50
}
