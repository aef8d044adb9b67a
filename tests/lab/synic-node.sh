# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the SynIC pages of each CPU lie on its own NUMA node
# azhost: --vcpus 4 --numa 2
# modules: none
# timeout: 60
# expect-stock: fail

# The first page frame of node 1, the upper half of memory
node1_pfn() {
	awk '/^Node 1,/ { node1 = 1 } /^Node 0,/ { node1 = 0 }
		node1 && $1 == "start_pfn:" && $2 > 0 && (!pfn || $2 < pfn) { pfn = $2 }
		END { print pfn + 0 }' /proc/zoneinfo
}

# The page frames that hv_synic_alloc() has allocated, one a line, without those that
# the slab took for what else it allocates
synic_pfns() {
	awk '/mm_page_alloc:/ { pfn = $0; sub(/.* pfn=/, "", pfn); sub(/ .*/, "", pfn) }
		/=> .*(slab|kmalloc)/ { pfn = "" }
		/=> .*hv_synic_alloc/ && pfn { print pfn; pfn = "" }' "$TRACING/trace"
}

# Two CPUs of each node, with a page for messages and one for events each
guest() {
	plan 5
	tracing
	echo 1 >"$TRACING/options/stacktrace"
	trace_event kmem/mm_page_alloc 'order == 0'
	check "VMBus loads" mod_load hv_vmbus
	trace_event_end kmem/mm_page_alloc
	first=$(node1_pfn)
	compare "there is a node 1" "$first" -gt 0
	pages=0
	on1=0
	for pfn in $(synic_pfns); do
		pages=$((pages + 1))
		[ $((pfn)) -lt "$first" ] || on1=$((on1 + 1))
	done
	diag "$(synic_pfns | tr '\n' ' ') node 1 from $first"
	is "eight pages" $pages 8
	metric synic_node_remote $((on1 > 4 ? on1 - 4 : 4 - on1)) pages
	is "half of them are on node 1" $on1 4
	check_no_splat
}
