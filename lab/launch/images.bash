# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the lab boots: level 1's initramfs, the guest's initramfs, the scenarios
# as an overlay to it, and the payload that carries them into level 1. Each is
# made again only when its contents change. Sourced by lab/launch/lab, which
# sets $lab, $image, $kernel_dir, $base and die.

level1_modules=(virt/lib/irqbypass drivers/crypto/ccp/ccp arch/x86/kvm/kvm
	arch/x86/kvm/kvm-amd drivers/net/tun)
guest_modules=(hv_utils hv_storvsc hv_netvsc sd_mod pci-hyperv)
arm_modules=(hv_vmbus hv_netvsc hv_storvsc pci-hyperv mana)

# Hash of the contents of all files below the given paths, and of their names.
digest()
{
	find -L "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16
}

# Copies a module, decompressed: PATH.ko[.xz|.zst|.gz] without the suffix.
copy_module()
{
	local to=$2

	if [ -e "$1.ko" ]; then
		cp "$1.ko" "$to"
	elif [ -e "$1.ko.xz" ]; then
		xz -dc "$1.ko.xz" >"$to"
	elif [ -e "$1.ko.zst" ]; then
		zstd -qdc "$1.ko.zst" >"$to"
	elif [ -e "$1.ko.gz" ]; then
		gzip -dc "$1.ko.gz" >"$to"
	else
		return 1
	fi
}

# busybox and a link for each applet
copy_busybox()
{
	local applet

	mkdir -p "$1"
	cp "$busybox" "$1/busybox"
	for applet in $("$busybox" --list); do
		[ "$applet" = busybox ] || ln -sf busybox "$1/$applet"
	done
}

# pack_cpio DIR FILE: uncompressed, because a guest under emulation unpacks
# slower than it copies, and with neither times nor owners, so that the same
# contents are the same file.
pack_cpio()
{
	find "$1" -exec touch -h -d @0 {} +
	(cd "$1" && find . -print0 | LC_ALL=C sort -z |
		cpio -o -0 -H newc -R 0:0 --reproducible --quiet) >"$2.part"
	mv "$2.part" "$2"
}

# fresh FILE KEY: true when FILE was made from KEY.
fresh()
{
	[ -e "$1" ] && [ "$(cat "$1.key" 2>/dev/null)" = "$2" ]
}

build_level1()
{
	local key dir m

	key=$(digest "$launch/level1.init" "$bin/labtool" "$busybox" "$image/release")
	fresh "$lab/level1.cpio" "$key" && return
	dir=$tmp/level1
	mkdir -p "$dir"/{modules,proc,sys,dev}
	copy_busybox "$dir/bin"
	cp "$bin/labtool" "$dir/bin/"
	for m in "${level1_modules[@]}"; do
		copy_module "$image/modules/kernel/$m" "$dir/modules/${m##*/}.ko" ||
			die 3 "$image/modules has no module $m, which level 1 needs: try" \
				"'scripts/kernel image $base' again"
	done
	install -m 755 "$launch/level1.init" "$dir/init"
	pack_cpio "$dir" "$lab/level1.cpio"
	echo "$key" >"$lab/level1.cpio.key"
}

# dependencies MODULE: paths below image/modules, first to load first.
dependencies()
{
	local line

	line=$(grep -E "/$1\.ko(\.[a-z]+)?:" "$image/modules/modules.dep") || return 0
	tr ' ' '\n' <<<"${line#*:}" | sed '/^$/d' | tac
}

module_name()
{
	local name=${1##*/}

	echo "${name%%.ko*}"
}

# The distribution's modules that the guest needs besides the arms' own, and
# /modules/needs, which tells lib.sh the order.
guest_dependencies()
{
	local dir=$1 m dep name

	for m in "${guest_modules[@]}"; do
		printf '%s:' "$m"
		for dep in $(dependencies "$m"); do
			name=$(module_name "$dep")
			printf ' %s' "$name"
			copy_module "$image/modules/${dep%%.ko*}" "$dir/modules/$name.ko" || return
		done
		echo
		dep=$(sed -n "s,:.*,,;/\/$m\.ko/p" "$image/modules/modules.dep")
		[ -z "$dep" ] || copy_module "$image/modules/${dep%%.ko*}" "$dir/modules/$m.ko" || return
	done >"$dir/modules/needs"
	# What an arm has comes from the arm alone.
	for m in "${arm_modules[@]}"; do
		rm -f "$dir/modules/$m.ko"
	done
}

build_guest()
{
	local key dir arm arms=() own=()

	for arm in stock patched; do
		[ ! -d "$kernel_dir/$arm" ] || arms+=("$kernel_dir/$arm")
	done
	[ ! -d "$kernel_dir/own" ] || own=("$kernel_dir/own")
	key=$(digest "$launch/guest.init" "$launch/images.bash" "$bin/azimuth" "$bin/labtool" "$busybox" \
		"$image/release" "${arms[@]}" "${own[@]}")
	guest=$lab/guest-$base.cpio
	fresh "$guest" "$key" && return
	dir=$tmp/guest
	mkdir -p "$dir"/{modules,proc,sys,dev,tmp,tests}
	copy_busybox "$dir/bin"
	cp "$bin/azimuth" "$bin/labtool" "$dir/bin/"
	guest_dependencies "$dir" || die 3 "$image/modules lacks a module that the guest needs: try" \
		"'scripts/kernel image $base' again"
	for arm in "${arms[@]}"; do
		mkdir "$dir/modules/${arm##*/}"
		cp "$arm"/*.ko "$dir/modules/${arm##*/}/"
		modinfo -F azimuth_queue "$arm/hv_netvsc.ko" >"$dir/modules/${arm##*/}/queue"
	done
	# Our own modules (scripts/modules) are the same in both arms.
	[ ${#own[@]} = 0 ] || cp "${own[0]}"/*.ko "$dir/modules/"
	install -m 755 "$launch/guest.init" "$dir/init"
	pack_cpio "$dir" "$guest"
	echo "$key" >"$guest.key"
}

# The directory that runner.sh runs from: links to everything, in $tmp/payload,
# and the same as a tar archive for level 1.
build_payload()
{
	local dir=$tmp/payload

	mkdir -p "$dir/tests" "$tmp/overlay/tests"
	cp "$tests"/*.sh "$tmp/overlay/tests/"
	pack_cpio "$tmp/overlay" "$dir/tests.cpio"
	cp "$tests"/*.sh "$dir/tests/"
	ln -s "$bin"/{azhost,azimuth,labtool} "$launch/runner.sh" "$dir/"
	ln -s "$kernel" "$dir/kernel"
	ln -s "$guest" "$dir/guest.cpio"
	[ "$mode" = native ] && return
	tar -chf "$tmp/payload.tar" --sort=name --mtime=@0 --owner=0 --group=0 -C "$dir" . ||
		die 3 "$tmp/payload.tar: cannot write: is the disk full?"
}
