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

	for base in "$ROOT"/patches/series-*; do
		id=${id%"-${base##*/series-}"}
	done
	printf '%s\n' "$id"
}

# read_patch FILE: its subject, unfolded and without [PATCH], in PATCH_SUBJECT; the lines of
# the message in PATCH_BODY; those of its last paragraph in PATCH_TRAILERS. A check looks at
# every message a dozen times, so this is done by the shell itself.
read_patch()
{
	local line state=head

	PATCH_SUBJECT='' PATCH_BODY=() PATCH_TRAILERS=()
	while IFS= read -r line; do
		case $state:$line in
		head: | subject:) state=body ;;
		head:Subject:*) PATCH_SUBJECT=${line#Subject:} state=subject ;;
		subject:[$' \t']*) PATCH_SUBJECT+=$line ;;
		subject:*) state="head" ;;
		body:---) break ;;
		body:)
			PATCH_BODY+=('')
			PATCH_TRAILERS=()
			;;
		body:*)
			PATCH_BODY+=("$line")
			PATCH_TRAILERS+=("$line")
			;;
		esac
	done <"$1"
	PATCH_SUBJECT=${PATCH_SUBJECT#"${PATCH_SUBJECT%%[! ]*}"}
	[[ ! $PATCH_SUBJECT =~ ^\[PATCH[^]]*\]\ * ]] || PATCH_SUBJECT=${PATCH_SUBJECT#"${BASH_REMATCH[0]}"}
}

patch_subject()
{
	read_patch "$1"
	printf '%s\n' "$PATCH_SUBJECT"
}

# values NAME: in VALUES, those of the trailer in the patch that was read
values()
{
	local line

	VALUES=()
	for line in ${PATCH_TRAILERS[@]+"${PATCH_TRAILERS[@]}"}; do
		[[ $line != "$1: "* ]] || VALUES+=("${line#"$1: "}")
	done
}

# trailer NAME FILE
trailer()
{
	read_patch "$2"
	values "$1"
	[ ${#VALUES[@]} = 0 ] || printf '%s\n' "${VALUES[@]}"
}

# grammar PATCH TRAILER HOW-MANY REGEX EXPLANATION, of the patch that was read; HOW-MANY is 1
# or +.
grammar()
{
	local value regex="^($4)$"

	values "$2"
	if [ ${#VALUES[@]} = 0 ]; then
		fail "$1" "no trailer '$2:' in the last paragraph; want $2: $5"
	elif [ "$3" = 1 ] && [ ${#VALUES[@]} != 1 ]; then
		fail "$1" "${#VALUES[@]} trailers '$2:', want one"
	else
		for value in "${VALUES[@]}"; do
			[[ $value =~ $regex ]] || {
				fail "$1" "'$2: $value', want $2: $5"
				return 0
			}
		done
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
	local name=$1 before=$FAILURES id number='-?[0-9][0-9.]*( ?[a-zA-Z%/]+)?' any_base mainline
	local subject='^[A-Za-z0-9_.,/-]+(: [A-Za-z0-9_.,/-]+)*: [^ ].*[^.]$'

	any_base=$(printf '|%s' "$ROOT"/patches/series-*)
	any_base=${any_base//"$ROOT/patches/series-"/} any_base=${any_base//./\\.}
	any_base=${any_base#|}
	read_patch "$ROOT/patches/$name"
	[[ $PATCH_SUBJECT =~ $subject ]] ||
		fail "$name" "subject '$PATCH_SUBJECT', want 'subsystem: what it does' without a full stop"
	[ ${#PATCH_BODY[@]} -gt ${#PATCH_TRAILERS[@]} ] ||
		fail "$name" "the message has no body, only trailers; say why and how"
	grammar "$name" Patch-mainline 1 \
		'Not yet, .+|Submitted, .+|Queued, .+|v[0-9]+\.[0-9]+(-rc[0-9]+)?' \
		'Not yet, <why> | Submitted, <where> | Queued, <tree> | v<version>'
	mainline=${VALUES[0]:-}
	id=$(patch_id "$name")
	grammar "$name" Azimuth-id 1 "${id//./\\.}" "$id (the file's topic/name)"
	grammar "$name" Azimuth-risk 1 '(low|medium|high), .+' 'low|medium|high, <why>'
	grammar "$name" Azimuth-evidence + '[^ ].*' '<command>'
	values Azimuth-metric
	if [ ${#VALUES[@]} = 0 ]; then
		unmeasured "$name"
	else
		grammar "$name" Azimuth-metric + \
			"[a-z0-9_.]+ ([a-z-]+|$number) -> ([a-z-]+|$number)( within [0-9.]+%)? \(($any_base), (native|nested|deterministic)\)" \
			'<name> <before> -> <after>[ within <n>%] (<base>, native|nested|deterministic)'
	fi
	[[ $mainline != v* ]] ||
		grammar "$name" Git-commit 1 '[0-9a-f]{40}' '<40 hex digits>, where Patch-mainline is a version'
	values Azimuth-harm
	[ ${#VALUES[@]} = 0 ] ||
		grammar "$name" Azimuth-harm + '(udp_rtt_p50|read4k_p50) [0-9.]+%, .+' \
			'udp_rtt_p50|read4k_p50 <n>%, <why>'
	grammar "$name" Signed-off-by + '.+ <[^ <>]+@[^ <>]+>' 'Name <address>'
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
	for name in $(comm -23 <(cd "$ROOT/patches" && find . -name '*.patch' | sed 's|^\./||' | sort) \
		<(all_patches)); do
		fail "$name" "is in no patches/series-*"
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
