# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# A small repository with a queue of its own over a kernel tree of one file, for
# the tests of scripts/queue. Source it after tap.bash, from the repository root.
#
#	$repo	the repository: scripts/, patches/ and out/ as ours
#	$base	a tree of 6.12, to be given as KSRC

top=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
repo=$work/repo base=$work/linux-6.12
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null LC_ALL=C QUIET=

# tree DIR VERSION PATCHLEVEL: a kernel tree with drivers/hv/a.c of 60 lines
tree()
{
	mkdir -p "$1/drivers/hv" "$1/scripts"
	printf 'VERSION = %s\nPATCHLEVEL = %s\n' "$2" "$3" >"$1/Makefile"
	seq -f 'line %g' 60 >"$1/drivers/hv/a.c"
	printf 'exit 0;\n' >"$1/scripts/checkpatch.pl"
}

# patch_file ID METRIC EVIDENCE <DIFF: a patch of the queue, with all trailers
patch_file()
{
	mkdir -p "$repo/patches/${1%/*}"
	{
		cat <<-END
			From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
			From: A Tester <tester@example.com>
			Date: Sun, 22 Nov 2026 12:00:00 +0000
			Subject: [PATCH] hv: change ${1##*/}

			It was otherwise before, which is wrong.

			Patch-mainline: Not yet, a test
			Azimuth-id: ${1%-7.3}
			Azimuth-risk: low, a test
			Azimuth-evidence: $3
			Azimuth-metric: $2
			Signed-off-by: A Tester <tester@example.com>
			---
		END
		cat
	} >"$repo/patches/$1.patch"
}

# edit TREE SED: the unified difference that a change of a.c makes, and makes it
edit()
{
	cp "$1/drivers/hv/a.c" "$work/before"
	sed -i "$2" "$1/drivers/hv/a.c"
	echo "diff --git a/drivers/hv/a.c b/drivers/hv/a.c"
	diff -u --label a/drivers/hv/a.c --label b/drivers/hv/a.c "$work/before" "$1/drivers/hv/a.c" || true
}

# new_repo: three patches: at line 10, at 30, and at 12 on top of the first
new_repo()
{
	rm -rf "$repo" "$base" "$work/edit"
	mkdir -p "$repo/patches" "$repo/out"
	cp -r "$top/scripts" "$repo/"
	tree "$base" 6 12
	cp -r "$base" "$work/edit"
	edit "$work/edit" 's/^line 10$/ten/' |
		patch_file vmbus/ten "ten 1 -> 2 (6.12, nested)" "cat evidence"
	edit "$work/edit" 's/^line 30$/thirty/; s/^line 50$/fifty/' |
		patch_file netvsc/thirty "thirty hang -> ok (6.12, nested)" "lab/launch/lab run --mode nested thirty"
	edit "$work/edit" 's/^line 12$/twelve/' |
		patch_file vmbus/twelve "thirty_kib 100 KiB -> 50 KiB within 5% (6.12, nested)" \
			"lab/launch/lab run --mode nested thirty"
	printf '# fixes\nvmbus/ten.patch\nnetvsc/thirty.patch\n# latency\nvmbus/twelve.patch\n' \
		>"$repo/patches/series-6.12"
	export KSRC=$base
}

# state DIR: a hash of names and contents
state()
{
	(cd "$1" && find . -type f ! -path './.git/*' ! -path './out/*' -print0 | sort -z |
		xargs -0 sha256sum | sha256sum)
}

# says NAME REGEX STATUS COMMAND...: the output, both streams, has such a line
says()
{
	local name=$1 regex=$2 want=$3 out rc=0
	shift 3

	out=$("$@" 2>&1 </dev/null) || rc=$?
	# shellcheck disable=SC2053 # a pattern
	if [[ $rc != $want ]]; then
		not_ok "$name" "exit status $rc, wanted $want: $out"
	elif ! grep -qE -- "$regex" <<<"$out"; then
		not_ok "$name" "no line like '$regex' in: $out"
	else
		ok "$name"
	fi
}

# same NAME GOT WANT
same()
{
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1" "got '$2', wanted '$3'"
	fi
}
