# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: sub-channels of a NIC are opened together, not one after the other
# azhost: --vcpus 8 --memory 1024 --net responder --fault vmbus:delay,msg=open-result,us=1000000,every=1,count=100
# modules: hv_vmbus
# timeout: 150
# expect-stock: fail

# A channel's ring can be looked at from when its opening begins.
opening() {
	cat /sys/bus/vmbus/drivers/hv_netvsc/*/channels/*/write_avail 2>/dev/null | wc -l
}

offered() {
	find /sys/bus/vmbus/drivers/hv_netvsc/*/channels/ -mindepth 1 -maxdepth 1 | wc -l
}

reached() {
	[ "$(opening)" -ge "$1" ]
}

centis() {
	cut -d' ' -f1 /proc/uptime | tr -d .
}

guest() {
	plan 5
	check "netvsc loads" mod_load hv_netvsc
	check "a sub-channel is being opened" wait_for 30 reached 2
	from=$(centis)
	usleep 200000
	count=$(offered)
	metric subchan_open_at_once "$(opening)"
	compare "there are three sub-channels or more" "$count" -ge 4
	wait_for 60 reached "$count"
	took=$((($(centis) - from) * 10))
	json subchannels "{\"channels\":$count,\"ms\":$took}"
	compare "the last opens less than 1.5 s after the first" $took -lt 1500
	check_no_splat
}
