# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: tracers attach and detach 100 times under load, and are killed, and leave nothing behind
# azhost: --vcpus 1 --net responder --disk ram=16M --memory 768
# programs: bpftool
# arms: patched
# kernel: debug only
# timeout: 600
#
# One processor: attaching puts int3 into code for moments, and QEMU with several threads may keep
# a stale one (Documentation/lab.md).

# What the kernel has of programs, maps and links, as three numbers
bpf_objects() {
	echo "$(bpftool prog show | grep -c '^[0-9]') $(bpftool map show | grep -c '^[0-9]')" \
		"$(bpftool link show | grep -c '^[0-9]')"
}
objects_are() {
	[ "$(bpf_objects)" = "$1" ]
}

load_begin() {
	azimuth bench net --mode rtt --count 0 "$NET_PEER:7" >/dev/null 2>&1 &
	echo $! >/tmp/load.pids
	azimuth bench io --file "/dev/$(disk_dev)" --rw randread --bs 4096 --count 0 >/dev/null 2>&1 &
	echo $! >>/tmp/load.pids
}
load_end() {
	xargs kill -INT </tmp/load.pids
}

# Attach, look, detach; COUNT times in all, the tracers in turns
attach_often() {
	attach_n=0
	while [ $attach_n -lt "$1" ]; do
		for attach_tool in $(tracers); do
			azimuth trace "$attach_tool" --duration 10ms >/tmp/attach.txt 2>&1 || {
				tail -n 3 /tmp/attach.txt
				return 1
			}
			attach_n=$((attach_n + 1))
			[ $attach_n -lt "$1" ] || break
		done
	done
}
tracers() {
	azimuth trace --help | sed -n 's/^  \(vmbus\|netvsc\|storvsc\|blk\|hvcall\|wake\) .*/\1/p'
}

attach_killed() {
	for attach_tool in $(tracers); do
		tracer_begin "$attach_tool" || return
		kill -9 "$(cat "/tmp/trace-$attach_tool.pid")"
	done
}

guest() {
	plan 8
	check "interface up" net_up
	check "disk there" wait_for 20 disk_dev
	tracing
	before=$(bpf_objects)
	load_begin
	check "100 times" attach_often 100
	check "nothing is left" wait_for 30 objects_are "$before"
	check "killed while they look" attach_killed
	check "nothing is left of the killed ones" wait_for 30 objects_are "$before"
	diag "programs, maps, links: before $before, now $(bpf_objects)"
	load_end
	check "the NIC works" udp_echo 10
	check_no_splat
}
