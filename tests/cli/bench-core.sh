#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What all workloads share, by way of bench timer: bad input, Ctrl-C, kill -9, full disks, raw
# samples; and bad input of bench timer, exit and pci.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash

azimuth=$PWD/out/bin/azimuth
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# shellcheck disable=SC2317 # called by check
# json FILE FILTER: true when the filter says so
json()
{
	jq -e "$2" "$1" >/dev/null 2>&1
}

# check NAME COMMAND...: ok when the command succeeds
check()
{
	local name=$1
	shift

	if "$@" >"$work/check.out" 2>&1; then ok "$name"; else not_ok "$name" "$(head -n 5 "$work/check.out")"; fi
}

# ---- bad input -------------------------------------------------------------------

refuses "timer: no such mode" 2 "'hourglass' is none of" "$azimuth" bench timer --mode hourglass
refuses "timer: no such policy" 2 "'rr' is none of" "$azimuth" bench timer --sched rr
refuses "timer: no such priority" 2 "'fifo:100' is none of" "$azimuth" bench timer --sched fifo:100
refuses "timer: a period of nothing" 2 '--period' "$azimuth" bench timer --period 0
refuses "timer: a CPU for what has no second thread" 2 '--to-cpu is for' \
	"$azimuth" bench timer --to-cpu 0
refuses "timer: a CPU that is no number" 2 "'next' is not" \
	"$azimuth" bench timer --mode futex --to-cpu next
refuses "timer: a CPU that is not there" 3 'cannot run on CPU 1023' \
	"$azimuth" bench timer --mode futex --to-cpu 1023 -n 1
refuses "timer: no CPUs" 2 "--cpus: '' is not" "$azimuth" bench timer --cpus ''
refuses "timer: half a list of CPUs" 2 "--cpus: '0,' is not" "$azimuth" bench timer --cpus 0,
refuses "timer: no threads" 2 '--threads' "$azimuth" bench timer --threads 0
refuses "timer: a warm-up of nonsense" 2 "--warmup: 'long' is neither" \
	"$azimuth" bench timer --warmup long
refuses "exit: no such measurement" 2 "'syscal', did you mean 'syscall'" \
	"$azimuth" bench exit --user syscal
refuses "exit: no samples" 2 'above 0' "$azimuth" bench exit --user --count 0
refuses "exit: a CPU that is not there" 2 'cannot run on' "$azimuth" bench exit --user --cpus 1023

# Functions as plain files, so that nothing real is touched.
export AZIMUTH_SYSFS=$work/sys
fn=$AZIMUTH_SYSFS/bus/pci/devices/0001:02:03.4
mkdir -p "$fn" "$AZIMUTH_SYSFS/bus/pci/devices/0000:00:00.0"
printf '\206\200\105\020%60s' '' >"$fn/config"
head -c 4096 /dev/zero >"$fn/resource0"
refuses "pci: no function" 2 'no function is given' "$azimuth" bench pci
refuses "pci: no name of a function" 2 "'../../etc' is no function" "$azimuth" bench pci ../../etc
refuses "pci: a function that is not there" 3 '0000:09:09.1: there is no such' \
	"$azimuth" bench pci 09:09.1
refuses "pci: both ways to choose" 2 'not both' "$azimuth" bench pci --all 02:03.4
refuses "pci: a write without force" 2 'needs --offset and --force' \
	"$azimuth" bench pci 0001:02:03.4 --bar 0 --offset 0 --write 1
refuses "pci: a write without a place" 2 'needs --offset and --force' \
	"$azimuth" bench pci 0001:02:03.4 --bar 0 --force --write 1
refuses "pci: a write to all" 2 'functions that are named' \
	"$azimuth" bench pci --all --bar 0 --offset 0 --force --write 1
refuses "pci: an offset without a BAR" 2 'need --bar' "$azimuth" bench pci --all --offset 0
refuses "pci: an offset between registers" 2 'no multiple of --width' \
	"$azimuth" bench pci 0001:02:03.4 --bar 0 --offset 2
refuses "pci: a width of nothing" 2 '--width' "$azimuth" bench pci 0001:02:03.4 --bar 0 --width 3
refuses "samples: no file" 2 'one FILE' "$azimuth" samples
refuses "samples: a file that is not there" 2 'nowhere: No such file' "$azimuth" samples "$work/nowhere"
echo '{"schema":1}' >"$work/other"
refuses "samples: another file" 2 'not a file of samples' "$azimuth" samples "$work/other"

# ---- a run -----------------------------------------------------------------------

for mode in nanosleep timerfd futex; do
	"$azimuth" bench timer --mode $mode --threads 1 --count 50 --warmup 20ms --json "$work/$mode.json" \
		--samples "$work/$mode.samples" >"$work/$mode.out" 2>"$work/err" || true
	check "timer $mode: 50 wake-ups, in the line too" grep -q ' 50 wake-ups' "$work/$mode.out"
	check "timer $mode: the result" json "$work/$mode.json" '
		.end == "done" and (has("partial") | not) and .config.period_ns == 1000000 and
		([.histograms[] | .count] | max == 50) and
		([.timeline.slots[][0]] | add == 50) and .timeline.start > "2" and
		.conditions.wall_ns > 0 and (.conditions | has("steal_ns") and has("throttled_ns"))'
	check "timer $mode: raw samples" test "$("$azimuth" samples --count "$work/$mode.samples")" = 50
done
check "samples are those of the histogram" test "$("$azimuth" samples "$work/nanosleep.samples" |
	awk -F, 'NR > 1 && $2 > max { max = $2 } END { print max }')" = \
	"$(jq .histograms.wakeup.max "$work/nanosleep.json")"

# Late wake-ups count from when they were due: a period that no machine can keep.
"$azimuth" bench timer --threads 1 --count 5000 --period 20us --json "$work/late.json" >/dev/null 2>&1
check "an overrun counts from its due time" json "$work/late.json" \
	'.counts.overruns == 0 or .histograms.wakeup.max >= .histograms.wakeup_actual.max'

"$azimuth" bench exit --user --count 1000 --duration 50ms --json "$work/exit.json" \
	>"$work/exit.out" 2>"$work/exit.err"
check "exit: a row and a histogram of each, gaps, and what is not there" json "$work/exit.json" '
	.histograms.syscall.count == 1000 and .histograms.pagefault.count == 1000 and
	.histograms.clock_monotonic.p50 <= .histograms.syscall.max and
	.counts.gaps == .histograms.gap.count and (.absent | length) > 0 and .end == "done"'
check "exit: as many rows as histograms" test \
	"$(grep -cE '^[a-z_]+ +[0-9]+ +[0-9]+ ' "$work/exit.out")" = \
	"$(jq '.histograms | length' "$work/exit.json")"
"$azimuth" bench exit --user clock gaps --count 10 --duration 1ms --json "$work/exit.json" >/dev/null
check "exit: only what was asked for" json "$work/exit.json" \
	'[.histograms | keys[] | select(startswith("clock_") or . == "gap" | not)] == []'

"$azimuth" bench pci 0001:02:03.4 --bar 0 -n 20 --json "$work/pci.json" >/dev/null
check "pci: config and register reads" json "$work/pci.json" '
	.histograms.config_read.count == 20 and .histograms.bar_read.count == 20 and
	(.histograms | has("bar_write") | not) and .counts.functions == 1'
check "pci: nothing was written" cmp -n 4096 "$fn/resource0" /dev/zero
"$azimuth" bench pci 0001:02:03.4 --bar 0 --offset 8 --write 0x61626364 --force -n 20 \
	--json "$work/pci.json" >/dev/null
check "pci: writes, alone and with the read behind them" json "$work/pci.json" '
	.histograms.bar_write.count == 20 and .histograms.bar_write_read.count == 20'
check "pci: only the register that was named was written" test \
	"$(tr -d '\0' <"$fn/resource0")$(head -c 12 "$fn/resource0" | tail -c 4)" = dcbadcba
"$azimuth" bench pci --all -n 20 --json "$work/pci.json" >/dev/null
check "pci: all that may be read" json "$work/pci.json" '
	.histograms["config_read@0001:02:03.4"].count == 20 and .counts.skipped == 1'
rc=0
"$azimuth" bench pci 0001:02:03.4 --config-offset 64 >/dev/null 2>"$work/err" || rc=$?
check "pci: a place that may not be read" test $rc = 1 -a "$(grep -c 'only root' "$work/err")" = 1

timeout -s INT 1 "$azimuth" bench timer --duration 60s --json "$work/int.json" >"$work/int.out" 2>&1 || true
check "Ctrl-C prints what was measured" grep -q 'wake-ups' "$work/int.out"
check "Ctrl-C keeps what was measured" json "$work/int.json" \
	'.interrupted and .end == "interrupted" and .histograms.wakeup.count > 0 and (has("partial") | not)'

# ---- killed, and full disks ------------------------------------------------------

"$azimuth" bench timer --duration 60s --json "$work/kill.json" --samples "$work/kill.samples" \
	>/dev/null 2>&1 &
pid=$!
for ((i = 0; i < 200; i++)); do
	[ ! -e "$work/kill.json" ] || break
	sleep 0.1
done
kill -9 $pid
wait $pid 2>/dev/null || true
check "kill -9 leaves a whole file, marked partial" json "$work/kill.json" \
	'.partial and (has("end") | not) and .histograms.wakeup.count > 0 and .env.kernel != ""'
rc=0
"$azimuth" samples "$work/kill.samples" >"$work/kill.csv" 2>"$work/err" || rc=$?
check "kill -9 leaves samples, which are said to be cut off" \
	test $rc = 1 -a "$(wc -l <"$work/kill.csv")" -gt 100 -a "$(grep -c 'cut off' "$work/err")" = 1

refuses "samples to a full disk" 3 '/dev/full: No space left' \
	"$azimuth" bench timer -n 10 --samples /dev/full
rc=0
"$azimuth" samples "$work/nanosleep.samples" >/dev/full 2>"$work/err" || rc=$?
check "CSV to a full disk" test $rc = 3 -a "$(grep -c 'No space left' "$work/err")" = 1
mkdir "$work/small"
if mount -t tmpfs -o size=16k tmpfs "$work/small" 2>/dev/null; then
	cp "$work/nanosleep.json" "$work/small/r.json"
	head -c 100K /dev/zero >"$work/small/fill" 2>/dev/null || true
	rc=0
	"$azimuth" bench timer --duration 2s --json "$work/small/r.json" >"$work/full.out" \
		2>"$work/full.err" || rc=$?
	check "a disk full in mid-run: the run goes on" grep -q wake-ups "$work/full.out"
	check "a disk full in mid-run: said, once, and at the end" test $rc = 3 -a \
		"$(grep -c 'warning: .*No space left.*goes on' "$work/full.err")" = 1 -a \
		"$(grep -c 'cannot write .*No space left' "$work/full.err")" = 1
	check "a disk full in mid-run: what was there before is kept" \
		cmp "$work/nanosleep.json" "$work/small/r.json"
	check "a disk full in mid-run: nothing half written" test ! -e "$work/small/r.json.tmp"
	umount "$work/small"
else
	skip "a disk full in mid-run" "may not mount a tmpfs"
fi

if "$azimuth" bench timer -n 10 --sched fifo:10 >/dev/null 2>"$work/err"; then
	ok "fifo is permitted, and works"
else
	check "fifo is not permitted, which is said" grep -q 'CAP_SYS_NICE' "$work/err"
fi

tap_done
