# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: a received packet whose per-packet-info has size 0 (stock loops for ever)
# azhost: --vcpus 1 --net responder
# append: watchdog_thresh=4 softlockup_panic=0
# timeout: 60
# expect-stock: hang

guest() {
	plan 4
	check "interface up" net_up
	check "UDP echo before" udp_echo 50
	echo "# ready"
	wait_for 20 injected
	check "UDP echo after" udp_echo 50
	check_no_splat
}

# The patched driver counts what it dropped; the stock one never gets here.
injected() {
	[ "$(labtool nic stat "$(net_dev)" rx_ppi_invalid)" -ge 1 ]
}

host() {
	guest_said '^# ready' 120
	check "the host sends it" ctl '{"cmd":"inject","device":"net0","kind":"ppi-size0"}'
}
