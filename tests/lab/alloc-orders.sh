# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: a change of the MTU allocates everything anew; what must be contiguous memory?
# azhost: --vcpus 2 --net responder
# timeout: 90
# expect-stock: fail

# Who allocates is told by the stack: the driver for its device, or the bus for the rings and
# the request ids of a channel. Tries with something to fall back to count as well, but
# for those of vmalloc itself, which in 7.3 begins with the largest order that fits.
guest() {
	plan 4
	check "interface up" net_up
	dev=$(net_dev)
	wait_for 20 test -d "/sys/class/net/$dev/queues/tx-1"
	tracing
	echo 1 >"$TRACING/options/stacktrace"
	trace_event kmem/mm_page_alloc 'order>=4'
	check "MTU change" ip link set dev "$dev" mtu 1400
	sleep 1
	trace_event_end kmem/mm_page_alloc
	count_orders <"$TRACING/trace"
	is "no allocation of order 4 or more" "$orders" 0
	check "UDP echo afterwards" udp_echo 50
}

# An event, and the functions that led to it, innermost first.
count_orders() {
	awk '/ mm_page_alloc: / { note(); event = 1; who = "" }
		/^ => / && !who && /__vmalloc_area_node|__vmalloc_node_range/ { who = "vmalloc" }
		/^ => / && !who && /vmbus_alloc_ring/ { who = "rings" }
		/^ => / && !who && /__vmbus_open/ { who = "request_ids" }
		/^ => / && !who && /netvsc_device_add/ { who = "device" }
		function note() { if (event) count[who ? who : "others"]++ }
		END {
			note()
			print count["rings"] + 0, count["request_ids"] + 0, count["device"] + 0, count["others"] + 0
		}' >/tmp/orders
	read -r rings request_ids device others </tmp/orders
	orders=$((rings + request_ids + device + others))
	metric alloc_orders_rings "$rings"
	metric alloc_orders_request_ids "$request_ids"
	metric alloc_orders_device "$device"
	metric alloc_orders_total "$orders"
}
