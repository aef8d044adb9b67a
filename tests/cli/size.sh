#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The azimuth command can be copied anywhere: static, small, and for arm64 as well.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash

most=3000000
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill $server 2>/dev/null; rm -rf "$work"' EXIT

# check NAME STRIPPED: one program
check()
{
	local size

	size=$(stat -c %s "$2")
	if [ "$size" -lt $most ]; then
		ok "$1: $size bytes stripped"
	else
		not_ok "$1: under 3 MB stripped" "$size bytes"
	fi
	if readelf -lW "$2" | grep -qE 'INTERP|DYNAMIC'; then
		not_ok "$1: static" "$(readelf -lW "$2" | grep -E 'INTERP|DYNAMIC')"
	else
		ok "$1: static"
	fi
}

strip -o "$work/azimuth" out/bin/azimuth
check "$(uname -m)" "$work/azimuth"

refuses "arm64: unknown option" 2 "'--fast'" "$PWD/scripts/arm64" --fast
rc=0
scripts/arm64 --check >"$work/log" 2>&1 || rc=$?
case $rc in
0) ok "arm64: every file compiles" ;;
3) skip "arm64: every file compiles" "$(cat "$work/log")" ;;
*) not_ok "arm64: every file compiles" "$(tail -n 5 "$work/log")" ;;
esac

rc=0
scripts/arm64 >"$work/log" 2>&1 || rc=$?
case $rc in
0) check arm64 out/arm64/azimuth ;;
3) skip "arm64: links" "$(cat "$work/log")" ;;
*) not_ok "arm64: links" "$(tail -n 5 "$work/log")" ;;
esac

if [ $rc != 0 ]; then
	skip "arm64: measures" "there is no program"
	skip "arm64: timers" "there is no program"
elif ! qemu=$(command -v qemu-aarch64-static || command -v qemu-aarch64); then
	skip "arm64: measures" "no qemu-aarch64 here (package qemu-user-static)"
	skip "arm64: timers" "no qemu-aarch64 here (package qemu-user-static)"
else
	run=("$qemu" out/arm64/azimuth)
	"${run[@]}" bench net --mode serve 127.0.0.1:0 >"$work/serve" 2>&1 &
	server=$!
	for ((n = 0; n < 100; n++)); do
		port=$(sed -n 's/.* port \([0-9]*\).*/\1/p' "$work/serve")
		[ -z "$port" ] || break
		sleep 0.1
	done
	if "${run[@]}" bench net --count 50 --json "$work/r.json" "127.0.0.1:$port" >"$work/log" 2>&1 &&
		[ "$(jq -r '"\(.counts.received) \(.env.machine)"' "$work/r.json")" = "50 aarch64" ]; then
		ok "arm64: measures"
	else
		not_ok "arm64: measures" "$(tail -n 3 "$work/log" "$work/r.json")"
	fi
	if "${run[@]}" bench timer --count 20 --threads 1 --json "$work/t.json" >"$work/log" 2>&1 &&
		[ "$(jq -r '"\(.histograms.wakeup.count) \(.env.machine)"' "$work/t.json")" = "20 aarch64" ]; then
		ok "arm64: timers"
	else
		not_ok "arm64: timers" "$(tail -n 3 "$work/log" "$work/t.json")"
	fi
fi
tap_done
