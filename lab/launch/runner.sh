#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs one scenario on azhost and judges it:
#
#	runner.sh SCENARIO ARM RUNDIR NAME
#
# The same code in level 1 and, in native mode, on the host. $LAB_MODE is the
# mode, $LAB_SEED azhost's seed, $LAB_SINK "window" in level 1. Beside this file
# lie azhost, azimuth, labtool, kernel or kernel-ARM, guest-ARM.cpio, tests.cpio, tests/,
# programs-NAMES.cpio for the scenarios that ask for programs, and kernel.conf, which
# says the kernel's base and flavour.
# azhost runs in RUNDIR, after the scenario's prepare(), which may make disk files there.
# Leaves console.txt, results.txt, host.txt, counters.json and status.json in RUNDIR.

SCENARIO=$1 ARM=$2 RUN=$(cd "$3" && pwd) NAME=$4
MODE=${LAB_MODE:-native}
LAB=$(cd "$(dirname "$0")" && pwd)
CTL=$RUN/control.sock
FILE=$LAB/tests/$SCENARIO.sh
# shellcheck source=/dev/null
. "$LAB/kernel.conf"
export SCENARIO ARM BASE FLAVOUR RUN MODE LAB CTL

header() {
	sed -n "s/^# $1:[[:space:]]*//p" "$FILE" | tr '\n' ' ' | sed 's/ *$//'
}

timeout=$(header timeout)
expected=$(header "expect-$ARM-$FLAVOUR")
: "${expected:=$(header "expect-$ARM-$BASE")}"
: "${expected:=$(header "expect-$ARM")}"
modules=$(header modules | tr -s ' ' ',')
extra=$(header azhost)
programs=$(header programs | tr -s ' ' '-')
: "${timeout:=60}" "${expected:=ok}" "${modules:=hv_vmbus,hv_utils,sd_mod,hv_storvsc,hv_netvsc}"

# A debug kernel checks each access; that it is slow is not its fault.
[ "$FLAVOUR" != debug ] || timeout=$((timeout * 4))

# The self-tests of crypto run beside user space for seconds under emulation.
append="console=ttyS0 loglevel=5 nokaslr panic=-1 random.trust_cpu=on cryptomgr.notests=1"
# The one of the entropy source is a tenth of the guest's boot. The deterministic mode keeps it,
# so that its times remain what they were.
[ "$MODE" = deterministic ] || append="$append initcall_blacklist=jent_mod_init"
append="$append azimuth.scenario=$SCENARIO azimuth.arm=$ARM azimuth.mode=$MODE"
append="$append azimuth.base=$BASE azimuth.flavour=$FLAVOUR"
append="$append azimuth.modules=$modules $(header append)"

# A TAP needs a network namespace of its own, so that no address, name or port
# of the machine can be in the way; without root, a user namespace to own it.
case " $extra" in
*tap=*)
	if [ "${LAB_NETNS:-}" != 1 ]; then
		export LAB_NETNS=1
		[ "$(id -u)" = 0 ] || exec unshare -r -n "${LAB_BUSYBOX:-busybox}" sh "$0" "$@"
		exec unshare -n "${LAB_BUSYBOX:-busybox}" sh "$0" "$@"
	fi
	ip link set lo up
	;;
esac

# Level 1 shows the console to the host while it grows; elsewhere it is a file.
console=$RUN/console.txt
if [ "${LAB_SINK:-}" = window ]; then
	console=$RUN/console.pipe
	mkfifo "$console"
	tee "$RUN/console.txt" <"$console" | "$LAB/labtool" window put "$NAME" console.txt &
	sink=$!
	# Held open until azhost has ended, which may be before it opened it.
	exec 9<>"$console"
fi

: >"$RUN/results.txt"
: >"$RUN/host.txt"

# Runs FUNCTION of the scenario, if it has it, with its results in host.txt.
part() {
	(
		cd "$RUN" || exit
		# shellcheck source=tests/lab/lib.sh
		. "$LAB/tests/lib.sh"
		# shellcheck source=/dev/null
		. "$FILE"
		type "$1" >/dev/null 2>&1 || exit 0
		"$1"
		[ "$tap_bad" = 0 ]
	) </dev/null >>"$RUN/host.txt" 2>&1 9>&-
}

part prepare

kernel=$LAB/kernel-$ARM
[ -e "$kernel" ] || kernel=$LAB/kernel

cd "$RUN" || exit
[ -z "$programs" ] || extra="--initrd $LAB/programs-$programs.cpio $extra"
# shellcheck disable=SC2086 # the header's options are words
"$LAB/azhost" --kernel "$kernel" --initrd "$LAB/guest-$ARM.cpio" --initrd "$LAB/tests.cpio" \
	--append "$append" --console "$console" --results "$RUN/results.txt" \
	--counters "$RUN/counters.json" --control "$CTL" --watchdog "$timeout" \
	--mode "$MODE" --seed "${LAB_SEED:-1}" $extra 2>"$RUN/azhost.txt" &
vmm=$!
trap 'kill "$vmm" 2>/dev/null; exit 143' INT TERM

part host &
host=$!
wait "$vmm"
code=$?
exec 9>&-
# host() gets a few seconds after the guest's end to see it; what it started
# in the background, as the peer behind a TAP, ends now.
left=50
while kill -0 "$host" 2>/dev/null && [ $left -gt 0 ]; do
	left=$((left - 1))
	usleep 100000
done
kill "$host" 2>/dev/null
wait "$host"
host_code=$?
[ ! -e "$RUN/pids" ] || xargs kill <"$RUN/pids" 2>/dev/null
[ -z "${sink:-}" ] || wait "$sink"

# ---- the verdict ----------------------------------------------------------

count() {
	grep -hcE "$1" "$2" || true
}

outcome_of() {
	case $code in
	0) ;;
	10) echo reset; return ;;
	11) echo panic; return ;;
	12) echo triple-fault; return ;;
	13) echo hang; return ;;
	*) echo error; return ;;
	esac
	# shellcheck source=tests/lab/lib.sh
	. "$LAB/tests/lib.sh"
	if splats "$RUN/console.txt" >/dev/null; then
		echo splat
	elif [ "$guest_fail" != 0 ] || [ "$guest_all" = 0 ] || [ "$guest_all" != "$planned" ]; then
		echo fail
	else
		echo ok
	fi
}

guest_fail=$(count '^not ok' "$RUN/results.txt")
guest_skip=$(count '^ok .*# SKIP' "$RUN/results.txt")
guest_pass=$(($(count '^ok ' "$RUN/results.txt") - guest_skip))
guest_all=$((guest_pass + guest_fail + guest_skip))
planned=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$RUN/results.txt" | tail -n 1)
outcome=$(outcome_of)
export OUTCOME="$outcome"

part verify
verify_code=$?

pass=$((guest_pass + $(count '^ok ' "$RUN/host.txt") - $(count '^ok .*# SKIP' "$RUN/host.txt")))
fail=$((guest_fail + $(count '^not ok' "$RUN/host.txt")))
skip=$((guest_skip + $(count '^ok .*# SKIP' "$RUN/host.txt")))
good=false
# Several are expected where it is up to memory that was freed how it ends.
case " $expected " in
*" $outcome "*) [ "$host_code" != 0 ] || [ "$verify_code" != 0 ] || good=true ;;
esac
reason=$("$LAB/labtool" json "$RUN/counters.json" exit.reason 2>/dev/null) ||
	reason=$(tail -n 1 "$RUN/azhost.txt" | tr -d '"\134' | tr '\t' ' ')

cat >"$RUN/status.json" <<END
{"scenario":"$SCENARIO","arm":"$ARM","base":"$BASE","flavour":"$FLAVOUR","mode":"$MODE","exit":$code,"reason":"$reason","outcome":"$outcome","expected":"$expected","ktap":{"pass":$pass,"fail":$fail,"skip":$skip},"ok":$good}
END

rm -f "$CTL" "$RUN/console.pipe" "$RUN/pids"
for f in host.txt azhost.txt; do
	[ -s "$RUN/$f" ] || rm -f "$RUN/$f"
done
if [ "${LAB_SINK:-}" = window ]; then
	for f in results.txt host.txt azhost.txt counters.json status.json; do
		[ ! -e "$RUN/$f" ] || "$LAB/labtool" window put "$NAME" "$f" <"$RUN/$f"
	done
fi
