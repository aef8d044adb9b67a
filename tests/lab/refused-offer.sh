# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: the host offers a device that the guest must refuse; can others still be taken away?
# azhost: --vcpus 2 --net responder --disk ram=16M --fault net0:offer-flags
# timeout: 60
# expect-stock-7.3: hang

# Confidential external memory without a confidential ring is nonsense; 7.3 refuses the offer.
guest() {
	if [ "$BASE" = 6.12 ]; then
		plan 1
		skip "an offer to refuse" "6.12 knows no such flag and takes the offer"
		return
	fi
	plan 3
	check "disk there" wait_for 20 disk_dev
	echo "# ready"
	wait_for 10 no_disk
	rescinded=0
	disk_dev >/dev/null || rescinded=1
	metric refused_offer_rescinded $rescinded
	is "the disk could be taken away" $rescinded 1
	check_no_splat
}

no_disk() {
	! disk_dev
}

host() {
	[ "$BASE" != 6.12 ] || return 0
	guest_said '^# ready' 60
	check "rescind" ctl '{"cmd":"rescind","device":"scsi0"}'
}
