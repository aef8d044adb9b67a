# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the measurements of make run
# azhost: --vcpus 1 --net responder --net responder,tx_us=100,tx_batch_us=1000 --disk ram=64M
# timeout: 120

# Each measurement stands between two marks, so that the host's counts belong
# to it alone. Port 7 of the responder echoes, port 9 discards.
#
# The burst goes to a second NIC, which takes 100 us of virtual time for each
# VMBus packet and tells every 1 ms what it has done: somewhat longer than the
# guest needs for a packet here. Only a burst that comes faster than the host
# sends it on makes a queue, and what a driver does with a queue is measured.

net_change() {
	ip link set "$(net_dev 0)" down && ip addr flush dev "$(net_dev 0)" &&
		net_up "$(net_dev 1)"
}

guest() {
	plan 6
	check "interface up" net_up
	check "disk there" wait_for 20 disk_dev

	mark rtt-begin
	azimuth bench net --mode rtt --size 64 --warmup 200 --count 2000 \
		--json-line udp_rtt "$NET_PEER:7"
	compare "UDP round trips" $? -eq 0
	mark rtt-end

	check "second interface up" net_change

	mark burst-begin
	azimuth bench net --mode burst --size 64 --warmup 1 --count 12 --burst 1024 \
		--json-line burst "$NET_PEER:9"
	compare "UDP bursts" $? -eq 0
	mark burst-end

	mark read4k-begin
	azimuth bench io --file "/dev/$(disk_dev)" --rw randread --bs 4096 --count 2000 --seed 1 \
		--json-line read4k
	compare "random reads" $? -eq 0
	mark read4k-end
}
