# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: each request of the NIC and of the disk is followed by tracepoints, from the ring to its end
# azhost: --vcpus 2 --net responder --disk ram=16M
# timeout: 120
# expect-stock: fail

# The channels of a driver's devices are named by their relid.
relids() {
	for relid_path in /sys/bus/vmbus/drivers/"$1"/*/channels/*; do
		basename "$relid_path"
	done | tr '\n' ' '
}

# pairs: of the lines "begin KEY" and "end KEY", the begins that were followed by one end,
# in percent of all begins and of ends without one.
pairs() {
	awk '$1 == "begin" { if (open[$2]) bad++; open[$2] = 1; all++ }
		$1 == "end" { if (open[$2]) good++; else { bad++; all++ }; open[$2] = 0 }
		END { printf "%.1f\n", all ? good * 100 / all : 0 }'
}

events() {
	grep " $1: " /tmp/trace | sed "s/.* $1: //"
}

trace() {
	for trace_event in hyperv/vmbus_ring_send hyperv/vmbus_ring_recv netvsc/netvsc_tx \
		netvsc/netvsc_tx_complete netvsc/netvsc_rx storvsc; do
		echo "$1" >"$TRACING/events/$trace_event/enable"
	done 2>/dev/null
}

# What has been traced, each packet once: one that storvsc leaves in the ring, since its
# time is over, is seen again when it goes on. Nothing else comes from that ring before it.
looks_once() {
	awk '/ vmbus_ring_(send|recv): / {
			for (i = 1; i <= NF; i++) { split($i, kv, "="); f[kv[1]] = kv[2] }
			key = $0
			sub(/.* vmbus_ring_recv: /, "", key)
		}
		/ vmbus_ring_send: / && f["trans_id"] == id[f["relid"]] { last[f["relid"]] = "" }
		/ vmbus_ring_recv: / {
			if (last[f["relid"]] == key) next
			last[f["relid"]] = key
			id[f["relid"]] = f["trans_id"]
		}
		{ print }'
}

# Requests and completions of both devices in the rings, by relid and transaction id.
ring_pairs() {
	grep -E ' vmbus_ring_(send|recv): ' /tmp/trace | awk -v relids=" $net$disk" '
		{ for (i = 1; i <= NF; i++) { split($i, kv, "="); f[kv[1]] = kv[2] } }
		!index(relids, " " f["relid"] " ") { next }
		/ring_send: .*[+]completion/ { print "begin", f["relid"] ":" f["trans_id"] }
		/ring_recv: .*type=COMP/ { print "end", f["relid"] ":" f["trans_id"] }' | pairs
}

# How many packets of the relids in $2 went by, as event $1 has it
ring_count() {
	events "$1" | awk -v relids=" $2" '{ split($1, kv, "="); n += !!index(relids, " " kv[2] " ") }
		END { printf "%d\n", n }'
}

# Frames by their skb, until their completion
net_pairs() {
	grep -E ' netvsc_tx(_complete)?: ' /tmp/trace | sed -E \
		's/.* netvsc_tx: .*(skbaddr=[^ ]*).*/begin \1/; s/.* netvsc_tx_complete: .*(skbaddr=[^ ]*).*/end \1/' |
		pairs
}

# Commands by relid and transaction id, until their completion
disk_pairs() {
	grep -E ' storvsc_(dispatch|complete): ' /tmp/trace | sed -E \
		's/.* storvsc_dispatch: .*relid=([0-9]+) trans_id=([^ ]*).*/begin \1:\2/
		s/.* storvsc_complete: .*relid=([0-9]+) trans_id=([^ ]*).*/end \1:\2/' |
		pairs
}

guest() {
	plan 8
	check "interface up" net_up
	check "disk there" wait_for 20 disk_dev
	udp_echo 20
	sleep 4
	tracing
	net=$(relids hv_netvsc)
	disk=$(relids hv_storvsc)
	mark from
	trace 1
	check "UDP echo" udp_echo 300
	check "reads" azimuth bench io --file "/dev/$(disk_dev)" --rw randread --bs 4096 --count 200
	usleep 500000
	trace 0
	mark to
	looks_once <"$TRACING/trace" >/tmp/trace
	diag "$(grep -m1 'netvsc_tx:' /tmp/trace)"
	diag "$(grep -m1 'storvsc_dispatch:' /tmp/trace)"
	diag "$(grep -m2 'vmbus_ring_recv:' /tmp/trace)"
	json seen "{\"net_send\":$(ring_count vmbus_ring_send "$net"),\"net_recv\":$(ring_count vmbus_ring_recv "$net"),\"disk_send\":$(ring_count vmbus_ring_send "$disk"),\"disk_recv\":$(ring_count vmbus_ring_recv "$disk"),\"frames\":$(events netvsc_tx | wc -l),\"rx\":$(events netvsc_rx | wc -l)}"
	metric follow_ring_pairs "$(ring_pairs)" %
	metric follow_net_pairs "$(net_pairs)" %
	metric follow_disk_pairs "$(disk_pairs)" %
	is "each request in a ring has its completion" "$(ring_pairs)" 100.0
	is "each frame sent has its completion" "$(net_pairs)" 100.0
	is "each command has its completion" "$(disk_pairs)" 100.0
	check_no_splat
}

# seen NAME: a count of the guest's
seen() {
	sed -n "s/^@json seen .*\"$1\":\([0-9]*\).*/\1/p" "$RUN/results.txt"
}

# What the guest has traced is what the host has counted.
verify() {
	[ "$ARM" = patched ] || return 0
	is "packets of the NIC to the host" "$(seen net_send)" \
		"$(delta 'channels.device=net0.counters.packets_in' from to)"
	is "packets of the NIC from the host" "$(seen net_recv)" \
		"$(delta 'channels.device=net0.counters.packets_out' from to)"
	is "packets of the disk to the host" "$(seen disk_send)" \
		"$(delta 'channels.device=scsi0.counters.packets_in' from to)"
	is "packets of the disk from the host" "$(seen disk_recv)" \
		"$(delta 'channels.device=scsi0.counters.packets_out' from to)"
	is "frames received" "$(seen rx)" \
		"$(delta 'channels.device=net0.device_counters.rx_packets' from to)"
}
