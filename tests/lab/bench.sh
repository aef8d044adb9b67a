# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the measurements of make run
# azhost: --vcpus 1 --net responder --disk ram=64M
# timeout: 120

# Each measurement stands between two marks, so that the host's counts belong
# to it alone. Port 7 of the responder echoes, port 9 discards.

guest() {
	plan 5
	check "interface up" net_up
	check "disk there" wait_for 20 disk_dev

	mark rtt-begin
	azimuth bench net --mode rtt --size 64 --warmup 200 --count 2000 \
		--json-line udp_rtt "$NET_PEER:7"
	compare "UDP round trips" $? -eq 0
	mark rtt-end

	mark burst-begin
	azimuth bench net --mode burst --size 64 --warmup 8 --count 100 --burst 128 \
		--json-line burst "$NET_PEER:9"
	compare "UDP bursts" $? -eq 0
	mark burst-end

	mark read4k-begin
	azimuth bench io --file "/dev/$(disk_dev)" --rw randread --bs 4096 --count 2000 --seed 1 \
		--json-line read4k
	compare "random reads" $? -eq 0
	mark read4k-end
}
