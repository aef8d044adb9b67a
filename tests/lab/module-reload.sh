# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: netvsc, storvsc and VMBus itself unload and load again, and work
# azhost: --vcpus 2 --net responder --disk ram=16M
# kernel: debug
# timeout: 90
# expect-stock: hang

guest() {
	plan 12
	check "interface up" net_up
	check "disk there" wait_for 20 disk_dev
	check "write and verify" data verify
	check "unload hv_netvsc" mod_unload hv_netvsc
	check "unload hv_storvsc" mod_unload hv_storvsc
	check "unload hv_utils" mod_unload hv_utils
	check "unload hv_vmbus" mod_unload hv_vmbus
	check "load everything again" load_all
	check "UDP echo afterwards" echo_works
	check "read afterwards" read_works
	check "the data is still there" data check
	check_no_splat
}

load_all() {
	mod_load hv_vmbus && mod_load hv_utils && mod_load hv_storvsc && mod_load hv_netvsc
}

data() {
	azimuth bench io --file "/dev/$(disk_dev)" --rw "$1" --bs 64k --seed 19
}

echo_works() {
	net_up && udp_echo 50
}

read_works() {
	wait_for 20 disk_dev &&
		azimuth bench io --file "/dev/$(disk_dev)" --rw randread --bs 4096 --count 50
}
