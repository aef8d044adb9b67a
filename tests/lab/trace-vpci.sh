# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: trace vpci counts the config accesses and interrupts that the host counts
# azhost: --vcpus 2 --pci pcitest,vectors=4
# modules: hv_vmbus pci-hyperv
# timeout: 400
#
# The module is there first, since hooks cannot be set in one that is not; then its device is
# taken from the driver and given back.

guest() {
	plan 8
	check "the function is there" wait_for 20 function_there
	check "the tracer attaches" tracer_begin vpci
	sleep 1
	mark from
	bus=$(basename "$(find $HV_PCI/ -name '*-*-*' | head -n 1)")
	check "the bus is taken from its driver" give unbind
	check "and given back" give bind
	check "the function is there again" wait_for 20 function_there
	check "its driver loads" load_driver
	sleep 1
	mark to
	check "the tracer ends" tracer_end vpci
	tracer_result vpci
	check_no_splat
}

function_there() {
	ls /sys/bus/pci/devices/*/vendor
}

HV_PCI=/sys/bus/vmbus/drivers/hv_pci

# give unbind|bind: the VMBus device of the function
give() {
	echo "$bus" >"$HV_PCI/$1"
}

# Makes interrupts, where it was built.
load_driver() {
	mod_path pcitest >/dev/null 2>&1 || return 0
	mod_load pcitest
}

# metric_of NAME: of the tracer's result
metric_of() {
	traced vpci "counts.$1"
}

# accesses READS|WRITES: that the host saw between the marks, but for those that ask whether
# the function is still there while an interrupt is made
accesses() {
	all=$(delta "pci.name=pcitest0.config_$1.total" from to)
	for phase in setup scan enabled running; do
		all=$((all - $(delta "pci.name=pcitest0.config_$1.$phase.id" from to)))
	done
	echo "$all"
}

verify() {
	is "reads of config space" "$(metric_of config_reads_host)" "$(accesses reads)"
	compare "there were some" "$(metric_of config_reads_host)" -gt 10
	is "writes of config space" "$(metric_of config_writes_host)" "$(accesses writes)"
	compare "there were some of those" "$(metric_of config_writes_host)" -gt 5
	is "interrupts made" "$(metric_of msi_composed)" \
		"$(delta pci.name=pcitest0.msi_creates.total from to)"
	is "interrupts sent elsewhere" "$(metric_of msi_retargeted)" \
		"$(delta pci.name=pcitest0.retargets from to)"
	is "one probe" "$(metric_of probes)" 1
	is "one removal" "$(metric_of removals)" 1
	for step in version relations d0 resources bars scan assign add; do
		compare "the probe's step $step" "$(traced vpci "buses.*.steps_ns.$step")" -gt 0
	done
}
