#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# azimuth bench net on loopback, against what is known: delays of a known distribution, each N-th
# answer dropped, doubled or damaged, a receiver or a sender that stalls, a rate that a window allows.
# shellcheck disable=SC2016 # the filters of jq have variables
#
# Figures are compared with each other or with the theory from below, never with a time limit: a busy
# machine makes latencies longer, and nothing shorter.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash

azimuth=$PWD/out/bin/azimuth
work=$(mktemp -d)
server=
rc=0
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT

# serve OPTION...: a server, its address in $peer
serve()
{
	# What an earlier one has said must not be taken for this one's.
	rm -f "$work/serve.out" "$work/serve.json"
	"$azimuth" bench net --mode serve --json "$work/serve.json" "$@" 127.0.0.1:0 \
		>"$work/serve.out" 2>"$work/serve.err" &
	server=$!
	for _ in {1..200}; do
		grep -qs ' port ' "$work/serve.out" && break
		sleep 0.05
	done
	peer=127.0.0.1:$(sed -n 's/.* port //p' "$work/serve.out" | head -n 1)
}

# served: ends the server; its result is in serve.json
served()
{
	kill -INT "$server"
	wait "$server" || true
	server=
}

# net OPTION...: a client's run; its result is in net.json, its exit code in $rc
net()
{
	rc=0
	rm -f "$work/net.json"
	timeout 60 "$azimuth" bench net --json "$work/net.json" "$@" "$peer" \
		>"$work/net.out" 2>"$work/net.err" || rc=$?
}

# holds NAME FILTER: jq FILTER over { net, serve } is true
holds()
{
	local both

	both=$({ cat "$work/net.json" "$work/serve.json" 2>/dev/null || true; } |
		jq -s 'map({ (if .benchmark == "net-serve" then "serve" else "net" end): . }) | add')
	if [ "$(jq -r "$2" <<<"$both" 2>&1)" = true ]; then
		ok "$1"
	else
		not_ok "$1" "exit $rc: $(cat "$work/net.err") $(
			jq -c '[.net, .serve] | .[] | [.counts, (.histograms // {} | map_values(del(.buckets)))]' \
				<<<"$both" 2>&1 | cut -c 1-1500)"
	fi
}

# exits NAME STATUS REGEX: the last run
exits()
{
	if [ "$rc" = "$2" ] && { [ -z "$3" ] || grep -qE -- "$3" "$work/net.err"; }; then
		ok "$1"
	else
		not_ok "$1" "exit $rc, wanted $2 and '$3': $(cat "$work/net.err")"
	fi
}

each_protocol()
{
	serve
	net --count 500 --warmup 0
	holds "UDP: every request has one answer" '.net.counts | .sent == 500 and .received + .lost == 500 and .echoed == 0'
	net --count 500 --warmup 0 --depth 8 --flows 4 --threads 2
	holds "UDP: depth, flows and threads" '.net.counts | .sent == 500 and .received + .lost == 500'
	net --proto tcp --count 500 --warmup 0 --depth 8 --flows 4
	holds "TCP: every request has one answer" '.net.counts | .sent == 500 and .received == 500'
	net --proto tcp --size 48-5000 --reply-size 48-200000 --count 200 --warmup 0 --depth 4
	holds "TCP: sizes of requests and answers" '.net.counts | .received == 200 and .corrupt == 0'
	net --size 48-1400 --reply-size 16-9000 --count 200 --warmup 0
	holds "UDP: sizes of requests and answers" '.net.counts | .received + .lost == 200 and .corrupt == 0'
	net --proto crr --count 100 --warmup 0 --flows 4
	holds "crr: a connection each" '.net.counts.received == 100 and .net.histograms.connect.count == 100'
	net --flows 8 --fanout 4 --count 100 --warmup 0
	holds "fan-out: to four, until the last" \
		'.net | .counts.sent == 400 and .histograms.fanout.count + .counts.fanout_lost == 100 and
		 .histograms.fanout.p50 >= .histograms.rtt.p50'
	net --rate 2k --count 400 --warmup 0 --arrival burst:8 --flows 4
	holds "bursts" '.net.counts | .sent == 400 and .received + .lost == 400'
	net --rate max --gso --reply-every 10 --count 2000 --warmup 0
	holds "as fast as it goes" '.net.counts | .sent == 2000 and .received + .lost == 200'
	for how in spin epoll uring; do
		net --wait "$how" --count 200 --warmup 0
		if [ $how = uring ] && [ $rc = 3 ]; then
			skip "wait: uring" "$(cat "$work/net.err")"
		else
			holds "wait: $how" '.net.counts | .received + .lost == 200'
		fi
	done
	served
	holds "the server counted the connections" '.serve.counts.connections == 105'
}

# The server numbers all requests, so that each N-th is known; one given up too soon comes late.
faults()
{
	serve --fault drop:10
	net --rate 2k --count 500 --warmup 0 --timeout 300ms
	served
	holds "each tenth is lost" '.net.counts as $c | $c.sent == 500 and $c.lost - $c.late == 50 and
		$c.received + $c.late == 450 and .serve.counts.dropped == 50'
	serve --fault dup:7
	net --count 500 --warmup 0
	served
	holds "each seventh is doubled" '.net.counts.duplicate + .net.counts.late == 71 + .net.counts.lost and
		.serve.counts.duplicated == 71'
	serve --fault reorder:7
	net --count 500 --warmup 0 --depth 16
	served
	holds "each seventh is overtaken" '.net.counts | .reordered > 0 and .lost == .late and .corrupt == 0'
	serve --fault corrupt:10
	net --rate 2k --count 500 --warmup 0 --timeout 300ms
	served
	holds "each tenth is damaged" '.net.counts.corrupt == 50 and .net.counts.lost - .net.counts.late == 50'
	exits "damage fails the run" 1 ''
	serve --fault version:2
	net --count 10
	exits "another version over UDP" 3 'speaks version 2 .* this program version 1'
	net --count 10 --proto tcp
	exits "another version over TCP" 3 'speaks version 2 .* this program version 1'
	served
	holds "the server counted the other version" '.serve.counts.other_version >= 2'
	if [ "$(grep -c 'refused a client at 127.0.0.1' "$work/serve.err")" = 1 ]; then
		ok "the server says it once"
	else
		not_ok "the server says it once" "$(cat "$work/serve.err")"
	fi
}

# With a quantile each of two parts, the sum exceeds both together in 0.2% of the cases at most.
delays()
{
	serve --delay fixed:5ms
	net --count 100 --warmup 0
	served
	holds "no answer before its time" '.net.histograms.rtt.min >= 5000000 and
		.net.counts.faster_than_server == 0 and .serve.histograms.delay.max == 5000000'
	serve --delay exp:4ms
	net --count 3000 --warmup 0 --depth 128
	served
	holds "an exponential delay is what was asked for" '.serve.histograms.delay | .count == 3000 and
		.p50 > 2550000 and .p50 < 3000000 and .p99 > 16500000 and .p99 < 20500000'
	holds "its quantiles come back, from below" '[(.net.histograms.rtt | .p50, .p90, .p99),
		(.serve.histograms.delay | .p50, .p90, .p99)] as [$a, $b, $c, $x, $y, $z] |
		.net.counts.lost > 0 or ($a * 1.004 >= $x and $b * 1.004 >= $y and $c * 1.004 >= $z)'
	holds "and from above" '.net.histograms as $h |
		$h.rtt.p99 <= ($h.server_held["p99.9"] + $h.rtt_less_server["p99.9"]) * 1.004'
	holds "the server's own times come back" '.net.counts.lost > 0 or
		(.net.histograms.server_held.p50 == .serve.histograms.held.p50 and
		 .net.histograms.server_held.p99 == .serve.histograms.held.p99)'
	serve --delay uniform:1ms-3ms
	net --proto tcp --count 300 --warmup 0 --depth 16
	served
	holds "a delay over TCP" '.net.histograms.rtt.min >= 1000000 and .net.counts.received == 300 and
		.net.counts.faster_than_server == 0 and .serve.histograms.delay.max <= 3000000'
}

# A receiver that stalls for 100 ms of each 400: of the requests at a rate 25% meet it, and 1% of all
# wait for at least 96 ms. A closed loop meets it once in each stall.
omission()
{
	serve --delay stall:100ms@400ms
	net --rate 10k --duration 1600ms --warmup 0
	holds "a stall of the receiver is in p99 of the open loop" '.net.histograms.rtt |
		.p99 >= 90000000 and .p90 >= 50000000'
	net --duration 1200ms --warmup 0
	holds "and hidden from p90 of the closed loop" '.net.histograms.rtt | .p90 < 50000000 and .max >= 50000000'
	served
	serve
	timeout 60 "$azimuth" bench net --json "$work/net.json" --rate 2k --duration 1500ms --warmup 0 \
		"$peer" >"$work/net.out" 2>"$work/net.err" &
	client=$!
	sleep 0.5
	# The child of timeout is what stalls.
	kill -STOP "$(pgrep -P $client)" && sleep 0.4 && kill -CONT "$(pgrep -P $client)"
	rc=0
	wait $client || rc=$?
	holds "a stall of the sender is in the time from the intended one" '.net.histograms |
		.rtt.p90 >= 30000000 and .rtt.p90 > .rtt_actual.p90 and .send_delay.max >= 300000000'
	served
}

thousand()
{
	if [ "$(ulimit -Hn)" != unlimited ] && [ "$(ulimit -Hn)" -lt 2200 ]; then
		skip "a thousand flows" "no more than $(ulimit -Hn) open files"
		return
	fi
	serve
	net --flows 1000 --threads 2 --count 3000 --warmup 0
	holds "a thousand flows of UDP" '.net.counts | .sent == 3000 and .received + .lost == 3000 and .received > 0'
	net --flows 1000 --threads 2 --count 2000 --warmup 0 --proto tcp --timeout 20s
	holds "a thousand connections" '.net.counts.received == 2000'
	served
	net() { rc=0; (ulimit -n 200 && timeout 60 "$azimuth" bench net "$@" "$peer") >"$work/net.out" 2>"$work/net.err" || rc=$?; }
	net --flows 1000
	exits "a thousand flows, and no files for them" 3 'ulimit -n'
	unset -f net
}

# Two under way of 10 ms each are 200 a second; the backlog of half a second above that is seen.
knee()
{
	serve --delay fixed:10ms
	net --ramp 50-800 --bound 80ms --window 2 --step 500ms --settle 50ms
	holds "a window of 2 and a delay of 10 ms have their knee below 240 a second" '.net |
		(.metrics[] | select(.name == "knee_rate").value) as $k | ($k == 0 or $k >= 50) and $k <= 240 and
		(.ramp | length > 0 and all(.["p99.9"] >= 10000000))'
	net --ramp 10-20 --bound 5ms --step 200ms --settle 0
	exits "no rate is low enough" 1 'even 10/s, the lowest rate'
	holds "the verdict says so" '.net.verdict == "the lowest rate is too much"'
	net --ramp 10-20 --bound 50s --step 200ms --settle 0
	holds "no rate is too high" '.net.verdict == "the highest rate is still good"'
	holds "a ramp has its knee alone to compare by" '.net | [.metrics[].name] == ["knee_rate"] and
		(.config | has("rate") | not) and .step.histograms.rtt.count > 0'
	jq . "$work/net.json" >"$work/knee.json"
	jq '.metrics[0].value = 15 | .step.rate = 15' "$work/net.json" >"$work/knee2.json"
	rc=0
	"$azimuth" compare "$work/knee.json" "$work/knee2.json" >"$work/net.out" 2>"$work/net.err" || rc=$?
	exits "ramps whose knees differ are compared" 4 'at least 4 of each'
	served
}

# A connection that asks without end is alone with its thread of the server, until others come.
not_alone()
{
	local first

	serve
	"$azimuth" bench net --proto tcp --count 0 --json "$work/first.json" "$peer" >/dev/null 2>&1 &
	first=$!
	sleep 1
	net --proto tcp --count 500 --warmup 0
	holds "TCP: a second client is served beside a busy one" '.net.counts.received == 500'
	net --proto crr --count 50 --warmup 0
	holds "TCP: and so are short connections" '.net.counts.received == 50'
	kill -INT "$first"
	wait "$first" || true
	served
	mv "$work/first.json" "$work/net.json"
	holds "TCP: the busy one has lost nothing meanwhile" \
		'.net.counts | .received > 500 and .lost == 0 and .corrupt == 0'
}

refusals()
{
	refuses "nobody there" 3 'nothing answers at 127.0.0.1:9' "$azimuth" bench net 127.0.0.1:9
	refuses "nobody there, TCP" 3 'nothing answers' "$azimuth" bench net --proto tcp 127.0.0.1:9
	refuses "a rate that is none" 2 '--rate' "$azimuth" bench net --rate fast 127.0.0.1:7
	refuses "times of the highest rate" 2 '--arrival' "$azimuth" bench net --rate max --arrival poisson 127.0.0.1:7
	refuses "a range backwards" 2 '--size' "$azimuth" bench net --size 100-50 127.0.0.1:7
	refuses "too small for TCP" 2 '--size: tcp' "$azimuth" bench net --proto tcp --size 20 127.0.0.1:7
	refuses "groups that do not fit" 2 '--fanout' "$azimuth" bench net --flows 5 --fanout 2 127.0.0.1:7
	refuses "a ramp without a bound" 2 '--bound' "$azimuth" bench net --ramp 1k-2k 127.0.0.1:7
	refuses "a ramp downwards" 2 'does not go up' "$azimuth" bench net --ramp 2k-1k --bound 1ms 127.0.0.1:7
	refuses "a delay of no kind" 2 '--delay' "$azimuth" bench net --mode serve --delay normal:1ms 127.0.0.1:0
	refuses "a fault of no kind" 2 '--fault' "$azimuth" bench net --mode serve --fault eat:1 127.0.0.1:0
	refuses "two servers on one port" 3 'cannot serve' bash -c '
		"$0" bench net --mode serve 127.0.0.1:0 >"$1" & pid=$!; for _ in {1..200}; do grep -q port "$1" && break
		sleep 0.05; done; rc=0; "$0" bench net --mode serve "127.0.0.1:$(sed -n "s/.* port //p" "$1")" || rc=$?
		kill $pid; wait $pid; exit $rc' "$azimuth" "$work/first.out"
}

each_protocol
faults
delays
omission
knee
not_alone
refusals
thousand
tap_done
