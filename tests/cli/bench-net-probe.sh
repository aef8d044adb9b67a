#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# azimuth bench net --stamps, --one-way, --proto raw, and the data path: figures
# that have to add up, over loopback and over a pair of interfaces that is cut.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash

azimuth=$PWD/out/bin/azimuth
work=$(mktemp -d)
ns=azprobe$$
here=azp$((RANDOM % 10000))a
server=

# stop PID: by SIGKILL, without the shell's word about it
stop()
{
	kill -9 "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}

# shellcheck disable=SC2317 # called by the trap
finish()
{
	[ -z "$server" ] || stop "$server"
	ip link del "$here" 2>/dev/null || true
	ip netns del "$ns" 2>/dev/null || true
	rm -rf "$work"
}
trap finish EXIT

# serve COMMAND...: a server in the background by COMMAND; sets server and port
serve()
{
	local i

	"$@" >"$work/serve.out" 2>&1 &
	server=$!
	for ((i = 0; i < 200; i++)); do
		port=$(sed -n 's/.* port \([0-9]*\).*/\1/p' "$work/serve.out" 2>/dev/null || true)
		[ -z "$port" ] || return 0
		sleep 0.05
	done
	not_ok "a server" "$(cat "$work/serve.out")"
	exit 1
}

# bench OPTION... ADDRESS: sets rc; the result is in $work/result.json
bench()
{
	rc=0
	rm -f "$work/result.json"
	timeout 60 "$azimuth" bench net --json "$work/result.json" "$@" >"$work/out" 2>"$work/err" ||
		rc=$?
}

# expect NAME CONDITION: a jq condition on the result
expect()
{
	if [ "$(jq "$2" "$work/result.json" 2>/dev/null)" = true ]; then
		ok "$1"
	else
		not_ok "$1" "exit $rc, not $2: $(cat "$work/out" "$work/err")
$(jq -c '.counts, .stages, .stages_missing, (.histograms | map_values([.count, .sum]))' \
	"$work/result.json" 2>&1)"
	fi
}

# shellcheck disable=SC2016 # jq's variable
sums='([.stages[] as $s | .histograms[$s].sum] | add)'
# The clock may be set by a daemon while this runs; such samples have no stages.
steady='(.counts.stamps_clock_stepped == 0 | not) or'

# ---- loopback ----

serve "$azimuth" bench net --mode serve 127.0.0.1:0

bench --stamps --count 500 --warmup 0 "127.0.0.1:$port"
if grep -q 'no time stamps' "$work/err"; then
	skip "stages" "the kernel has no time stamps"
	tap_done
fi
expect "closed loop: the stages add up to the latency, to the nanosecond" \
	"$steady $sums == .histograms.rtt.sum"
expect "closed loop: send call, queue, network, server and wake-up are told apart" \
	"$steady (.stages - [\"stage_server\"] ==
	 [\"stage_send\", \"stage_qdisc\", \"stage_network\", \"stage_wakeup\"])"
expect "loopback has no hardware stamps, and that is said" \
	'[.stages_missing[] | select(startswith("wire: lo"))] | length == 1'
if grep -q '^not split: .*wire: lo' "$work/out"; then
	ok "what is not split is said to the person, too"
else
	not_ok "what is not split is said to the person, too" "$(cat "$work/out")"
fi
expect "samples over loopback are of that path" \
	'.histograms["rtt@loopback"].count == 500 and .path.interface == "lo"'

bench --stamps --count 500 --rate 2000 --warmup 0 "127.0.0.1:$port"
expect "open loop: the stages add up to the latency from the intended time" \
	"$steady $sums == .histograms.rtt.sum and .histograms.rtt.count == 500"

bench --stamps --flows 5 --depth 3 --count 500 --warmup 0 "127.0.0.1:$port"
expect "several flows, several requests each: the stages add up" \
	"$steady $sums == .histograms.rtt.sum"

bench --stamps --proto tcp --count 300 --warmup 0 "127.0.0.1:$port"
expect "TCP: the stages add up" "$steady $sums == .histograms.rtt.sum"
expect "TCP: the receive stamp that is missing has its name in the stage" \
	'(.stages | index("stage_network+wakeup")) and .histograms.tcp_ack.count > 0 and
	 ([.stages_missing[] | select(startswith("wakeup:"))] | length == 1)'

bench --stamps --one-way --count 500 --warmup 0 "127.0.0.1:$port"
expect "one way, one machine: both ways and the server add up, without error" \
	".counts.oneway_backwards > 0 or ($steady (.histograms | .oneway_out.sum + .oneway_back.sum +
	 .stage_server.sum == .rtt.sum)) and .clock.kind == \"same boot\" and .clock.error_ns == 0"

bench --flows 3 --busy-poll 20us --prefer-busy-poll --count 100 --warmup 0 "127.0.0.1:$port"
if [ $rc = 3 ]; then
	skip "busy polling of what cannot be polled" "$(cat "$work/err")"
else
	expect "loopback has no receive queue" \
		'.napi == {"flows_by_id": {}, "flows_none": 3} and .config.prefer_busy_poll == 1'
	if grep -q 'none was polled' "$work/err"; then
		ok "busy polling of what cannot be polled is said"
	else
		not_ok "busy polling of what cannot be polled is said" "$(cat "$work/err")"
	fi
fi

refuses "one way to nobody" 3 'nothing answers' \
	"$azimuth" bench net --one-way --count 1 127.0.0.1:1
refuses "stamps of a connection for each request" 2 'crr' \
	"$azimuth" bench net --stamps --proto crr --count 1 "127.0.0.1:$port"
refuses "raw frames over IPv6" 2 'not an IPv4 address' \
	"$azimuth" bench net --proto raw --count 1 '[::1]:7'
refuses "raw frames to this machine" 2 'of this machine' \
	"$azimuth" bench net --proto raw --count 1 "127.0.0.1:$port"

# ---- a pair of interfaces ----

if ! ip netns add $ns 2>/dev/null; then
	skip "raw frames, and a path that is cut" "no right to make a network namespace"
	tap_done
fi
stop "$server"
ip link add $here type veth peer name there netns $ns
ip addr add 198.51.100.1/24 dev $here
ip link set $here up
ip -n $ns addr add 198.51.100.2/24 dev there
ip -n $ns link set there up
serve ip netns exec $ns "$azimuth" bench net --mode serve 198.51.100.2:0

bench --proto raw --stamps --count 500 --warmup 0 "198.51.100.2:$port"
expect "raw frames are answered, and their stages add up" \
	".counts.received == 500 and .counts.corrupt == 0 and ($steady $sums == .histograms.rtt.sum)"
expect "raw frames: no port unreachable was sent for them" '.counts.lost == 0'
bench --proto raw --raw-bypass --rate 2000 --count 500 --size 1472 "198.51.100.2:$port"
expect "raw frames of full size, past the queueing discipline" '.counts.received == 500'
refuses "raw frames that are too large" 2 '1472 bytes' \
	"$azimuth" bench net --proto raw --size 1473 --count 1 "198.51.100.2:$port"
if setpriv --bounding-set -net_raw --inh-caps -net_raw true 2>/dev/null; then
	refuses "raw frames without the right to" 3 'CAP_NET_RAW' \
		setpriv --bounding-set -net_raw --inh-caps -net_raw \
		"$azimuth" bench net --proto raw --count 1 "198.51.100.2:$port"
else
	skip "raw frames without the right to" "no setpriv"
fi

# veth has receive queues with GRO, for packets of a sender without TSO.
if ! { ethtool -K $here gro on && ip netns exec $ns ethtool -K there tso off; } >/dev/null 2>&1; then
	skip "busy polling of a receive queue" "no ethtool"
else
	bench --flows 3 --busy-poll 20us --count 100 --warmup 0 "198.51.100.2:$port"
	if [ $rc = 3 ]; then
		skip "busy polling of a receive queue" "$(cat "$work/err")"
	else
		expect "busy polling of a receive queue: it is named, and its flows are counted" \
			'.napi.flows_none == 0 and ([.napi.flows_by_id[]] | add) == 3'
	fi
fi

(
	sleep 1
	ip -n $ns link set there down
	sleep 0.3
	ip -n $ns link set there up
) &
bench --rate 500 --duration 3s --timeout 200ms "198.51.100.2:$port"
wait $!
expect "a link that goes down and up: both are marks, samples of both sides are kept" \
	'([.marks[] | select(.kind == "path")] | length) == 2 and .path.switches == 1 and
	 .histograms["rtt@direct"].count > 100 and .path.start == "direct" and .path.end == "direct"'

tap_done
