# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# scripts/queue prove: runs the evidence of patches again and compares what it
# prints with their Azimuth-metric trailers.
#
# Evidence of the form `lab/launch/lab run OPTION... SCENARIO...` is run once for
# all patches that name it with the same options. Its figures are what the
# scenarios print with metric() of tests/lab/lib.sh, each scenario's outcome, and
# those of `azimuth summary` for bench. Any other command is run as it stands and
# prints lines "# metric NAME BEFORE -> AFTER".
#
# A figure is one line, fields divided by tabs: NAME BASE MODE BEFORE AFTER.

# prove_files ID: the patch files of an id; one patch may have variants.
prove_files()
{
	local name found=

	for name in $(all_patches); do
		[ "$(patch_id "$name")" = "$1" ] || [ "$name" = "$1" ] || continue
		printf '%s\n' "$name"
		found=1
	done
	[ -n "$found" ] || die 2 "no patch '$1' in any series; see scripts/queue list"
}

# lab_words COMMAND: splits the evidence of a lab run: options on the first line,
# each with its value, in order; then a line for each scenario. Fails for other commands.
lab_words()
{
	local words options='' scenarios=()

	case $1 in
	'lab/launch/lab run '*) ;;
	*) return 1 ;;
	esac
	read -ra words <<<"${1#lab/launch/lab run }"
	set -- "${words[@]}"
	while [ $# -gt 0 ]; do
		case $1 in
		--vary-seed) options="$options $1" ;;
		--*)
			options="$options $1 ${2:-}"
			[ $# -lt 2 ] || shift
			;;
		*) scenarios+=("$1") ;;
		esac
		shift
	done
	[ ${#scenarios[@]} -gt 0 ] || return 1
	printf '%s\n' "${options# }"
	printf '%s\n' "${scenarios[@]}"
}

# lab_option OPTIONS NAME DEFAULT
lab_option()
{
	local value

	value=$(sed -n "s/.*--$2 \([^ ]*\).*/\1/p" <<<"$1")
	printf '%s\n' "${value:-$3}"
}

# lab_dir OPTIONS: where the runs of these options are.
lab_dir()
{
	if [ -n "$PROVE_FROM" ]; then
		printf '%s\n' "$PROVE_FROM"
	else
		printf '%s/queue/prove/%s\n' "$OUT" "$(sha256sum <<<"$1" | cut -c 1-12)"
	fi
}

# plain COMMAND: words only, nothing that a shell would do more with.
plain()
{
	case $1 in
	*[\;\&\|\<\>\$\`\"\'\\\*\?\(\)\{\}~]*) return 1 ;;
	esac
}

# lab_evidence OPTIONS SCENARIO...: builds what the options need, and runs them.
lab_evidence()
{
	local options=$1 dir base flavour again status=0
	shift

	dir=$(lab_dir "$options")
	base=$(lab_option "$options" base 6.12)
	rm -rf -- "${dir:?}"
	mkdir -p "$dir"
	flavour=$(lab_option "$options" flavour distribution)
	[ "$base" = 6.12 ] || [ "$flavour" != distribution ] || flavour=lab
	if [ "$flavour" = distribution ]; then
		"$ROOT/scripts/kernel" image "$base"
		"$ROOT/scripts/kernel" stock "$base"
		"$ROOT/scripts/kernel" build "$base"
	else
		"$ROOT/scripts/kernel" build "$base" "$flavour"
	fi
	make -s -C "$ROOT" all || die 3 "make fails"
	# shellcheck disable=SC2086 # options are words
	(cd "$ROOT" && lab/launch/lab run $options --runs "$dir" "$@") >&2 || status=$?
	[ "$status" -le 1 ] || die 3 "the lab cannot run: see above"
	# The emulation has defects (Documentation/lab.md): once more what failed.
	mapfile -t again < <(jq -r 'select(.ok | not) | .scenario' "$dir"/*/status.json | sort -u)
	[ ${#again[@]} = 0 ] || {
		note "once more: ${again[*]}"
		# shellcheck disable=SC2086
		(cd "$ROOT" && lab/launch/lab run $options --runs "$dir" "${again[@]}") >&2 || true
	}
}

# run_values RUN: NAME VALUE lines, tab between, of one run's directory.
run_values()
{
	local name

	name=$(jq -r .scenario "$1/status.json")
	printf '%s\t%s\n' "${name//-/_}" "$(jq -r .outcome "$1/status.json")"
	{ cat "$1/results.txt" "$1/host.txt" 2>/dev/null || true; } | tr -d '\r' |
		sed -n 's/^# metric \([a-z0-9_]*\) \(.*\)$/\1\t\2/p'
}

# lab_figures BASE DIR SCENARIO: figures of all repetitions on that base. An arm that hung (or
# worse) before it printed a figure has the outcome in its place.
lab_figures()
{
	local base=$1 dir=$2 scenario=$3 run arm

	for run in "$dir/$scenario".stock.* "$dir/$scenario".patched.*; do
		[ -f "$run/status.json" ] || continue
		arm=${run%.*}
		[ "$(jq -r --arg b "$base" '.base // $b' "$run/status.json")" = "$base" ] || continue
		run_values "$run" | awk -v OFS='\t' -v arm="${arm##*.}" -v n="${run##*.}" \
			-v outcome="$(jq -r .outcome "$run/status.json")" \
			-v mode="$(jq -r .mode "$run/status.json")" \
			'{ sub(/ *$/, ""); print n, arm, outcome, mode, $0 }'
	done | awk -F '\t' -v OFS='\t' -v base="$base" '
		{ run[$1]; outcome[$1, $2] = $3; mode[$1] = $4; name[$5]; value[$1, $2, $5] = $6 }
		function get(n, arm, key) {
			if ((n, arm, key) in value)
				return value[n, arm, key]
			return outcome[n, arm] ~ /^(hang|panic|splat|reset|triple-fault|error)$/ ? outcome[n, arm] : "nothing"
		}
		END {
			for (n in run)
				for (key in name)
					print key, base, mode[n], get(n, "stock", key), get(n, "patched", key)
		}'
	[ "$scenario" != bench ] || bench_figures "$base" "$dir"
}

# bench_figures BASE DIR: what `make run` would print for the runs of DIR.
bench_figures()
{
	local run args=() mode

	for run in "$2"/bench.stock.*; do
		args+=(--stock "$run")
		mode=$(jq -r .mode "$run/status.json")
	done
	for run in "$2"/bench.patched.*; do
		args+=(--patched "$run")
	done
	"$OUT/bin/azimuth" summary --base "$1" --mode "$mode" "${args[@]}" -o "$SCRATCH/summary.json" >/dev/null ||
		return 0
	jq -r --arg b "$1" --arg m "$mode" '.metrics[] | [.name, $b, $m, .stock, .patched] | @tsv' \
		"$SCRATCH/summary.json"
}

# lab_verdict DIR SCENARIO: whether there are runs, all as the scenario expects.
lab_verdict()
{
	local run found=

	for run in "$1/$2".stock.* "$1/$2".patched.*; do
		[ -f "$run/status.json" ] || continue
		found=1
		jq -e .ok "$run/status.json" >/dev/null || {
			printf '%s is not as expected (%s)\n' "${run##*/}" "$(jq -r .outcome "$run/status.json")"
			return 1
		}
	done
	[ -n "$found" ] || { printf 'no run of %s in %s\n' "$2" "$1"; return 1; }
}

# command_figures COMMAND: runs evidence that is no lab run, once, and leaves its
# figures, good for any base and mode.
command_figures()
{
	local file
	file=$SCRATCH/evidence.$(sha256sum <<<"$1" | cut -c 1-12)

	if [ ! -f "$file" ]; then
		note "running $1"
		# shellcheck disable=SC2086 # plain words
		(cd "$ROOT" && $1) >"$file.out" 2>"$file.err" || printf '%s\n' "$?" >"$file.status"
		sed -n 's/^# metric \([a-z0-9_]*\) \(.*\) -> \(.*\)$/\1\t*\t*\t\2\t\3/p' "$file.out" >"$file"
	fi
	cat "$file"
	[ ! -e "$file.status" ]
}

# same_value STATED PRINTED PERCENT: numbers are compared with the stated one's
# decimals, or within PERCENT of it; a stated unit must be the printed one.
same_value()
{
	awk -v s="$1" -v p="$2" -v w="${3:-}" 'BEGIN {
		number = "^-?[0-9]+(\\.[0-9]+)?"
		if (!match(s, number)) exit s != p
		sn = substr(s, 1, RLENGTH); su = substr(s, RLENGTH + 1); gsub(/ /, "", su)
		if (!match(p, number)) exit 1
		pn = substr(p, 1, RLENGTH); pu = substr(p, RLENGTH + 1); gsub(/ /, "", pu)
		if (su != "" && su != pu) exit 1
		d = index(sn, ".") ? length(sn) - index(sn, ".") : 0
		if (w == "") exit sprintf("%.*f", d, pn) != sprintf("%.*f", d, sn)
		diff = pn - sn; if (diff < 0) diff = -diff
		size = sn < 0 ? -sn : sn + 0
		exit !(diff <= size * w / 100)
	}'
}

# prove_metric PATCH METRIC FIGURES: one result.
prove_metric()
{
	local name=$1 metric=$2 figures=$3 key before after within base mode found printed

	[[ $metric =~ ^([a-z0-9_.]+)\ (.+)\ -\>\ (.+)\ \(([^,]+),\ ([a-z]+)\)$ ]] || {
		fail "$name" "metric '$metric' has not the form of Documentation/queue.md"
		return
	}
	key=${BASH_REMATCH[1]} before=${BASH_REMATCH[2]} after=${BASH_REMATCH[3]}
	base=${BASH_REMATCH[4]} mode=${BASH_REMATCH[5]} within=
	if [[ $after =~ ^(.*)\ within\ ([0-9.]+)%$ ]]; then
		after=${BASH_REMATCH[1]} within=${BASH_REMATCH[2]}
	fi
	found=$(awk -F '\t' -v k="$key" -v b="$base" -v m="$mode" \
		'$1 == k && ($2 == b || $2 == "*") && ($3 == m || $3 == "*")' "$figures")
	if [ -z "$found" ]; then
		found=$(awk -F '\t' -v k="$key" '$1 == k { print "only on " $2 ", " $3; exit }' "$figures")
		fail "$name" "the evidence printed no figure '$key' for $base, $mode${found:+ ($found)}"
		return
	fi
	while IFS=$'\t' read -r _ _ _ was is; do
		if ! same_value "$before" "$was" "$within" || ! same_value "$after" "$is" "$within"; then
			fail "$name" "$key: the patch says $before -> $after${within:+ within $within%}, the evidence $was -> $is ($base, $mode)"
			return
		fi
		printed="$was -> $is"
	done <<<"$found"
	pass "$name" "$key $printed ($base, $mode)"
}

# prove_plan PATCH...: what is to be run in the lab: OPTIONS TAB SCENARIO lines.
prove_plan()
{
	local name line options

	for name in "$@"; do
		[ -n "$(trailer Azimuth-metric "$ROOT/patches/$name")" ] || continue
		trailer Azimuth-evidence "$ROOT/patches/$name" | while read -r line; do
			plain "$line" || continue
			lab_words "$line" >"$SCRATCH/words" || continue
			options=$(sed -n 1p "$SCRATCH/words")
			sed "1d; s/^/$options\t/" "$SCRATCH/words"
		done
	done | sort -u
}

# prove_patch PATCH
prove_patch()
{
	local name=$1 file=$ROOT/patches/$1 line options dir base why scenario bad=

	: >"$SCRATCH/figures"
	while read -r line <&3; do
		if ! plain "$line"; then
			fail "$name" "the evidence '$line' is not one plain command"
			bad=1
		elif lab_words "$line" >"$SCRATCH/words"; then
			options=$(sed -n 1p "$SCRATCH/words")
			dir=$(lab_dir "$options") base=$(lab_option "$options" base 6.12)
			while read -r scenario; do
				lab_figures "$base" "$dir" "$scenario" >>"$SCRATCH/figures"
				why=$(lab_verdict "$dir" "$scenario") || { fail "$name" "$why"; bad=1; }
			done < <(sed 1d "$SCRATCH/words")
		elif [ -n "$PROVE_FROM" ]; then
			skip "$name" "'$line' is no lab run"
			bad=1
		elif ! command_figures "$line" >>"$SCRATCH/figures"; then
			fail "$name" "'$line' fails"
			bad=1
		fi
	done 3< <(trailer Azimuth-evidence "$file")
	[ -z "$bad" ] || return 0
	while read -r line <&3; do
		prove_metric "$name" "$line" "$SCRATCH/figures"
	done 3< <(trailer Azimuth-metric "$file")
}

# from_has PATCH: whether PROVE_FROM has all runs of its lab evidence, in its mode.
from_has()
{
	local options scenario run

	while IFS=$'\t' read -r options scenario; do
		run=$(find "$PROVE_FROM" -maxdepth 1 -name "$scenario.patched.*" | sed -n 1p)
		[ -n "$run" ] || return 1
		[ "$(jq -r .mode "$run/status.json")" = "$(lab_option "$options" mode nested)" ] || return 1
	done < <(prove_plan "$1")
}

# queue_prove ID...: all: every patch. PROVE_FROM: directory of finished runs.
queue_prove()
{
	local id name names=() options plan scenarios

	need jq awk sha256sum
	scratch
	for id in "$@"; do
		if [ "$id" = all ]; then
			mapfile -t -O ${#names[@]} names < <(all_patches)
		else
			plan=$(prove_files "$id") || exit
			mapfile -t -O ${#names[@]} names <<<"$plan"
		fi
	done
	[ -n "$PROVE_FROM" ] || while read -r options; do
		mapfile -t scenarios < <(prove_plan "${names[@]}" | awk -F '\t' -v o="$options" '$1 == o { print $2 }')
		lab_evidence "$options" "${scenarios[@]}" </dev/null
	done < <(prove_plan "${names[@]}" | cut -f 1 | uniq)
	for name in "${names[@]}"; do
		if [ -z "$(trailer Azimuth-metric "$ROOT/patches/$name")" ]; then
			unmeasured "$name"
		elif [ -n "$PROVE_FROM" ] && ! from_has "$name"; then
			skip "$name" "$PROVE_FROM has no run of its evidence in that mode"
		else
			prove_patch "$name"
		fi
	done
	[ "$FAILURES" = 0 ] || die 1 "prove: $FAILURES failures"
}
