# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The Kconfig of one base for one architecture: its makefile's parser objects,
# the environment in which that makefile runs conf, and our program on both.
#
# tree_ready sets SRC (the source), KDIR (what is kept here), TREE (the O= build
# directory, configuration objects only) and kmake's arguments. The source is
# never written to. Everything below KDIR is made again when the source, the
# compiler or pahole changed, because Kconfig asks them.

ARCHES="x86_64 arm64"

known_arch()
{
	case " $ARCHES " in
	*" $1 "*) ;;
	*) die 2 "unknown architecture '$1': one of $ARCHES" ;;
	esac
}

# cross_prefix ARCH: the prefix of the tools for ARCH on this machine, maybe empty.
cross_prefix()
{
	local own

	own=$(uname -m)
	[ "$own" != aarch64 ] || own=arm64
	if [ "$own" = "$1" ]; then
		return 0
	elif [ -n "${CROSS_COMPILE:-}" ]; then
		printf '%s\n' "$CROSS_COMPILE"
	else
		case $1 in
		arm64) echo aarch64-linux-gnu- ;;
		x86_64) echo x86_64-linux-gnu- ;;
		esac
	fi
}

# Kconfig's answers depend on the compiler ("cc-option"), so there is no answer
# for an architecture without a compiler for it.
tree_compiler()
{
	CROSS=$(cross_prefix "$1")
	[ -z "${LLVM:-}" ] || {
		need clang ld.lld
		COMPILER=clang
		return 0
	}
	COMPILER=${CROSS}gcc
	command -v "$COMPILER" >/dev/null || die 3 "no $COMPILER, which Kconfig for $1 asks what it \
can do: install ${COMPILER%-gcc} tools (Debian: gcc-${CROSS%-}), or set CROSS_COMPILE or LLVM=1"
}

kmake()
{
	make -s -C "$SRC" O="$TREE" ARCH="$ARCH" CROSS_COMPILE="$CROSS" "$@"
}

# All variables that the tree's makefile gives to conf, less those that are
# this shell's own business.
tree_environment()
{
	# shellcheck disable=SC2016 # Kconfig's own $(shell) and $(VARIABLE)
	echo 'unused := $(shell,env -0 >"$(AZIMUTH_ENV)")' >"$KDIR/env.Kconfig"
	AZIMUTH_ENV=$KDIR/env.all kmake KBUILD_KCONFIG="$KDIR/env.Kconfig" listnewconfig
	grep -zvE '^(PATH|HOME|PWD|OLDPWD|SHLVL|_|AZIMUTH_ENV|O|OUT|(BASH|KBUILD_KCONFIG|KCONFIG_|MAKE|MFLAGS).*)=' \
		"$KDIR/env.all" >"$KDIR/env"
}

tree_build()
{
	local objects=() name

	kmake KCONFIG_CONFIG="$KDIR/defconfig" defconfig >/dev/null ||
		die 3 "make defconfig of $BASE for $ARCH failed (see the lines above)"
	tree_environment || die 3 "cannot run the Kconfig of $BASE for $ARCH"
	for name in confdata expr lexer.lex menu parser.tab preprocess symbol util; do
		objects+=("$TREE/scripts/kconfig/$name.o")
	done
	gcc -O1 -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Werror \
		-I"$SRC/scripts/kconfig" -I"$SRC/scripts/include" -o "$KDIR/explain" \
		-Wl,--wrap=popen,--wrap=pclose "$ROOT/scripts/lib/kconfig-explain.c" \
		"$ROOT/scripts/lib/kconfig-memo.c" "${objects[@]}" ||
		die 3 "cannot link with the Kconfig library of $SRC"
}

# What Kconfig's answers depend on, besides the source tree.
tree_stamp()
{
	printf '%s\n' "$SRC" "$CROSS" "${LLVM:-}"
	"$COMPILER" --version | head -n 1
	"${LD:-${CROSS}ld}" --version 2>/dev/null | head -n 1
	pahole --version 2>/dev/null || echo no pahole
	stat -c '%Y %s' "$SRC/Makefile" "$SRC/scripts/kconfig/symbol.c" "$SRC/init/Kconfig"
	rustc --version 2>/dev/null || echo no rustc
	cat "$ROOT/scripts/lib/kconfig-explain.c" "$ROOT/scripts/lib/kconfig-memo.c" | cksum
	cksum <"$ROOT/scripts/lib/kconfig-tree.sh"
}

# tree_ready BASE ARCH
tree_ready()
{
	local stamp

	BASE=$1 ARCH=$2
	known_base "$BASE"
	known_arch "$ARCH"
	need make gcc bison flex flock python3
	tree_compiler "$ARCH"
	SRC=$(source_tree "$BASE")
	[ -f "$SRC/Makefile" ] || {
		"$ROOT/scripts/kernel" fetch "$BASE" || die 3 "no source of $BASE"
		SRC=$(source_tree "$BASE")
	}
	KDIR=$OUT/kconfig/$BASE-$ARCH
	TREE=$KDIR/tree
	mkdir -p "$TREE" || die 3 "cannot create $TREE"
	exec 8>"$KDIR/.lock"
	flock 8
	stamp=$(tree_stamp)
	[ "$stamp" != "$(cat "$KDIR/stamp" 2>/dev/null)" ] || return 0
	note "preparing the Kconfig of $BASE for $ARCH"
	rm -rf -- "$KDIR/stamp" "$KDIR/cache" "$KDIR/memo"
	tree_build
	mkdir -p "$KDIR/cache" "$KDIR/memo"
	printf '%s\n' "$stamp" >"$KDIR/stamp"
}

# explain CONFIG <requests: see scripts/lib/kconfig-explain.c.
explain()
{
	local config vars=()

	config=$(realpath -- "$1")
	mapfile -t -d '' vars <"$KDIR/env"
	(cd "$TREE" && env "${vars[@]}" AZIMUTH_MEMO="$KDIR/memo" "$KDIR/explain" Kconfig "$config" 2>"$KDIR/explain.err") ||
		die 3 "$(tail -n 1 "$KDIR/explain.err")"
}
