#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/kernel with bad input: one clear line, and nothing is begun. What the
# flavours take from the queue, on a planted one.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash

kernel=$PWD/scripts/kernel
unset KSRC
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

refuses "unknown command" 2 "unknown command 'dance'" "$kernel" dance 6.12
refuses "no base" 2 "wants a base" "$kernel" build
refuses "unknown base" 2 "unknown base '5\.4'.*6\.12" "$kernel" build 5.4 lab
refuses "unknown flavour" 2 "unknown flavour 'vanilla': one of lab debug" "$kernel" build 6.12 vanilla
refuses "a flavour of what has none" 2 "'fetch' wants one base" "$kernel" fetch 6.12 lab
refuses "too many words" 2 "'stock' wants a base and maybe a flavour" "$kernel" stock 6.12 lab debug
refuses "a source that is none" 2 "is not a kernel source tree" \
	env KSRC="$work" O="$work/out" "$kernel" build 6.12 lab

# A tree of the wrong version, and one of the right version in a copy of the
# repository that lacks a fragment.
mkdir -p "$work/wrong" "$work/right" "$work/copy"
printf 'VERSION = 6\nPATCHLEVEL = 11\n' >"$work/wrong/Makefile"
printf 'VERSION = 6\nPATCHLEVEL = 12\n' >"$work/right/Makefile"
refuses "a source of another version" 2 "is 6\.11, not 6\.12" \
	env KSRC="$work/wrong" O="$work/out" "$kernel" build 6.12 lab
cp -R scripts configs patches "$work/copy/"
rm "$work/copy/configs/debug.fragment"
refuses "a flavour without its fragment" 2 "'debug' has no configs/debug\.fragment" \
	env KSRC="$work/right" O="$work/out" "$work/copy/scripts/kernel" build 6.12 debug
if [ -e "$work/out" ]; then
	not_ok "refused before anything is made" "$(find "$work/out")"
else
	ok "refused before anything is made"
fi

# ---- what a flavour does with the queue, on sources of two files ---------------

# in_flavour COMMAND...: with the functions of scripts/kernel, on the copy.
in_flavour()
{
	# shellcheck disable=SC2016 # for the inner shell
	ROOT=$work/copy PROG=test O=$work/out QUIET=1 bash -euo pipefail -c '
		for part in common queue build flavour; do
			. "$ROOT/scripts/lib/kernel-$part.sh"
		done
		scratch
		"$@"' in_flavour "$@"
}

tree=$work/tree
mkdir -p "$work/src/a" "$tree/src"
printf 'one\ntwo\n' >"$work/src/a/changed.c"
printf 'same\n' >"$work/src/a/left.c"
ln "$work/src/a/left.c" "$work/src/a/other.c"
cp -al "$work/src/." "$tree/src/"
: >"$tree/patched-files"
cat >"$work/copy/patches/series-6.12" <<'SERIES'
test.patch
SERIES
cat >"$work/copy/patches/test.patch" <<'PATCH'
Subject: [PATCH] test

---
--- a/a/changed.c
+++ b/a/changed.c
@@ -1,2 +1,2 @@
 one
-two
+three
--- /dev/null
+++ b/a/Kconfig
@@ -0,0 +1,6 @@
+config VMBUS_KUNIT_TEST
+	tristate "one"
+	depends on KUNIT
+
+config NET_KUNIT_PART
+	bool
PATCH

if in_flavour flavour_source 6.12 "$work/src" "$tree" patched &&
	grep -q three "$tree/src/a/changed.c" && [ -e "$tree/src/a/Kconfig" ]; then
	ok "the patched arm has what the queue changes"
else
	not_ok "the patched arm has what the queue changes" "$(find "$tree")"
fi
if grep -q two "$work/src/a/changed.c" && [ ! -e "$work/src/a/Kconfig" ]; then
	ok "the pristine source is not written through a link"
else
	not_ok "the pristine source is not written through a link" "$(cat "$work/src/a/changed.c")"
fi
touch -d '2020-01-01' "$tree/src/a/changed.c"
in_flavour flavour_source 6.12 "$work/src" "$tree" patched
if [ "$(stat -c %Y "$tree/src/a/changed.c")" = "$(date -d 2020-01-01 +%s)" ]; then
	ok "a file that is right is left alone, and not compiled again"
else
	not_ok "a file that is right is left alone, and not compiled again"
fi
in_flavour flavour_source 6.12 "$work/src" "$tree" stock
if cmp -s "$work/src/a/changed.c" "$tree/src/a/changed.c" && [ ! -e "$tree/src/a/Kconfig" ]; then
	ok "the stock arm is the pristine source again"
else
	not_ok "the stock arm is the pristine source again" "$(find "$tree")"
fi
if [ "$(in_flavour queue_tests 6.12 | tr '\n' ' ')" = "CONFIG_VMBUS_KUNIT_TEST=m CONFIG_NET_KUNIT_PART=y " ]; then
	ok "the unit tests that the queue brings are turned on"
else
	not_ok "the unit tests that the queue brings are turned on" "$(in_flavour queue_tests 6.12)"
fi

tap_done
