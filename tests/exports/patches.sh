#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What scripts/queue export writes, taken by the consumers' own tools where this
# machine has them (git, quilt, rpmbuild, dpkg-source), else held against the form
# that they read. The result of each is the same tree, that of scripts/queue apply.
# Needs the kernel sources (scripts/kernel fetch).
#
# shellcheck disable=SC2317 # the groups are called by name

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash
export QUIET=1 LC_ALL=C GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
export QUILT_PATCHES GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.com
export GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.com

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Outside of a repository git would look for ours.
export GIT_CEILING_DIRECTORIES=$work

# has TOOL...: skips the group where one is missing
has()
{
	local tool

	for tool in "$@"; do
		command -v "$tool" >/dev/null || { skip "$base: $group" "no $tool here"; return 1; }
	done
}

# fresh: the files that the queue changes, as the base has them, in $work/tree
fresh()
{
	rm -rf "$work/tree"
	cp -r "$work/plain" "$work/tree"
}

# repository: makes $work/tree one
repository()
{
	git -C "$work/tree" init -q
	git -C "$work/tree" add -A
	git -C "$work/tree" commit -qm base
}

# taken COMMAND...: in $work/tree; must succeed and give the queue's tree
taken()
{
	local out

	if ! out=$(cd "$work/tree" && "$@" 2>&1 </dev/null); then
		not_ok "$base: $group: taken" "$(tail -n 8 <<<"$out")"
	elif ! out=$(diff -r -q -x .git -x .pc -x patches -x debian "$work/patched" "$work/tree" 2>&1); then
		not_ok "$base: $group: the queue's tree" "$out"
	else
		ok "$base: $group"
	fi
}

# export_to FORM: in $work/FORM
export_to()
{
	group=$1
	rm -rf "${work:?}/$1"
	scripts/queue export "$1" "$base" "$work/$1" || { not_ok "$base: export $1"; return 1; }
}

# lines NAME FILE REGEX: FILE is not empty, and each of its lines has that form
lines()
{
	if [ -s "$2" ] && ! grep -qvE -- "$3" "$2"; then
		ok "$base: $group: $1"
	else
		not_ok "$base: $group: $1" "$(grep -m3 -vE -- "$3" "$2" 2>&1 || echo "$2 is empty")"
	fi
}

# all_there NAME DIR: each file that is named on standard input is in DIR, and none is missing there
all_there()
{
	local want have

	want=$(sort) have=$(cd "$2" && find . -name '*.patch' -printf '%P\n' | sort)
	if [ -n "$want" ] && [ "$want" = "$have" ]; then
		ok "$base: $group: $1"
	else
		not_ok "$base: $group: $1" "$(diff <(echo "$want") <(echo "$have") | head -n 5)"
	fi
}

apply_each()
{
	local file

	for file in "$@"; do
		git apply "$file" || return
	done
}

patch_each()
{
	local file

	for file in "$@"; do
		patch -s -p1 -F0 --no-backup-if-mismatch <"$file" || return
	done
}

test_series()
{
	export_to series || return 0
	fresh
	repository
	taken git am -q "$work"/series/*.patch
	group="series, quilt"
	has quilt || return 0
	fresh
	QUILT_PATCHES=$work/series taken quilt push -a -q
}

test_mbox()
{
	export_to mbox || return 0
	fresh
	repository
	taken git am -q "$work/mbox/$base.mbx"
	[ "$(git -C "$work/tree" rev-list --count HEAD)" = $(($(grep -cE '^[a-z]' "patches/series-$base") + 1)) ] ||
		not_ok "$base: mbox: one commit for each patch"
}

# It runs git apply on what the directory has, in lexical order, and git am on .mbx.
test_lisa()
{
	export_to lisa || return 0
	fresh
	taken apply_each "$work/lisa/$base"/*
	group="lisa, mbx"
	fresh
	repository
	taken git am -q "$work/lisa/$base.mbx"
}

test_suse()
{
	local file name bad=

	export_to suse || return 0
	lines "series.conf" "$work/suse/series.conf" '^	patches\.suse/[a-z0-9.-]+\.patch$'
	for file in "$work"/suse/patches.suse/*.patch; do
		for name in From Subject Patch-mainline References; do
			sed '/^$/q' "$file" | grep -q "^$name: [^ ]" || bad="$bad ${file##*/}: $name"
		done
		[ "$(grep -c '^Patch-mainline:' "$file")" = 1 ] || bad="$bad ${file##*/}: Patch-mainline twice"
	done
	if [ -z "$bad" ]; then ok "$base: suse: headers"; else not_ok "$base: suse: headers" "$bad"; fi
	fresh
	mapfile -t files < <(sed "s|^	|$work/suse/|" "$work/suse/series.conf")
	taken patch_each "${files[@]}"
}

# A source package of format 3.0 (quilt) that has the patches; unpacked they are applied.
test_debian()
{
	local file bad=

	export_to debian || return 0
	for file in "$work"/debian/debian/patches/azimuth/*.patch; do
		sed '/^$/q' "$file" | grep -q '^Subject: ' && sed '/^$/q' "$file" | grep -q '^Origin: ' &&
			sed '/^$/q' "$file" | grep -qE '^Forwarded: (no|yes|not-needed)$' || bad=${file##*/}
	done
	if [ -z "$bad" ]; then ok "$base: debian: DEP-3"; else not_ok "$base: debian: DEP-3" "$bad"; fi
	lines "config" "$work/debian/debian/config/config" '^(#.*|CONFIG_[A-Z0-9_]+=.+|)$'
	has dpkg-source || return 0
	fresh
	tar -C "$work" -cJf "$work/linux_$base.orig.tar.xz" --transform "s,^plain,linux-$base," plain
	cp -r "$work/debian/debian" "$work/tree/"
	mkdir "$work/tree/debian/source"
	echo '3.0 (quilt)' >"$work/tree/debian/source/format"
	printf 'Source: linux\nMaintainer: T <t@example.com>\nStandards-Version: 4.6.2\n\nPackage: linux\nArchitecture: all\nDescription: x\n' \
		>"$work/tree/debian/control"
	printf 'linux (%s-1) unstable; urgency=low\n\n  * Test.\n\n -- T <t@example.com>  Sun, 22 Nov 2026 12:00:00 +0000\n' \
		"$base" >"$work/tree/debian/changelog"
	mv "$work/tree" "$work/linux-$base"
	if ! (cd "$work" && dpkg-source -b "linux-$base") >"$work/log" 2>&1; then
		not_ok "$base: debian: dpkg-source -b" "$(tail -n 5 "$work/log")"
	fi
	rm -rf "$work/linux-$base" "$work/tree"
	taken_by_dpkg
}

taken_by_dpkg()
{
	mkdir "$work/tree"
	group="debian, dpkg-source"
	# The exit status of dpkg-source stands for all patches, without fuzz.
	(cd "$work" && dpkg-source -x "linux_$base-1.dsc" tree.x) >"$work/log" 2>&1 || {
		not_ok "$base: $group: -x" "$(tail -n 5 "$work/log")"
		return 0
	}
	rm -rf "$work/tree"
	mv "$work/tree.x" "$work/tree"
	taken true
}

# rpm_prep LINES-IN-PREP: a spec that has the PatchN lines, through rpmbuild -bp
rpm_prep()
{
	local top=$work/rpm-top

	rm -rf "$top" "$work/tree"
	mkdir -p "$top/SOURCES" "$top/BUILD" "$top/SPECS"
	tar -C "$work" -cf "$top/SOURCES/linux.tar" --transform "s,^plain,linux-$base," plain
	cp "$1"/*.patch "$1"/*.inc "$top/SOURCES/" 2>/dev/null || cp "$1"/*.patch "$top/SOURCES/"
	{
		printf 'Name: linux\nVersion: %s\nRelease: 1\nSummary: x\nLicense: GPLv2\nBuildArch: noarch\nSource0: linux.tar\n' "$base"
		cat "$2"
		printf '%%description\nx\n%%prep\n%s\n' "$3"
		[ -z "${4:-}" ] || cat "$4"
	} >"$top/SPECS/linux.spec"
	rpmbuild --quiet -bp --nodeps --define "_topdir $top" "$top/SPECS/linux.spec" >"$work/log" 2>&1 || {
		not_ok "$base: $group: rpmbuild -bp" "$(tail -n 5 "$work/log")"
		return 0
	}
	mv "$(find "$top/BUILD" -maxdepth 2 -type d -name "linux-$base" | sed -n 1p)" "$work/tree"
	taken true
}

test_rpm()
{
	export_to rpm || return 0
	lines "PatchN lines" "$work/rpm/azimuth-patches.inc" '^Patch[0-9]+: azimuth-[0-9]{4}-[A-Za-z0-9_.-]+\.patch$'
	has rpmbuild || return 0
	group="rpm, rpmbuild -bp"
	rpm_prep "$work/rpm" "$work/rpm/azimuth-patches.inc" '%setup -q' "$work/rpm/azimuth-apply.inc"
}

test_azurelinux3()
{
	local dir=$work/azurelinux3/SPECS/kernel

	export_to azurelinux3 || return 0
	if jq -e '.. | .kernel_configs? // empty | .[0] | .name and .values[0].architecture and .justification' \
		"$work"/azurelinux3/*.json >/dev/null 2>&1; then
		ok "$base: azurelinux3: required configs"
	else
		not_ok "$base: azurelinux3: required configs" "not name, values, justification"
	fi
	has rpmbuild || return 0
	group="azurelinux3, %autosetup -p1"
	rpm_prep "$dir" "$dir/azimuth-patches.inc" '%autosetup -p1'
}

# Both specs apply the one file with patch -p1 and at most one line of fuzz.
test_cumulative()
{
	export_to "$1" || return 0
	fresh
	taken patch_each "$work/$1/linux-kernel-test.patch"
	lines "configuration" "$work/$1/$2" '^(#.*|CONFIG_[A-Z0-9_]+=.+|)$'
}

test_ubuntu()
{
	export_to ubuntu || return 0
	fresh
	repository
	taken git am -q "$work/ubuntu/$base.mbx"
	git -C "$work/tree" log --format=%s | sed '$d' >"$work/subjects"
	lines "subjects" "$work/subjects" '^UBUNTU: (SAUCE: )?[A-Za-z]'
	lines "annotations" "$work/ubuntu/annotations-$base" \
		"^(#.*|CONFIG_[A-Z0-9_]+ +(policy<\{('[a-z0-9]+': '[^']*'(, )?)+\}>|note<'.*'>)|)$"
}

test_flatcar()
{
	local file

	export_to flatcar || return 0
	# shellcheck disable=SC2016 # the ebuild's variable
	lines "UNIPATCH_LIST" "$work/flatcar/UNIPATCH_LIST" '^	\$\{PATCH_DIR\}/z[0-9]{4}-[A-Za-z0-9_.-]+\.patch \\$'
	all_there "all named" "$work/flatcar/files/$base" < <(sed 's|.*/||; s| .*||' "$work/flatcar/UNIPATCH_LIST")
	for file in "$work"/flatcar/files/*config-*; do
		sort -c "$file" 2>/dev/null || not_ok "$base: flatcar: ${file##*/} is sorted"
	done
	fresh
	taken patch_each "$work/flatcar/files/$base"/z*.patch
}

test_yocto()
{
	local dir=$work/yocto/recipes-kernel/linux/azimuth-kmeta file bad=

	export_to yocto || return 0
	lines "a feature" "$dir/azimuth.scc" '^(define KFEATURE_(DESCRIPTION "[^"]+"|COMPATIBILITY [a-z]+)|(include|patch|kconf [a-z-]+) [^ ]+|)$'
	all_there "all named" "$dir" < <(sed -n 's/^patch //p' "$dir/azimuth.scc")
	while read -r file; do
		[ -f "$dir/$file" ] || bad="$bad $file"
	done < <(sed -nE 's/^(include|patch|kconf [a-z-]+) //p' "$dir"/*.scc)
	while read -r file; do
		[ -f "$dir/$file" ] || bad="$bad $file"
	done < <(sed -n 's/^KERNEL_FEATURES.*" \(.*\)"$/\1/p' "$work"/yocto/recipes-kernel/linux/*.bbappend)
	if [ -z "$bad" ]; then ok "$base: yocto: what features name is there"; else not_ok "$base: yocto: missing" "$bad"; fi
	fresh
	repository
	mapfile -t files < <(sed -n "s|^patch |$dir/|p" "$dir/azimuth.scc")
	taken git am -q "${files[@]}"
}

for series in patches/series-*; do
	base=${series#patches/series-}
	source=out/kernel/$base/src
	if [ ! -f "$source/Makefile" ]; then
		skip "$base: exports" "no source: scripts/kernel fetch $base"
		continue
	fi
	rm -rf "$work/plain" "$work/patched"
	mkdir "$work/plain"
	while read -r file; do
		[ ! -f "$source/$file" ] || (cd "$source" && cp --parents "$file" "$work/plain")
	done < <(sed 's/#.*//; /^ *$/d' "$series" | sed 's|^|patches/|' | xargs sed -n 's|^+++ b/||p' | sort -u)
	cp "$source/Makefile" "$work/plain/"
	cp -r "$work/plain" "$work/patched"
	scripts/queue apply "$base" "$work/patched"
	for t in series mbox lisa suse debian rpm azurelinux3 ubuntu flatcar yocto; do
		"test_$t"
	done
	test_cumulative fedora kernel-local
	test_cumulative azurelinux4 "$base-x86_64-azl.config"
done

tap_done
