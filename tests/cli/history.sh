#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# azimuth history: adding, twice, broken, at once, on a full disk; the index from the files;
# plots, changes and their forms.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash
# shellcheck source-path=SCRIPTDIR source=../results.bash
. tests/results.bash

azimuth=$PWD/out/bin/azimuth
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export AZIMUTH_HISTORY=$work/store

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

# Sixteen runs, slower from the ninth on, in a config of their own; three of a newer kernel.
arm "$work/new" 0 60 10000 10100 10050 9950 10020 9980 10070 9960 \
	11040 11160 11010 10990 11070 11010 11110 10950
for i in 9 10 11 12 13 14 15 16; do
	jq '.env.kernel = "6.12.1"' "$work/new/run$i.json" >"$work/run"
	mv "$work/run" "$work/new/run$i.json"
done

refuses "nothing to show" 2 'no history there' "$azimuth" history show rtt_p50
expect "a directory is added" 0 '^16 added, 0 there already, 0 skipped' \
	"$azimuth" history add "$work/new"
expect "the same file twice is one" 0 '^0 added, 16 there already' \
	"$azimuth" history add "$work/new"
cp "$work/new/run1.json" "$work/copy.json"
expect "by another name, too" 0 '^0 added, 1 there already' "$azimuth" history add "$work/copy.json"

expect "the change is named" 0 '2026-11-22 6.12.1: 10.0 us -> 11.0 us, \+1[0-9.]+%, worse' \
	"$azimuth" history changes rtt_p50
expect "only where there is one" 0 rate "$azimuth" history changes
if ! grep -q wake "$work/out" && grep -q '^rtt_p99 ' "$work/out"; then
	ok "a metric that stays is not"
else
	not_ok "a metric that stays is not" "$(cat "$work/out")"
fi
expect "a plot" 0 ' \|.*: *\*' "$azimuth" history show rtt_p50
if [ -z "$(awk 'length > 80' "$work/out")" ]; then
	ok "in 80 columns"
else
	not_ok "in 80 columns" "$(awk 'length > 80' "$work/out")"
fi
expect "by kernel" 0 ', 8 runs' "$azimuth" history show rtt_p50 --kernel '6.12.0'
expect "no such kernel" 2 'no such runs' "$azimuth" history show rtt_p50 --kernel '5*'
expect "by size and benchmark" 0 'net-rtt on Standard_D2s_v5' \
	"$azimuth" history show rtt_p50 --sku 'Standard_D*' --benchmark 'net*'
expect "a pattern" 0 '^rtt_p99 ' "$azimuth" history show 'rtt_p9*'
refuses "no metric" 2 'one metric' "$azimuth" history show

"$azimuth" history changes rtt_p50 --json "$work/c.json" >/dev/null
if jq -e '.series[0].changes | length == 1 and .[0].run == 8 and .[0].verdict == "worse" and
	.[0].kernel == "6.12.1"' "$work/c.json" >/dev/null; then
	ok "JSON"
else
	not_ok "JSON" "$(cat "$work/c.json")"
fi
"$azimuth" history show rtt_p50 --csv - >"$work/c.csv"
if [ "$(wc -l <"$work/c.csv")" = 17 ] && [ "$(grep -c ',1$' "$work/c.csv")" = 1 ]; then
	ok "CSV, with the change marked"
else
	not_ok "CSV, with the change marked" "$(cat "$work/c.csv")"
fi
expect "a list" 0 '^2026-11-22T10:00:00Z net-rtt +6.12.0 +Standard_D2s_v5' "$azimuth" history list
if [ "$("$azimuth" history list --json - | jq '.runs | length')" = 16 ]; then
	ok "as JSON"
else
	not_ok "as JSON"
fi

# ---- hostile and broken files --------------------------------------------------

mkdir "$work/bad"
echo '{"schema":1' >"$work/bad/cut.json"
head -c 100000 /dev/urandom >"$work/bad/noise.json"
echo '{"schema":99,"metrics":[]}' >"$work/bad/future.json"
echo '[]' >"$work/bad/list.json"
: >"$work/bad/empty.json"
mkfifo "$work/bad/pipe.json"
ln -s nowhere "$work/bad/dangling.json"
head -c 3000 /dev/zero | tr '\0' '[' >"$work/bad/deep.json"
result "$work/bad/partial.json" 0 10000 '.partial = true'
result "$work/bad/interrupted.json" 0 10000 '.interrupted = true'
result "$work/bad/sum.json" 0 10000 '.histograms["wake@vf"].count = 11'
truncate -s 65M "$work/bad/large.json"
expect "broken files are skipped" 1 '^0 added, 0 there already, 12 skipped' \
	"$azimuth" history add "$work/bad"
named=0
for i in "$work"/bad/*; do
	grep -q "${i##*/}" "$work/out" && named=$((named + 1))
done
if [ $named = 12 ]; then
	ok "and each is named"
else
	not_ok "and each is named" "$(cat "$work/out")"
fi
result "$work/odd.json" 5 10000 '.env.kernel = "\u001b[31m;DROP TABLE runs" |
	.env.date = "../../../../etc/x" | .benchmark = "x\u0027); DROP TABLE runs; --"'
expect "text that means something elsewhere" 0 '^1 added' "$azimuth" history add "$work/odd.json"
expect "is printed without control characters" 0 '\?\[31m;DROP' "$azimuth" history list
if [ -z "$(find "$work" -name '*-[0-9a-f]*.json' -not -path "$work/store/runs/*")" ] &&
	! grep -q $'\e' "$work/out"; then
	ok "and stays in the store"
else
	not_ok "and stays in the store"
fi

# ---- the index ------------------------------------------------------------------

"$azimuth" history show rtt_p50 --csv "$work/before.csv" >/dev/null
rm "$work/store/index.sqlite"
expect "a lost index is made again" 0 'rtt_p50' "$azimuth" history show rtt_p50 --csv "$work/after.csv"
if cmp -s "$work/before.csv" "$work/after.csv"; then ok "the same"; else not_ok "the same"; fi
head -c 8192 /dev/urandom >"$work/store/index.sqlite"
expect "a damaged one is named with the remedy" 3 'reindex' "$azimuth" history list
echo '{' >"$work/store/runs/broken.json"
expect "reindex, with a broken file in the store" 1 'indexed, 1 skipped' "$azimuth" history reindex
rm "$work/store/runs/broken.json"
"$azimuth" history show rtt_p50 --csv "$work/after.csv" >/dev/null
if cmp -s "$work/before.csv" "$work/after.csv"; then ok "and all is there"; else not_ok "and all is there"; fi

# ---- at once ---------------------------------------------------------------------

export AZIMUTH_HISTORY=$work/many
pids=()
for i in 1 2 3 4; do
	"$azimuth" history add "$work/new" >"$work/many.$i" 2>&1 &
	pids+=($!)
done
failed=0
for i in "${pids[@]}"; do
	wait "$i" || failed=1
done
added=$(cat "$work"/many.? | awk '{ n += $1 } END { print n }')
if [ $failed = 0 ] && [ "$added" = 16 ] && [ "$(find "$work/many/runs" -name "*.json" | wc -l)" = 16 ] &&
	[ "$("$azimuth" history list | wc -l)" = 16 ]; then
	ok "four at once add each file once"
else
	not_ok "four at once add each file once" "$added: $(cat "$work"/many.?)"
fi

# A file of at most 20 KiB holds the results but not the index.
export AZIMUTH_HISTORY=$work/full
rc=0
(trap '' XFSZ; ulimit -f 20; exec "$azimuth" history add "$work/new") >"$work/out" 2>&1 || rc=$?
if [ $rc = 3 ] && grep -q "$work/full" "$work/out" && [ "$(grep -c . "$work/out")" = 1 ]; then
	ok "no room for the index: one line"
else
	not_ok "no room for the index: one line" "exit $rc: $(cat "$work/out")"
fi
mkdir "$work/tiny"
if ! mount -t tmpfs -o size=64k tmpfs "$work/tiny" 2>/dev/null; then
	skip "a full disk" "no right to mount a tmpfs"
else
	rc=0
	"$azimuth" history add --store "$work/tiny/h" "$work/new" >"$work/out" 2>&1 || rc=$?
	left=$(find "$work/tiny" -name '*.tmp')
	umount "$work/tiny"
	if [ $rc = 3 ] && [ -z "$left" ] && grep -qE 'full|No space' "$work/out"; then
		ok "a full disk"
	else
		not_ok "a full disk" "exit $rc, left $left: $(cat "$work/out")"
	fi
fi
tap_done
