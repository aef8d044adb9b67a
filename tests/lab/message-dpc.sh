# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: no memory for one message of the host; are it and those behind it handled?
# azhost: --vcpus 1 --net responder
# kernel: debug
# timeout: 90
# expect-stock-debug: fail

failslab=/sys/kernel/debug/failslab

# The next allocation that may not sleep and comes from the code of hv_vmbus fails, once.
fail_next() {
	start=$(cat /sys/module/hv_vmbus/sections/.text)
	echo "$start" >$failslab/require-start
	printf '0x%x\n' $((start + 0x20000)) >$failslab/require-end
	echo Y >$failslab/ignore-gfp-wait
	echo 1 >$failslab/times
	echo 100 >$failslab/probability
}

guest() {
	mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
	if ! [ -d $failslab ]; then
		plan 1
		skip "a message without memory" "needs a kernel with failslab"
		return
	fi
	plan 5
	check "interface up" net_up
	check "an allocation is to fail" fail_next
	echo "# ready"
	check "the host takes the NIC away" wait_for 20 no_nic
	wait_for 10 net_dev
	messages=0
	! net_dev || messages=1
	metric message_dpc_handled $messages
	is "and brings it back" $messages 1
	check_no_splat
}

no_nic() {
	! net_dev
}

host() {
	wait_for 30 grep -qE '^# ready|SKIP' "$RUN/results.txt"
	grep -q '^# ready' "$RUN/results.txt" || return 0
	ctl '{"cmd":"rescind","device":"net0"}'
	wait_for 20 grep -q 'takes the NIC away' "$RUN/results.txt"
	ctl '{"cmd":"reoffer","device":"net0"}'
}
