# SPDX-License-Identifier: GPL-2.0-only
# desc: hv_exitlat: every measurement has its samples, and the host counted as many trips
# arms: stock
# azhost: --vcpus 4 --numa 2 --memory 512
# modules: none
# timeout: 240
#
# No driver is loaded, so that nothing else makes hypercalls. The host does not know what a trip
# costs, but it knows how many there were: the module says how often it did each thing.

EXITLAT=/sys/kernel/debug/hv_exitlat
TRIPS="cpuid msr-read msr-write eoi hypercall-fast hypercall-slow"
SAMPLES=200

guest() {
	mod_path hv_exitlat >/dev/null 2>&1 || {
		skip "hv_exitlat" "the module is not built: scripts/modules BASE"
		return
	}
	mount -t debugfs debugfs /sys/kernel/debug
	check "the module loads" mod_load hv_exitlat
	settings_are_checked
	echo $SAMPLES >$EXITLAT/count
	# Under emulation programming a timer takes longer than the usual 50 us: it would have
	# struck before the CPU could halt.
	echo 2000 >$EXITLAT/delay_us
	for what in $TRIPS ipi-hypercall-core hlt-ipi-core hlt-timer; do
		mark "$what-begin"
		drain
		check "$what runs" measure "$what"
		mark "$what-end"
		drain
		diag "executed $what $(field "$what" executed)"
		has_samples "$what"
	done
	is "the host refuses the connection" "$(field hypercall-fast status)" 0x12
	for what in ipi-apic ipi-call ipi-hypercall timer-set timer-late; do
		check "$what runs" measure "$what"
	done
	for what in ipi-apic-core ipi-apic-remote ipi-call-core ipi-call-remote \
		ipi-hypercall-remote timer-set timer-late; do
		has_samples "$what"
	done
	is "a core of this node is CPU 1" "$(field ipi-apic-core target)" 1
	is "a core of another node is CPU 2" "$(field ipi-apic-remote target)" 2
	not "there is no sibling" measure ipi-apic-sibling
	check "and it says so" grep -q '^ipi-apic-sibling .*no such CPU' $EXITLAT/run
	targets
	user_side
	interrupted
	check "the module unloads" rmmod hv_exitlat
	check "and loads again" mod_load hv_exitlat
	check_no_splat
	sed 's/^/# /' /tmp/table
}

measure() {
	echo "$1" >$EXITLAT/run
}

# The host makes its mark when it has read the line: a change of terminal settings waits for that.
drain() {
	stty -F /dev/ttyS1 raw -echo
}

# not DESC COMMAND...: ok when it fails
not() {
	not_desc=$1
	shift
	if "$@" 2>/dev/null; then
		not_ok "$not_desc"
	else
		ok "$not_desc"
	fi
}

put() {
	echo "$2" >$EXITLAT/"$1"
}

settings_are_checked() {
	not "no CPU 64" put cpu 64
	not "no CPU -1" put cpu -1
	not "no target of that name" put target near
	not "no target 4" put target 4
	not "no run of no samples" put count 0
	not "no endless run" put count 10000001
	not "no delay of nothing" put delay_us 0
	not "no such measurement" put run rdtsc
	not "nor one of a long name" put run cpuid-cpuid-cpuid-cpuid-cpuid-cpuid
	is "nothing was set" "$(cat $EXITLAT/cpu $EXITLAT/target $EXITLAT/count | tr '\n' ' ')" \
		"0 auto 10000 "
}

# field NAME KEY: of a line in results
field() {
	sed -n "s/^$1 .*\\b$2 \\([^ ]*\\).*/\\1/p" $EXITLAT/results
}

# min p50 p90 p99 p99.9 p99.99 max
figures() {
	sed -n "s/^$1 .* min //p" $EXITLAT/results | sed 's/max //'
}

# Under emulation a processor may not get its turn for so long that an interrupt counts as lost.
has_samples() {
	is "$1 has all samples" $(($(field "$1" count) + $(field "$1" lost))) $SAMPLES
	compare "hardly any of $1 was lost" "$(field "$1" lost)" -le $((SAMPLES / 20))
	# shellcheck disable=SC2046 # the figures are words
	set -- "$1" $(figures "$1")
	rising "$@"
}

rising() {
	rising_of=$1
	shift
	rising_all="$*"
	if [ $# != 7 ] || [ "$7" = 0 ]; then
		not_ok "$rising_of has its percentiles" "got '$rising_all'"
		return
	fi
	while [ $# -gt 1 ]; do
		[ "$1" -le "$2" ] || {
			not_ok "the percentiles of $rising_of rise" "got '$rising_all'"
			return
		}
		shift
	done
	ok "the percentiles of $rising_of rise"
}

# A target that is set decides the distance.
targets() {
	put target 3
	check "to CPU 3" measure ipi-apic-remote
	is "it was CPU 3" "$(field ipi-apic-remote target)" 3
	not "CPU 3 is not of this node" measure ipi-apic-core
	put cpu 3
	not "a CPU is not its own target" measure ipi-apic
	put target 2
	check "from CPU 3 to CPU 2" measure ipi-apic
	is "they are one node" "$(field ipi-apic-core cpu) $(field ipi-apic-core target)" "3 2"
	put cpu 0
	put target auto
}

# azimuth reads the binary form: its percentiles are those that the module prints.
user_side() {
	check "azimuth measures" azimuth exitlat --count 50 cpuid hypercall-fast ipi-apic
	is "as many as it asked for" "$(field cpuid count)" 50
	azimuth exitlat --show --json /tmp/r.json >/tmp/table
	for what in cpuid ipi-apic-core timer-late; do
		is "azimuth reads $what" "$(for p in min p50 p90 p99 p99.9 p99.99 max; do
			member "$what" $p
		done | tr '\n' ' ')" "$(figures "$what") "
	done
	not "a measurement that is not there" azimuth exitlat ipi-apic-sibling
	not "no measurement of that name" azimuth exitlat rdtsc
	is "the table fits 80 columns" "$(awk 'length > 80' /tmp/table)" ""
}

# member NAME FIGURE: of the result file; a name with a dot is no path of labtool's.
member() {
	labtool json /tmp/r.json "histograms.$1" | tr ',{' '\n' | sed -n "s/^ *\"$2\": *//p"
}

# What was measured until the signal stays.
interrupted() {
	azimuth exitlat --count 10000000 --json /tmp/i.json cpuid >/dev/null 2>&1 &
	azimuth_pid=$!
	sleep 1
	kill -TERM $azimuth_pid
	wait $azimuth_pid
	is "the result says that it was interrupted" "$(labtool json /tmp/i.json interrupted)" true
	compare "some were measured" "$(field cpuid count)" -gt 0
	compare "but not all" "$(field cpuid count)" -lt 10000000
	check "the module says so too" grep -q '^cpuid .*interrupted' $EXITLAT/run
}

# executed NAME: how often the guest says that it did it
executed() {
	sed -n "s/^# executed $1 //p" "$RUN/results.txt"
}

grew() {
	delta "$2" "$1-begin" "$1-end"
}

verify() {
	[ -n "$(executed cpuid)" ] || return 0
	for what in hypercall-fast hypercall-slow; do
		is "the host counted each $what" "$(grew $what vm.hypercalls.signal_event)" \
			"$(executed $what)"
	done
	for what in $TRIPS; do
		compare "the host saw an exit for each $what" "$(grew "$what" vm.kvm.exits)" -ge \
			"$(executed "$what")"
	done
	compare "a hypercall for each such IPI" "$(grew ipi-hypercall-core vm.kvm.hypercalls)" -ge \
		"$(executed ipi-hypercall-core)"
	for what in hlt-ipi-core hlt-timer; do
		compare "the host saw the CPU halt for each $what" "$(grew $what vm.kvm.halt_exits)" \
			-ge "$(executed $what)"
	done
}
