#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# shellcheck disable=SC2317 # the clean-up is called by a trap
#
# azimuth bench io: what it refuses, what it keeps of a run that is ended, and what it finds.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash

azimuth=$PWD/out/bin/azimuth
work=$(mktemp -d)
loops=() mounts=()
cleanup()
{
	local name

	for name in ${mounts[@]+"${mounts[@]}"}; do umount "$name" || true; done
	for name in ${loops[@]+"${loops[@]}"}; do losetup -d "$name" || true; done
	rm -rf "$work"
}
trap cleanup EXIT

io()
{
	"$azimuth" bench io --buffered "$@"
}

# run NAME STATUS OPTION...: output in $out
run()
{
	local name=$1 want=$2 rc=0

	shift 2
	out=$(io "$@" 2>&1) || rc=$?
	if [ $rc = "$want" ]; then ok "$name"; else not_ok "$name" "exit $rc: $out"; fi
}

# said NAME REGEX: of the last run
said()
{
	if grep -qE -- "$2" <<<"$out"; then ok "$1"; else not_ok "$1" "$out"; fi
}

# field NAME FILE FILTER WANT
field()
{
	local got

	got=$(jq -r "$3" "$2" 2>&1) || true
	if [ "$got" = "$4" ]; then ok "$1"; else not_ok "$1" "$3 is '$got', wanted '$4'"; fi
}

# wait_until COMMAND...: 20 s at most
wait_until()
{
	local left=200

	until "$@" 2>/dev/null; do
		left=$((left - 1))
		[ $left -gt 0 ] || return 1
		sleep 0.1
	done
}

# begin OPTION...: in the background, until its result has been written once
begin()
{
	rm -f "$work/part.json"
	"$azimuth" bench io --buffered --json "$work/part.json" "$@" >"$work/part.out" 2>&1 &
	pid=$!
	wait_until test -s "$work/part.json"
}

# ---- options -----------------------------------------------------------------

truncate -s 4M "$work/file"
bad()
{
	refuses "$1" 2 "$2" "$azimuth" bench io --file "$work/file" --buffered "${@:3}"
}
refuses "no file" 2 '--file is missing' "$azimuth" bench io
bad "an unknown mode" "'wipe' is none of" --rw wipe
bad "an unknown engine" "'aio' is none of" --engine aio
bad "a size that is none" "--bs: '4Q'" --bs 4Q
bad "an odd size" "'1000' is no multiple of 512" --bs 1000
bad "sizes that do not fit each other" 'no multiple of the smallest' --bs 4K,6K
bad "a block larger than the target" 'hold no block' --bs 8M
bad "a depth without io_uring" 'one request at a time' --engine sync --depth 4
bad "--sqpoll without io_uring" 'is of --engine io_uring' --engine sync --sqpoll
bad "--poll through the page cache" 'needs direct I/O' --engine io_uring --poll
bad "--nowait without preadv2" 'is of --engine preadv2' --nowait
bad "--verify of reads" '--verify is of write' --verify
bad "--verify of sizes" 'one size' --rw randwrite --verify --bs 4K,8K
bad "--fsync of reads" 'writes nothing' --fsync 1
bad "both syncs" 'one of them' --rw write --fsync 1 --fdatasync 1
bad "a skew that is none" "'zipf:x'" --random zipf:x
bad "an offset behind the end" 'has only' --offset 1G
bad "an odd offset" 'no multiple of --bs' --offset 1K
bad "an arrival without a rate" '--arrival' --arrival poisson
bad "a rate of a walk" 'closed loop' --rw verify --rate 100
bad "--after-kill of reads" 'is of --rw check' --after-kill
refuses "a file that is not there" 2 '--size makes a file' "$azimuth" bench io --file "$work/no"
refuses "a character device" 2 'neither a block device' "$azimuth" bench io --file /dev/null

# ---- results -----------------------------------------------------------------

run "reads" 0 --file "$work/file" --count 200 --json "$work/r.json" --stages
field "the count is that of --count" "$work/r.json" .histograms.read.count 200
field "the engine is named" "$work/r.json" .config.engine sync
field "so are the stages" "$work/r.json" '.stages|join(" ")' 'stage_prepare stage_call'
field "which add up to the whole, to the ns" "$work/r.json" \
	'.histograms | .read.sum == .stage_prepare.sum + .stage_call.sum' true
field "and what is under the file" "$work/r.json" '.device.type' file
run "a mixed load with syncs" 0 --file "$work/file" --rw mixed --mix 50 --count 400 --fsync 10 \
	--json "$work/r.json"
field "reads and writes are all" "$work/r.json" '.counts.reads + .counts.writes' 400
field "a sync after each tenth write" "$work/r.json" '.counts.syncs == (.counts.writes/10|floor)' true
field "the sync is in the commit" "$work/r.json" '.histograms.commit.count == .counts.syncs' true
run "an open loop" 0 --file "$work/file" --rate 2k --count 400 --json "$work/r.json"
field "has the latency from the submission, too" "$work/r.json" .histograms.read_actual.count 400
run "preadv2 that would not wait" 0 --file "$work/file" --engine preadv2 --nowait --count 200
rc=0
out=$("$azimuth" bench io --file "$work/file" --engine io_uring --poll --count 100 2>&1) || rc=$?
case $rc in
0 | 3) ok "polling, or why not" ;;
*) not_ok "polling, or why not" "exit $rc: $out" ;;
esac
bad "more memory than is good" 'need more than 2 GiB' --engine io_uring --depth 4096 --bs 1M
run "threads" 0 --file "$work/file" --rw write --threads 3 --count 300 --json "$work/r.json"
field "share the count" "$work/r.json" .counts.writes 300
run "a new file is made" 0 --file "$work/new" --size 1M --count 10
if [ "$(stat -c %s "$work/new")" = 1048576 ]; then ok "of --size"; else not_ok "of --size"; fi
run "and removed" 0 --file "$work/new" --count 10 --unlink
if [ -e "$work/new" ]; then not_ok "only if asked"; else ok "only if asked"; fi

rc=0
out=$(io --file "$work/file" --engine io_uring --depth 8 --count 400 --stages \
	--json "$work/r.json" 2>&1) || rc=$?
if [ $rc = 3 ]; then
	skip "io_uring" "$out"
else
	if [ $rc = 0 ]; then ok "io_uring"; else not_ok "io_uring" "exit $rc: $out"; fi
	field "all are done" "$work/r.json" .histograms.read.count 400
	field "stages of the ring" "$work/r.json" '.stages|join(" ")' \
		'stage_prepare stage_submit stage_device stage_reap'
	field "they add up, too" "$work/r.json" '.histograms |
		.read.sum == .stage_prepare.sum + .stage_submit.sum + .stage_device.sum' true
	run "verify at depth" 0 --file "$work/file" --rw verify --depth 16
	run "check at depth" 0 --file "$work/file" --rw check --depth 3 --threads 2
	run "random writes and reads that are checked" 0 --file "$work/file" --rw mixed --depth 16 \
		--size 64K --verify --count 2000 --json "$work/r.json"
	field "are" "$work/r.json" '.verify.checked > 500' true
fi

# ---- data --------------------------------------------------------------------

rm -f "$work/data"
run "verify" 0 --file "$work/data" --size 1M --rw verify --seed 3
run "check" 0 --file "$work/data" --rw check --seed 3
run "another seed" 1 --file "$work/data" --rw check --seed 4 --json "$work/r.json"
said "is told" 'other seed'
field "and counted" "$work/r.json" '.verify.wrong["other seed"]' 256
run "another size" 1 --file "$work/data" --rw check --seed 3 --bs 8K
said "is told, too" 'other block'
printf 'X' | dd of="$work/data" bs=1 seek=500000 conv=notrunc status=none
run "a byte that was changed" 1 --file "$work/data" --rw check --seed 3
said "is found where it is" 'block at byte 499712: checksum'
run "one that does not matter to others" 0 --file "$work/data" --rw check --seed 3 --size 256K \
	--after-kill

run "a walk that is ended by time" 0 --file "$work/data" --rw verify --seed 3 --duration 1ms
run "three threads that check what they read" 0 --file "$work/data" --rw mixed --verify --threads 3 \
	--count 3000 --fdatasync 50 --json "$work/r.json"
field "see all" "$work/r.json" '.counts.reads + .counts.writes' 3000

# ---- owners ------------------------------------------------------------------

# guarded NAME REGEX FILE: not written, not changed
guarded()
{
	local before

	before=$(cksum <"$3")
	refuses "$1" 2 "$2" "$azimuth" bench io --buffered --file "$3" --rw randwrite --count 10
	if [ "$(cksum <"$3")" = "$before" ]; then
		ok "$1: nothing was written"
	else
		not_ok "$1: nothing was written"
	fi
}

truncate -s 1M "$work/sig"
printf 'XFSB' | dd of="$work/sig" conv=notrunc status=none
guarded "a file system in a file" 'holds an XFS' "$work/sig"
run "reads need no --force" 0 --file "$work/sig" --count 10
run "--force writes" 0 --file "$work/sig" --rw randwrite --count 10 --force
printf 'my thesis\n' >"$work/thesis"
truncate -s 64K "$work/thesis"
guarded "someone's file" 'has not written' "$work/thesis"

# loop SIZE: a loop device over a new file, in $loop
loop()
{
	truncate -s "$1" "$work/disk${#loops[@]}"
	loop=$(losetup -f --show "$work/disk${#loops[@]}" 2>/dev/null) || return
	loops+=("$loop")
}

if [ "$(id -u)" = 0 ] && loop 16M && [ -b "$loop" ]; then
	run "an empty device" 0 --file "$loop" --rw randwrite --count 50
	run "a flush of it" 0 --file "$loop" --rw flush --count 5
	guarded "the file behind a loop device" "is the disk behind $loop" "$work/disk0"
	begin --file "$loop" --rw randwrite --duration 60s
	refuses "a device that is being written to" 2 'is in use' "$azimuth" bench io \
		--file "$loop" --rw randwrite
	kill -INT $pid
	wait $pid || true
	if command -v mkfs.ext4 >/dev/null && mkfs.ext4 -qF "$loop"; then
		guarded "a device with a file system" 'holds an ext2/3/4' "$loop"
		mkdir "$work/mnt"
		if mount "$loop" "$work/mnt" 2>/dev/null; then
			mounts+=("$work/mnt")
			refuses "a mounted device" 2 "is mounted at $work/mnt" "$azimuth" bench io \
				--file "$loop" --rw randwrite
			run "may be read" 0 --file "$loop" --count 10
		else
			skip "a mounted device" "no mount here"
		fi
	else
		skip "a device with a file system" "no mkfs.ext4 here"
	fi
	loop 16M
	# A partition table with one entry: sectors 2048 to 30720.
	printf '\0\0\0\0\x83\0\0\0\0\x08\0\0\0\x70\0\0' |
		dd of="$loop" bs=1 seek=446 conv=notrunc status=none
	printf '\x55\xaa' | dd of="$loop" bs=1 seek=510 conv=notrunc status=none
	guarded "a disk with a partition table" 'holds a partition table' "$loop"
	losetup -d "$loop"
	losetup -P "$loop" "$work/disk1"
	if [ -b "${loop}p1" ] && mkfs.ext4 -qF "${loop}p1" 2>/dev/null && mkdir "$work/part" &&
		mount "${loop}p1" "$work/part" 2>/dev/null; then
		mounts+=("$work/part")
		refuses "a disk with a partition in use" 2 "${loop##*/}p1, which is mounted at" \
			"$azimuth" bench io --file "$loop" --rw randwrite
	else
		skip "a disk with a partition in use" "this kernel has no partitions of loop devices"
	fi
	loop 16M
	refuses "a trim of a device by io_uring" 2 'by --engine sync' "$azimuth" bench io \
		--file "$loop" --rw trim --engine io_uring
	# What lies behind its file's end cannot be read any more.
	truncate -s 8M "$work/disk2"
	run "a disk of which half cannot be read" 1 --file "$loop" --count 200 --json "$work/r.json"
	said "says which read failed first" "read of $loop at byte [0-9]+: Input/output error"
	field "goes on, and counts" "$work/r.json" \
		'.errors.by_errno.EIO == .counts.errors and .counts.reads + .counts.errors == 200' true
	field "with places" "$work/r.json" '.errors.first | map(.offset >= 8388608) | all' true
	run "--max-errors" 1 --file "$loop" --count 200 --max-errors 3
	said "ends it" 'ended after 3 errors'
	truncate -s 16M "$work/disk2"
	if command -v mkswap >/dev/null && mkswap "$loop" >/dev/null 2>&1; then
		guarded "a device with swap space" 'holds swap space' "$loop"
	else
		skip "a device with swap space" "no mkswap here"
	fi
else
	skip "devices" "no loop devices here"
fi

# ---- a full disk -------------------------------------------------------------

mkdir "$work/small"
if mount -t tmpfs -o size=1M none "$work/small" 2>/dev/null; then
	mounts+=("$work/small")
	rc=0
	out=$(io --file "$work/small/file" --size 4M 2>&1) || rc=$?
	if [ $rc = 3 ]; then ok "a file that does not fit"; else
		not_ok "a file that does not fit" "exit $rc: $out"
	fi
	said "says so" 'no space left.*room for'
	if [ -e "$work/small/file" ]; then not_ok "and is not left"; else ok "and is not left"; fi
	truncate -s 4M "$work/small/sparse"
	run "a disk that fills up" 1 --file "$work/small/sparse" --rw write --json "$work/r.json"
	said "ends the run" 'No space left on device'
	field "with what was done" "$work/r.json" '.counts.writes > 100' true
	field "and the errno" "$work/r.json" .errors.by_errno.ENOSPC 1
else
	skip "a full disk" "no mount here"
fi

# ---- ended early -------------------------------------------------------------

begin --file "$work/file" --duration 60s
field "a run that goes on has a partial result" "$work/part.json" .partial true
kill -INT $pid
rc=0
wait $pid || rc=$?
field "Ctrl-C keeps the result" "$work/part.json" '.end + " " + (.interrupted|tostring)' \
	'interrupted true'
field "that is no longer partial" "$work/part.json" '.partial // false' false
field "with its samples" "$work/part.json" '.histograms.read.count > 100' true
begin --file "$work/file" --duration 60s
kill -KILL $pid
wait $pid 2>/dev/null || true
field "kill -9 leaves a partial result" "$work/part.json" '.partial' true
field "with samples" "$work/part.json" '.histograms.read.count > 100' true

# Of a file so large that the walk does not end by itself meanwhile.
truncate -s 64M "$work/killed"
begin --file "$work/killed" --rw verify --bs 512 --seed 8
kill -INT $pid
wait $pid || true
run "after Ctrl-C, too" 0 --file "$work/killed" --rw check --bs 512 --seed 8 --after-kill
rm -f "$work/killed"
truncate -s 64M "$work/killed"
begin --file "$work/killed" --rw verify --bs 512 --seed 9
kill -KILL $pid
wait $pid 2>/dev/null || true
run "after kill -9 what was written is whole" 0 --file "$work/killed" --rw check --bs 512 --seed 9 \
	--after-kill --json "$work/r.json"
field "and was some" "$work/r.json" '.verify.checked > .verify.unwritten' true
tap_done
