# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: how many times the ring is written to complete what was received under load
# azhost: --vcpus 1 --net responder
# timeout: 90
# expect-stock: fail

# Completions are packets of type 11, or batches, which have their own function.
watch_ring() {
	tracing 8192
	echo 'p:completion vmbus_sendpacket type=%r8:u32' >"$TRACING/kprobe_events" || return
	echo 'type==11' >"$TRACING/events/kprobes/completion/filter"
	echo 'p:batch vmbus_sendpacket_batch' >>"$TRACING/kprobe_events" 2>/dev/null
	echo 1 >"$TRACING/events/kprobes/enable"
}

guest() {
	plan 4
	check "interface up" net_up
	check "probes set" watch_ring
	mark begin
	azimuth bench net --mode burst --size 64 --warmup 0 --count 50 --burst 128 \
		"$NET_PEER:7" >/dev/null
	sleep 1
	mark end
	echo 0 >"$TRACING/events/kprobes/enable"
	received=$(stat_of "$(net_dev)" rx_packets)
	writes=$(grep -c -E 'completion:|batch:' "$TRACING/trace")
	metric rx_batch_frames "$received"
	metric rx_batch_transactions "$writes"
	compare "received under load" "$received" -ge 5000
	compare "at least 16 frames a transaction" $((received / (writes + 1))) -ge 16
}
