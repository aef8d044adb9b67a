# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the recipes of perf-recipes.md with the distribution's perf, on the queue's tracepoints
# azhost: --vcpus 2 --net responder --disk ram=16M --memory 768
# programs: perf
# timeout: 240

RING=hyperv:vmbus_ring_send,hyperv:vmbus_ring_recv
STOCK=hyperv:vmbus_chan_sched,hyperv:vmbus_setevent,hyperv:vmbus_on_event

# What perf starts and watches: round trips and reads
traffic() {
	cat <<-END >/tmp/traffic.sh
		azimuth bench net --mode rtt --count 100 $NET_PEER:7
		azimuth bench io --file /dev/$(disk_dev) --rw randread --bs 4096 --count 100
		sleep 1
	END
}

# perf_count FILE EVENT: of `perf stat -x ,`
perf_count() {
	awk -F, -v e="$2" '$3 == e { print $1 }' "$1"
}

recipe_stat() {
	perf stat -a -x , -o /tmp/stat.csv -e "$STOCK" -- /bin/sh /tmp/traffic.sh
}

recipe_record() {
	perf record -q -a -e "$1" -o /tmp/perf.data -- /bin/sh /tmp/traffic.sh &&
		perf script -i /tmp/perf.data >/tmp/script.txt 2>/dev/null
}

guest() {
	plan 7
	check "interface up" net_up
	check "disk there" wait_for 20 disk_dev
	tracing
	traffic
	mark from
	check "perf stat" recipe_stat
	mark to
	compare "perf stat counts interrupts" "$(perf_count /tmp/stat.csv hyperv:vmbus_chan_sched)" -ge 200
	json perf "{\"signals\":$(perf_count /tmp/stat.csv hyperv:vmbus_setevent),\"interrupts\":$(perf_count /tmp/stat.csv hyperv:vmbus_chan_sched)}"
	check "perf record of the kernel's own tracepoints" recipe_record "$STOCK"
	compare "perf script has them" "$(grep -c vmbus_setevent /tmp/script.txt)" -ge 100
	if [ "$ARM" = patched ]; then
		recipe_record "$RING"
		diag "$(grep -m2 vmbus_ring_ /tmp/script.txt)"
		compare "perf record of the queue's tracepoints" \
			"$(grep -c 'vmbus_ring_send:' /tmp/script.txt)" -ge 200
	else
		skip "perf record of the queue's tracepoints" "the stock drivers have none"
	fi
}

perf_said() {
	sed -n "s/^@json perf .*\"$1\":\([0-9]*\).*/\1/p" "$RUN/results.txt"
}

# near WHAT COUNTER: perf's count is the host's between the marks, less the few of the integration
# services before perf began and after it ended
near() {
	near_host=$(delta "channels.*.counters.$2" from to)
	near_perf=$(perf_said "$1")
	compare "$1: no more than the host has counted" "$near_perf" -le "$near_host"
	compare "$1: not much less than the host has counted" "$near_perf" -ge $((near_host - 10))
}

verify() {
	near signals signals_received
	near interrupts interrupts_raised
}
