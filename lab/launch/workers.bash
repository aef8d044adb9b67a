# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Workers: each works off jobs (NAME:SCENARIO:ARM), says what became of them,
# and is a process of its own, ended by its pid. Sourced by lab/launch/lab.

# ---- what a worker says about its jobs ------------------------------------

# Notes in "tower_cpu" what QEMU has used of processors, hundredths of a second: all that
# its jobs cost. It stays what it was when QEMU is gone. Called every second, so
# without a process of its own.
note_cpu()
{
	local stat fields

	{ read -r stat <"/proc/$qemu_pid/stat"; } 2>/dev/null || return 0
	read -ra fields <<<"${stat##*) }"
	tower_cpu=$((fields[11] + fields[12]))
}

job_begins()
{
	job_started=$SECONDS
	tower_cpu=0
	note_cpu
	job_cpu=$tower_cpu
	echo "$1 $SECONDS" >"$worker/now"
}

# job_done NAME DIR: moves the finished run to its place and prints its line.
job_done()
{
	local name=$1 dir=$2 status=$2/status.json word=FAIL
	local pass fail reason ok printing

	if [ ! -s "$status" ]; then
		job_lost "$name" "$dir" "it ended without a verdict"
		return
	fi
	ok=$("$bin/labtool" json "$status" ok)
	pass=$("$bin/labtool" json "$status" ktap.pass)
	fail=$("$bin/labtool" json "$status" ktap.fail)
	reason=$("$bin/labtool" json "$status" outcome)
	[ "$ok" != true ] || word=ok
	[ "$ok" = true ] || : >"$tmp/failed"
	rm -rf "${runs:?}/$name"
	mv "$dir" "$runs/$name"
	rm -f "$worker/now"
	echo >>"$tmp/count"
	job_cost "$name"
	{
		flock "$printing"
		printf '%s%-5s %-32s %-10s %3d pass %2d fail  %4d s\n' "$clear" "$word" "$name" "$reason" \
			"$pass" "$fail" $((SECONDS - job_started)) >&"$report"
		[ -z "$ktap" ] || print_ktap "$name" "$ok" "$reason"
	} {printing}>"$tmp/printing"
	exec {printing}>&-
}

# job_cost NAME: a line for scripts/test; see cost() in scripts/lib/kernel-common.sh.
job_cost()
{
	local cpu

	[ -n "${AZIMUTH_COSTS:-}" ] || return 0
	note_cpu
	cpu=$((tower_cpu - job_cpu))
	printf '%d %d.%d lab: %s on %s %s%s\n' $((SECONDS - job_started)) $((cpu / 100)) $((cpu / 10 % 10)) \
		"$1" "$base" "$flavour" "${mode/nested/}" >>"$AZIMUTH_COSTS"
}

# job_skipped NAME
job_skipped()
{
	local name=$1

	echo >>"$tmp/count"
	printf '%sskip  %-32s there was no time left\n' "$clear" "$name" >&"$report"
	[ -z "$ktap" ] || echo "ok - $name$(kernel_said) # SKIP there was no time left"
}

# " on BASE FLAVOUR", for every kernel but the one that is meant without it
kernel_said()
{
	[ "$base-$flavour" = "$level1_base-distribution" ] || echo " on $base $flavour"
}

# job_lost NAME DIR WHY: a job that never got to its verdict.
job_lost()
{
	local name=$1 dir=$2 why=$3 scenario rest

	scenario=${name%%.*} rest=${name#*.}
	mkdir -p "$dir"
	echo "{\"scenario\":\"$scenario\",\"arm\":\"${rest%%.*}\",\"mode\":\"$mode\",\"exit\":14," \
		"\"reason\":\"$why\",\"outcome\":\"error\",\"expected\":\"ok\"," \
		"\"ktap\":{\"pass\":0,\"fail\":0,\"skip\":0},\"ok\":false}" >"$dir/status.json"
	job_done "$name" "$dir"
}

# One test per job, with the guest's and the host's results as its subtests.
print_ktap()
{
	local name=$1 ok=$2 outcome="$3" text

	outcome+=$(kernel_said)
	text="    # Subtest: $name"$'\n'
	text+=$(sed -n '/^\(not \)\?ok /p;/^# /p;/^1\.\./p' "$runs/$name/results.txt" \
		"$runs/$name/host.txt" 2>/dev/null | sed 's/^/    /')
	[ "$ok" = true ] || text+=$'\n'"    # see $runs/$name"
	printf '%s\n' "$text"
	if [ "$ok" = true ]; then
		echo "ok - $name: $outcome"
	else
		echo "not ok - $name: $outcome"
	fi
}

# ---- workers: each is a process of its own, ended by its pid ----------------

worker_native()
{
	local job name scenario a deadline

	for job; do
		IFS=: read -r name scenario a <<<"$job"
		mkdir -p "$worker/$name"
		job_begins "$name"
		LAB_MODE=$mode LAB_SEED=$(job_seed "$name") LAB_BUSYBOX=$busybox \
			"$busybox" sh "$tmp/payload/runner.sh" "$scenario" "$a" "$worker/$name" "$name" \
			</dev/null >"$worker/runner.txt" 2>&1 &
		qemu_pid=$!
		deadline=$((SECONDS + $(job_limit "$name")))
		while kill -0 "$qemu_pid" 2>/dev/null && [ $SECONDS -lt "$deadline" ]; do
			sleep 0.1
		done
		kill "$qemu_pid" 2>/dev/null || true
		wait "$qemu_pid" || true
		qemu_pid=
		job_done "$name" "$worker/$name"
	done
}

job_seed()
{
	echo $((seed + (${vary:-0} ? ${1##*.} - 1 : 0)))
}

# Works off jobs in one tower after another: the next one when one stood still.
# A job that went down with its tower gets a second one, said aloud: a level 1
# that dies is the emulation's doing, or azhost's, and azhost's will do it again.
worker_tower()
{
	local left=("$@") failures=0 job next before retried=" "
	local dir=$worker/tower

	while [ ${#left[@]} -gt 0 ]; do
		before=${#left[@]}
		seed=$(job_seed "${left[0]%%:*}")
		tower_run "$dir" "${left[@]}" || failures=$((failures + 1))
		next=()
		for job in "${left[@]}"; do
			grep -qxF "${job%%:*}" "$dir/ended" || next+=("$job")
		done
		left=("${next[@]}")
		if [ ${#left[@]} = "$before" ] && [ $failures -ge 3 ]; then
			die 3 "level 1 does not start: see $dir/qemu.txt: $(tail -n 1 "$dir/qemu.txt")"
		fi
		rm -rf "$dir"
	done
}

# take HOW-MANY: the next jobs of the file $tmp/queue, which all workers share, in the
# array "taken"; fails when there is none. When it is too late, those left are skipped.
take()
{
	local lock

	taken=()
	{
		flock "$lock"
		mapfile -t taken < <(head -n "$1" "$tmp/queue")
		tail -n +$(($1 + 1)) "$tmp/queue" >"$tmp/queue.new"
		mv "$tmp/queue.new" "$tmp/queue"
	} {lock}>"$tmp/queue.lock"
	exec {lock}>&-
	[ ${#taken[@]} -gt 0 ]
}

too_late()
{
	[ "$until" -gt 0 ] && [ "$(date +%s)" -ge "$until" ]
}

# worker_queue HOW-MANY: takes so many jobs at a time from the queue. A tower that
# begins costs some seconds, one that gets many jobs at the end lets others wait.
worker_queue()
{
	local taken job

	while take "$1"; do
		if too_late; then
			for job in "${taken[@]}"; do
				job_skipped "${job%%:*}"
			done
		elif [ "$mode" = native ]; then
			worker_native "${taken[@]}"
		else
			worker_tower "${taken[@]}"
		fi
	done
}

# start_worker HOW-MANY: works off the queue
start_worker()
{
	local worker=$tmp/worker.$((++worker_count))

	mkdir "$worker"
	(
		trap tower_stop EXIT
		trap 'exit 143' TERM
		worker_queue "$1"
	) &
	workers+=($!)
}

# Waits until fewer than N workers run; keeps the live line meanwhile.
wait_below()
{
	local pid alive rc

	while :; do
		alive=()
		for pid in "${workers[@]}"; do
			if kill -0 "$pid" 2>/dev/null; then
				alive+=("$pid")
			else
				rc=0
				wait "$pid" || rc=$?
				[ $rc = 0 ] || worker_failed=$rc
			fi
		done
		workers=("${alive[@]}")
		[ ${#workers[@]} -ge "$1" ] || return 0
		[ -z "$clear" ] || live_line
		if [ "$limit" -gt 0 ] && [ $SECONDS -ge "$limit" ]; then
			die 1 "the limit of $limit s for all jobs is over"
		fi
		sleep 0.3
	done
}

live_line()
{
	local text now since f

	text="$(grep -c '' "$tmp/count" 2>/dev/null || true)/${#jobs[@]}"
	for f in "$tmp"/worker.*/now; do
		[ -e "$f" ] || continue
		read -r now since <"$f" || continue
		text+="  $now $((SECONDS - since)) s"
	done
	[ "$text" = "$live" ] || printf '%s%.100s' "$clear" "$text" >&2
	live=$text
}
