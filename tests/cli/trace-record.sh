#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# azimuth trace record, replay and exporter: bad input; a recording that is made here by what
# bpf/record/file.h says of the format, its figures, timeline and OpenMetrics.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash

azimuth=$PWD/out/bin/azimuth
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

refuses "record: no file" 2 'no file.*-o' "$azimuth" trace record vmbus
refuses "record: no tracer" 2 'no tracer' "$azimuth" trace record -o r
refuses "record: unknown tracer" 2 "'vmbsu'.*'vmbus'" "$azimuth" trace record -o r vmbsu
refuses "record: twice" 2 'given twice' "$azimuth" trace record -o r vmbus vmbus
refuses "record: option of no tracer" 2 '--nonsense' \
	"$azimuth" trace record -o r 'vmbus --nonsense'
refuses "record: buffer" 2 'power of two' "$azimuth" trace record -o r --buffer 100K vmbus
refuses "replay: no file" 2 'no recording' "$azimuth" trace replay
refuses "replay: absent" 2 'nowhere' "$azimuth" trace replay nowhere
refuses "replay: other file" 2 'not a recording' "$azimuth" trace replay /etc/passwd
refuses "exporter: no tracer" 2 'no tracer' "$azimuth" trace exporter
refuses "exporter: bad address" 2 "'localhost'" \
	"$azimuth" trace exporter --listen localhost vmbus
refuses "exporter: bad port" 2 '70000' "$azimuth" trace exporter --listen 127.0.0.1:70000 vmbus
refuses "exporter: not ours" 3 'cannot listen' \
	"$azimuth" trace exporter --listen 203.0.113.9:9433 vmbus

# make FILE VERSION END: 100 interrupts of channel 7, 1000 ns apart, each drained 300 ns later.
make()
{
	/usr/bin/python3 - "$@" <<'END'
import json, struct, sys, zlib
path, version, end = sys.argv[1], int(sys.argv[2]), sys.argv[3]

def block(kind, payload, count=0):
    start = struct.pack("<III", kind, len(payload), count)
    return start + struct.pack("<I", zlib.crc32(start + payload)) + payload

def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])

def zigzag(n):
    return varint(n << 1 if n >= 0 else (-n << 1) - 1)

hooks = [{"name": "interrupt", "rung": "tracepoint x", "program": "interrupt_tp"},
         {"name": "drained", "rung": "function y", "program": "drained_func"}]
head = {"kind": "trace", "env": {"kernel": "6.12-recorded"}, "cpus": 2, "ring": 4096,
        "clock": {"monotonic_ns": 1000000, "date_ns": 1700000000000000000},
        "tracers": [{"name": "vmbus", "id": 1, "hooks": hooks, "facts": [[7, 0, 1, "eth0"]]}]}
events, last = b"", 0
for i in range(100):
    # The end is before the begin in the file, as CPUs may overtake each other.
    for ts, kind in ((1000000 + 1000 * i + 300, 3), (1000000 + 1000 * i, 1)):
        events += bytes([16 | 64]) + zigzag(ts - last) + varint(1) + varint(1) + varint(kind)
        events += varint(7)
        last = ts
counts = {"end": "done", "tracers": [{"name": "vmbus", "events": 200, "lost": 5, "missed": 2}]}
data = b"AZTRACE\n" + struct.pack("<II", version, 0)
data += block(1, json.dumps(head).encode()) + block(2, events, 200)
if end == "whole":
    data += block(4, json.dumps(counts).encode())
open(path, "wb").write(data)
END
}

make "$work/good" 1 whole
make "$work/killed" 1 killed
make "$work/other" 7 whole
refuses "replay: other version" 2 'format 7' "$azimuth" trace replay "$work/other"
refuses "replay: a tracer that is not in it" 2 'nothing of that tracer|unknown tracer' \
	"$azimuth" trace replay "$work/good" wake

# has NAME FILE REGEX
has()
{
	if grep -qE -- "$3" "$2"; then ok "$1"; else not_ok "$1" "$(head -n 40 "$2")"; fi
}

"$azimuth" trace replay "$work/good" --json "$work/good.json" --openmetrics "$work/good.om" \
	>"$work/good.txt" 2>&1 || not_ok "replay" "$(cat "$work/good.txt")"
has "stages" "$work/good.txt" 'callback to empty ring +100  300 ns  300 ns .* 300 ns$'
has "counts" "$work/good.txt" 'interrupts of channels +100$'
has "what no hook was there for is blank" "$work/good.txt" 'packets to the host +- no hook'
has "lost" "$work/good.txt" 'lost for want of room +5$'
has "missed" "$work/good.txt" 'left out \(nested\) +2$'
has "channels of the machine that recorded" "$work/good.txt" '^ +7 eth0 +0 +1 +1 +100 '
has "its hooks" "$work/good.txt" 'interrupt +tracepoint vmbus_chan_sched'
has "its facts" "$work/good.json" '"kernel": "6.12-recorded"'
has "how it ended" "$work/good.json" '"end": "done"'

"$azimuth" trace replay "$work/killed" >"$work/killed.txt" 2>&1 || not_ok "killed" "exit $?"
has "killed: said" "$work/killed.txt" 'warning: .*has no end'
has "killed: shown" "$work/killed.txt" 'interrupts of channels +100$'

cp "$work/good" "$work/bad"
printf '\xff' | dd of="$work/bad" bs=1 seek=$(($(stat -c %s "$work/bad") - 300)) conv=notrunc status=none
rc=0
"$azimuth" trace replay "$work/bad" >"$work/bad.txt" 2>&1 || rc=$?
if [ $rc = 1 ]; then ok "damaged: exit 1"; else not_ok "damaged: exit 1" "exit $rc"; fi
has "damaged: said" "$work/bad.txt" 'damaged at byte [0-9]+: its checksum'

"$azimuth" trace replay "$work/good" --timeline "$work/t.json" || not_ok "timeline" "exit $?"
if wrong=$(/usr/bin/python3 - "$work/t.json" 2>&1 <<'END'
import json, sys
d = json.load(open(sys.argv[1]))
e = d["traceEvents"]
assert d["displayTimeUnit"] == "ns" and d["otherData"]["date_ns"] == "1700000000000000000"
for x in e:
    assert x["ph"] in "Mibe" and isinstance(x["pid"], int) and isinstance(x["tid"], int), x
    assert isinstance(x["ts"], float) and x["name"], x
ours = [x for x in e if x["ph"] in "be" and x["name"] == "request"]
assert len(ours) == 200 and all(x["id"] == "0x7" for x in ours)
assert all(round(b["ts"] - a["ts"], 3) == 0.3 for a, b in zip(ours[::2], ours[1::2]))
assert sum(x["ph"] == "i" for x in e) == 200
assert any(x["ph"] == "M" and x["args"]["name"] == "vmbus 7" for x in e)
END
); then ok "timeline: each request of 300 ns"; else not_ok "timeline" "$wrong"; fi

if ! /usr/bin/python3 -c 'import prometheus_client' 2>/dev/null; then
	skip "OpenMetrics by Prometheus' own parser" "no python3-prometheus-client here"
elif wrong=$(/usr/bin/python3 - "$work/good.om" 2>&1 <<'END'
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
f = {x.name: x for x in parse(open(sys.argv[1]).read())}
h = f["azimuth_trace_stage_seconds"]
assert h.type == "histogram" and h.unit == "seconds"
s = h.samples
assert {x.labels["stage"] for x in s} == {"callback_drain"}, "a blank stage is absent"
le = [float(x.labels["le"]) for x in s if x.name.endswith("_bucket")]
assert len(le) == 54 and le == sorted(le)
assert [x.value for x in s if x.name.endswith("_bucket")] == [100] * 54
assert [round(x.value * 1e9) for x in s if x.name.endswith("_sum")] == [30000]
n = {x.labels["event"]: x.value for x in f["azimuth_trace_events"].samples}
assert n == {"interrupts": 100}, n
p = {x.labels["problem"]: x.value for x in f["azimuth_trace_problems"].samples}
assert p["lost"] == 5 and p["missed"] == 2, p
r = {x.labels["hook"]: x.value for x in f["azimuth_trace_hook_reached"].samples}
assert r["interrupt"] == 1 and r["send"] == 0, r
END
); then ok "OpenMetrics by Prometheus' own parser"; else not_ok "OpenMetrics" "$wrong"; fi
tap_done
