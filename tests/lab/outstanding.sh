# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: is a request counted as outstanding when its completion comes, on another CPU?
# azhost: --vcpus 2 --disk ram=16M
# modules: hv_vmbus hv_utils sd_mod
# timeout: 120
# expect-stock: fail

# The counter lies in front of the wait queue of those who wait for it to become 0: 12 bytes in
# the stock driver, 8 in ours. The queue's address comes from its initialization.
find_counter() {
	tracing 8192
	echo 'p:init __init_waitqueue_head queue=%di:x64 name=+0(%si):string' \
		>"$TRACING/kprobe_events" || return
	trace_event kprobes/init 'name ~ "*waiting_to_drain*"'
	mod_load hv_storvsc || return
	trace_event_end kprobes/init
	queue=$(sed -n 's/.*init:.*queue=\(0x[0-9a-f]*\).*/\1/p' "$TRACING/trace" | tail -n 1)
	[ -n "$queue" ]
}

# Reads one by one, so whoever looks when the command is done must see itself, 1.
watch_counter() {
	distance=12
	[ "$ARM" = stock ] || distance=8
	echo >"$TRACING/trace"
	printf 'p:done scsi_done counter=@0x%x:s32\n' "$((queue - distance))" >>"$TRACING/kprobe_events" &&
		trace_event kprobes/done
}

guest() {
	plan 6
	find_counter
	compare "storvsc loads" $? -eq 0
	check "disk there" wait_for 30 disk_dev
	sleep 1
	watch_counter
	compare "probe set" $? -eq 0
	check "1000 reads on the CPU without interrupts" azimuth bench io \
		--file "/dev/$(disk_dev)" --rw randread --bs 4096 --count 1000 --warmup 0 --cpus 1
	trace_event_end kprobes/done
	all=$(grep -c 'done:' "$TRACING/trace")
	early=$(grep 'done:' "$TRACING/trace" | grep -vc 'counter=1$')
	diag "the counter was: $(sed -n 's/.*done:.*counter=//p' "$TRACING/trace" | sort | uniq -c | tr '\n' ';')"
	diag "of $all completions, $early came when the request was not counted"
	metric outstanding_uncounted "$early"
	compare "all completions seen" "$all" -ge 1000
	is "none before its request was counted" "$early" 0
}
