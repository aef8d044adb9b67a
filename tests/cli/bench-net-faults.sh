#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# azimuth bench net when things go wrong: ends that are killed, a network that
# loses and repeats, a peer of another version, a full disk, a thousand flows.
# Each has one clear outcome, and what was measured is kept.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash

azimuth=$PWD/out/bin/azimuth
relay=$PWD/out/test/udprelay
work=$(mktemp -d)
pids=()

# stop PID...: by SIGKILL, without the shell's word about it
stop()
{
	kill -9 "$@" 2>/dev/null || true
	wait "$@" 2>/dev/null || true
}

# shellcheck disable=SC2317 # called by the trap
finish()
{
	[ ${#pids[@]} = 0 ] || stop "${pids[@]}"
	rm -rf "$work"
}
trap finish EXIT

# port_of FILE: the port in the line that a server or relay prints first
port_of()
{
	local i port

	for ((i = 0; i < 200; i++)); do
		port=$(sed -n 's/.* port \([0-9]*\).*/\1/p' "$1" 2>/dev/null) || true
		[ -z "$port" ] || { echo "$port"; return; }
		sleep 0.05
	done
	echo "no port in $1: $(cat "$1")" >&2
	return 1
}

# serve: a server in the background; sets server and port
serve()
{
	# What an earlier one has said must not be taken for this one's.
	rm -f "$work/serve.out"
	"$azimuth" bench net --mode serve 127.0.0.1:0 >"$work/serve.out" 2>"$work/serve.err" &
	server=$!
	pids+=("$server")
	port=$(port_of "$work/serve.out")
}

# start_relay OPTION...: before the server at $port; sets relay_port
start_relay()
{
	rm -f "$work/relay.out"
	"$relay" "$@" "$port" >"$work/relay.out" &
	relay_pid=$!
	pids+=("$relay_pid")
	relay_port=$(port_of "$work/relay.out")
}

# bench OPTION... ADDRESS: sets rc, the result in $work/result.json
bench()
{
	rc=0
	rm -f "$work/result.json"
	timeout 60 "$azimuth" bench net --json "$work/result.json" "$@" >"$work/out" 2>"$work/err" ||
		rc=$?
}

# lines: what the run said of itself; the machine may be warned of besides
lines()
{
	grep -vc warning: "$work/err" || true
}

# get FILTER [FILE]: of the result
get()
{
	jq -r "$1" "${2:-$work/result.json}" 2>/dev/null || echo none
}

# expect NAME CONDITION: a jq condition on the result, and a good ending of the run
expect()
{
	if [ "$(get "$2")" = true ]; then
		ok "$1"
	else
		not_ok "$1" "exit $rc, not $2: $(cat "$work/out" "$work/err"; get .counts)"
	fi
}

# wait_for CONDITION: until the partial result of a run says so
wait_for()
{
	local i

	for ((i = 0; i < 200; i++)); do
		[ "$(get "$1" "$work/result.json")" != true ] || return 0
		sleep 0.05
	done
	return 1
}

# ---- a network that is bad ----

serve
start_relay --drop 10 --seed 3
# On a busy machine an answer may be late: it was counted as lost before.
bench --count 200 --warmup 0 --timeout 50ms "127.0.0.1:$relay_port"
expect "closed loop: one of ten answers is lost, and counted" \
	'.counts.sent == 200 and .counts.lost - .counts.late == 20 and
	 .counts.received + .counts.lost == 200'
expect "closed loop: only what came is in the histogram" '.histograms.rtt.count == .counts.received'
bench --count 400 --warmup 0 --rate 2000 --timeout 500ms "127.0.0.1:$relay_port"
expect "open loop: one of ten answers is lost, and counted" \
	'.counts.sent == 400 and .counts.lost - .counts.late == 40 and
	 .counts.received + .counts.lost == 400'
stop $relay_pid

start_relay --duplicate 5
bench --count 200 --warmup 0 "127.0.0.1:$relay_port"
# The last answer's second copy may come after the end.
expect "second answers are told from first ones" \
	'.counts.received == 200 and .counts.lost == 0 and .counts.duplicate >= 39 and
	 .counts.duplicate <= 40'
stop $relay_pid

start_relay --swap 10
bench --count 400 --warmup 0 --rate 4000 --timeout 500ms "127.0.0.1:$relay_port"
expect "answers out of order are taken, and counted" \
	'.counts.received == 400 and .counts.lost == 0 and .counts.reordered >= 35'
stop $relay_pid

start_relay --corrupt 10
bench --count 100 --warmup 0 --timeout 50ms "127.0.0.1:$relay_port"
expect "answers with wrong data are no answers" \
	'.counts.corrupt == 10 and .counts.lost - .counts.late == 10'
if [ $rc = 1 ]; then
	ok "wrong data fails the run"
else
	not_ok "wrong data fails the run" "exit $rc"
fi
stop $relay_pid

# ---- a peer of another version ----

start_relay --version 99
bench --count 10 --timeout 100ms "127.0.0.1:$relay_port"
if [ $rc != 0 ] && grep -q version "$work/err" && [ "$(lines)" = 1 ]; then
	ok "a peer of another version is named"
else
	not_ok "a peer of another version is named" "exit $rc: $(cat "$work/err")"
fi
if kill -0 "$server" && grep -q version "$work/serve.err"; then
	ok "a server goes on after a client of another version, and says so"
else
	not_ok "a server goes on after a client of another version, and says so" \
		"$(cat "$work/serve.err")"
fi
stop $relay_pid

# ---- ends that are killed ----

"$azimuth" bench net --json "$work/result.json" --rate 500 --duration 30s \
	"127.0.0.1:$port" >/dev/null 2>&1 &
client=$!
pids+=("$client")
if wait_for '.histograms.rtt.count > 100'; then
	stop $client
	rc=137
	expect "kill -9 of the client leaves what it had, marked as partial" \
		'.partial == true and .histograms.rtt.count > 100 and .counts.sent > 100'
else
	not_ok "kill -9 of the client leaves what it had, marked as partial" "no partial result"
fi
bench --count 50 "127.0.0.1:$port"
expect "the server goes on after a client that was killed" \
	'.counts.received == 50 and (has("partial") | not)'

# after_kill NAME CONDITION OPTION...: the server dies while the client runs
after_kill()
{
	local name=$1 condition=$2 pid
	shift 2

	[ -d "/proc/$server" ] || serve
	rm -f "$work/result.json"
	"$azimuth" bench net --json "$work/result.json" "$@" "127.0.0.1:$port" \
		>"$work/out" 2>"$work/err" &
	pid=$!
	pids+=("$pid")
	if ! wait_for '.histograms.rtt.count > 100'; then
		not_ok "$name" "no partial result: $(cat "$work/err")"
		stop $pid
		return
	fi
	stop "$server"
	rc=0
	wait $pid || rc=$?
	if [ $rc = 1 ] && [ "$(lines)" -le 1 ]; then
		expect "$name" "$condition"
	else
		not_ok "$name" "exit $rc: $(cat "$work/err")"
	fi
}

after_kill "kill -9 of the server, UDP: the run ends as failed, with what it had" \
	'.histograms.rtt.count > 100 and (has("partial") | not) and .end == "error"' \
	--rate 500 --duration 20s
after_kill "kill -9 of the server, TCP: the run ends as failed, with what it had" \
	'.histograms.rtt.count > 100 and (has("partial") | not) and .end == "error"' \
	--proto tcp --rate 500 --duration 20s

# ---- a full disk ----

serve
# shellcheck disable=SC2317 # called in a mount namespace of its own
full_disk()
{
	mkdir "$work/full"
	mount -t tmpfs -o size=8k none "$work/full"
	dd if=/dev/zero of="$work/full/fill" bs=4k count=4 2>/dev/null
	rc=0
	"$azimuth" bench net --count 50 --json "$work/full/result.json" "127.0.0.1:$port" \
		>"$work/out" 2>"$work/err" || rc=$?
	echo "$rc" >"$work/rc"
	ls "$work/full" >"$work/left"
}
export -f full_disk
export azimuth work port
if unshare -m true 2>/dev/null; then
	unshare -m bash -c full_disk
	rc=$(cat "$work/rc")
	if [ "$rc" = 3 ] && grep -q 'No space left' "$work/err" && grep -q p50 "$work/out" &&
	   [ "$(cat "$work/left")" = fill ]; then
		ok "a full disk: the figures are printed, the loss is named, no piece is left"
	else
		not_ok "a full disk: the figures are printed, the loss is named, no piece is left" \
			"exit $rc: $(cat "$work/out" "$work/err" "$work/left")"
	fi
else
	skip "a full disk: the figures are printed, the loss is named, no piece is left" \
		"no right to mount"
fi

# ---- very many flows ----

if [ "$(ulimit -Hn)" = unlimited ] || [ "$(ulimit -Hn)" -gt 1100 ]; then
	bench --flows 1000 --count 5000 --warmup 0 --timeout 5s "127.0.0.1:$port"
	expect "a thousand flows" '.counts.received == 5000 and .counts.lost == 0 and
		.config.flows == 1000'
else
	skip "a thousand flows" "no more than $(ulimit -Hn) open files"
fi
rc=0
(ulimit -n 200 && exec timeout 60 "$azimuth" bench net --flows 1000 --count 100 "127.0.0.1:$port") \
	>"$work/out" 2>"$work/err" || rc=$?
if [ $rc = 3 ] && grep -qi 'open files' "$work/err" && [ "$(lines)" = 1 ]; then
	ok "more flows than files may be open: refused, with the limit named"
else
	not_ok "more flows than files may be open: refused, with the limit named" \
		"exit $rc: $(head -n 3 "$work/err")"
fi

tap_done
