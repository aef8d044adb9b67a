# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# scripts/queue harm: what each patch does to the UDP round trip and to the 4 KiB
# read, in the lab's deterministic mode. For each prefix of the series the modules
# are built and scenario bench is run once; a prefix is compared with the one
# before. A result is kept in out/queue/harm under a hash of all that went in, so
# an interrupted command goes on where it was.
#
# The lab takes the drivers of out/kernel/BASE/patched below the directory that it
# lies in; a prefix gets such a directory of its own, made of links.

HARM_LIMIT=0.5 # percent; more is a failure, unless the patch says why
HARM_PIDS=()

harm_end()
{
	local pid

	for pid in ${HARM_PIDS[@]+"${HARM_PIDS[@]}"}; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	drop_scratch
}

# harm_root DIR BASE: a directory like the repository's, with drivers of its own.
harm_root()
{
	local dir=$1 path

	mkdir -p "$dir/out/lab" "$dir/out/kernel/$2/patched"
	for path in lab tests out/bin "out/kernel/$2/image" "out/kernel/$2/stock"; do
		ln -sfn "$ROOT/$path" "$dir/$path"
	done
}

# harm_key BASE COUNT: file with the prefix's figures, "NAME VALUE" lines.
harm_key()
{
	printf '%s/queue/harm/%s\n' "$OUT" "$(sha256sum <<<"$HARM_LAB $(queue_hash "$1" "$2") $2" | cut -c 1-32)"
}

# harm_lab BASE: hash of what makes the figures besides the prefix.
harm_lab()
{
	(cd "$ROOT" && cat out/bin/azhost out/bin/azimuth out/bin/labtool tests/lab/bench.sh tests/lab/lib.sh \
		lab/launch/lab lab/launch/*.bash lab/launch/*.init lab/launch/runner.sh "out/kernel/$1/image/release" \
		scripts/lib/kernel-build.sh) | sha256sum
}

# harm_build BASE TREE DIR: the modules of the sources in TREE, to DIR.
harm_build()
{
	local build=$KOUT/$1/harm module

	mkdir -p "$build/include/azimuth"
	mirror "$2" "$build"
	run_make "$build.log" -C "$KOUT/$1/headers" M="$build" CONFIG_DEBUG_INFO_BTF_MODULES= modules ||
		return 1
	for module in $MODULES; do
		strip --strip-debug -o "$3/$module.ko" "$build/$(module_dir "$module")/$module.ko"
	done
}

# harm_measure ROOT KEY: runs bench, and keeps its figures.
harm_measure()
{
	local run=$1/out/lab/runs/bench.patched.1

	rm -rf -- "$run"
	"$1/lab/launch/lab" run --mode deterministic --base "$HARM_BASE" --arm patched --parallel 1 bench \
		>"$1/log" 2>&1 || { tail -n 3 "$1/log" >&2; return 1; }
	{
		printf 'udp_rtt_p50 %s\n' "$(sed -n 's/^@json udp_rtt //p' "$run/results.txt" | jq -e .histograms.rtt.p50)"
		printf 'read4k_p50 %s\n' "$(sed -n 's/^@json read4k //p' "$run/results.txt" | jq -e .histograms.read.p50)"
	} >"$1/figures" || return 1
	mv -- "$1/figures" "$2"
}

# harm_prefixes BASE: measures those prefixes that have no result yet, the next one
# built while the lab runs.
harm_prefixes()
{
	local base=$1 source total count=0 name slots slot=0 key dir
	source=$(present_source "$base")
	total=$(series "$base" | wc -l)
	slots=$(nproc)
	HARM_PIDS=()

	mkdir -p "$OUT/queue/harm"
	first_prefix "$base" "$source" "$SCRATCH/tree"
	for name in '' $(series "$base"); do
		if [ -n "$name" ]; then
			count=$((count + 1))
			apply_one "$ROOT/patches/$name" "$SCRATCH/tree" || die 1 "$name does not apply to $base"
		fi
		key=$(harm_key "$base" "$count")
		[ ! -s "$key" ] || continue
		[ -z "${HARM_PIDS[slot]:-}" ] || harm_wait "$slot"
		dir=$OUT/queue/harm/root.$slot
		harm_root "$dir" "$base"
		note "harm: $count of $total: ${name:-no patch}"
		harm_build "$base" "$SCRATCH/tree" "$dir/out/kernel/$base/patched" ||
			die 1 "the queue up to $name does not build; the log is $KOUT/$base/harm.log"
		harm_measure "$dir" "$key" &
		HARM_PIDS[slot]=$!
		slot=$(((slot + 1) % slots))
	done
	for slot in "${!HARM_PIDS[@]}"; do
		harm_wait "$slot"
	done
}

harm_wait()
{
	wait "${HARM_PIDS[$1]}" || die 3 "a lab run failed (see above); run this again to go on"
	unset "HARM_PIDS[$1]"
}

# harm_table BASE: tab-separated: PATCH, then for each figure its value and change
# in percent; the first line is the base without patches.
harm_table()
{
	local count=0 name

	{
		printf 'none\n'
		series "$1"
	} | while read -r name; do
		awk -v name="$name" '{ v[$1] = $2 } END { print name, v["udp_rtt_p50"], v["read4k_p50"] }' \
			"$(harm_key "$1" "$count")"
		count=$((count + 1))
	done | awk -v OFS='\t' '
		function change(now, was) { return NR == 1 ? "" : sprintf("%+.2f", (now / was - 1) * 100) }
		{ print $1, $2, change($2, a), $3, change($3, b); a = $2; b = $3 }'
}

# harm_allowed PATCH FIGURE: the percentage that the patch says it costs.
harm_allowed()
{
	local said

	said=$(trailer Azimuth-harm "$ROOT/patches/$1" | sed -n "s/^$2 \([0-9.]*\)%, .*/\1/p")
	printf '%s\n' "${said:-$HARM_LIMIT}"
}

# harm_judge TABLE: one result for each patch.
harm_judge()
{
	local name rtt rtt_change read read_change bad

	while IFS=$'\t' read -r name rtt rtt_change read read_change; do
		[ "$name" != none ] || continue
		bad=$(awk -v a="$rtt_change" -v b="$read_change" -v x="$(harm_allowed "$name" udp_rtt_p50)" \
			-v y="$(harm_allowed "$name" read4k_p50)" 'BEGIN {
				if (a + 0 > x + 0) printf "udp_rtt_p50 %s%%, at most %s%% ", a, x
				if (b + 0 > y + 0) printf "read4k_p50 %s%%, at most %s%%", b, y }')
		if [ -n "$bad" ]; then
			fail "$name" "$bad without a reason (trailer Azimuth-harm)"
		else
			pass "$name" "udp_rtt_p50 $rtt ns ($rtt_change%), read4k_p50 $read ns ($read_change%)"
		fi
	done <"$1"
}

# harm_page BASE TABLE: Documentation/harm.md
harm_page()
{
	cat <<END
# What each patch does to latency

Written by \`scripts/queue harm --write\`: scenario \`bench\` in the lab's deterministic mode, base $1, queue
$(queue_hash "$1"). Each line is the queue up to that patch; the change is against the line above. Times are virtual,
medians in ns; another build moves code, which alone makes differences of a few per mille
([lab.md](lab.md)). A patch that costs more than $HARM_LIMIT% says why in a trailer \`Azimuth-harm\`.

| the queue up to | UDP round trip | % | 4 KiB read | % |
| --- | ---: | ---: | ---: | ---: |
END
	awk -F '\t' '{ sub(/\.patch$/, "", $1); printf "| %s | %s | %s | %s | %s |\n",
		$1 == "none" ? "no patch" : "`" $1 "`", $2, $3, $4, $5 }' "$2"
	awk -F '\t' 'NR == 1 { a = $2; b = $4 } { c = $2; d = $4 }
		END { printf "| **all of it, against none** | | %+.2f | | %+.2f |\n", (c / a - 1) * 100, (d / b - 1) * 100 }' "$2"
}

# queue_harm BASE [write]
queue_harm()
{
	local base=$1 write=${2:-}

	known_base "$base"
	need make gcc jq strip
	"$ROOT/scripts/kernel" fetch "$base"
	"$ROOT/scripts/kernel" headers "$base"
	"$ROOT/scripts/kernel" stock "$base"
	make -s -C "$ROOT" all || die 3 "make fails"
	scratch
	trap harm_end EXIT
	lock "harm-$base"
	HARM_BASE=$base
	HARM_LAB=$(harm_lab "$base")
	harm_prefixes "$base"
	harm_table "$base" >"$SCRATCH/table"
	harm_judge "$SCRATCH/table"
	if [ -n "$write" ]; then
		harm_page "$base" "$SCRATCH/table" >"$SCRATCH/page"
		mv -- "$SCRATCH/page" "$ROOT/Documentation/harm.md"
	fi
	[ "$FAILURES" = 0 ] || die 1 "harm: $FAILURES failures"
}
