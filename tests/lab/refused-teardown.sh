# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the message that takes memory back from the host cannot be sent; is the memory given away?
# azhost: --vcpus 1 --net responder --fault vmbus:refuse-post,msg=gpadl-teardown,count=0
# timeout: 90
# expect-stock: fail

# The receive and the send buffer of netvsc, by who allocated them: large areas of vmalloc.
buffers() {
	awk '/netvsc/ && $2 > 900000 && /vmalloc/ { n++ } END { print n + 0 }' /proc/vmallocinfo
}

# A change of the MTU gives the two buffers back and makes new ones.
guest() {
	plan 5
	check "interface up" net_up
	before=$(buffers)
	compare "the buffers are found" "$before" -ge 2
	ip link set dev "$(net_dev)" mtu 1400
	usleep 500000
	diag "$(grep netvsc /proc/vmallocinfo)"
	diag "$(dmesg | tail -n 6)"
	metric refused_teardown_kept $(($(buffers) - before))
	is "the host's buffers are kept beside the new ones" $(($(buffers) - before)) 2
	check "UDP echo afterwards" udp_echo 20
	check_no_splat
}
