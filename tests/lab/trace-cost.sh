# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# arms: none
#
# Not yet one of the tests: run by hand in the deterministic mode only. Take "none" away to run it.
# desc: what a tracer costs a UDP round trip, in instructions of its path
# azhost: --vcpus 1 --net responder
# timeout: 180

# Means something in the deterministic mode only, where one instruction is 2 ns: elsewhere it
# shows that both can be measured in one guest. Each tracer: off, on, off again.
TRACERS="netvsc vmbus"

guest() {
	check "interface up" net_up
	for tracer in $TRACERS; do
		cost_of "$tracer"
	done
	check_no_splat
}

# cost_of TRACER: round trips without and with it
cost_of() {
	round_trips "$1_off"
	check "$1: the tracer attaches" tracer_begin "$1"
	round_trips "$1_on"
	check "$1: the tracer ends" tracer_end "$1"
	tracer_result "$1"
	round_trips "$1_again"
}

round_trips() {
	azimuth bench net --mode rtt --size 64 --warmup 200 --count 2000 --json-line "$1" \
		"$NET_PEER:7"
	compare "$1: UDP round trips" $? -eq 0
}

# rtt NAME FIGURE: ns
rtt() {
	[ -e "$RUN/$1.json" ] || sed -n "s/^@json $1 //p" "$RUN/results.txt" >"$RUN/$1.json"
	"$LAB/labtool" json "$RUN/$1.json" "histograms.rtt.$2" | awk '{ printf "%.0f\n", $1 }'
}

verify() {
	for tracer in $TRACERS; do
		off=$(rtt "${tracer}_off" p50)
		on=$(rtt "${tracer}_on" p50)
		diag "$tracer: p50 $off ns without, $on ns with, $(rtt "${tracer}_again" p50) ns after it"
		diag "$tracer: $(((on - off) / 2)) instructions a round trip at 2 ns each"
		metric "trace_cost_${tracer}" "$(awk "BEGIN { print 100 * ($on - $off) / $off }")" %
		compare "$tracer is in the way" "$on" -gt "$off"
	done
}
