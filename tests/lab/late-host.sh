# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the host answers 6 s late; does the log name the answers that VMBus waits for?
# azhost: --vcpus 2 --net responder --fault vmbus:delay,msg=version-response,us=6000000
# azhost: --fault vmbus:delay,msg=gpadl-created,us=6000000 --fault vmbus:delay,msg=open-result,us=6000000
# azhost: --fault vmbus:delay,msg=modify-response,us=6000000 --fault vmbus:delay,msg=torndown,us=6000000
# modules: none
# timeout: 150
# expect-stock: fail

# Each kind of answer is late once: when VMBus connects, when the NIC's first channel is set
# up, when a channel is moved to another CPU, and when the NIC's buffers are taken back.
guest() {
	plan 9
	check "VMBus loads" mod_load hv_vmbus
	check "netvsc loads" mod_load hv_netvsc
	check "interface up" net_up
	channel=$(find /sys/bus/vmbus/drivers/hv_netvsc/*/channels -name cpu | head -n 1)
	check "a channel moves" move "$channel"
	check "MTU change" ip link set dev "$(net_dev)" mtu 1400
	wait_for 20 net_carrier "$(net_dev)"
	check "UDP echo afterwards" udp_echo 20
	dmesg | grep 'no answer' | while read -r line; do diag "$line"; done
	named=0
	for what in INITIATE_CONTACT GPADL_HEADER OPENCHANNEL MODIFYCHANNEL GPADL_TEARDOWN; do
		! dmesg | grep -q "no answer to $what for 5 s" || named=$((named + 1))
	done
	metric late_host_named $named
	is "all five are named" $named 5
	is "and each was waited for to its end" "$(dmesg | grep -c 'the wait for an answer')" 5
	check_no_splat
}

move() {
	echo $((1 - $(cat "$1"))) >"$1"
}
