# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the disk's controller is rescinded under load; readers end with an error, the guest goes on
# azhost: --vcpus 2 --net responder --disk ram=64M,delay_us=200
# timeout: 70
# expect-stock: hang

guest() {
	plan 5
	check "interface up" net_up
	check "disk there" wait_for 20 disk_dev
	azimuth bench io --file "/dev/$(disk_dev)" --rw randread --bs 4096 --duration 8s \
		>/tmp/reader 2>&1 &
	reader=$!
	echo "# reading"
	if wait_for 30 gone "$reader"; then
		ok "the reader ended"
	else
		not_ok "the reader ended" "it still hangs"
	fi
	check "UDP echo goes on" udp_echo 50
	check_no_splat
}

gone() {
	[ ! -d "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status"
}

host() {
	guest_said '^# reading' 120
	sleep 3
	check "rescind" ctl '{"cmd":"rescind","device":"scsi0"}'
}
