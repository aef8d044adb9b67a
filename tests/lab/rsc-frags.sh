# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: frames that the host coalesced from a TCP stream, and the memory that they are copied to
# azhost: --vcpus 1 --net tap=aztap0,rsc=on
# timeout: 120
# expect-stock: fail

# What has no fall-back (__GFP_NORETRY) and must not wait: memory for received frames.
watch_orders() {
	tracing 8192
	trace_event kmem/mm_page_alloc 'order>=1'
}

guest() {
	plan 6
	check "interface up" net_up
	dev=$(net_dev)
	# The driver tells the host about coalescing only when it attaches anew.
	check "coalescing agreed" ip link set dev "$dev" mtu 1400
	ip link set dev "$dev" mtu 1500
	check "peer answers" wait_for 20 ping -c 1 -W 1 "$NET_PEER"
	watch_orders
	mark begin
	check "TCP there and back, contents compared" azimuth bench net --mode tcp --bytes 8M \
		--count 2 --timeout 60s "$NET_PEER:7077"
	mark end
	trace_event_end kmem/mm_page_alloc
	grep GFP_ATOMIC "$TRACING/trace" | grep -v __GFP_NORETRY >/tmp/orders
	diag "$(sed 's/.*order=\([0-9]*\).*/order \1/' /tmp/orders | sort | uniq -c)"
	metric rsc_frags_high_order_allocations "$(wc -l </tmp/orders)"
	is "atomic allocations of more than a page" "$(wc -l </tmp/orders)" 0
	check_no_splat
}

host() {
	check "peer behind the TAP" tap_peer aztap0 7077
}

verify() {
	compare "coalesced frames" \
		"$(delta 'channels.device=net0.device_counters.rx_rsc_frames' begin end)" -gt 20
}
