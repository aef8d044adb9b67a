# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Out-of-tree build of the patched stock drivers: the driver directories are
# copied from the base's source, the queue is applied to the copy, and kbuild
# builds them against the distribution's headers package.

# Directories and single files that go into the copy. What these files include
# from elsewhere is in the headers package.
DRIVER_DIRS="drivers/hv drivers/net/hyperv drivers/net/ethernet/microsoft/mana"
DRIVER_FILES="drivers/scsi/storvsc_drv.c drivers/pci/controller/pci-hyperv.c
drivers/pci/controller/pci-hyperv-intf.c"

# shellcheck disable=SC2016 # $(...) below is for make

# kbuild_file DIR MODULE: the Kbuild file of a copied directory. Each module gets
# one object more, which carries the queue's identity into its modinfo.
kbuild_file()
{
	case $2 in
	hv_storvsc)
		printf 'obj-m := hv_storvsc.o\nhv_storvsc-y := storvsc_drv.o azimuth_queue.o\n'
		;;
	pci-hyperv)
		# A module of one object: it includes the identity instead.
		printf 'obj-m := pci-hyperv.o\nCFLAGS_pci-hyperv.o := -include $(src)/azimuth_queue.c\n'
		;;
	*)
		# The base's own Makefile knows the objects and flags. What it
		# would build into the kernel image stays there.
		printf 'include $(src)/Makefile\nobj-y :=\nobj-m := %s.o\n%s-y += azimuth_queue.o\n' "$2" "$2"
		;;
	esac
	# Patched headers come before the package's; the second directory is
	# there for trace headers, which name ../../drivers/... .
	printf 'LINUXINCLUDE := -I$(M)/include -I$(M)/include/azimuth $(LINUXINCLUDE)\n'
}

module_dir()
{
	case $1 in
	hv_vmbus) echo drivers/hv ;;
	hv_netvsc) echo drivers/net/hyperv ;;
	hv_storvsc) echo drivers/scsi ;;
	pci-hyperv) echo drivers/pci/controller ;;
	mana) echo drivers/net/ethernet/microsoft/mana ;;
	esac
}

# copy_drivers SOURCE TREE PATCH...: the driver directories, and whatever else
# the patches touch.
copy_drivers()
{
	local source=$1 tree=$2 path
	shift 2

	for path in $DRIVER_DIRS $DRIVER_FILES $(patch_touches "$@"); do
		if [ -e "$source/$path" ] && [ ! -e "$tree/$path" ]; then
			mkdir -p "$tree/$(dirname "$path")"
			cp -R -- "$source/$path" "$tree/$path"
		fi
	done
}

# apply_queue BASE TREE [COUNT]
apply_queue()
{
	local file files

	files=$(queue_files "$1" "${3:-}") || exit
	for file in $files; do
		apply_one "$file" "$2" ||
			die 1 "${file#"$ROOT/patches/"} does not apply to $1 (see above)"
	done
}

# mirror FROM TO: makes the sources of TO those of FROM, touching only files that
# differ, so that make rebuilds only what depends on them.
mirror()
{
	local file

	(cd "$1" && find . -type f) | while read -r file; do
		cmp -s "$1/$file" "$2/$file" || {
			mkdir -p "$2/$(dirname "$file")"
			cp -- "$1/$file" "$2/$file"
		}
	done
	(cd "$2" && find . -type f \( -name '*.[ch]' -o -name Kbuild -o -name Makefile \) ! -name '*.mod.c') |
		while read -r file; do
			[ -e "$1/$file" ] || rm -f -- "$2/$file"
		done
}

# prepare_drivers BASE SOURCE TREE [COUNT]: patched copy with its Kbuild files.
prepare_drivers()
{
	local base=$1 source=$2 tree=$3 count=${4:-} module dir files hash

	files=$(queue_files "$base" "$count") || exit
	hash=$(queue_hash "$base" "$count")
	mkdir -p "$tree/include/azimuth"
	# shellcheck disable=SC2086 # one file per word
	copy_drivers "$source" "$tree" $files
	apply_queue "$base" "$tree" "$count"
	: >"$tree/Kbuild"
	for module in $MODULES; do
		dir=$(module_dir "$module")
		printf 'obj-m += %s/\n' "$dir" >>"$tree/Kbuild"
		kbuild_file "$dir" "$module" >"$tree/$dir/Kbuild"
		printf '// SPDX-License-Identifier: GPL-2.0-only\n#include <linux/module.h>\n\nMODULE_INFO(azimuth_queue, "%s");\n' \
			"$hash" >"$tree/$dir/azimuth_queue.c"
	done
}

# run_make LOG ARG...: quiet unless it fails; then the errors are shown.
run_make()
{
	local log=$1
	shift
	make -j "${JOBS:-$(nproc)}" "$@" >"$log" 2>&1 || {
		grep -E -m 20 '(error|warning|Error|No space)' "$log" >&2 || tail -n 20 "$log" >&2
		return 1
	}
}

# check_module FILE RELEASE HASH: what must hold for the module to load into the
# distribution's kernel and to say what it is.
check_module()
{
	local want=$2 have

	have=$(modinfo -F vermagic "$1" | cut -d ' ' -f 1)
	[ "$have" = "$want" ] || die 1 "$1: vermagic is for $have, the image is $want"
	have=$(modinfo -F azimuth_queue "$1")
	[ "$have" = "$3" ] || die 1 "$1: modinfo says queue '$have', not $3"
}

# check_exports STOCK OURS: a symbol that stock modules import must keep its CRC,
# or modprobe refuses those that are not rebuilt here (hv_utils, hyperv_drm, ...).
check_exports()
{
	local bad

	bad=$(awk '{ key = $2 } FNR == NR { ours[key] = $1; next }
		($3 ~ /\/(hv_vmbus|mana)(\.ko)?$/) {
			if (!(key in ours)) print key " is gone"
			else if (ours[key] != $1) print key " changed its type"
		}' "$2" "$1")
	[ -z "$bad" ] || {
		printf '%s\n' "$bad" >&2
		die 1 "exports of the patched drivers differ from what the distribution's other modules expect"
	}
}

kernel_build()
{
	local base=$1 out=$KOUT/$1 release source hash stamp module tree btf=() start=$SECONDS

	kernel_headers "$base"
	kernel_stock "$base"
	kernel_fetch "$base"
	need make gcc patch modinfo awk strip
	lock "$base"
	release=$(cat "$out/image/release")
	source=$(source_tree "$base")
	hash=$(queue_hash "$base")
	stamp="$hash $release $source $(sha256sum <"$ROOT/scripts/lib/kernel-build.sh" | cut -c 1-12)"
	# A tree of the user's may have changed: make finds out.
	[ -n "${KSRC:-}" ] || [ "$(cat "$out/patched/.stamp" 2>/dev/null)" != "$stamp" ] || {
		note "$base: patched drivers are up to date (queue $hash)"
		return 0
	}
	grep -q '^CONFIG_HYPERV=m' "$out/headers/.config" ||
		die 3 "the $base headers have no CONFIG_HYPERV=m: the drivers are not modules there"
	scratch
	space "$KOUT" 200
	prepare_drivers "$base" "$source" "$SCRATCH/tree"
	mkdir -p "$out/build/include/azimuth"
	mirror "$SCRATCH/tree" "$out/build"
	note "$base: building the patched drivers (queue $hash)"
	# Module BTF needs pahole; without it the modules have none.
	command -v pahole >/dev/null 2>&1 || btf=(CONFIG_DEBUG_INFO_BTF_MODULES=)
	run_make "$out/build.log" -C "$out/headers" M="$out/build" "${btf[@]}" modules ||
		die 1 "build failed; the whole log is $out/build.log"
	tree=$SCRATCH/patched
	mkdir "$tree"
	for module in $MODULES; do
		strip --strip-debug -o "$tree/$module.ko" "$out/build/$(module_dir "$module")/$module.ko"
		check_module "$tree/$module.ko" "$release" "$hash"
	done
	check_exports "$out/headers/Module.symvers" "$out/build/Module.symvers"
	printf '%s\n' "$stamp" >"$tree/.stamp"
	publish "$tree" "$out/patched"
	note "$base: patched drivers in $out/patched ($((SECONDS - start)) s)"
}
