#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# azimuth trace where it cannot trace: one line that says what is missing, and exit status 3. On
# a kernel without Hyper-V's drivers `trace wake` works all the same; what the tracers
# find on one with them is of the lab's scenarios trace-*.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash

azimuth=$PWD/out/bin/azimuth
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cp "$azimuth" "$work/azimuth"

# ---- command lines ------------------------------------------------------------------

refuses "no such tracer" 2 "no command 'dance'|'dance'" "$azimuth" trace dance
refuses "an option that is none" 2 'fast' "$azimuth" trace wake --fast
refuses "an interval of nothing" 2 '--interval' "$azimuth" trace wake --interval 0

# ---- without permission --------------------------------------------------------------

unprivileged=(setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs)
# The kernel may be so old, or so made, that it does not even come to that.
reason='not permitted: run as root, or with CAP_BPF|no BPF|too old'
if [ "$(id -u)" != 0 ]; then
	skip "as nobody" "needs root, to become nobody"
elif ! "${unprivileged[@]}" test -x "$work/azimuth" 2>/dev/null; then
	skip "as nobody" "setpriv cannot become nobody here"
else
	for tool in vmbus wake hvcall vpci; do
		refuses "$tool as nobody" 3 "$reason" "${unprivileged[@]}" "$work/azimuth" trace $tool \
			-d 1s
	done
	refuses "root without capabilities" 3 "$reason" \
		setpriv --bounding-set -all --inh-caps -all "$work/azimuth" trace wake -d 1s
fi

# ---- without BTF, with lockdown --------------------------------------------------------

# in-place PATH FILE COMMAND...: COMMAND finds FILE at PATH, which is there
cat >"$work/in-place" <<'END'
#!/bin/sh
mount --bind "$2" "$1" || exit
shift 2
exec "$@"
END
chmod +x "$work/in-place"
in_place=(unshare --mount "$work/in-place")

can_trace()
{
	"$azimuth" trace wake -d 10ms >"$work/out" 2>"$work/err"
}

if ! can_trace; then
	skip "without BTF" "this machine cannot trace: $(head -n 1 "$work/err")"
elif ! unshare --mount true 2>/dev/null; then
	skip "without BTF" "needs root, to hide a file"
else
	mkdir "$work/empty" "$work/security"
	echo 'none integrity [confidentiality]' >"$work/security/lockdown"
	refuses "without BTF" 3 'no BTF .*CONFIG_DEBUG_INFO_BTF' \
		"${in_place[@]}" /sys/kernel/btf "$work/empty" "$azimuth" trace wake -d 1s
	refuses "with lockdown" 3 'lockdown is in confidentiality mode' \
		"${in_place[@]}" /sys/kernel/security "$work/security" "$azimuth" trace wake -d 1s
fi

# A personality shows programs a kernel of 2.6, for those that cannot count to three.
if setarch --uname-2.6 true 2>/dev/null; then
	refuses "a kernel too old" 3 'kernel 2\.6.* is too old' \
		setarch --uname-2.6 "$azimuth" trace wake -d 1s
else
	skip "a kernel too old" "needs setarch"
fi

# ---- without the devices -------------------------------------------------------------------

if ! can_trace; then
	skip "without the devices" "this machine cannot trace: $(head -n 1 "$work/err")"
elif [ -e /sys/bus/vmbus ]; then
	skip "without the devices" "this machine has them"
else
	refuses "vmbus without VMBus" 3 'no VMBus' "$azimuth" trace vmbus -d 1s
	refuses "hvcall without Hyper-V" 3 'no Hyper-V here' "$azimuth" trace hvcall -d 1s
	refuses "vpci without its driver" 3 'no vPCI: .*modprobe pci-hyperv' "$azimuth" trace vpci -d 1s
fi

# ---- wake, on any kernel -----------------------------------------------------------------------

refuses "two filters" 2 'one of them' "$azimuth" trace wake --pid 1 --comm init
refuses "a name too long" 2 '1 to 15 characters' "$azimuth" trace wake --comm a-name-of-16-char
refuses "a process that is none" 2 'no such process' "$azimuth" trace wake --pid 4194304
refuses "a cgroup that is none" 2 'No such file' "$azimuth" trace wake --cgroup /none
refuses "a directory that is no cgroup" 2 'not a directory of cgroup v2' \
	"$azimuth" trace wake --cgroup "$work"

# metric NAME: of the last result
metric()
{
	sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p" "$work/wake.json" | head -n 1
}

# Three sleeps of one process: three wake-ups. The name is its own.
if ! can_trace; then
	skip "wake counts wake-ups" "this machine cannot trace: $(head -n 1 "$work/err")"
else
	cp "$(command -v bash)" "$work/azt-sleeper"
	mkfifo "$work/fifo" "$work/ready"
	"$azimuth" trace wake --comm azt-sleeper --ready --json "$work/wake.json" >"$work/out" \
		2>"$work/err" &
	tracer=$!
	for _ in $(seq 600); do
		! grep -q '^tracing' "$work/out" || break
		sleep 0.1
	done
	# shellcheck disable=SC2016 # the sleeper's own
	"$work/azt-sleeper" -c 'for i in 1 2 3; do read -r _; echo "$i"; done' \
		<>"$work/fifo" >"$work/lines" &
	sleeper=$!
	for i in 1 2 3; do
		# Until it sleeps in the read: the line is what wakes it.
		until [[ "$(cut -d' ' -f3 "/proc/$sleeper/stat")" == S &&
			"$(grep -c '' "$work/lines")" == $((i - 1)) ]]; do
			sleep 0.1
		done
		echo >"$work/fifo"
	done
	wait $sleeper
	kill -INT $tracer
	wait $tracer || true
	if [ "$(metric woken)" -ge 3 ] 2>/dev/null && [ "$(metric woken)" -le 6 ]; then
		ok "wake counts wake-ups"
	else
		not_ok "wake counts wake-ups" "woken $(metric woken): $(cat "$work/out" "$work/err")"
	fi
	if grep -qE '^steal time: not known: |^ *[0-9]+ .*(0|[mun]?s)$' "$work/out"; then
		ok "it says what it knows of steal time"
	else
		not_ok "it says what it knows of steal time" "$(cat "$work/out")"
	fi
fi
tap_done
