#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# azimuth compare: verdicts, order and drift, what is refused, and the width of the table.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash
# shellcheck source-path=SCRIPTDIR source=../results.bash
. tests/results.bash

azimuth=$PWD/out/bin/azimuth
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# expect NAME STATUS REGEX COMMAND...: exit status, and something in the output
expect()
{
	local name=$1 want=$2 regex=$3 rc=0
	shift 3

	"$@" >"$work/out" 2>&1 || rc=$?
	if [ $rc = "$want" ] && grep -qE -- "$regex" "$work/out"; then
		ok "$name"
	else
		not_ok "$name" "exit $rc, wanted $want and '$regex': $(cat "$work/out")"
	fi
}

# field METRIC KEY: of the last --json
field()
{
	jq -r --arg m "$1" --arg k "$2" '.metrics[] | select(.name == $m) | .[$k]' "$work/c.json"
}

# A before B, and both ABBA.
arm "$work/a" 0 4 10000 10100 10050 9950 10020 9980
arm "$work/b" 2 4 10040 9960 10110 9990 10010 10070
arm "$work/fast" 2 4 8000 8100 8050 7950 8020 7980

expect "a thing with itself is the same" 0 'rtt_p50 .*within' "$azimuth" compare "$work/a" "$work/b"
expect "a slower one fails" 1 'rtt_p50 .*worse' "$azimuth" compare "$work/fast" "$work/a"
expect "a faster one is better" 0 'rtt_p99 .*better' \
	"$azimuth" compare --json "$work/c.json" "$work/a" "$work/fast"
if [ "$(field rate verdict)" = better ] && [ "$(field rtt_p50 q | cut -c1-4)" = 0.00 ]; then
	ok "more of a rate is better"
else
	not_ok "more of a rate is better" "$(cat "$work/c.json")"
fi
if [ "$(field wake@vf_p99.9 a)" = 300 ] && [ "$(field wake@vf_p99.9 verdict)" = "no difference" ]; then
	ok "percentiles come from the histogram of each data path"
else
	not_ok "percentiles come from the histogram of each data path" "$(cat "$work/c.json")"
fi
expect "one metric of all" 0 '^rtt_p99 ' "$azimuth" compare --metric 'rtt_p9*' "$work/a" "$work/b"
if [ "$(grep -cE '^(rtt|rate|wake)' "$work/out")" = 1 ]; then
	ok "and only that"
else
	not_ok "and only that" "$(cat "$work/out")"
fi
expect "no such metric" 2 'no metric' "$azimuth" compare --metric 'x*' "$work/a" "$work/b"

mkdir "$work/few"
cp "$work"/fast/run[12].json "$work/few"
expect "two runs are not enough, and it says how many are" 4 'about 2 more' \
	"$azimuth" compare "$work/few" "$work/a"

# The same values with a difference of 0.3%, which six runs cannot show.
expect "the same only within 0.1%: more runs" 4 'about [0-9]+ more' \
	"$azimuth" compare --within 0.1 --metric rtt_p50 "$work/a" "$work/b"

# Drift. Interleaved, a faster B is found under it; apart, it is the difference.
arm "$work/da" 0 4 10000 10400 10810 11200 11590 12000
arm "$work/db" 2 4 9190 9610 9990 10400 10810 11190
expect "interleaved runs see through a drift" 0 'rtt_p50 .*better' \
	"$azimuth" compare "$work/da" "$work/db"
expect "and it is named" 0 'drift: rtt_p50 moved by' "$azimuth" compare "$work/da" "$work/db"
arm "$work/d1" 0 2 10000 10210 10390 10600 10810 11000
arm "$work/d2" 12 2 11190 11410 11590 11800 12010 12190
expect "a drift from A to B is no difference" 0 'rtt_p50 .*within' \
	"$azimuth" compare "$work/d1" "$work/d2"
expect "runs apart are named" 0 'one arm ran after the other' \
	"$azimuth" compare "$work/d1" "$work/d2"

# refused NAME REGEX EDIT: B with a fact changed is refused, and compared with --force
refused()
{
	local i

	rm -rf "$work/edited"
	mkdir "$work/edited"
	for i in "$work"/b/*; do
		jq "$3" "$i" >"$work/edited/${i##*/}"
	done
	expect "refused: $1" 2 "$2" "$azimuth" compare "$work/a" "$work/edited"
	expect "forced: $1" 0 "$2" "$azimuth" compare --force "$work/a" "$work/edited"
}

refused "another VM size" 'not comparable: sku is "Standard_D2s_v5" in A and "Standard_F4" in B' \
	'.env.sku = "Standard_F4"'
refused "another configuration" 'not comparable: size is 64 .* 1400' '.config.size = 1400'
refused "another data path" 'not comparable: A has wake@vf_min, B has not' \
	'.histograms |= with_entries(.key = "wake@synthetic")'
refused "interrupted" 'run1.json is interrupted' '.interrupted = true'
refused "partial" 'run1.json is partial' '.partial = true'
refused "ended by an error" 'run1.json is ended by an error' '.end = "error"'
jq '.env.kernel = "7.3.0"' "$work/b/run1.json" >"$work/edited/run1.json"
expect "facts that differ in one run are listed" 0 'note: kernel is "6.12.0" in A and "7.3.0" in B' \
	"$azimuth" compare --force "$work/a" "$work/edited"

expect "lists" 0 'rtt_p50 .*within' "$azimuth" compare --a "$work"/a/* --b "$work"/b/*
refuses "confidence of 100%" 2 'confidence' "$azimuth" compare --confidence 100 "$work/a" "$work/b"
result "$work/hostile.json" 0 10000 '.histograms["wake@vf"].buckets = [5, -1]'
refuses "a histogram that does not add up" 2 'hostile.json' \
	"$azimuth" compare "$work/hostile.json" "$work/hostile.json"

# Long names, large and small changes: no line is wider than a terminal.
for i in "$work"/a/*; do
	jq '.metrics += [{name: "a_metric_with_quite_a_long_name_of_its_own", unit: "B/s",
		better: "higher", value: 123456789012}]' "$i" >"$i.new"
	mv "$i.new" "$i"
	jq '.metrics += [{name: "a_metric_with_quite_a_long_name_of_its_own", unit: "B/s",
		better: "higher", value: 12}]' "$work/b/${i##*/}" >"$i.new"
	mv "$i.new" "$work/b/${i##*/}"
done
"$azimuth" compare "$work/a" "$work/b" >"$work/out" 2>/dev/null || true
wide=$(awk 'length > 80' "$work/out")
if [ -z "$wide" ] && grep -q a_metric_with "$work/out"; then
	ok "the table fits 80 columns"
else
	not_ok "the table fits 80 columns" "$wide"
fi

# Real runs, compared with themselves.
coproc server { exec "$azimuth" bench net --mode serve 127.0.0.1:0 2>&1; }
server_pid=$!
port=
while read -r -t 20 line <&"${server[0]}"; do
	[[ $line =~ port\ ([0-9]+) ]] && { port=${BASH_REMATCH[1]}; break; }
done
mkdir "$work/real"
for i in 1 2 3 4; do
	[ -n "$port" ] || break
	"$azimuth" bench net --count 200 --json "$work/real/$i.json" "127.0.0.1:$port" >/dev/null 2>&1 ||
		break
done
kill "$server_pid" 2>/dev/null || true
wait "$server_pid" 2>/dev/null || true
expect "real runs with themselves" 0 'rtt_p50 .*(within|no difference|about)' \
	"$azimuth" compare "$work/real" "$work/real"
tap_done
