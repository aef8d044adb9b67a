#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# hv_exitlat on a machine that is no Hyper-V guest: the module refuses to load and says why, and
# so does the command. The machine is the distribution's kernel under QEMU's emulation, with an
# initramfs of busybox and the module.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash

azimuth=$PWD/out/bin/azimuth
image=$PWD/out/kernel/6.12/image
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

refuses "no module" 3 'load the module hv_exitlat' "$azimuth" exitlat --dir "$work/none"
refuses "a target that is no CPU" 2 'neither auto nor' "$azimuth" exitlat --dir "$work" --target near
refuses "no samples" 2 '--count' "$azimuth" exitlat --count 0
refuses "a delay of nothing" 2 '--delay' "$azimuth" exitlat --delay 1us

# What the command does not understand it says, and goes on with the rest.
mkdir "$work/hist"
printf '%-22s %s; %s\n' cpuid 'not run yet' x eoi 'not run yet' x >"$work/run"
printf 'no record at all' >"$work/hist/cpuid"
: >"$work/hist/eoi"
refuses "a file that is none of the module's" 1 'hist/cpuid: a record of another length' \
	"$azimuth" exitlat --show --dir "$work"
refuses "a name that the module does not have" 2 "no measurement 'rdtsc'" \
	"$azimuth" exitlat --show --dir "$work" rdtsc

# ---- the module's source -------------------------------------------------------

checks=(W=1)
! command -v sparse >/dev/null || checks+=(C=2)
if [ ! -e out/kernel/6.12/headers/Module.symvers ]; then
	skip "builds without a warning" "needs scripts/kernel headers 6.12"
elif wrong=$(QUIET=1 scripts/modules 6.12 "${checks[@]}" 2>&1); then
	ok "builds without a warning (${checks[*]})"
else
	not_ok "builds without a warning (${checks[*]})" "$wrong"
fi
for checkpatch in out/kernel/*/src/scripts/checkpatch.pl; do
	[ -e "$checkpatch" ] || { skip "checkpatch --strict" "needs scripts/kernel fetch"; break; }
	name="checkpatch --strict of ${checkpatch#out/kernel/}"
	if wrong=$(perl "$checkpatch" --no-tree --strict --quiet --no-summary --max-line-length=100 \
		--file drivers/hv/*.[ch] 2>&1) && [ -z "$wrong" ]; then
		ok "${name%%/*}"
	else
		not_ok "${name%%/*}" "$(head -n 10 <<<"$wrong")"
	fi
done

# ---- a machine without Hyper-V -------------------------------------------------

machine()
{
	local dir=$work/root busybox

	busybox=$(command -v busybox)
	mkdir -p "$dir"/{bin,proc}
	cp "$busybox" "$dir/bin/busybox"
	cp out/kernel/6.12/own/hv_exitlat.ko "$dir/"
	cat >"$dir/init" <<'INIT'
#!/bin/busybox ash
/bin/busybox mount -t proc proc /proc
/bin/busybox insmod /hv_exitlat.ko && echo "loaded"
/bin/busybox grep -q hv_exitlat /proc/modules && echo "still there"
/bin/busybox poweroff -f
INIT
	chmod 755 "$dir/init"
	(cd "$dir" && find . | cpio -o -H newc --quiet) >"$work/root.cpio"
	qemu-system-x86_64 -accel tcg -cpu qemu64 -m 256 -nodefaults -no-user-config -display none \
		-kernel "$image/vmlinuz" -initrd "$work/root.cpio" -no-reboot -serial stdio \
		-append "console=ttyS0 panic=-1 nokaslr" >"$work/console" 2>&1 </dev/null
}

if [ ! -e out/kernel/6.12/own/hv_exitlat.ko ] || [ ! -e "$image/vmlinuz" ]; then
	skip "no Hyper-V" "needs scripts/kernel image 6.12 and scripts/modules 6.12"
elif ! command -v qemu-system-x86_64 >/dev/null || ! command -v busybox >/dev/null; then
	skip "no Hyper-V" "needs qemu-system-x86_64 and busybox"
else
	machine || true
	if grep -q 'hv_exitlat: this machine is no guest of Hyper-V' "$work/console" &&
		grep -q "insmod: can't insert '/hv_exitlat.ko': No such device" "$work/console" &&
		! grep -qE '^(loaded|still there)' "$work/console"; then
		ok "the module refuses a machine without Hyper-V and says why"
	else
		not_ok "the module refuses a machine without Hyper-V and says why" \
			"$(tail -n 15 "$work/console")"
	fi
fi

tap_done
