# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The queue: patches/series-BASE names, in order, the patches of a base.

# series BASE: the patch files of the base, relative to patches/.
series()
{
	sed 's/[[:space:]]*#.*//; /^[[:space:]]*$/d' "$ROOT/patches/series-$1"
}

bases()
{
	(cd "$ROOT/patches" && for file in series-*; do printf '%s\n' "${file#series-}"; done)
}

# queue_files BASE [COUNT]: absolute paths of the first COUNT (or all) patches.
queue_files()
{
	local name

	series "$1" | awk -v n="${2:-999999}" 'NR <= n' | while read -r name; do
		[ -f "$ROOT/patches/$name" ] ||
			die 1 "patches/series-$1 names $name, which does not exist"
		printf '%s\n' "$ROOT/patches/$name"
	done
}

# queue_hash BASE [COUNT]: identity of what the queue changes, 12 hex digits; it is
# what modinfo of a patched module says. Messages are left out, so that a metric
# can be written into the patch that it was measured with.
queue_hash()
{
	local files

	files=$(queue_files "$1" "${2:-}") || exit
	# shellcheck disable=SC2086 # one file per word; the queue has no spaces
	sed -s '1,/^---$/d' /dev/null $files | sha256sum | cut -c 1-12
}

# patch_touches FILE...: the files that patches change, in the tree's terms.
patch_touches()
{
	[ $# -eq 0 ] || sed -n 's|^+++ b/\([^[:space:]]*\).*|\1|p; s|^--- a/\([^[:space:]]*\).*|\1|p' "$@" |
		sort -u
}

# apply_one PATCH TREE [dry]: zero fuzz; offsets are fine. Prints patch's own
# words only on failure.
apply_one()
{
	local log dry=()

	[ -z "${3:-}" ] || dry=(--dry-run)
	log=$(patch -d "$2" -p1 -F0 -N --no-backup-if-mismatch -r - "${dry[@]}" <"$1" 2>&1) || {
		printf '%s\n' "$log" | grep -v '^patching file' >&2
		return 1
	}
}
