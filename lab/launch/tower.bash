# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2054 # the commas are QEMU's
#
# The tower of nested and deterministic mode: QEMU's emulation (TCG) with SVM,
# a distribution kernel as level 1 in it, and azhost's guests in that. Level 1
# is booted once and kept as a snapshot, from which every tower starts.
# Sourced by lab/launch/lab.

window_bytes=$((256 << 20))
level1_ram=1536
level1_append="console=ttyS0 nokaslr tsc=reliable clocksource=tsc panic=-1 mitigations=off"
level1_append+=" random.trust_cpu=on"
boot_limit=90
boot_tries=4
qemu_pid='' qmp_in=''

# The machine of a mode, as QEMU options, in the array "machine".
#
# Deterministic: one vCPU whose instructions are the clock (2 ns each) and that
# never waits for the host's; no device with a clock or an input of its own.
tower_machine()
{
	local cpus

	machine=(-nodefaults -no-user-config -display none -machine pc,hpet=off -no-reboot
		-cpu max,family=20,model=2,stepping=0,+svm,+npt,-erms,-la57,-pku,-xsave -m "$level1_ram"
		-object "memory-backend-file,id=window,mem-path=window,size=$window_bytes,share=on"
		-device ivshmem-plain,memdev=window,master=on
		-device pvpanic -action panic=pause
		-kernel kernel -initrd level1.cpio -append "$level1_append"
		-serial file:level1.txt -qmp pipe:qmp)
	if [ "$mode" = deterministic ]; then
		machine+=(-accel tcg,thread=single -icount "shift=1,sleep=off" -smp 1
			-rtc base=2026-01-01T00:00:00,clock=vm -seed "$seed")
	else
		cpus=$(nproc)
		machine+=(-accel tcg,thread=multi -smp "$((cpus < 2 ? 2 : cpus > 4 ? 4 : cpus))")
	fi
}

# tower_start DIR [OPTION]...: QEMU in DIR, pid in "qemu_pid", its monitor on
# the file descriptors "qmp_in" and "qmp_out".
tower_start()
{
	local dir=$1
	shift

	mkdir -p "$dir"
	"$bin/labtool" window create "$dir/window" "$window_bytes" || exit
	ln -sf "$level1_image/vmlinux" "$dir/kernel"
	ln -sf "$lab/level1.cpio" "$dir/level1.cpio"
	mkfifo "$dir/qmp.in" "$dir/qmp.out"
	exec {qmp_in}<>"$dir/qmp.in" {qmp_out}<>"$dir/qmp.out"
	tower_machine
	# The lock of the caller must not live on in QEMU.
	(cd "$dir" && exec "$qemu" "${machine[@]}" "$@" >qemu.txt 2>&1 9>&-) &
	qemu_pid=$!
	qmp '{"execute":"qmp_capabilities"}'
}

# One request to QEMU's monitor; the answers are read where they matter.
qmp()
{
	echo "$1" >&"$qmp_in"
}

# qmp_wait TEXT SECONDS: until QEMU says TEXT; fails when it does not, or ended.
qmp_wait()
{
	local line left=$2

	while [ "$left" -gt 0 ] && kill -0 "$qemu_pid" 2>/dev/null; do
		if read -r -t 1 line <&"$qmp_out"; then
			case $line in
			*"$1"*) return 0 ;;
			esac
		else
			left=$((left - 1))
		fi
	done
	return 1
}

tower_stop()
{
	[ -n "$qemu_pid" ] || return 0
	kill "$qemu_pid" 2>/dev/null || true
	wait "$qemu_pid" 2>/dev/null || true
	qemu_pid=
	[ -z "$qmp_in" ] || exec {qmp_in}>&- {qmp_out}>&-
	qmp_in=
}

# ---- snapshot -------------------------------------------------------------

# One attempt to boot level 1 in DIR until it stops itself to be saved. QEMU's
# virtual time has been seen to hang before level 1 does anything of ours: the
# caller tries again.
level1_boot()
{
	tower_start "$1"
	qmp_wait '"GUEST_PANICKED"' "$boot_limit"
}

# Makes $snapshot, the saved state of a booted level 1, unless it is there.
# What it depends on is in its name.
snapshot_make()
{
	local key dir=$tmp/boot try seed=1

	tower_machine
	key=$( { printf '%s\n' "${machine[@]}"; "$qemu" --version; cat "$lab/level1.cpio.key"
		sha256sum <"$level1_image/vmlinux"; grep -m 1 'model name' /proc/cpuinfo; } | sha256sum | cut -c1-16)
	snapshot=$lab/level1-$mode-$level1_ram-$key.snapshot
	[ ! -e "$snapshot" ] || return 0

	exec 9>"$lab/level1.lock"
	flock 9
	for ((try = 1; try <= boot_tries; try++)); do
		[ ! -e "$snapshot" ] || break
		note "level 1 boots once for mode $mode and is kept as a snapshot (attempt $try)"
		if level1_boot "$dir" && snapshot_save "$dir"; then
			rm -f "$lab/level1-$mode-$level1_ram"-*.snapshot
			mv "$dir/state" "$snapshot"
		fi
		tower_stop
		[ -e "$snapshot" ] || cp "$dir/level1.txt" "$lab/level1-failed.txt" 2>/dev/null || true
		rm -rf "$dir"
	done
	exec 9>&-
	[ -e "$snapshot" ] || die 3 "level 1 did not boot in $boot_tries attempts of" \
		"$boot_limit s: its console is $lab/level1-failed.txt"
}

snapshot_save()
{
	qmp '{"execute":"migrate-set-parameters","arguments":{"max-bandwidth":10000000000}}'
	qmp '{"execute":"migrate-set-capabilities","arguments":{"capabilities":[{"capability":"events","state":true}]}}'
	qmp '{"execute":"migrate","arguments":{"uri":"exec:cat >state"}}'
	qmp_wait '"status": "completed"' 60 && [ -s "$1/state" ]
}

# tower_restore DIR JOBS: a tower from the snapshot that works off the file JOBS.
tower_restore()
{
	tower_start "$1" -S -incoming defer
	ln -sf "$snapshot" "$1/state"
	qmp '{"execute":"migrate-set-capabilities","arguments":{"capabilities":[{"capability":"events","state":true}]}}'
	qmp '{"execute":"migrate-incoming","arguments":{"uri":"exec:cat state"}}'
	qmp_wait '"status": "completed"' 60 || return 1
	# The snapshot holds the window of its own time: fill it only now.
	"$bin/labtool" window fill "$1/window" "$2" "$tmp/payload.tar" || return 1
	qmp '{"execute":"cont"}'
}

# ---- running jobs ---------------------------------------------------------

# try_again DIR: true when the job in DIR failed by what the emulation did to its
# guest, and has not had a second try. Said aloud; $current and $retried are the
# caller's. Two such things are known, both rare and only with several threads:
# the stale int3 of tools/hold.c in the guest's own kernel, and a virtual
# processor that leaves for an interrupt window again and again, millions of
# times where a run has some thousands, and never executes an instruction. The
# first does not always show its name: a guest that dies or hangs where that is not
# expected gets the second try too. One that does so by itself does it twice.
try_again()
{
	local dir=$1 windows why outcome

	[ "$mode" = nested ] || return 1
	[[ $retried != *" $current "* ]] || return 1
	[ "$("$bin/labtool" json "$dir/status.json" ok 2>/dev/null)" != true ] || return 1
	windows=$("$bin/labtool" json "$dir/counters.json" 'vcpus.*.kvm.irq_window_exits' \
		2>/dev/null | sort -n | tail -n 1)
	if grep -q 'Oops: int3' "$dir/console.txt" 2>/dev/null; then
		why="the emulation let its guest run into an int3"
	elif [ "${windows:-0}" -ge 1000000 ]; then
		why="the emulation kept a processor in an interrupt window $windows times"
	else
		outcome=$("$bin/labtool" json "$dir/status.json" outcome 2>/dev/null) || true
		[[ $outcome == @(panic|triple-fault|hang) ]] || return 1
		why="$outcome, which the emulation has done to guests"
	fi
	note "$current: $why: once more"
	retried+="$current "
}

# tower_run DIR JOB...: works off jobs (NAME:SCENARIO:ARM) in one tower; each is
# handed to job_done when it has ended. Jobs that ended are in DIR/ended.
# Fails when the tower stood still or ended early; the job that it took along is
# left for another try, once ($retried is the worker's).
tower_run()
{
	local dir=$1 job line part='' events id current='' deadline=0 ret=1 i=0
	local -A names=()
	shift

	# Inside, jobs are numbered: a name in a path is a hash, and with it a time,
	# so that the second repetition would not be the first to the instruction.
	mkdir -p "$dir/runs"
	: >"$dir/ended"
	for job; do
		names[job$((++i))]=${job%%:*}
		job=${job#*:}
		echo "job$i ${job//:/ } $mode $(job_seed "${names[job$i]}")"
	done >"$dir/jobs"
	if ! tower_restore "$dir" "$dir/jobs"; then
		tower_stop
		return 1
	fi
	exec {events}< <("$bin/labtool" window follow "$dir/window" "$dir/runs" "$qemu_pid" 2>&1)
	deadline=$((SECONDS + start_limit))
	while :; do
		if read -r -t 1 line <&"$events"; then
			line=$part$line part=''
			case $line in
			*' begin')
				id=${line% begin} current=${names[${line% begin}]}
				deadline=$((SECONDS + $(job_limit "$current")))
				job_begins "$current"
				;;
			*' end')
				if ! try_again "$dir/runs/$id"; then
					echo "$current" >>"$dir/ended"
					job_done "$current" "$dir/runs/$id"
				fi
				current='' deadline=$((SECONDS + start_limit))
				;;
			'level-1 done') ret=0 ;;
			'level-1 failed: '*) die 3 "level 1: ${line#level-1 failed: }" ;;
			*) note "level 1: $line" ;;
			esac
			continue
		elif [ $? -le 128 ]; then
			break		# QEMU has ended
		fi
		part+=$line		# of a line that was not whole in time
		note_cpu
		if [ $SECONDS -ge "$deadline" ]; then
			note "level 1 stands still${current:+ in $current}: stopped"
			break
		fi
	done
	[ $ret = 0 ] || cp "$dir/level1.txt" "$lab/level1-failed.txt" 2>/dev/null || true
	tower_stop
	exec {events}<&-
	if [ -n "$current" ] && [[ $retried != *" $current "* ]]; then
		note "level 1 stood still or ended under $current: once more"
		retried+="$current "
	elif [ -n "$current" ]; then
		echo "$current" >>"$dir/ended"
		job_lost "$current" "$dir/runs/$id" "level 1 stood still or ended under it, twice"
	fi
	return $ret
}
