# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# What the lab boots: level 1's initramfs, each arm's kernel and initramfs, the
# scenarios as an overlay to it, and the payload that carries them into level 1.
# Each is made again only when its contents change. Sourced by lab/launch/lab,
# which sets $lab, $level1_image, $kernel_dir, $base, $flavour, $arms and die.

level1_modules=(virt/lib/irqbypass drivers/crypto/ccp/ccp arch/x86/kvm/kvm
	arch/x86/kvm/kvm-amd drivers/net/tun)
guest_modules=(hv_vmbus hv_utils hv_storvsc hv_netvsc sd_mod pci-hyperv)

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

	key=$(digest "$launch/level1.init" "$bin/labtool" "$busybox" "$level1_image/release")
	fresh "$lab/level1.cpio" "$key" && return
	dir=$tmp/level1
	mkdir -p "$dir"/{modules,proc,sys,dev}
	copy_busybox "$dir/bin"
	cp "$bin/labtool" "$dir/bin/"
	for m in "${level1_modules[@]}"; do
		copy_module "$level1_image/modules/kernel/$m" "$dir/modules/${m##*/}.ko" ||
			die 3 "$level1_image/modules has no module $m, which level 1 needs: try" \
				"'scripts/kernel image $level1_base' again"
	done
	install -m 755 "$launch/level1.init" "$dir/init"
	pack_cpio "$dir" "$lab/level1.cpio"
	echo "$key" >"$lab/level1.cpio.key"
}

# Where an arm's modules lie, with modules.dep; our own of the distribution's kernel
# are apart from these, and only drivers.
modules_of()
{
	if [ "$flavour" = distribution ]; then
		echo "$kernel_dir/image/modules"
	else
		echo "$kernel_dir/$flavour/$1/modules"
	fi
}

# The kernel that an arm boots; azhost takes the ELF file.
kernel_of()
{
	if [ -n "$kernel" ]; then
		realpath "$kernel"
	elif [ "$flavour" = distribution ]; then
		echo "$kernel_dir/image/vmlinux"
	else
		echo "$kernel_dir/$flavour/$1/vmlinux"
	fi
}

# dependencies TREE MODULE: paths below TREE, first to load first.
dependencies()
{
	local line

	line=$(grep -E "/$2\.ko(\.[a-z]+)?:" "$1/modules.dep") || return 0
	tr ' ' '\n' <<<"${line#*:}" | sed '/^$/d' | tac
}

module_name()
{
	local name=${1##*/}

	echo "${name%%.ko*}"
}

# The KUnit tests that patches of the queue brought into a kernel of our own.
test_modules()
{
	sed -n 's,^\([^:]*/\)\?\([^/:]*kunit[^/:]*\)\.ko:.*,\2,p' "$1/modules.dep" | sed '/^kunit$/d'
}

# guest_dependencies TREE DIR: the modules that the guest needs, those that they
# need, and for lib.sh /modules/needs, which tells the order, and
# /modules/builtin, which has those that are in the kernel.
guest_dependencies()
{
	local tree=$1 dir=$2 m dep name suites

	mapfile -t suites < <(test_modules "$tree")
	for m in "${guest_modules[@]}" ${suites[@]+"${suites[@]}"}; do
		printf '%s:' "$m"
		for dep in $(dependencies "$tree" "$m"); do
			name=$(module_name "$dep")
			printf ' %s' "$name"
			copy_module "$tree/${dep%%.ko*}" "$dir/modules/$name.ko" || return
		done
		echo
		dep=$(sed -n "s,:.*,,;/\/$m\.ko/p" "$tree/modules.dep")
		[ -z "$dep" ] || copy_module "$tree/${dep%%.ko*}" "$dir/modules/$m.ko" || return
	done >"$dir/modules/needs"
	sed 's,.*/,,; s,\.ko$,,' "$tree/modules.builtin" >"$dir/modules/builtin"
}

# build_guest ARM: the initramfs in $lab/guest-BASE-FLAVOUR-ARM.cpio.
build_guest()
{
	local a=$1 guest tree parts key dir own=()

	guest=$(guest_of "$a")
	tree=$(modules_of "$a")
	parts=("$tree/modules.dep" "$tree/modules.builtin")
	if [ "$flavour" = distribution ]; then
		parts+=("$kernel_dir/image/release" "$kernel_dir/$a")
		own=("$kernel_dir/own")
	else
		parts=("$kernel_dir/$flavour/$a/modules" "$kernel_dir/$flavour/$a/queue")
		own=("$kernel_dir/$flavour/own")
	fi
	[ -d "${own[0]}" ] || own=()
	key=$(digest "$launch/guest.init" "$launch/images.bash" "$bin/azimuth" "$bin/labtool" "$busybox" \
		"${parts[@]}" ${own[@]+"${own[@]}"})
	fresh "$guest" "$key" && return
	dir=$tmp/guest-$a
	mkdir -p "$dir"/{modules,proc,sys,dev,tmp,tests}
	copy_busybox "$dir/bin"
	cp "$bin/azimuth" "$bin/labtool" "$dir/bin/"
	guest_dependencies "$tree" "$dir" || die 3 "$tree lacks a module that the guest needs:" \
		"remove ${tree%/*} and make it again (scripts/kernel --help)"
	if [ "$flavour" = distribution ]; then
		cp "$kernel_dir/$a"/*.ko "$dir/modules/"
		modinfo -F azimuth_queue "$kernel_dir/$a/hv_netvsc.ko" >"$dir/modules/queue"
	else
		cp "$kernel_dir/$flavour/$a/queue" "$dir/modules/"
	fi
	# Our own modules (scripts/modules) are the same in both arms.
	[ ${#own[@]} = 0 ] || cp "${own[0]}"/*.ko "$dir/modules/"
	install -m 755 "$launch/guest.init" "$dir/init"
	pack_cpio "$dir" "$guest"
	echo "$key" >"$guest.key"
}

guest_of()
{
	echo "$lab/guest-$base-$flavour-$1.cpio"
}

# copy_program NAME DIR: a program of this machine and the shared libraries that it needs,
# at their places below DIR, and a link in /bin, which is the guest's PATH.
copy_program()
{
	local path file

	path=$(command -v "$1") || die 3 "$1 is not installed, which a scenario runs in the guest"
	for file in "$path" $(ldd "$path" | grep -oE '/[^ ]+'); do
		mkdir -p "$2${file%/*}"
		cp -L -- "$file" "$2$file" || die 3 "cannot copy $file: no space left?"
	done
	mkdir -p "$2/bin"
	[ -e "$2/bin/$1" ] || ln -s "$path" "$2/bin/$1"
}

# build_programs: an initramfs for each set of programs that a scenario asks for, by its
# header "programs".
build_programs()
{
	local s name names key dir

	for s in "${scenarios[@]}"; do
		names=$(header "$s" programs)
		[ -n "${names// /}" ] || continue
		key=$(tr -s ' ' '-' <<<"${names% }")
		[ ! -e "$tmp/payload/programs-$key.cpio" ] || continue
		dir=$tmp/programs-$key
		for name in $names; do
			copy_program "$name" "$dir"
		done
		pack_cpio "$dir" "$tmp/payload/programs-$key.cpio"
	done
}

# The directory that runner.sh runs from: links to everything, in $tmp/payload,
# and the same as a tar archive for level 1.
build_payload()
{
	local dir=$tmp/payload a file

	mkdir -p "$dir/tests" "$tmp/overlay/tests"
	cp "$tests"/*.sh "$tmp/overlay/tests/"
	pack_cpio "$tmp/overlay" "$dir/tests.cpio"
	cp "$tests"/*.sh "$dir/tests/"
	build_programs
	ln -s "$bin"/{azhost,azimuth,labtool} "$launch/runner.sh" "$dir/"
	printf 'BASE=%s FLAVOUR=%s\n' "$base" "$flavour" >"$dir/kernel.conf"
	for a in $arms; do
		ln -s "$(guest_of "$a")" "$dir/guest-$a.cpio"
		file=$(kernel_of "$a")
		# One kernel that both arms have is carried once.
		if [ "$file" = "$(kernel_of "${arms%% *}")" ]; then
			ln -sf "$file" "$dir/kernel"
		else
			ln -s "$file" "$dir/kernel-$a"
		fi
	done
	[ "$mode" = native ] && return
	tar -chf "$tmp/payload.tar" --sort=name --mtime=@0 --owner=0 --group=0 -C "$dir" . ||
		die 3 "$tmp/payload.tar: cannot write: is the disk full?"
}
