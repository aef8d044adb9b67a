# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: garbage on the control socket harms neither the host nor the guest
# azhost: --vcpus 1 --net responder --disk ram=16M
# timeout: 120

guest() {
	plan 3
	check "interface up" net_up
	echo "# ready"
	check "ping meanwhile loses nothing" lossless
	check_no_splat
}

lossless() {
	ping -c 40 -i 0.5 -W 5 "$NET_PEER" | grep ' 0% packet loss'
}

refused() {
	! ctl "$1"
}

in_use() {
	"$LAB/azhost" --kernel "$LAB/kernel" --memory 128 --control "$CTL" 2>err
	[ $? = 3 ] && [ "$(wc -l <err)" = 1 ] && grep -q 'control.sock.*already' err
}

host() {
	guest_said '^# ready' 120
	check "not JSON" refused 'rescind everything'
	check "no command" refused '{}'
	check "an array" refused '[1,2,3]'
	check "unknown command" refused '{"cmd":"explode"}'
	check "command of a wrong type" refused '{"cmd":7}'
	check "unknown device" refused '{"cmd":"rescind","device":"net7"}'
	check "unknown fault" refused '{"cmd":"fault","spec":"net0:catch-fire"}'
	check "fault of a wrong type" refused '{"cmd":"fault","spec":{"a":1}}'
	check "deep nesting" refused "$(head -c 20000 /dev/zero | tr '\0' '[')"
	check "a line of 200 kB" refused "$(head -c 200000 /dev/zero | tr '\0' 'x')"
	check "another azhost cannot have the socket" in_use
	check "it still answers" ctl '{"cmd":"status"}'
}
