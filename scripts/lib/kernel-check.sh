# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What scripts/queue check verifies. Each failure is one line: patch, what, and
# what would be right; all are reported before the exit status says so.

FAILURES=0

fail()
{
	printf 'FAIL %s: %s\n' "$1" "$2"
	FAILURES=$((FAILURES + 1))
}

skip()
{
	[ -n "${QUIET:-}" ] || printf 'skip %s: %s\n' "$1" "$2"
}

pass()
{
	[ -n "${QUIET:-}" ] || printf 'ok   %s: %s\n' "$1" "$2"
}

# patch_id NAME: topic/name; a variant for one base is called name-BASE.patch.
patch_id()
{
	local id=${1%.patch} base

	for base in $(bases); do
		id=${id%"-$base"}
	done
	printf '%s\n' "$id"
}

# patch_body FILE: commit message without mail headers; patch_subject FILE: the
# subject, unfolded, without [PATCH].
patch_body()
{
	sed '1,/^$/d; /^---$/,$d' "$1"
}

patch_subject()
{
	awk '/^$/ { exit } /^Subject:/ { s = $0; next } s && /^[ \t]/ { s = s $0; next } s { exit } END { print s }' "$1" |
		sed 's/^Subject: *//; s/^\[PATCH[^]]*\] *//'
}

# trailers FILE: the last paragraph of the message.
trailers()
{
	patch_body "$1" | awk '/^$/ { block = ""; next } { block = block $0 "\n" } END { printf "%s", block }'
}

# trailer NAME FILE
trailer()
{
	trailers "$2" | sed -n "s/^$1: //p"
}

# grammar PATCH FILE TRAILER HOW-MANY REGEX EXPLANATION; HOW-MANY is 1 or +.
grammar()
{
	local values count bad

	values=$(trailer "$3" "$2")
	count=$(printf '%s' "$values" | grep -c '' || true)
	if [ "$count" = 0 ]; then
		fail "$1" "no trailer '$3:' in the last paragraph; want $3: $6"
	elif [ "$4" = 1 ] && [ "$count" != 1 ]; then
		fail "$1" "$count trailers '$3:', want one"
	elif bad=$(printf '%s\n' "$values" | grep -vE -- "^($5)$"); then
		fail "$1" "'$3: ${bad%%$'\n'*}', want $3: $6"
	fi
}

# unmeasured PATCH: a patch without a metric
unmeasured()
{
	if [ "${AZIMUTH_METRIC:-required}" = optional ]; then
		skip "$1" "no metric yet"
	else
		fail "$1" "no trailer 'Azimuth-metric:': nobody measured it"
	fi
}

check_message()
{
	local name=$1 file=$ROOT/patches/$1 before=$FAILURES id number='-?[0-9][0-9.]*( ?[a-zA-Z%/]+)?'
	local any_base

	any_base=$(bases | sed 's/\./\\./g' | paste -sd '|')
	patch_subject "$file" | grep -E '^[A-Za-z0-9_.,/-]+(: [A-Za-z0-9_.,/-]+)*: [^ ].*[^.]$' >/dev/null ||
		fail "$name" "subject '$(patch_subject "$file")', want 'subsystem: what it does' without a full stop"
	[ "$(patch_body "$file" | grep -c '^$')" -gt 0 ] ||
		fail "$name" "the message has no body, only trailers; say why and how"
	grammar "$name" "$file" Patch-mainline 1 \
		'Not yet, .+|Submitted, .+|Queued, .+|v[0-9]+\.[0-9]+(-rc[0-9]+)?' \
		'Not yet, <why> | Submitted, <where> | Queued, <tree> | v<version>'
	id=$(patch_id "$name")
	grammar "$name" "$file" Azimuth-id 1 "$(printf '%s' "$id" | sed 's/[.]/\\./g')" "$id (the file's topic/name)"
	grammar "$name" "$file" Azimuth-risk 1 '(low|medium|high), .+' 'low|medium|high, <why>'
	grammar "$name" "$file" Azimuth-evidence + '[^ ].*' '<command>'
	if [ -z "$(trailer Azimuth-metric "$file")" ]; then
		unmeasured "$name"
	else
		grammar "$name" "$file" Azimuth-metric + \
			"[a-z0-9_.]+ ([a-z-]+|$number) -> ([a-z-]+|$number)( within [0-9.]+%)? \(($any_base), (native|nested|deterministic)\)" \
			'<name> <before> -> <after>[ within <n>%] (<base>, native|nested|deterministic)'
	fi
	[[ $(trailer Patch-mainline "$file") != v* ]] ||
		grammar "$name" "$file" Git-commit 1 '[0-9a-f]{40}' '<40 hex digits>, where Patch-mainline is a version'
	[ -z "$(trailer Azimuth-harm "$file")" ] ||
		grammar "$name" "$file" Azimuth-harm + '(udp_rtt_p50|read4k_p50) [0-9.]+%, .+' \
			'udp_rtt_p50|read4k_p50 <n>%, <why>'
	grammar "$name" "$file" Signed-off-by + '.+ <[^ <>]+@[^ <>]+>' 'Name <address>'
	[ "$FAILURES" != "$before" ] || pass "$name" "message and trailers"
}

# Every patch file belongs to a series, and no series names one twice.
check_series()
{
	local base name

	for base in $(bases); do
		for name in $(series "$base" | sort | uniq -d); do
			fail "series-$base" "$name is listed twice"
		done
		for name in $(series "$base"); do
			[ -f "$ROOT/patches/$name" ] || fail "series-$base" "$name does not exist under patches/"
		done
	done
	for name in $(cd "$ROOT/patches" && find . -name '*.patch' | sed 's|^\./||' | sort); do
		all_patches | grep -xF "$name" >/dev/null || fail "$name" "is in no patches/series-*"
	done
}

# Sources that are there: KSRC for its own version, else the packaged ones.
present_source()
{
	if [ -n "${KSRC:-}" ] && [ "$(tree_version "$KSRC")" = "$1" ]; then
		source_tree "$1"
	elif [ -f "$KOUT/$1/src/Makefile" ]; then
		printf '%s\n' "$KOUT/$1/src"
	fi
}

# check_apply BASE SOURCE: each patch on top of those before it, by both tools
# that people use.
check_apply()
{
	local base=$1 source=$2 tree=$SCRATCH/apply-$1 name file files

	files=$(queue_files "$base")
	mkdir -p "$tree"
	# shellcheck disable=SC2046,SC2086 # one file per word
	copy_touched "$source" "$tree" $(patch_touches $files)
	for name in $(series "$base"); do
		file=$ROOT/patches/$name
		# Outside of any repository git would take paths as they are.
		if ! (cd "$tree" && GIT_CEILING_DIRECTORIES=$SCRATCH git apply --check "$file") >"$SCRATCH/log" 2>&1; then
			fail "$name" "git apply refuses it on $base: $(head -n 1 "$SCRATCH/log")"
			return 0
		fi
		if ! apply_one "$file" "$tree" 2>"$SCRATCH/log"; then
			fail "$name" "does not apply to $base without fuzz: $(head -n 1 "$SCRATCH/log")"
			return 0
		fi
		pass "$name" "applies to $base"
	done
}

# check_styles BASE SOURCE: each patch of the base by the base's own checkpatch,
# but one that a later base has too by that one's, which knows more.
check_styles()
{
	local name later

	later=$(bases | sort -V | sed "1,/^$1\$/d" | while read -r base; do series "$base"; done)
	for name in $(series "$1"); do
		printf '%s\n' "$later" | grep -xF "$name" >/dev/null ||
			check_style "$name" "$2/scripts/checkpatch.pl"
	done
}

# Our own trailers are not what checkpatch knows; a metric may be a long line. It asks for
# MAINTAINERS at each new file, in a directory that is there already too.
#
# A mail that was good is kept by its hash: checkpatch takes half a second.
check_style()
{
	local name=$1 checkpatch=$2 good

	sed '/^Azimuth-[a-z]*: /d' "$ROOT/patches/$name" >"$SCRATCH/mail"
	good=$OUT/queue/checked/style-$(cat "$checkpatch" "$ROOT/scripts/lib/kernel-check.sh" "$SCRATCH/mail" |
		sha256sum | cut -c 1-32)
	if [ -e "$good" ]; then
		pass "$name" "checkpatch --strict"
	elif (cd "$(dirname "$checkpatch")/.." && perl "$checkpatch" --strict --quiet --no-summary \
		--ignore FILE_PATH_CHANGES \
		"$SCRATCH/mail") >"$SCRATCH/log" 2>&1; then
		mkdir -p "$OUT/queue/checked"
		: >"$good"
		pass "$name" "checkpatch --strict"
	else
		fail "$name" "checkpatch --strict: $(grep -m1 -E '^(ERROR|WARNING|CHECK)' "$SCRATCH/log" || head -n 1 "$SCRATCH/log")"
	fi
}

# warnings LOG: compiler's and sparse's, without places, so that code that only
# moved is not new.
warnings()
{
	{ grep -E '(warning|error): ' "$1" || true; } | sed -E 's/^[^ ]*\/(drivers|include)\//\1\//; s/:[0-9]+(:[0-9]+)?:/:/' | sort -u
}
