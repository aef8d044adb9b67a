# SPDX-License-Identifier: GPL-2.0-only
# desc: hv_exitlat: every measurement has its samples, and the host counted as many trips
# arms: stock
# azhost: --vcpus 4 --numa 2 --memory 512
# modules: none
# timeout: 240
#
# No driver is loaded, so that nothing else makes hypercalls. The host does not know what a trip
# costs, but it knows how many there were: the module says how often it did each thing.

TRIPS="cpuid msr-read msr-write eoi hypercall-fast hypercall-slow"
SAMPLES=200

guest() {
	exitlat_ready || return
	settings_are_checked
	exitlat_put count $SAMPLES
	# Under emulation programming a timer takes longer than the usual 50 us: it would have
	# struck before the CPU could halt.
	exitlat_put delay_us 2000
	for what in $TRIPS ipi-hypercall-core hlt-ipi-core hlt-timer; do
		mark "$what-begin"
		drain
		check "$what runs" exitlat_run "$what"
		mark "$what-end"
		drain
		diag "executed $what $(exitlat_field "$what" executed)"
		exitlat_has "$what" $SAMPLES
	done
	is "the host refuses the connection" "$(exitlat_field hypercall-fast status)" 0x12
	for what in ipi-apic ipi-call ipi-hypercall timer-set timer-late; do
		check "$what runs" exitlat_run "$what"
	done
	for what in ipi-apic-core ipi-apic-remote ipi-call-core ipi-call-remote \
		ipi-hypercall-remote timer-set timer-late; do
		exitlat_has "$what" $SAMPLES
	done
	is "a core of this node is CPU 1" "$(exitlat_field ipi-apic-core target)" 1
	is "a core of another node is CPU 2" "$(exitlat_field ipi-apic-remote target)" 2
	fails "there is no sibling" exitlat_run ipi-apic-sibling
	check "and it says so" grep -q '^ipi-apic-sibling .*no such CPU' "$EXITLAT/run"
	targets
	user_side
	interrupted
	check "the module unloads" rmmod hv_exitlat
	check "and loads again" mod_load hv_exitlat
	check_no_splat
	sed 's/^/# /' /tmp/table
}

# The host makes its mark when it has read the line: a change of terminal settings waits for that.
drain() {
	stty -F /dev/ttyS1 raw -echo
}

settings_are_checked() {
	fails "no CPU 64" exitlat_put cpu 64
	fails "no CPU -1" exitlat_put cpu -1
	fails "no target of that name" exitlat_put target near
	fails "no target 4" exitlat_put target 4
	fails "no run of no samples" exitlat_put count 0
	fails "no endless run" exitlat_put count 10000001
	fails "no delay of nothing" exitlat_put delay_us 0
	fails "no such measurement" exitlat_put run rdtsc
	fails "nor one of a long name" exitlat_put run cpuid-cpuid-cpuid-cpuid-cpuid-cpuid
	is "nothing was set" "$(cat "$EXITLAT/cpu" "$EXITLAT/target" "$EXITLAT/count" | tr '\n' ' ')" \
		"0 auto 10000 "
}

# A target that is set decides the distance.
targets() {
	exitlat_put target 3
	check "to CPU 3" exitlat_run ipi-apic-remote
	is "it was CPU 3" "$(exitlat_field ipi-apic-remote target)" 3
	fails "CPU 3 is not of this node" exitlat_run ipi-apic-core
	exitlat_put cpu 3
	fails "a CPU is not its own target" exitlat_run ipi-apic
	exitlat_put target 2
	check "from CPU 3 to CPU 2" exitlat_run ipi-apic
	is "they are one node" "$(exitlat_field ipi-apic-core cpu) $(exitlat_field ipi-apic-core target)" "3 2"
	exitlat_put cpu 0
	exitlat_put target auto
}

# azimuth reads the binary form: its percentiles are those that the module prints.
user_side() {
	check "azimuth measures" azimuth exitlat --count 50 cpuid hypercall-fast ipi-apic
	is "as many as it asked for" "$(exitlat_field cpuid count)" 50
	azimuth exitlat --show --json /tmp/r.json >/tmp/table
	for what in cpuid ipi-apic-core timer-late; do
		is "azimuth reads $what" "$(for p in min p50 p90 p99 p99.9 p99.99 max; do
			member "$what" $p
		done | tr '\n' ' ')" "$(exitlat_figures "$what") "
	done
	fails "a measurement that is not there" azimuth exitlat ipi-apic-sibling
	fails "no measurement of that name" azimuth exitlat rdtsc
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
	compare "some were measured" "$(exitlat_field cpuid count)" -gt 0
	compare "but not all" "$(exitlat_field cpuid count)" -lt 10000000
	check "the module says so too" grep -q '^cpuid .*interrupted' "$EXITLAT/run"
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
