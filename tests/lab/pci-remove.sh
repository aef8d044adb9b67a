# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: functions that share a bus: one leaves the host's list, another is ejected, the third works on
# azhost: --vcpus 2 --pci pcitest,bus=0 --pci pcitest,bus=0,vectors=3 --pci pcitest,bus=0
# modules: hv_vmbus pci-hyperv
# timeout: 200

DEVS=/sys/bus/pci/devices/a200:00

guest() {
	check "three functions on a bus" wait_for 60 all_three
	pcitest_load || return 0
	check "the first works" pcitest_works
	check "the second works" works 01
	check "the third works" works 02
	echo "# ready"
	check "the third is ejected" wait_for 30 gone 02
	echo "# ejected"
	check "the second still works" works 01
	check "the first still works" pcitest_works
	echo "# remove"
	sleep 1
	check "the first works without the second" pcitest_works
	check_no_splat
}

all_three() {
	[ -e $DEVS:00.0 ] && [ -e $DEVS:01.0 ] && [ -e $DEVS:02.0 ]
}

gone() {
	[ ! -e "$DEVS:$1.0" ]
}

works() {
	grep -qE '^vectors=([0-9]+)/\1 dma=ok' "$DEVS:$1.0/selftest"
}

host() {
	guest_said '^# ready' 250 || return 0
	check "eject the third" ctl '{"cmd":"eject","device":"pcitest2"}'
	guest_said '^# ejected' 60
	fails "it cannot be ejected again" ctl '{"cmd":"eject","device":"pcitest2"}'
	guest_said '^# remove' 60
	check "remove the second" ctl '{"cmd":"remove","device":"pcitest1"}'
	fails "it cannot be removed again" ctl '{"cmd":"remove","device":"pcitest1"}'
}
