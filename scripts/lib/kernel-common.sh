# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # what is set here is used by the files that source it
# What scripts/kernel and scripts/queue share: messages, a scratch directory
# that never outlives the command, one lock per base, the place of each file.
#
# Callers set: ROOT (the repository), PROG (name for messages).

: "${ROOT:?}" "${PROG:?}"

OUT=${O:-$ROOT/out}
case $OUT in
/*) ;;
*) OUT=$ROOT/$OUT ;;
esac
KOUT=$OUT/kernel
# shellcheck source=scripts/lib/cost.sh
. "$ROOT/scripts/lib/cost.sh"
CACHE=$OUT/cache
SCRATCH=

# The five drivers that the queue patches and that are built out of tree.
MODULES="hv_vmbus hv_netvsc hv_storvsc pci-hyperv mana"

# die CODE MESSAGE: 1 the checked thing failed, 2 usage, 3 environment.
die()
{
	local code=$1
	shift
	printf '%s: %s\n' "$PROG" "$*" >&2
	exit "$code"
}

# note MESSAGE: progress, only where a person sees it or a log keeps it.
note()
{
	[ -n "${QUIET:-}" ] || printf '%s: %s\n' "$PROG" "$*" >&2
}

need()
{
	local tool
	for tool in "$@"; do
		command -v "$tool" >/dev/null 2>&1 ||
			die 3 "'$tool' not found; run scripts/setup or install it"
	done
}

drop_scratch()
{
	[ -z "$SCRATCH" ] || rm -rf -- "$SCRATCH"
	SCRATCH=
}

# scratch: makes $SCRATCH on the file system of the final place, so that a
# finished result moves there by rename; removed on every way out.
scratch()
{
	[ -z "$SCRATCH" ] || return 0
	mkdir -p "$KOUT" || die 3 "cannot create $KOUT"
	SCRATCH=$(mktemp -d "$KOUT/.tmp.XXXXXX") ||
		die 3 "cannot create a temporary directory under $KOUT: no space left?"
	trap drop_scratch EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

# lock NAME: one writer per base; the lock goes with the process.
lock()
{
	mkdir -p "$KOUT" || die 3 "cannot create $KOUT"
	exec 9>"$KOUT/.lock.$1"
	flock -n 9 || {
		note "waiting for another $PROG on $1"
		flock 9
	}
}

# space DIR MIB: fails early and clearly instead of in the middle of a tar.
space()
{
	local free
	mkdir -p "$1"
	free=$(df -Pk "$1" | awk 'NR == 2 { print int($4 / 1024) }')
	[ "$free" -ge "$2" ] ||
		die 3 "$1: $2 MiB of free space needed, $free MiB left"
}

# publish FROM TO: moves a finished directory into place, replacing an old one.
publish()
{
	local old=
	if [ -e "$2" ]; then
		old=$SCRATCH/old.$RANDOM
		mv -- "$2" "$old"
	fi
	mkdir -p "$(dirname "$2")"
	mv -- "$1" "$2"
	[ -z "$old" ] || rm -rf -- "$old"
}

known_base()
{
	[ -f "$ROOT/patches/series-$1" ] || {
		local have
		have=$(cd "$ROOT/patches" && printf '%s ' series-* | sed 's/series-//g')
		die 2 "unknown base '$1': one of ${have% } is known (patches/series-*)"
	}
}
