# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: two wait for answers about one channel, which the host takes away instead; do both go on?
# azhost: --vcpus 2 --net responder,queues=1 --fault vmbus:withhold,msg=modify-response
# azhost: --fault vmbus:withhold,msg=torndown,after=1
# kernel: debug
# timeout: 60
# expect-stock: hang

# A move of the channel's interrupt waits first, then a change of the MTU, for the receive
# buffer, after the ring. The device that the host takes away ends both waits.
guest() {
	plan 4
	check "interface up" net_up
	dev=$(net_dev)
	move &
	usleep 500000
	ip link set dev "$dev" mtu 1400 >/dev/null 2>&1 &
	mtu=$!
	usleep 1500000
	check "the interface is there, without its receive buffer" [ -d "/sys/class/net/$dev" ]
	echo "# waiting"
	wait_for 10 all_gone
	metric rescind_waiters_left "$(left)"
	is "nobody waits any more" "$(left)" 0
	check_no_splat
}

move() {
	cd /sys/bus/vmbus/drivers/hv_netvsc/*/channels/* || return
	echo $((1 - $(cat cpu))) >cpu
	touch /tmp/moved
}

left() {
	left_count=0
	[ -e /tmp/moved ] || left_count=1
	! kill -0 "$mtu" 2>/dev/null || left_count=$((left_count + 1))
	echo $left_count
}

all_gone() {
	[ "$(left)" = 0 ]
}

host() {
	guest_said '^# waiting' 60
	check "rescind" ctl '{"cmd":"rescind","device":"net0"}'
}
