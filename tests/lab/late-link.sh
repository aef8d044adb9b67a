# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the cable is pulled while a NIC is being removed; what follows it does not outlive the NIC
# azhost: --vcpus 2 --net responder --net responder
# azhost: --fault net1:delay,op=nvsp-init,us=6000000,after=1
# append: init_on_free=1
# timeout: 90
# expect-stock: splat panic

# The removal waits for RTNL, which the change of the other NIC's MTU holds until the host
# has answered. The cable is pulled meanwhile.
guest() {
	plan 6
	check "interface up" net_up
	check "a second NIC" wait_for 20 net_dev 1
	dev=$(net_dev)
	other=$(net_dev 1)
	device=$(basename "$(readlink -f "/sys/class/net/$dev/device")")
	ip link set dev "$other" mtu 1400 &
	sleep 1
	echo "$device" >/sys/bus/vmbus/drivers/hv_netvsc/unbind &
	sleep 1
	echo "# removing"
	check "the MTU has changed" wait_for 30 changed
	check "the NIC is gone" wait_for 20 test ! -e "/sys/class/net/$dev"
	sleep 5
	check "the other NIC is still there" test -e "/sys/class/net/$other"
	check_no_splat
}

changed() {
	[ "$(cat "/sys/class/net/$other/mtu")" = 1400 ]
}

host() {
	guest_said '^# removing' 60
	check "media down" ctl '{"cmd":"media","device":"net0","state":"down"}'
}
