# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: how long a VMBus interrupt takes with a few channels, for the event flags that it looks through
# azhost: --vcpus 1 --net responder
# timeout: 90

# Times mean something in the deterministic mode only: they are path lengths there.
guest() {
	tracing
	if ! grep -q function_graph "$TRACING/available_tracers"; then
		plan 1
		skip "time of an interrupt" "this kernel has no function tracer"
		return
	fi
	plan 4
	check "interface up" net_up
	udp_echo 50
	echo vmbus_isr >"$TRACING/set_ftrace_filter"
	check "interrupts can be timed" tee "$TRACING/current_tracer" <<-END
		function_graph
	END
	udp_echo 300
	echo 0 >"$TRACING/tracing_on"
	# "  0)   1.234 us    |  vmbus_isr [hv_vmbus]();", the middle one of them
	sed -nE 's/.* ([0-9.]+) us .*vmbus_isr.*/\1/p' "$TRACING/trace" | sort -n >/tmp/times
	count=$(wc -l </tmp/times)
	compare "there are interrupts" "$count" -ge 200
	median=$(sed -n "$((count / 2))p" /tmp/times)
	json isr "{\"interrupts\":$count,\"median_us\":$median}"
	metric event_scan_isr_us "$median" us
	echo nop >"$TRACING/current_tracer"
	check_no_splat
}
