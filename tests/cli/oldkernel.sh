#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# azimuth on Linux 5.10, the oldest kernel that it promises to run on, as far as a later one can
# be made to refuse what 5.10 does not have (tests/tools/oldkernel.c). What needs a later kernel
# says which one.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash

old=$PWD/out/test/oldkernel
azimuth=$PWD/out/bin/azimuth
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill -9 "$server" 2>/dev/null || true; rm -rf "$work"' EXIT

rc=0
"$old" true 2>"$work/err" || rc=$?
if [ $rc = 3 ]; then
	skip "Linux 5.10" "$(cat "$work/err")"
	tap_done
fi

# works NAME ARGUMENT...: azimuth does on 5.10 what is asked
works()
{
	local name=$1
	shift
	rc=0
	timeout 120 "$old" "$azimuth" "$@" >"$work/out" 2>"$work/err" || rc=$?
	if [ $rc = 0 ]; then
		ok "$name"
	else
		not_ok "$name" "exit $rc: $(tail -n 2 "$work/err" "$work/out")"
	fi
}

# The server runs on 5.10, too.
"$old" "$azimuth" bench net --mode serve 127.0.0.1:0 >"$work/serve" 2>&1 &
server=$!
for _ in {1..200}; do
	port=$(sed -n 's/.* port //p' "$work/serve" 2>/dev/null || true)
	[ -z "$port" ] || break
	sleep 0.05
done
peer=127.0.0.1:$port

net=(bench net --count 100 --warmup 0)
works "net: UDP" "${net[@]}" "$peer"
works "net: several flows" "${net[@]}" --flows 4 --threads 2 "$peer"
works "net: open loop" "${net[@]}" --rate 2k --flows 2 "$peer"
works "net: as fast as it goes" "${net[@]}" --rate max --reply-every 10 "$peer"
works "net: TCP" "${net[@]}" --proto tcp --depth 4 "$peer"
works "net: a connection each" "${net[@]}" --proto crr "$peer"
works "net: stamps and both ways" "${net[@]}" --stamps --one-way "$peer"
works "net: stamps of TCP" "${net[@]}" --proto tcp --stamps "$peer"
refuses "net: a wait for a time in a ring" 3 'needs 5\.11' \
	"$old" "$azimuth" "${net[@]}" --wait uring "$peer"
if "$azimuth" "${net[@]}" --busy-poll 20us "$peer" >/dev/null 2>&1; then
	refuses "net: busy polling that is preferred" 3 'needs 5\.11' \
		"$old" "$azimuth" "${net[@]}" --busy-poll 20us --prefer-busy-poll "$peer"
	refuses "net: busy polling by epoll" 3 'needs 6\.9' \
		"$old" "$azimuth" "${net[@]}" --busy-poll 20us --wait epoll "$peer"
else
	skip "net: busy polling" "not permitted here, or not in this kernel"
fi

io=(bench io --file "$work/file" --size 4M --count 200)
works "io: sync" "${io[@]}" --rw randwrite --engine sync --fsync 8
works "io: preadv2" "${io[@]}" --rw randread --engine preadv2
works "io: verify" "${io[@]}" --rw verify --engine sync --count 0
if "$azimuth" "${io[@]}" --rw randread --engine io_uring >/dev/null 2>&1; then
	works "io: io_uring" "${io[@]}" --rw mixed --engine io_uring --depth 8
	works "io: io_uring, at a rate" "${io[@]}" --rw randread --engine io_uring --depth 8 --rate 2k
	works "io: io_uring, stages" "${io[@]}" --rw randread --engine io_uring --stages
	works "io: io_uring without registering" "${io[@]}" --rw randwrite --engine io_uring --plain
else
	skip "io: io_uring" "not permitted here"
fi

works "timer: nanosleep" bench timer --count 20 --threads 1
works "timer: timerfd" bench timer --mode timerfd --count 20 --threads 1
works "timer: futex" bench timer --mode futex --count 20 --threads 1
works "exit" bench exit --user --count 100 --duration 20ms clock syscall gaps
cat >"$work/suite.json" <<'END'
{"name": "old", "repetitions": 1, "arms": [{"name": "a"}, {"name": "b"}],
 "benchmarks": [{"name": "timer", "command": ["timer", "--count", "20", "--threads", "1"]}]}
END
works "suite" bench suite "$work/suite.json" -o "$work/runs"
works "report" report "$work/runs" -o "$work/report.html"
works "history" history add --store "$work/store" "$work/runs/timer"

if kill -0 "$server"; then
	ok "the server is still there"
else
	not_ok "the server is still there" "$(cat "$work/serve")"
fi
tap_done
