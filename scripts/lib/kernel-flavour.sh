# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Kernels of our own: a base's source built from the fragments of configs/, in a
# flavour. Both arms of a flavour come from one build tree, which is built stock
# first and then with the queue applied, so that the second build compiles only
# what a patch changes. out/kernel/BASE/FLAVOUR has
#
#	config		made and verified by scripts/kconfig
#	tree/src	the source: hard links, but for the files that a patch changes
#	tree/src/obj	the build: below the source, so that no command in it names an absolute
#			path, and a copy of the tree goes on where this one ended
#	stock patched	vmlinux, release, config, queue, modules/ of either arm

FLAVOURS="lab debug"

known_flavour()
{
	case " $FLAVOURS " in
	*" $1 "*) ;;
	*) die 2 "unknown flavour '$1': one of $FLAVOURS, or none for the distribution's kernel" ;;
	esac
	[ -f "$ROOT/configs/$1.fragment" ] ||
		die 2 "flavour '$1' has no configs/$1.fragment"
}

# flavour_config BASE FLAVOUR: the final config in $KOUT/BASE/FLAVOUR/config.
# A flavour but lab is the trimmed lab kernel with the fragment of its name.
flavour_config()
{
	local fragments=()

	[ "$2" = lab ] || fragments=("$2")
	mkdir -p "$KOUT/$1/$2"
	QUIET=1 "$ROOT/scripts/kconfig" merge -b "$1" -a x86_64 --onto lab -o "$KOUT/$1/$2/config" \
		${fragments[@]+"${fragments[@]}"} >"$KOUT/$1/$2/config.log" 2>&1 || {
		cat "$KOUT/$1/$2/config.log" >&2
		die 1 "no $2 kernel of $1: its fragments do not hold (see above)"
	}
}

# flavour_identity BASE SOURCE: what a build depends on besides config and queue.
flavour_identity()
{
	sed -n '1,5p' "$2/Makefile"
	if [ -n "${KSRC:-}" ]; then echo "KSRC=$2"; else cat "$KOUT/$1/version"; fi
	gcc --version | head -n 1
	ld --version | head -n 1
}

# flavour_tree BASE SOURCE TREE: the copy of the source. Another source or compiler
# than last time starts anew, and so does every source of the user's own, whose
# files may have changed.
flavour_tree()
{
	local source=$2 tree=$3 identity

	identity=$(flavour_identity "$1" "$source")
	if [ -z "${KSRC:-}" ] && [ "$(cat "$tree/identity" 2>/dev/null)" = "$identity" ]; then
		return 0
	fi
	[ ! -e "$source/.config" ] ||
		die 2 "$source was built in place: run make mrproper there, or give another KSRC"
	rm -rf -- "$tree"
	mkdir -p "$tree"
	cp -al -- "$(realpath "$source")" "$tree/src" 2>/dev/null || {
		rm -rf -- "$tree/src"
		cp -a -- "$(realpath "$source")" "$tree/src" || die 3 "cannot copy $source: no space left?"
	}
	mkdir "$tree/src/obj"
	: >"$tree/patched-files"
	printf '%s\n' "$identity" >"$tree/identity"
}

# place FROM TO: makes TO what FROM is, or is not; a file that is right stays as
# it is, so that make has nothing to do for it. The link to the pristine file is
# replaced, never written through.
place()
{
	if [ ! -e "$1" ]; then
		rm -f -- "$2"
	elif ! cmp -s "$1" "$2"; then
		mkdir -p "$(dirname "$2")"
		cp --remove-destination -- "$1" "$2"
	fi
}

# flavour_source BASE SOURCE TREE ARM: brings the copy of the source to an arm's state.
flavour_source()
{
	local base=$1 source=$2 tree=$3 arm=$4 files=() path from=$2

	mapfile -t files < <(cat "$tree/patched-files")
	if [ "$arm" = patched ]; then
		from=$SCRATCH/patched
		mapfile -t -O ${#files[@]} files < <(queue_paths "$base")
		rm -rf -- "$from"
		for path in "${files[@]}"; do
			[ -e "$source/$path" ] || continue
			mkdir -p "$from/$(dirname "$path")"
			cp -- "$source/$path" "$from/$path"
		done
		mkdir -p "$from"
		apply_queue "$base" "$from"
	fi
	# Noted before it is done: what an interrupt leaves is put right next time.
	printf '%s\n' ${files[@]+"${files[@]}"} | sed '/^$/d' | sort -u >"$tree/patched-files.new"
	mv -- "$tree/patched-files.new" "$tree/patched-files"
	while read -r path; do
		place "$from/$path" "$tree/src/$path"
	done <"$tree/patched-files"
}

# queue_paths BASE: what the base's queue changes.
queue_paths()
{
	local files

	mapfile -t files < <(queue_files "$1")
	patch_touches ${files[@]+"${files[@]}"}
}

# queue_tests BASE: config lines for the KUnit tests that the queue adds.
queue_tests()
{
	local files

	mapfile -t files < <(queue_files "$1")
	[ ${#files[@]} -gt 0 ] || return 0
	awk '/^\+config [A-Z0-9_]*KUNIT[A-Z0-9_]*$/ { name = $2; next }
		name && /^\+[ \t]+(tristate|bool)/ {
			print "CONFIG_" name "=" ($0 ~ /tristate/ ? "m" : "y")
			name = ""
		}' "${files[@]}"
}

# flavour_make TREE ARG...: release names, dates and users are fixed, so that the
# same source is the same kernel.
flavour_make()
{
	local tree=$1
	shift

	KBUILD_BUILD_USER=azimuth KBUILD_BUILD_HOST=lab KBUILD_BUILD_VERSION=1 \
		KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 2026' \
		run_make "$tree/build.log" -C "$tree/src" O=obj ARCH=x86_64 LOCALVERSION="-$FLAVOUR" "$@"
}

# flavour_configure CONFIG TREE LINE...: the build's .config; one that did not
# change is left alone, since make looks at its date. Each line must hold.
flavour_configure()
{
	local config=$1 tree=$2 line
	shift 2

	cp -- "$config" "$tree/wanted"
	printf '%s\n' "$@" >>"$tree/wanted"
	if ! cmp -s "$tree/wanted" "$tree/configured"; then
		rm -f -- "$tree/configured"
		cp -- "$tree/wanted" "$tree/src/obj/.config"
		flavour_make "$tree" olddefconfig || die 1 "olddefconfig failed; the log is $tree/build.log"
	fi
	for line; do
		[ -z "$line" ] || grep -qxF "$line" "$tree/src/obj/.config" ||
			die 1 "a test of the queue is not possible in this flavour: $line was dropped"
	done
	mv -- "$tree/wanted" "$tree/configured"
}

# flavour_publish TREE DIR HASH: what boots, in its final place.
flavour_publish()
{
	local tree=$1 dir=$2 new=$SCRATCH/arm release

	rm -rf -- "$new" "$SCRATCH/root"
	mkdir "$new"
	flavour_make "$tree" INSTALL_MOD_PATH="$SCRATCH/root" modules_install ||
		die 1 "modules_install failed; the log is $tree/build.log"
	release=$(cat "$tree/src/obj/include/config/kernel.release")
	mv -- "$SCRATCH/root/lib/modules/$release" "$new/modules"
	rm -f -- "$new/modules/build" "$new/modules/source"
	strip -o "$new/vmlinux" "$tree/src/obj/vmlinux" || die 3 "cannot write $new/vmlinux: no space left?"
	cp -- "$tree/src/obj/.config" "$new/config"
	printf '%s\n' "$release" >"$new/release"
	printf '%s\n' "$3" >"$new/queue"
	publish "$new" "$dir"
}

# kernel_flavour BASE FLAVOUR ARM: builds an arm unless it is there.
kernel_flavour()
{
	local base=$1 FLAVOUR=$2 arm=$3 source dir=$KOUT/$1/$2 hash='' stamp tests=() start=$SECONDS

	kernel_fetch "$base"
	need make gcc ld patch flex bison bc strip depmod realpath python3
	flavour_config "$base" "$FLAVOUR"
	lock "$base-$FLAVOUR"
	source=$(source_tree "$base")
	if [ "$arm" = patched ]; then
		hash=$(queue_hash "$base")
		mapfile -t tests < <(queue_tests "$base")
	fi
	stamp=$({ flavour_identity "$base" "$source"; cat "$dir/config"; echo "$hash"; } | sha256sum)
	[ -n "${KSRC:-}" ] || [ "$(cat "$dir/$arm/.stamp" 2>/dev/null)" != "$stamp" ] || {
		note "$base: the $arm $FLAVOUR kernel is up to date${hash:+ (queue $hash)}"
		return 0
	}
	scratch
	space "$KOUT" 2500
	note "$base: building the $arm $FLAVOUR kernel${hash:+ (queue $hash)}"
	flavour_tree "$base" "$source" "$dir/tree"
	flavour_source "$base" "$source" "$dir/tree" "$arm"
	flavour_configure "$dir/config" "$dir/tree" ${tests[@]+"${tests[@]}"}
	flavour_make "$dir/tree" vmlinux modules ||
		die 1 "the $arm $FLAVOUR kernel does not build; the whole log is $dir/tree/build.log"
	flavour_publish "$dir/tree" "$dir/$arm" "$hash"
	printf '%s\n' "$stamp" >"$dir/$arm/.stamp"
	note "$base: $arm $FLAVOUR kernel in $dir/$arm ($((SECONDS - start)) s)"
}
