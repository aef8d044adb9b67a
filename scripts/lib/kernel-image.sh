# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The distribution's kernel image, its modules and its headers, unpacked.

# le BYTES FILE OFFSET: a little-endian number of the file.
le()
{
	od -An -v -t "u$1" --endian=little -j "$3" -N "$1" "$2" | tr -d ' '
}

# extract_vmlinux BZIMAGE ELF: unpacks the payload of a bzImage by the x86 boot
# protocol (Documentation/arch/x86/boot.rst: setup_sects, payload_offset,
# payload_length; header magic "HdrS" at 0x202, protocol 2.08 or later).
extract_vmlinux()
{
	local sects start length magic unpack trailer=4

	if [ "$(le 4 "$1" $((0x202)))" != $((0x53726448)) ] || [ "$(le 2 "$1" $((0x206)))" -lt $((0x208)) ]; then
		die 3 "$1 is not a bzImage with boot protocol 2.08 or later"
	fi
	sects=$(le 1 "$1" $((0x1f1)))
	[ "$sects" != 0 ] || sects=4
	start=$(((sects + 1) * 512 + $(le 4 "$1" $((0x248)))))
	length=$(le 4 "$1" $((0x24c)))
	magic=$(od -An -v -t x1 -j "$start" -N 4 "$1" | tr -d ' ')
	case $magic in
	1f8b*) unpack=gzip trailer=0 ;;
	fd377a58) unpack=xz ;;
	28b52ffd) unpack=zstd ;;
	5d000000) unpack=lzma ;;
	*) die 3 "$1: payload magic $magic is none of gzip, xz, zstd, lzma" ;;
	esac
	need "$unpack"
	# All but gzip end with the size of the unpacked kernel, 4 bytes.
	length=$((length - trailer))
	head -c $((start + length)) "$1" | tail -c "$length" |
		"$unpack" -dc >"$2" || die 3 "cannot unpack the payload of $1 ($unpack): no space left?"
	[ "$(od -An -v -t x1 -N 4 "$2" | tr -d ' ')" = 7f454c46 ] ||
		die 3 "the payload of $1 is not an ELF file"
}

# pinned BASE PACKAGE: version that the base's packages must have: the one that
# the first of them had, so that source, image and headers belong together.
pinned()
{
	local pin=$KOUT/$1/version version

	[ ! -s "$pin" ] || { cat "$pin"; return; }
	version=$(apt_version "$2")
	[ -n "$version" ] || return 0
	mkdir -p "$KOUT/$1"
	printf '%s\n' "$version" >"$SCRATCH/version"
	mv -- "$SCRATCH/version" "$pin"
	printf '%s\n' "$version"
}

# available PACKAGE VERSION: whether the apt view in use offers just this one.
available()
{
	apt-cache "${APT_OPTS[@]}" show "$1=$2" >/dev/null 2>&1
}

# own_package BASE PACKAGE: checks that the machine's own suites have it, with
# fresh lists where the present ones do not; sets VERSION.
own_package()
{
	VERSION=$(pinned "$1" "$2")
	if [ -z "$VERSION" ] || ! available "$2" "$VERSION"; then
		apt_refresh
		VERSION=$(pinned "$1" "$2")
	fi
	[ -n "$VERSION" ] ||
		die 3 "no package $2 in this machine's suites; base $1 needs a Debian release that has it"
	available "$2" "$VERSION" ||
		die 3 "$2 $VERSION is no longer offered; remove $KOUT/$1 to take the present version"
}

# real_package META PATTERN: the package that a meta package stands for.
real_package()
{
	local name

	name=$(apt_depends "$1" "$VERSION" "$2" | sed -n 1p)
	[ -n "$name" ] || die 3 "package $1 $VERSION depends on nothing like $2"
	printf '%s\n' "$name"
}

kernel_image()
{
	local base=$1 dir=$KOUT/$1/image name file tree release

	[ ! -s "$dir/release" ] || return 0
	lock "$base"
	[ ! -s "$dir/release" ] || return 0
	apt_check
	need xz od depmod flock
	scratch
	space "$KOUT" 900
	own_package "$base" "linux-image-$base-amd64"
	name=$(real_package "linux-image-$base-amd64" '^linux-image-[0-9]')
	file=$(apt_get "$name" "$VERSION")
	tree=$SCRATCH/image
	note "unpacking $name"
	apt_unpack "$file" "$tree"
	release=$(cd "$tree/lib/modules" && ls)
	find "$tree/lib/modules" -name '*.ko.xz' -print0 | xargs -0r -P "$(nproc)" -n 64 xz -d ||
		die 3 "cannot decompress the modules: no space left?"
	# The package's own scripts would run depmod; it was not installed.
	depmod -b "$tree" "$release" || die 3 "depmod failed on $name"
	mkdir "$SCRATCH/done"
	mv -- "$tree/lib/modules/$release" "$SCRATCH/done/modules"
	mv -- "$tree/boot/vmlinuz-$release" "$SCRATCH/done/vmlinuz"
	mv -- "$tree/boot/config-$release" "$SCRATCH/done/config"
	extract_vmlinux "$SCRATCH/done/vmlinuz" "$SCRATCH/done/vmlinux"
	printf '%s\n' "$release" >"$SCRATCH/done/release"
	publish "$SCRATCH/done" "$dir"
	note "$base: image $release in $dir"
}

# The distribution's own builds of the five drivers, the reference arm.
kernel_stock()
{
	local base=$1 dir=$KOUT/$1/stock module file

	kernel_image "$base"
	lock "$base"
	[ ! -d "$dir" ] || [ "$dir" -ot "$KOUT/$base/image/release" ] || return 0
	scratch
	mkdir "$SCRATCH/stock"
	for module in $MODULES; do
		file=$(find "$KOUT/$base/image/modules" -name "$module.ko")
		[ -n "$file" ] || die 3 "the image package of $base has no module $module"
		cp -- "$file" "$SCRATCH/stock/"
	done
	publish "$SCRATCH/stock" "$dir"
}
