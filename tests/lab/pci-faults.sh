# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: hosts that get vPCI wrong: pci-hyperv refuses each bus with a reason and serves the next
# azhost: --vcpus 2 --pci pcitest --pci pcitest --pci pcitest --pci pcitest --pci pcitest --pci pcitest
# azhost: --fault vpci0:refuse-version,count=0 --fault vpci1:status,op=d0-entry,count=0
# azhost: --fault vpci2:status,op=version,code=0xc0000001 --fault vpci3:status,op=assigned
# azhost: --fault vpci4:relations,kind=count
# modules: hv_vmbus pci-hyperv
# timeout: 200

guest() {
	check "the bus behind those works" wait_for 60 pci_dev 5
	for bus in 0 1 2 3 4; do
		check "bus $bus has no function" pci_gone $bus
	done
	said "no version" 'failed to find supported version'
	said "D0" 'failed D0 Entry with status c000009a'
	said "a version's status" 'failed version request: 0xc0000001'
	said "resources" 'resource allocated returned 0xc000009a'
	said "the list" 'bus relations v2 too small'
	pcitest_load || return 0
	check "vectors, DMA and blocks work" pcitest_works 5
	check_no_splat
}

# said WHAT REGEX
said() {
	check "the log says: $1" wait_for 20 logged "$2"
}
logged() {
	dmesg | grep -qE "$1"
}

# pci-hyperv waits for a list that it can use for as long as its bus is there.
host() {
	wait_for 250 list_sent || return 0
	sleep 2
	check "take the bus with the wrong list away" ctl '{"cmd":"rescind","device":"vpci4"}'
}
list_sent() {
	ctl '{"cmd":"counters"}' >"$RUN/now.json" && [ "$("$LAB/labtool" json "$RUN/now.json" \
		'counters.channels.device=vpci4.device_counters.relations_sent')" = 1 ]
}

verify() {
	is "D0 was tried twice" "$(counter 'channels.device=vpci1.device_counters.d0_entry')" 2
	is "and left in between" "$(counter 'channels.device=vpci1.device_counters.d0_exit')" 1
}
