# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: a function is ejected under load, comes back, is removed by surprise, comes back
# azhost: --vcpus 2 --pci pcitest --pci pcitest,bus=1,absent
# modules: hv_vmbus pci-hyperv
# kernel: debug
# timeout: 200

guest() {
	check "the function is there" wait_for 60 pci_dev
	check "the absent one is not" pci_gone 1
	pcitest_load || return 0
	check "it works" pcitest_works
	check "load" load 0
	echo "# loaded"
	check "ejected" wait_for 30 pci_gone
	echo "# ejected"
	check "and back: it works" pcitest_works
	check "load again" load 0
	echo "# loaded again"
	check "its bus is taken away" wait_for 30 pci_gone
	echo "# rescinded"
	check "and back: it works again" pcitest_works
	echo "# ready for more"
	check "hot add: it works" pcitest_works 1
	check_no_splat
}

# load BUS: copies without end, some of them done
load() {
	echo 1 >"$(pci_dev "$1")/load" && wait_for 10 loading "$1"
}
loading() {
	[ "$(cat "$(pci_dev "$1")/load")" -gt 3 ]
}

host() {
	guest_said '^# loaded$' 250 || return 0
	check "eject" ctl '{"cmd":"eject","device":"pcitest0"}'
	guest_said '^# ejected' 60
	check "add" ctl '{"cmd":"add","device":"pcitest0"}'
	guest_said '^# loaded again' 60
	check "rescind the bus" ctl '{"cmd":"rescind","device":"vpci0"}'
	guest_said '^# rescinded' 60
	check "offer it again" ctl '{"cmd":"reoffer","device":"vpci0"}'
	guest_said '^# ready for more' 60
	check "add the other one" ctl '{"cmd":"add","device":"pcitest1"}'
}

verify() {
	grep -q '^ok .*driver loads' "$RUN/results.txt" || return 0
	is "one was ejected" "$(counter 'pci.name=pcitest0.ejected')" 1
	is "the guest was asked once" "$(counter 'channels.device=vpci0.device_counters.ejects_sent')" 1
	is "D0 was entered each time" "$(counter 'channels.device=vpci0.device_counters.d0_entry')" 3
}
