#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# `scripts/queue export debian`, tried with the kernel source package's own
# debian/bin/test-patches up to the point where it starts compiling. The package's
# debian/ directory is downloaded once, into out/cache. The tree below it has only
# the files that the queue changes.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash
export LC_ALL=C QUIET=1

base=6.12
ROOT=$PWD PROG=test-patches
# shellcheck source=scripts/lib/kernel-common.sh
. scripts/lib/kernel-common.sh
# shellcheck source=scripts/lib/kernel-apt.sh
. scripts/lib/kernel-apt.sh
# shellcheck source=scripts/lib/kernel-source.sh
. scripts/lib/kernel-source.sh

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
name="debian's own test-patches -f cloud-amd64"

give_up()
{
	skip "$name" "$1"
	tap_done
}

# source_suite SUITE: downloads debian/ of the suite's newest linux of our base.
source_suite()
{
	local dir=$APT_ROOT/source-$1 version
	APT_OPTS=()

	[ "$(id -u)" != 0 ] || APT_OPTS+=(-o APT::Sandbox::User=root)
	apt_private "source-$1"
	printf 'deb-src [signed-by=%s] %s %s main\n' "$(apt_keyring)" "$(apt_archive | sed -n 1p)" "$1" \
		>"$dir/sources.list"
	APT_OPTS+=(-o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null)
	apt-get "${APT_OPTS[@]}" -qq -o APT::Update::Error-Mode=any update >"$dir/update.log" 2>&1 || return 1
	for version in $(apt-cache "${APT_OPTS[@]}" showsrc linux 2>/dev/null |
		sed -n "s/^Version: \($base\..*\)/\1/p" | sort -Vr); do
		(cd "$work" && apt-get "${APT_OPTS[@]}" -qq source --download-only --diff-only "linux=$version") \
			>"$dir/update.log" 2>&1 || continue
		mkdir -p "$CACHE"
		mv "$work"/linux_*.debian.tar.xz "$CACHE/"
		return 0
	done
	return 1
}

cached()
{
	find "$CACHE/" -maxdepth 1 -name "linux_$base.*.debian.tar.xz" 2>/dev/null | sort -V | tail -n 1
}

for tool in quilt dch kernel-wedge dpkg-source apt-get; do
	command -v "$tool" >/dev/null || give_up "no $tool here"
done
/usr/bin/python3 -c 'import dacite, jinja2' 2>/dev/null || give_up "no python3-dacite, python3-jinja2 here"
source=out/kernel/$base/src
[ -f "$source/Makefile" ] || give_up "no source: scripts/kernel fetch $base"
# shellcheck disable=SC1091
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
if [ -z "$(cached)" ]; then
	for suite in "$codename-backports" "$codename" $(next_releases); do
		! source_suite "$suite" || break
	done
fi
[ -n "$(cached)" ] || give_up "no source package linux $base in the archive, or no network"

scripts/queue export debian $base "$work/export"
mkdir -p "$work/tree/.pc" "$work/bin"
tar -C "$work/tree" -xJf "$(cached)"
cp "$source/Makefile" "$work/tree/"
while read -r file; do
	[ ! -f "$source/$file" ] || (cd "$source" && cp --parents "$file" "$work/tree")
done < <(sed -n 's|^+++ b/||p' "$work"/export/debian/patches/azimuth/*.patch | sort -u)
# The source has Debian's patches already, and the other featureset, which the
# script prepares too, would miss the rest of the kernel.
printf '2\n' >"$work/tree/.pc/.version"
: >"$work/tree/debian/patches/series"
printf 'rt.patch\n' >"$work/tree/debian/patches-rt/series"
printf -- '--- /dev/null\n+++ b/localversion-rt\n@@ -0,0 +1 @@\n+-rt\n' >"$work/tree/debian/patches-rt/rt.patch"
# It stops where it would compile; what compiling needs need not be here.
printf '#!/bin/sh\nexit 0\n' >"$work/bin/dpkg-checkbuilddeps"
printf '#!/bin/sh\ntouch "%s/reached"\n' "$work" >"$work/bin/dpkg-buildpackage"
chmod +x "$work"/bin/*

if ! (cd "$work/tree" && PATH=$work/bin:$PATH bash debian/bin/test-patches -f cloud-amd64 \
	"$work"/export/debian/patches/azimuth/*.patch) >"$work/log" 2>&1; then
	not_ok "$name: takes the patches" "$(tail -n 8 "$work/log")"
elif [ ! -e "$work/reached" ]; then
	not_ok "$name: gets to compiling" "$(tail -n 8 "$work/log")"
else
	ok "$name: takes the patches and gets to compiling"
fi
applied=$(grep -c '^test/' "$work/tree/.pc/applied-patches" || true)
listed=$(grep -c '' "$work/export/debian/patches/series")
if [ "$applied" = "$listed" ]; then
	ok "$name: all $listed are applied"
else
	not_ok "$name: all are applied" "$applied of $listed"
fi

tap_done
