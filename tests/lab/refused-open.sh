# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the host refuses to open a sub-channel; the NIC works with what it has
# azhost: --vcpus 2 --net responder --fault net0:refuse-open,channel=1
# kernel: debug
# timeout: 90
# expect-stock: panic splat

guest() {
	plan 7
	check "interface up" net_up
	check "the driver noticed" wait_for 20 refused
	# Each run is a flow of its own, so that both queues get their share.
	for size in 16 64 1400; do
		check "UDP echo of $size bytes" udp_echo 50 "$size"
	done
	check "unload hv_netvsc" mod_unload hv_netvsc
	check_no_splat
}

refused() {
	dmesg | grep -q 'sub channel open failed'
}
