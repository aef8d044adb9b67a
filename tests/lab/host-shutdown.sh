# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the host asks the guest to shut down; it powers off by itself
# azhost: --vcpus 2
# timeout: 90

guest() {
	plan 2
	check "shutdown service there" wait_for 20 test -d /sys/module/hv_utils
	check_no_splat
	echo "# ready"
	sleep 1000
}

host() {
	guest_said '^# ready' 120
	check "the guest accepts" ctl '{"cmd":"shutdown"}'
}
