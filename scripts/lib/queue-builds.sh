# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The builds of scripts/queue check. A pass is a base with one compiler: gcc,
# clang (both x86-64) or arm64 (cross gcc). It builds prefixes of the series, each
# on top of the objects of the one before, so that only what a patch affects is
# compiled. What was good is kept in out/queue/checked under a hash of everything
# that went in, and costs nothing the next time.

# kernel_clang SOURCE: the newest clang here that the tree takes, empty if none.
kernel_clang()
{
	local least name major

	least=$("$1/scripts/min-tool-version.sh" llvm 2>/dev/null) || return 0
	for name in ${CLANG:-} clang-{25..13} clang; do
		command -v "$name" >/dev/null 2>&1 || continue
		major=$("$name" -dumpversion | cut -d . -f 1)
		[ "$major" -lt "${least%%.*}" ] || { printf '%s\n' "$name"; return; }
	done
}

# pass_tools BASE FLAVOUR SOURCE: sets CC_TOOL, or SKIP to what is missing.
pass_tools()
{
	SKIP=''
	case $2 in
	gcc) CC_TOOL=gcc ;;
	arm64) CC_TOOL=${CROSS_COMPILE:-aarch64-linux-gnu-}gcc ;;
	clang) CC_TOOL=$(kernel_clang "$3") ;;
	esac
	if [ -z "$CC_TOOL" ]; then
		SKIP="no clang here that $1 takes ($("$3/scripts/min-tool-version.sh" llvm) or later)"
	elif ! command -v "$CC_TOOL" >/dev/null 2>&1; then
		SKIP="no $CC_TOOL here"
	fi
}

# pass_setup BASE FLAVOUR SOURCE STRICT: sets PASS_KDIR, PASS_ARGS and PASS_KEY, the
# identity of all but the patches. STRICT: with W=1, and sparse where gcc compiles
# for x86-64.
pass_setup()
{
	local base=$1 flavour=$2 source=$3 strict=$4 sparse=''

	PASS_ARGS=(CONFIG_DEBUG_INFO_BTF_MODULES= KBUILD_MODPOST_WARN=1)
	if [ -n "$strict" ]; then
		PASS_ARGS+=(W=1 CONFIG_WERROR=)
		if [ "$flavour" = gcc ] && command -v sparse >/dev/null 2>&1; then
			sparse=$(sparse --version)
			PASS_ARGS+=(C=1)
		fi
	fi
	if [ "$flavour" = gcc ] && [ -d "$KOUT/$base/headers" ]; then
		PASS_KDIR=$KOUT/$base/headers
	else
		PASS_KDIR=$(pass_kdir "$base" "$flavour" "$source") || exit
		mapfile -t -O ${#PASS_ARGS[@]} PASS_ARGS < <(pass_arch "$flavour" arch_args)
	fi
	PASS_KEY=$(
		printf '%s\n' "$base" "$flavour" "$source" "$sparse" "${PASS_ARGS[@]}"
		cat "$KOUT/$base/version" "$PASS_KDIR/.config" "$ROOT/scripts/lib/kernel-build.sh" 2>/dev/null || true
		"$CC_TOOL" --version
	)
	PASS_KEY=$(sha256sum <<<"$PASS_KEY")
}

# pass_arch FLAVOUR COMMAND...: runs it with ARCH and CLANG as the flavour wants them.
pass_arch()
{
	case $1 in
	gcc) ARCH=x86_64 CLANG='' "${@:2}" ;;
	clang) ARCH=x86_64 CLANG=$CC_TOOL "${@:2}" ;;
	arm64) ARCH=arm64 CLANG='' "${@:2}" ;;
	esac
}

# pass_kdir BASE FLAVOUR SOURCE: path of a prepared tree, that of scripts/kernel
# compile where it has one for the flavour.
pass_kdir()
{
	local dir

	case $2 in
	gcc) dir=$KOUT/$1/compile-x86_64/kdir ;;
	*) dir=$KOUT/$1/compile-$2/kdir ;;
	esac
	pass_arch "$2" prepare_tree "$1" "$3" "$dir" >&2
	printf '%s\n' "$dir"
}

# first_prefix BASE SOURCE TREE: the drivers without a patch, and whatever else any
# patch of the series changes.
first_prefix()
{
	local files

	files=$(queue_files "$1") || exit
	# shellcheck disable=SC2086 # one file per word
	copy_drivers "$2" "$3" $files
	prepare_drivers "$1" "$2" "$3" 0
}

# compile_prefix BASE FLAVOUR TREE: builds what TREE has; the log is in LOG.
compile_prefix()
{
	local build=$KOUT/$1/prefix-$2

	LOG=$KOUT/$1/prefix-$2.log
	mkdir -p "$build/include/azimuth"
	mirror "$3" "$build"
	run_make "$LOG" -C "$PASS_KDIR" M="$build" "${PASS_ARGS[@]}" modules
}

# known_warnings BASE FLAVOUR SOURCE: those that the drivers have without the
# queue, in $KNOWN; found out once.
known_warnings()
{
	KNOWN=$OUT/queue/checked/$(sha256sum <<<"$PASS_KEY 0" | cut -c 1-32)
	[ ! -f "$KNOWN" ] || return 0
	note "$1: the base's own warnings with $2 (once)"
	rm -rf -- "$KOUT/$1/prefix-$2"
	compile_prefix "$1" "$2" "$SCRATCH/prefix" || return 1
	warnings "$LOG" >"$SCRATCH/warnings"
	mkdir -p "$OUT/queue/checked"
	mv -- "$SCRATCH/warnings" "$KNOWN"
}

# check_pass BASE FLAVOUR each|whole SOURCE [strict]: builds each prefix, or the
# whole series; a warning that the base does not have is a failure.
check_pass()
{
	local base=$1 flavour=$2 which=$3 source=$4 strict=${5:-} count=0 total name what key said

	pass_tools "$base" "$flavour" "$source"
	[ -z "$SKIP" ] || { skip "series-$base" "$flavour: $SKIP"; return 0; }
	pass_setup "$base" "$flavour" "$source" "$strict"
	lock "$base"
	said="$base, $CC_TOOL${strict:+, W=1}"
	[[ " ${PASS_ARGS[*]} " != *" C=1 "* ]] || said="$said and sparse"
	total=$(series "$base" | wc -l)
	rm -rf -- "$SCRATCH/prefix"
	first_prefix "$base" "$source" "$SCRATCH/prefix"
	if [ -n "$strict" ] && ! known_warnings "$base" "$flavour" "$source"; then
		fail "series-$base" "without patches it does not build: $said; the whole log is $LOG"
		return 0
	fi
	for name in $(series "$base"); do
		count=$((count + 1))
		apply_one "$ROOT/patches/$name" "$SCRATCH/prefix" ||
			die 1 "$name does not apply to $base (see above)"
		[ "$which" = each ] || [ "$count" = "$total" ] || continue
		key=$OUT/queue/checked/$(sha256sum <<<"$PASS_KEY $(queue_hash "$base" "$count")" | cut -c 1-32)
		if [ ! -f "$key" ]; then
			if ! compile_prefix "$base" "$flavour" "$SCRATCH/prefix"; then
				fail "$name" "the queue up to it does not build: $said; the whole log is $LOG"
				return 0
			fi
			what=''
			[ -z "$strict" ] || what=$(warnings "$LOG" | comm -13 "$KNOWN" - | sed -n 1p)
			[ -z "$what" ] || { fail "$name" "new warning: $said: $what"; continue; }
			mkdir -p "$OUT/queue/checked"
			: >"$key"
		fi
		pass "$name" "the queue up to it builds: $said"
	done
}

# check_builds [all]: each prefix by gcc on each base, with W=1 and sparse, and the
# whole by clang and for arm64; all: each prefix by these too, with W=1.
check_builds()
{
	local base source which=whole strict='' flavour

	[ -z "${1:-}" ] || which=each strict=strict
	need make gcc flex bison bc
	for base in $(bases); do
		source=$(present_source "$base")
		[ "$base" != 6.12 ] || "$ROOT/scripts/kernel" headers "$base"
		check_pass "$base" gcc each "$source" strict
		for flavour in clang arm64; do
			check_pass "$base" "$flavour" "$which" "$source" $strict
		done
	done
}
