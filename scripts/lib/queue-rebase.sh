# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# scripts/queue rebase: carries the queue of one base to the tree of another
# version. All work is done in a scratch repository with the old base's files, the
# queue on them as commits, and the new tree's files; each commit is then picked
# onto the new tree, which is git's three-way merge with exact ancestors.

# scratch_git ARG...: git in $SCRATCH/rebase, without anybody's configuration.
scratch_git()
{
	GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_DIR=$SCRATCH/rebase/.git \
		GIT_WORK_TREE=$SCRATCH/rebase git -C "$SCRATCH/rebase" -c user.name=queue \
		-c user.email=queue@localhost -c core.autocrlf=false -c advice.skippedCherryPicks=false "$@"
}

# commit_files SOURCE MESSAGE FILE...: SOURCE's versions of the files, one commit.
commit_files()
{
	local source=$1 message=$2
	shift 2

	copy_touched "$source" "$SCRATCH/rebase" "$@"
	scratch_git add -A -f .
	scratch_git commit -q --allow-empty -m "$message"
}

# old_commits BASE SOURCE: the queue on its own base; tags old/0, old/1, ...
old_commits()
{
	local base=$1 source=$2 name count=0 files

	mkdir "$SCRATCH/rebase"
	scratch_git init -q
	files=$(queue_files "$base")
	# shellcheck disable=SC2046,SC2086 # one file per word
	commit_files "$source" "$base" $(patch_touches $files)
	scratch_git tag old/0
	for name in $(series "$base"); do
		scratch_git am -q "$ROOT/patches/$name" >"$SCRATCH/log" 2>&1 || {
			sed -n 1,5p "$SCRATCH/log" >&2
			die 1 "$name does not apply to its own base $base; see scripts/queue check --quick"
		}
		count=$((count + 1))
		scratch_git tag "old/$count"
	done
}

# conflict_places: the lines of the files where a pick stopped.
conflict_places()
{
	local path

	scratch_git diff --name-only --diff-filter=U | while read -r path; do
		if [ -f "$SCRATCH/rebase/$path" ] && grep -q '^<<<<<<< ' "$SCRATCH/rebase/$path"; then
			grep -n '^<<<<<<< ' "$SCRATCH/rebase/$path" | sed "s|^\([0-9]*\):.*|               $path: at line \1|"
		else
			printf '               %s: no such file there\n' "$path"
		fi
	done
}

# pick NAME COUNT [VARIANT]: puts one patch on the new tree, by the variant that
# somebody wrote for it where there is one. Prints what became of it and sets
# WORD: unchanged, variant, refreshed, there or conflict.
pick()
{
	local name=$1 count=$2 variant=${3:-} file=$ROOT/patches/$1 tree=$SCRATCH/rebase

	if [ -n "$variant" ]; then
		WORD=variant
		scratch_git am -q "$ROOT/patches/$variant" >"$SCRATCH/log" 2>&1 || {
			WORD=conflict
			scratch_git am --abort >/dev/null 2>&1 || true
			printf 'conflicts      %s\n' "$variant"
			return
		}
	elif patch -d "$tree" -p1 -F0 -R -f --dry-run -r - <"$file" >/dev/null 2>&1; then
		WORD=there
	elif apply_one "$file" "$tree" dry 2>/dev/null &&
		scratch_git am -q "$file" >"$SCRATCH/log" 2>&1; then
		WORD=unchanged
	else
		scratch_git am --abort >/dev/null 2>&1 || true
		if ! scratch_git cherry-pick --keep-redundant-commits "old/$count" >"$SCRATCH/log" 2>&1; then
			WORD=conflict
			printf 'conflicts      %s\n' "$name"
			conflict_places
			scratch_git cherry-pick --abort >/dev/null 2>&1 || scratch_git reset -q --hard
			return
		fi
		WORD=refreshed
		! scratch_git diff --quiet HEAD~ HEAD || WORD=there
	fi
	case $WORD in
	there) printf 'already there  %s\n' "$name" ;;
	*) printf '%-14s %s\n' "$WORD" "${variant:-$name}" ;;
	esac
}

# refreshed_mail NAME: the patch's own message over the new tree's difference.
refreshed_mail()
{
	sed '/^---$/q' "$ROOT/patches/$1"
	scratch_git show --format= --patch-with-stat --no-color --no-renames HEAD
}

# new_series BASE NEW: picks everything; leaves the result in $SCRATCH/result, a
# tree as that of patches/. Returns the number of conflicts in CONFLICTS.
new_series()
{
	local base=$1 new=$2 line name id variant count=0 result=$SCRATCH/result

	CONFLICTS=0
	mkdir "$result"
	while IFS= read -r line <&3; do
		name=$(sed 's/[[:space:]]*#.*//; s/[[:space:]]*$//' <<<"$line")
		[ -n "$name" ] || { printf '%s\n' "$line" >>"$result/series-$new"; continue; }
		count=$((count + 1)) id=$(patch_id "$name") variant=
		[ ! -f "$ROOT/patches/$id-$new.patch" ] || variant=$id-$new.patch
		pick "$name" "$count" "$variant"
		case $WORD in
		variant)
			printf '%s\n' "$variant" >>"$result/series-$new"
			;;
		unchanged)
			printf '%s\n' "$line" >>"$result/series-$new"
			;;
		refreshed)
			mkdir -p "$result/$(dirname "$id")"
			refreshed_mail "$name" >"$result/$id-$new.patch"
			printf '%s\n' "$id-$new.patch" >>"$result/series-$new"
			;;
		conflict)
			CONFLICTS=$((CONFLICTS + 1))
			;;
		esac
	done 3<"$ROOT/patches/series-$base"
}

# install_result NEW: the series last, so that what is there without it is nothing.
install_result()
{
	local path moved=()

	trap '' INT TERM HUP
	for path in $(cd "$SCRATCH/result" && find . -name '*.patch' | sort) "./series-$1"; do
		mkdir -p "$ROOT/patches/$(dirname "$path")"
		if ! cp -- "$SCRATCH/result/$path" "$ROOT/patches/$path.azimuth-new"; then
			rm -f -- "${moved[@]}" "$ROOT/patches/$path.azimuth-new"
			die 3 "cannot write to $ROOT/patches; it is as it was"
		fi
		moved+=("$ROOT/patches/$path.azimuth-new")
	done
	for path in "${moved[@]}"; do
		mv -f -- "$path" "${path%.azimuth-new}"
	done
}

queue_rebase()
{
	local base=$1 tree=$2 new source files
	known_base "$base"
	want_tree "$tree"
	need git patch
	new=$(tree_version "$tree")
	[ "$new" != "$base" ] || die 2 "$tree is $base itself; see scripts/queue status $tree"
	[ ! -e "$ROOT/patches/series-$new" ] ||
		die 2 "patches/series-$new is already there: remove it to make it anew"
	source=$(present_source "$base")
	[ -n "$source" ] || die 3 "no source of $base here: scripts/kernel fetch $base, or KSRC=<tree>"
	scratch
	old_commits "$base" "$source"
	files=$(queue_files "$base")
	scratch_git checkout -q --orphan new
	scratch_git rm -rfq --ignore-unmatch .
	# shellcheck disable=SC2046,SC2086 # one file per word
	commit_files "$tree" "$new" $(patch_touches $files)
	new_series "$base" "$new"
	[ "$CONFLICTS" = 0 ] ||
		die 1 "$CONFLICTS patches conflict with $new and nothing is written: write a variant NAME-$new.patch of the first, and run this again"
	install_result "$new"
	note "patches/series-$new is written: next, scripts/queue check and scripts/kernel build or compile $new"
}
