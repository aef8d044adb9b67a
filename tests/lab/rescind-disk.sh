# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the disk's controller is rescinded under load; readers end with an error, the guest goes on, the disk comes back
# azhost: --vcpus 2 --net responder --disk disk.img,delay_us=200
# kernel: debug
# timeout: 80
# expect-stock: hang

prepare() {
	truncate -s 64M disk.img
}

data() {
	azimuth bench io --file "/dev/$(disk_dev)" --rw "$1" --bs 64k --count 100 --seed 13
}

gone() {
	[ ! -d "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status"
}

no_disk() {
	! disk_dev
}

guest() {
	plan 9
	check "interface up" net_up
	check "disk there" wait_for 20 disk_dev
	check "write and verify" data verify
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
	check "the disk is gone" wait_for 20 no_disk
	echo "# gone"
	check "the disk is back" wait_for 30 disk_dev
	check "with its data" data check
	check_no_splat
}

host() {
	guest_said '^# reading' 120
	sleep 3
	check "rescind" ctl '{"cmd":"rescind","device":"scsi0"}'
	guest_said '^# gone' 60 || return 0
	check "offer it again" ctl '{"cmd":"reoffer","device":"scsi0"}'
}

# The disk's contents are only looked at if the guest came so far.
verify() {
	[ "$OUTCOME" = ok ] || return 0
	check "the data is in the host's file" "$LAB/azimuth" bench io --file "$RUN/disk.img" \
		--rw check --bs 64k --count 100 --seed 13
}
