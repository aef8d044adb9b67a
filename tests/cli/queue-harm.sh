#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# How scripts/queue harm judges, with figures of ours in place of the lab's.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash
# shellcheck source-path=SCRIPTDIR source=queue.bash
. tests/cli/queue.bash

new_repo
queue=$repo/scripts/queue

cat >"$work/judge" <<'END'
ROOT=$1 PROG=judge
shift
for part in common source queue check; do
	. "$ROOT/scripts/lib/kernel-$part.sh"
done
. "$ROOT/scripts/lib/queue-harm.sh"
figures=("$@")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
harm_key()
{
	printf 'udp_rtt_p50 %s\nread4k_p50 %s\n' ${figures[$2]/,/ } >"$dir/$2"
	printf '%s\n' "$dir/$2"
}
harm_table 6.12 >"$dir/table"
harm_judge "$dir/table"
harm_page 6.12 "$dir/table"
[ "$FAILURES" = 0 ]
END
# judge FIGURES...: UDP,READ in ns for no patch, and for each prefix
judge=(bash -eu "$work/judge" "$repo")

says "no harm" '^ok +vmbus/ten.patch: udp_rtt_p50 1004 ns \(\+0\.40%\)' 0 "${judge[@]}" 1000,500 1004,500 900,500 900,400
says "a round trip that takes longer" '^FAIL netvsc/thirty.patch: udp_rtt_p50 \+0\.60%' 1 \
	"${judge[@]}" 1000,500 1000,500 1006,500 1006,500
says "a read that takes longer" '^FAIL vmbus/twelve.patch: read4k_p50 \+2\.00%' 1 \
	"${judge[@]}" 1000,500 1000,500 1000,500 1000,510
says "small steps are each against the one before" '^ok +vmbus/twelve' 0 \
	"${judge[@]}" 1000,500 1004,500 1008,500 1012,500
says "the page: all of it" '^\| \*\*all of it, against none\*\* \| \| \+1\.20 \| \| \+0\.00 \|$' 0 \
	"${judge[@]}" 1000,500 1004,500 1008,500 1012,500
# shellcheck disable=SC2016 # literal
says "the page: a line" '^\| `vmbus/ten` \| 1004 \| \+0\.40 \| 500 \| \+0\.00 \|$' 0 \
	"${judge[@]}" 1000,500 1004,500 1008,500 1012,500
sed -i 's/^Signed-off-by/Azimuth-harm: udp_rtt_p50 0.7%, one more barrier\n&/' "$repo/patches/netvsc/thirty.patch"
says "with a reason" '^ok +netvsc/thirty' 0 "${judge[@]}" 1000,500 1000,500 1006,500 1006,500
says "with more than the reason allows" '^FAIL netvsc/thirty.patch: udp_rtt_p50 \+0\.80%, at most 0\.7%' 1 \
	"${judge[@]}" 1000,500 1000,500 1008,500 1008,500
says "check takes the reason" '^ok +netvsc/thirty.patch: message' 0 "$queue" check --quick
sed -i 's/^Azimuth-harm: .*/Azimuth-harm: latency 1%/' "$repo/patches/netvsc/thirty.patch"
says "check refuses another form" "^FAIL netvsc/thirty.patch: 'Azimuth-harm: latency" 1 "$queue" check --quick

refuses "no base" 2 'harm wants BASE' "$queue" harm
refuses "another option" 2 'takes --write' "$queue" harm 6.12 --all
refuses "an unknown base" 2 "unknown base '5.4'" "$queue" harm 5.4

tap_done
