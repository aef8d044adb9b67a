# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: trace record and replay show what the live tracer shows of the same traffic
# azhost: --vcpus 2 --net responder --disk ram=16M
# timeout: 400

# record_begin FILE [OPTION]...: 0 when it is attached
record_begin() {
	record_log=$1.txt
	azimuth trace record --ready -o "$@" vmbus >"$record_log" 2>&1 &
	record_pid=$!
	echo $record_pid >"$1.pid"
	wait_for 60 record_settled "$1" && grep -q ^tracing "$record_log"
}
record_settled() {
	grep -q ^tracing "$1.txt" || ! kill -0 "$(cat "$1.pid")"
}

# record_end FILE SIGNAL
record_end() {
	kill "-$2" "$(cat "$1.pid")"
	wait_for 100 tracer_gone "$(cat "$1.pid")" && return
	cat "$1.txt" "/proc/$(cat "$1.pid")/stack"
	return 1
}

reads() {
	azimuth bench io --file "/dev/$(disk_dev)" --rw randread --bs 4096 --count 200
}

full_disk() {
	mkdir -p /tmp/small
	mount -t tmpfs -o size=16k tmpfs /tmp/small || return
	azimuth trace record -o /tmp/small/r --duration 60s --ready vmbus >/tmp/small.txt 2>&1 &
	record_pid=$!
	wait_for 60 grep -q ^tracing /tmp/small.txt
	udp_echo 1500 >/dev/null
	wait $record_pid
	echo "exit $?" >>/tmp/small.txt
	cat /tmp/small.txt
	grep -q "^exit 3$" /tmp/small.txt && grep -q "No space left" /tmp/small.txt
}

# replayed FILE TEXT: a replay shows something, and says TEXT of the file
replayed() {
	azimuth trace replay "$1" >/tmp/replay.txt 2>&1
	cat /tmp/replay.txt
	grep -q "packets to the host  *[1-9]" /tmp/replay.txt && grep -q "$2" /tmp/replay.txt
}

guest() {
	check "interface up" net_up
	check "disk there" wait_for 20 disk_dev
	udp_echo 20
	check "the live tracer attaches" tracer_begin vmbus
	check "the recorder attaches" record_begin /tmp/r
	sleep 1
	check "UDP echo" udp_echo 300
	check "reads" reads
	sleep 1
	check "the recorder ends" record_end /tmp/r INT
	check "the live tracer ends" tracer_end vmbus
	diag "$(cat /tmp/r.txt)"
	tracer_result vmbus
	check "replay" azimuth trace replay /tmp/r --json /tmp/replay.json
	diag "$(azimuth trace replay /tmp/r)"
	check "the recording is whole" grep -q '"complete": true' /tmp/replay.json
	json trace_replayed "$(tr -d '\n' </tmp/replay.json)"
	check "timeline" azimuth trace replay /tmp/r --timeline /tmp/r.json
	is "the timeline begins requests" "$(grep -c '"ph":"b".*"name":"request"' /tmp/r.json)" \
		"$(grep -c '"ph":"e".*"name":"request"' /tmp/r.json)"
	check "killed: attaches" record_begin /tmp/killed
	udp_echo 50
	sleep 3
	check "killed" record_end /tmp/killed KILL
	check "killed: is read, and has no end" replayed /tmp/killed "has no end"
	check "a full disk ends it" full_disk
	check "full: is read, and says why" replayed /tmp/small/r "No space left"
	check_no_splat
}

# replay PATH: of the result of the replay
replay() {
	traced replayed "$1"
}

verify() {
	for device in eth0 host0; do
		for what in sends interrupts signals_write signals_read interrupt_cpu; do
			is "$device: $what" "$(replay "channels.device=$device.$what")" \
				"$(traced vmbus "channels.device=$device.$what")"
		done
	done
	is "no event was lost" "$(replay counts.lost)" 0
	is "none came late" "$(replay recording.late)" 0
	same_shape callback_drain
}

# same_shape STAGE: the histograms of both, each of which took its own times. The live one began
# earlier: other channels may have had some interrupts more.
same_shape() {
	same_live=$(traced vmbus "histograms.$1.count")
	same_replay=$(replay "histograms.$1.count")
	diag "$1: live $same_live, replay $same_replay"
	compare "$1: not more than live" "$same_replay" -le "$same_live"
	compare "$1: hardly fewer" "$same_replay" -ge $((same_live - 40))
	for same_p in p50 p90; do
		same_live=$(traced vmbus "histograms.$1.$same_p")
		same_replay=$(replay "histograms.$1.$same_p")
		diag "$1 $same_p: live $same_live, replay $same_replay"
		compare "$1: $same_p is not below half" $((same_replay * 2)) -ge "$same_live"
		compare "$1: $same_p is not above twice" "$same_replay" -le $((same_live * 2))
	done
}
