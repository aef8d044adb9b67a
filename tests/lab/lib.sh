# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2119,SC2120
#
# What every scenario can use. A scenario is one file tests/lab/<name>.sh that
# busybox sh sources after this one, in two places:
#
#	guest()		in the guest; standard output is the results channel
#	host()		optional, beside azhost, while the guest runs
#	verify()	optional, where host() runs, after the guest has ended
#
# All three report with ok, not_ok, skip and check. host() and verify() have
#
#	$RUN		the run's directory: console.txt results.txt counters.json
#	$CTL		azhost's control socket, for ctl
#	$ARM $SCENARIO $MODE, and of the kernel $BASE and $FLAVOUR
#
# Header lines of the scenario, all optional but the first:
#
#	# desc: one line
#	# arms: stock patched		which drivers it is for
#	# azhost: --vcpus 2 --net responder ...	further options of azhost
#	# append: ...			further kernel command line
#	# modules: hv_vmbus hv_utils sd_mod hv_storvsc hv_netvsc	what the guest loads (or: none)
#	# programs: perf		programs of this machine that the guest gets, in /bin
#	# timeout: seconds		of the guest's watchdog
#	# expect-stock: ok		ok, hang, panic, splat, reset or fail
#	# expect-patched: ok
#	# expect-stock-7.3: ok		on that base or flavour, where it differs
#	# kernel: debug			runs on the debug kernel as well (scripts/lab-test)

# ---- KTAP -----------------------------------------------------------------

tap_n=0
tap_bad=0

# plan N: N results follow. Without it, end_plan counts them at the end.
plan() {
	tap_planned=$1
	echo "1..$1"
}

ok() {
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1"
}

# not_ok DESC [DETAIL]
not_ok() {
	tap_n=$((tap_n + 1))
	tap_bad=$((tap_bad + 1))
	echo "not ok $tap_n - $1"
	[ -z "${2:-}" ] || diag "$2"
}

# skip DESC WHY
skip() {
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

# fails DESC COMMAND...: ok when the command fails
fails() {
	fails_desc=$1
	shift
	if "$@" >/dev/null 2>&1; then
		not_ok "$fails_desc" "'$*' was obeyed"
	else
		ok "$fails_desc"
	fi
}

# diag TEXT: comment lines
diag() {
	printf '%s\n' "$1" | sed 's/^/# /'
}

# check DESC COMMAND...: ok when the command succeeds; shows its output when not.
check() {
	check_desc=$1
	shift
	if check_out=$("$@" 2>&1); then
		ok "$check_desc"
	else
		not_ok "$check_desc" "'$*' failed: $(printf '%s\n' "$check_out" | tail -n 5)"
	fi
}

# is DESC GOT WANT
is() {
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "got '$2', want '$3'"
	fi
}

# compare DESC GOT OP WANT: integers; OP as in test(1): -ge -le -gt -lt -eq -ne
compare() {
	if test "$2" "$3" "$4" 2>/dev/null; then
		ok "$1"
	else
		not_ok "$1" "got '$2', want $3 $4"
	fi
}

# Ends a stream whose length was not known; the runner's, not a scenario's.
end_plan() {
	[ -n "${tap_planned:-}" ] || echo "1..$tap_n"
}

# json NAME JSON: one result object. mark NAME: azhost notes all its counters now.
json() {
	echo "@json $1 $2"
}
mark() {
	echo "@mark $1"
}

# metric NAME VALUE [UNIT]: a figure that patches state in Azimuth-metric trailers
# (scripts/queue prove), in guest() or in verify(). NAME is of a-z 0-9 _ and begins with the
# scenario's; VALUE is a decimal number.
metric() {
	echo "# metric $1 $2${3:+ $3}"
}

# ---- waiting --------------------------------------------------------------

# wait_for SECONDS COMMAND...: until it succeeds; 1 when it never did.
wait_for() {
	wait_left=$(($1 * 10))
	shift
	until "$@" >/dev/null 2>&1; do
		wait_left=$((wait_left - 1))
		[ "$wait_left" -gt 0 ] || return 1
		usleep 100000
	done
}

# ---- guest: modules -------------------------------------------------------

# mod_path MODULE: its file, of our arm.
mod_path() {
	[ -e "/modules/$1.ko" ] && echo "/modules/$1.ko" && return
	echo "no module $1 in the initramfs" >&2
	return 1
}

# The modules that MODULE needs first, in order (from the image's modules.dep).
mod_needs() {
	sed -n "s/^$1: *//p" /modules/needs
}

# mod_is_loaded MODULE: or in the kernel
mod_is_loaded() {
	[ -d "/sys/module/$(echo "$1" | tr - _)" ] || grep -qxF "$1" /modules/builtin
}

# mod_load MODULE [PARAMETER=VALUE]...: with what it needs; nothing if loaded.
mod_load() {
	mod_is_loaded "$1" && return
	for mod_dep in $(mod_needs "$1"); do
		mod_is_loaded "$mod_dep" || insmod "$(mod_path "$mod_dep")" || return
	done
	mod_name=$1
	shift
	insmod "$(mod_path "$mod_name")" "$@"
}

# fail_call SYMBOL VALUE [AFTER [COUNT [CALLER]]]: after so many calls (0), so many (1; 0: all) of
# a kernel function, by a function CALLER if one is named, return VALUE at once, until
# fail_call_end. See tests/modules/failcall.c.
fail_call() {
	insmod /modules/failcall.ko "symbol=$1" "value=$2" "after=${3:-0}" "count=${4:-1}" \
		"caller=${5:-}"
}
fail_call_end() {
	rmmod failcall
}

mod_unload() {
	rmmod "$1"
}

# ---- guest: network and disk ----------------------------------------------

NET_SELF=192.168.77.2
NET_PEER=192.168.77.1
NET_SELF6=fd77::2
NET_PEER6=fd77::1

# net_dev [N]: name of the Nth (from 0) interface that hv_netvsc drives.
net_dev() {
	net_skip=${1:-0}
	for net_path in /sys/class/net/*; do
		[ "$(basename "$(readlink -f "$net_path/device/driver")")" = hv_netvsc ] || continue
		[ "$net_skip" = 0 ] && basename "$net_path" && return
		net_skip=$((net_skip - 1))
	done
	return 1
}

# net_carrier DEV
net_carrier() {
	[ "$(cat "/sys/class/net/$1/carrier" 2>/dev/null)" = 1 ]
}

# net_up [DEV]: static IPv4 and IPv6 address (no duplicate detection), link up.
net_up() {
	wait_for 20 net_dev || return
	net_if=${1:-$(net_dev)}
	echo 0 >"/proc/sys/net/ipv6/conf/$net_if/accept_dad"
	echo 0 >"/proc/sys/net/ipv6/conf/$net_if/accept_ra"
	ip addr replace $NET_SELF/24 dev "$net_if" &&
		ip link set "$net_if" up &&
		ip -6 addr replace $NET_SELF6/64 dev "$net_if" &&
		wait_for 20 net_carrier "$net_if"
}

# udp_echo COUNT [SIZE]: round trips with the peer's echo port; fails when one is lost.
udp_echo() {
	azimuth bench net --mode rtt --count "$1" --size "${2:-64}" "$NET_PEER:7"
}

# stat_of DEV NAME: a counter of /sys/class/net
stat_of() {
	cat "/sys/class/net/$1/statistics/$2"
}

# disk_dev [LUN]: name of the disk of that LUN (0). The kernel names disks in
# the order in which their probes end, not in the order of LUNs.
disk_dev() {
	for disk_path in /sys/block/sd*; do
		disk_link=$(readlink -f "$disk_path/device") || return
		[ "${disk_link##*:}" = "${1:-0}" ] && basename "$disk_path" && return
	done
	return 1
}

# ---- guest: PCI behind vPCI ---------------------------------------------------

# pci_dev [BUS]: the function of slot 0 of bus vpci<BUS> (0)
pci_dev() {
	pci_path=$(printf '/sys/bus/pci/devices/%04x:00:00.0' $((0xa200 + ${1:-0})))
	[ -e "$pci_path" ] && echo "$pci_path"
}

# pci_gone [BUS]: there is none
pci_gone() {
	! pci_dev "$@" >/dev/null
}

# pcitest_load: the driver of the lab's test device; 1, with a result, where it was not built
pcitest_load() {
	mod_path pcitest >/dev/null 2>&1 || {
		skip "the test device's driver" "the module is not built: scripts/modules BASE"
		return 1
	}
	check "the test device's driver loads" mod_load pcitest
}

# pcitest_bound [BUS]: it drives the function
pcitest_bound() {
	[ -e "$(pci_dev "$@")/selftest" ]
}

# pcitest_works [BUS]: waits for that, then all vectors, DMA and config blocks
pcitest_works() {
	wait_for 60 pcitest_bound "$@" || return
	pcitest_said=$(cat "$(pci_dev "$@")/selftest")
	echo "$pcitest_said"
	echo "$pcitest_said" | grep -qE '^vectors=([0-9]+)/\1 dma=ok blocks=(ok|-95)$'
}

# ---- guest: what the kernel did ---------------------------------------------

TRACING=/sys/kernel/tracing

# tracing [KIB]: tracefs is there, and has so much memory for each CPU
tracing() {
	grep -q " $TRACING " /proc/mounts || mount -t tracefs tracefs $TRACING || return
	[ $# = 0 ] || echo "$1" >$TRACING/buffer_size_kb
}

# trace_event GROUP/NAME [FILTER]: notes such events, until trace_event_end
trace_event() {
	tracing || return
	[ $# = 1 ] || echo "$2" >"$TRACING/events/$1/filter" || return
	echo 1 >"$TRACING/events/$1/enable"
}
trace_event_end() {
	echo 0 >"$TRACING/events/$1/enable"
}

# kunit_guest MODULE TEST...: all of guest() where these KUnit tests run when MODULE is
# loaded. The metric is the scenario's name and _passed.
kunit_guest() {
	if [ "$FLAVOUR" = distribution ]; then
		plan 1
		skip "KUnit tests" "the distribution's kernel has no KUnit"
		return
	fi
	plan 3
	check "$1 loads" mod_load "$1"
	shift
	diag "$(dmesg | grep -E '# Subtest|(not )?ok [0-9]+ |EXPECTATION|ASSERTION' | tail -n 40)"
	kunit_passed=0
	for kunit_test in "$@"; do
		! dmesg | grep -qE "\] +ok [0-9]+ $kunit_test\$" || kunit_passed=$((kunit_passed + 1))
	done
	metric "$(echo "$SCENARIO" | tr - _)_passed" $kunit_passed
	is "all pass" $kunit_passed $#
	check_no_splat
}

# ---- guest: azimuth trace ---------------------------------------------------------

# tracer_begin TRACER [OPTION]...: runs it beside what follows; 0 when it is attached
tracer_begin() {
	tracing || return
	tracer_name=$1
	shift
	# What an earlier one said is not what this one says.
	rm -f "/tmp/trace-$tracer_name.txt"
	azimuth trace "$tracer_name" --verbose --ready --json "/tmp/trace-$tracer_name.json" "$@" \
		>"/tmp/trace-$tracer_name.txt" 2>&1 &
	echo $! >"/tmp/trace-$tracer_name.pid"
	wait_for 60 tracer_settled "$tracer_name"
	grep -q ^tracing "/tmp/trace-$tracer_name.txt" && return
	tail -n 40 "/tmp/trace-$tracer_name.txt"
	return 1
}
tracer_settled() {
	grep -qs ^tracing "/tmp/trace-$1.txt" ||
		! kill -0 "$(cat "/tmp/trace-$1.pid")"
}

# tracer_end TRACER: ends it as Ctrl-C does; its result goes to the results channel. It may
# have been started in another shell (check), so it cannot be waited for.
tracer_end() {
	tracer_pid=$(cat "/tmp/trace-$1.pid")
	kill -INT "$tracer_pid" && wait_for 60 tracer_gone "$tracer_pid"
	cat "/tmp/trace-$1.txt"
	[ -s "/tmp/trace-$1.json" ]
}
# Nobody may wait for it while its end is looked for: then it stays as a zombie.
tracer_gone() {
	! kill -0 "$1" || grep -q '^State:.*Z' "/proc/$1/status"
}

# tracer_result TRACER [NAME]: what it showed, and its result for verify(), where traced() knows
# it by NAME (TRACER)
tracer_result() {
	diag "$(cat "/tmp/trace-$1.txt")"
	json "trace_${2:-$1}" "$(tr -d '\n' <"/tmp/trace-$1.json")"
}

# ---- guest: hv_exitlat --------------------------------------------------------

EXITLAT=/sys/kernel/debug/hv_exitlat

# exitlat_ready: loads the module; 1, with a result, where it was not built
exitlat_ready() {
	mod_path hv_exitlat >/dev/null 2>&1 || {
		skip "hv_exitlat" "the module is not built: scripts/modules BASE"
		return 1
	}
	mount -t debugfs debugfs /sys/kernel/debug
	check "the module loads" mod_load hv_exitlat
}

# exitlat_put SETTING VALUE
exitlat_put() {
	echo "$2" >"$EXITLAT/$1"
}

# exitlat_run NAME: measures it
exitlat_run() {
	exitlat_put run "$1"
}

# exitlat_field NAME KEY: of NAME's line in the results
exitlat_field() {
	sed -n "s/^$1 .*\\b$2 \\([^ ]*\\).*/\\1/p" $EXITLAT/results
}

# exitlat_figures NAME: min p50 p90 p99 p99.9 p99.99 max
exitlat_figures() {
	sed -n "s/^$1 .* min //p" $EXITLAT/results | sed 's/max //'
}

# exitlat_has NAME COUNT: three results: so many samples, few of them lost (under emulation a processor
# may not get its turn for so long that an interrupt counts as lost), percentiles that rise.
exitlat_has() {
	exitlat_lost=$(exitlat_field "$1" lost)
	is "$1 has all samples" $(($(exitlat_field "$1" count) + exitlat_lost)) "$2"
	compare "hardly any of $1 was lost" "$exitlat_lost" -le $(($2 / 20))
	check "the percentiles of $1 rise" exitlat_rising "$1"
}
exitlat_rising() {
	exitlat_figures "$1" | tr ' ' '\n' | awk '
		NF { if ($1 < last) bad = 1; last = $1; n++ }
		END { exit (bad || n != 7 || last == 0) }' || {
		exitlat_figures "$1"
		return 1
	}
}

# ---- guest: what the kernel said ------------------------------------------

SPLAT='BUG:|WARNING:|Oops|general protection|soft lockup|hard LOCKUP|self-detected stall|detected stalls'
SPLAT="$SPLAT|blocked for more than|Call Trace|KASAN|UBSAN|refcount_t|list_(add|del) corruption"
# What lockdep, PROVE_RCU, DEBUG_ATOMIC_SLEEP, DEBUG_OBJECTS, DMA_API_DEBUG and the
# work queue's watchdog of a debug kernel say, mostly under one of the heads above.
SPLAT="$SPLAT|possible (circular|recursive|irq lock)|inconsistent lock state|held lock freed"
SPLAT="$SPLAT|bad unlock balance|still held|sleeping function|suspicious RCU|ODEBUG|DMA-API:.*device"
SPLAT="$SPLAT|workqueue lockup|RCU used illegally|refcount leak|unregister_netdevice: waiting"

# splats [FILE]: the lines of dmesg, or of FILE, that no good run has.
splats() {
	if [ $# = 0 ]; then
		dmesg | grep -E "$SPLAT"
	else
		grep -E "$SPLAT" "$1"
	fi
}

# check_no_splat: one result
check_no_splat() {
	if splat_found=$(splats); then
		not_ok "no kernel splat" "$(printf '%s\n' "$splat_found" | head -n 10)"
	else
		ok "no kernel splat"
	fi
}

# ---- host side ------------------------------------------------------------

# ctl JSON: one request to azhost; prints the reply; 0 when it was obeyed.
ctl() {
	"$LAB/labtool" ctl "$CTL" "$1"
}

# guest_said REGEX [SECONDS]: waits for a line in the results channel.
guest_said() {
	wait_for "${2:-60}" grep -qE -- "$1" "$RUN/results.txt"
}

# counter PATH: the sum of the numbers at PATH of counters.json (see `labtool json`),
# as in  counter 'channels.device=net0.counters.packets_in'
counter() {
	"$LAB/labtool" json "$RUN/counters.json" "$1" | awk '{ s += $1 } END { printf "%.0f\n", s }'
}

# delta PATH FROM TO: how much a counter grew between two marks
delta() {
	delta_from=$(counter "marks.name=$2.$1")
	delta_to=$(counter "marks.name=$3.$1")
	echo $((delta_to - delta_from))
}

# traced TRACER PATH: the sum of the numbers at PATH of a tracer's result (see `labtool json`)
traced() {
	[ -e "$RUN/trace_$1.json" ] ||
		sed -n "s/^@json trace_$1 //p" "$RUN/results.txt" | tail -n 1 >"$RUN/trace_$1.json"
	"$LAB/labtool" json "$RUN/trace_$1.json" "$2" | awk '{ s += $1 } END { printf "%.0f\n", s }'
}

# tap_peer NAME [PORT]: in host(), gives the TAP that azhost opened its address and serves
# `azimuth bench net` behind it until the guest ends. The run has a network namespace of its own.
tap_peer() {
	wait_for 60 ip link show "$1" || return
	ip addr replace $NET_PEER/24 dev "$1"
	echo 0 >"/proc/sys/net/ipv6/conf/$1/accept_dad"
	ip link set "$1" up
	ip -6 addr replace $NET_PEER6/64 dev "$1"
	"$LAB/azimuth" bench net --mode serve --tcp "$NET_PEER:${2:-7077}" >/dev/null 2>&1 </dev/null &
	echo $! >>"$RUN/pids"
}
