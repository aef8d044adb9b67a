# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
#
# desc: what the host's disk delays comes back in the latency of bench io, closed and open loop
# arms: patched
# azhost: --vcpus 2 --disk ram=16M --disk ram=16M,delay_us=20000 --fault scsi0:delay,op=read,us=200000,every=50,count=0
# modules: hv_vmbus sd_mod hv_storvsc
# timeout: 200

# LUN 1 delays each request by 20 ms. LUN 0 is quick, but each fiftieth read takes 200 ms: a
# closed loop sees one slow read; in an open loop of 50/s on one request at a time it holds up
# the nine that are due meanwhile, so that 8 of 50 take 40 ms or more from their intended time.

measure() {
	measure_lun=$1
	measure_name=$2
	shift 2
	azimuth bench io --file "/dev/$(disk_dev "$measure_lun")" --rw randread \
		--json-line "$measure_name" "$@"
}

both_disks() {
	disk_dev 0 && disk_dev 1
}

guest() {
	check "disks there" wait_for 60 both_disks
	measure 1 closed --count 50
	compare "closed loop" $? -eq 0
	measure 1 ring --engine io_uring --depth 4 --count 100 --stages
	compare "closed loop, io_uring at depth 4" $? -eq 0
	measure 1 pace --rate 20 --count 60
	compare "open loop that the disk can follow" $? -eq 0
	measure 0 outlier --count 500
	compare "closed loop with outliers" $? -eq 0
	measure 0 stall --rate 50 --count 500
	compare "open loop with outliers" $? -eq 0
	check_no_splat
}

# at NAME HISTOGRAM FIGURE: in us
at() {
	[ -e "$RUN/$1.json" ] || sed -n "s/^@json $1 //p" "$RUN/results.txt" >"$RUN/$1.json"
	echo $(($("$LAB/labtool" json "$RUN/$1.json" "histograms.$2.$3") / 1000))
}

verify() {
	compare "no read was quicker than the disk" "$(at closed read min)" -ge 20000
	compare "nor at depth" "$(at ring read min)" -ge 20000
	compare "the time is the device's" "$(at ring stage_device p50)" -ge 20000
	compare "and not that of the submission" "$(at ring stage_submit p50)" -lt 20000
	compare "nor in an open loop" "$(at pace read min)" -ge 20000
	compare "each fiftieth read is slow" "$(at outlier read p99)" -ge 200000
	compare "and no other" "$(at outlier read p90)" -lt 200000
	compare "from the intended time a tenth is late" "$(at stall read p90)" -ge 40000
	compare "from the submission they are not" "$(($(at stall read_actual p90) * 2))" -lt \
		"$(at stall read p90)"
	metric bench_io_delay_closed_us "$(at closed read p50)"
	metric bench_io_delay_open_p90_us "$(at stall read p90)"
}
