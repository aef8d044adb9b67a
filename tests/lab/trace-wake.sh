# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: trace wake shows how long a real-time thread kept others from their CPU
# azhost: --vcpus 2
# modules: none
# timeout: 400
#
# `labtool spin` knows when it woke one thread and took the CPU of another, and when it let
# go; both say when they ran. What was measured lies between the two, whatever the machine did.

guest() {
	plan 15
	check "a cgroup" own_cgroup
	check "the tracer attaches" tracer_begin wake --cgroup trace-wake
	check "threads are kept waiting" in_cgroup labtool spin 1 400
	check "the tracer ends" tracer_end wake
	between "woken: on the queue to running" "$(longest queued_running)" \
		$(($(said to) - $(said woken 2))) $(($(said ran) - $(said woken)))
	between "preempted to running again" "$(longest preempted_running)" \
		$(($(said to) - $(said from))) $(($(said gap 2) - $(said gap)))
	compare "the wait is in no other stage" "$(longest woken_queued)" -lt \
		$(($(said to) - $(said woken)))
	check "steal time is not known here" grep -q "^steal time: not known: Hyper-V" \
		/tmp/trace-wake.txt
	tracer_result wake
	check "a cat sleeps" cat_begin
	check "the tracer attaches, for one name" tracer_begin wake --comm cat
	check "three wake-ups" wake_cat
	check "the tracer ends" tracer_end wake
	is "it counted three" "$(labtool json /tmp/trace-wake.json counts.woken)" 3
	is "as many began to run" "$(($(labtool json /tmp/trace-wake.json counts.runs) -
		$(labtool json /tmp/trace-wake.json counts.preempted)))" 3
	tracer_result wake
	check_no_splat
}

own_cgroup() {
	mkdir -p /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup &&
		mkdir /sys/fs/cgroup/trace-wake
}

in_cgroup() {
	(
		exec sh -c 'echo $$ >/sys/fs/cgroup/trace-wake/cgroup.procs; exec "$@"' sh "$@" \
			>/tmp/spin.txt
	)
}

# said WORD [N]: the Nth number after WORD in what labtool printed
said() {
	awk -v word="$1" -v n="${2:-1}" '{ for (i = 1; i < NF; i++) if ($i == word) print $(i + n) }' \
		/tmp/spin.txt
}

# longest STAGE: ns
longest() {
	labtool json /tmp/trace-wake.json "histograms.$1.max"
}

# between DESC GOT LEAST MOST
between() {
	diag "$1: $3 <= $2 <= $4 ns"
	if [ "$2" -ge "$3" ] && [ "$2" -le "$4" ]; then
		ok "$1"
	else
		not_ok "$1" "got '$2', want $3 to $4"
	fi
}

# Its own start has wake-ups that are nobody's. It writes to the pipe too, which never ends so.
cat_begin() {
	mkfifo /tmp/fifo
	cat <>/tmp/fifo >/tmp/cat.txt 2>&1 &
	echo 0 >/tmp/fifo
	wait_for 20 grep -q 0 /tmp/cat.txt
}

# It sleeps until there is something to read: each of three times.
wake_cat() {
	for turn in 1 2 3; do
		sleep 1
		echo $turn >/tmp/fifo
		wait_for 20 grep -q $turn /tmp/cat.txt || return
	done
}
