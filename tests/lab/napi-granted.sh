# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the host grants no sub-channel; the queues that were prepared leave nothing behind
# azhost: --vcpus 2 --net responder --fault net0:subchannels,grant=0
# append: init_on_free=1
# kernel: debug
# timeout: 90
# expect-stock: splat panic

# The first change frees what was prepared, init_on_free wipes it, and the second
# one edits the list of NAPI instances that it was on.
guest() {
	plan 5
	check "interface up" net_up
	dev=$(net_dev)
	check "sub-channels were asked for" wait_for 20 one_channel
	for mtu in 1400 1500; do
		check "MTU $mtu" ip link set dev "$dev" mtu $mtu
		sleep 1
	done
	check_no_splat
}

one_channel() {
	[ "$(labtool nic channels "$dev" | cut -d' ' -f1)" = 1 ]
}
