#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/bench: bad input, and from the figures of runs to met and not met.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

refuses "unknown option" 2 "'--fast'" "$PWD/scripts/bench" --fast
refuses "option without its value" 2 "'--only' needs a value" "$PWD/scripts/bench" --only
refuses "a pattern that no claim matches" 2 'nonsense.*no claim' \
	"$PWD/scripts/bench" --no-run --only 'nonsense*'

# A repository of its own, with runs as the lab leaves them.
mkdir -p "$work/scripts/lib" "$work/tests/lab" "$work/Documentation" "$work/out/bench/runs"
cp scripts/bench "$work/scripts/"
printf '# %s\n' '--fault net0:x' >"$work/tests/lab/faulty.sh"
printf '# %s\n' 'no host to blame' >"$work/tests/lab/plain.sh"
claim()
{
	printf '%s\tthings\tlower\t%s\tnested\tplain\t%s\n' "$1" "$2" "$3"
}
{
	claim a.absolute_met '<=3' things
	claim a.absolute_missed '<=2' things
	claim a.times_met '<=0.1x' things
	claim a.times_missed '<=0.05x' things
	claim a.percent_met -90% things
	claim a.percent_missed -95% things
	claim a.divided '<=0.5' things/other
	claim a.unknown '<=5' never_printed
} >"$work/scripts/lib/bench-claims"

# run SCENARIO ARM OUTCOME OK LINE...: a run's directory
run()
{
	local dir=$work/out/bench/runs/$1.$2.1

	mkdir -p "$dir"
	printf '{"outcome":"%s","expected":"ok","ok":%s}\n' "$3" "$4" >"$dir/status.json"
	shift 4
	printf '%s\n' 'KTAP version 1' "$@" >"$dir/results.txt"
}

run plain stock ok true '# metric things 30' '# metric other 3'
run plain patched ok true '# metric things 7 s' '# metric things 3 s' '# metric other 6'
run faulty stock hang false
run faulty patched ok true

# bench ARGUMENT...: output and status of the copy
bench()
{
	rc=0
	out=$("$work/scripts/bench" --no-run "$@" 2>&1) || rc=$?
}

# entry NAME FIELD
entry()
{
	jq -r --arg n "$1" --arg f "$2" '.[] | select(.name == $n) | .[$f]' "$work/out/bench/result.json"
}

# expect NAME FIELD WANT
expect()
{
	local got

	got=$(entry "$1" "$2")
	if [ "$got" = "$3" ]; then
		ok "$1: $2 is $3"
	else
		not_ok "$1: $2 is $3" "got '$got'"
	fi
}

bench --only 'a.*'
if [ $rc = 1 ] && grep -q 'could not be had' <<<"$out"; then
	ok "a figure that is missing fails the run"
else
	not_ok "a figure that is missing fails the run" "exit $rc: $out"
fi
for kind in absolute times percent; do
	expect a.${kind}_met met true
	expect a.${kind}_missed met false
done
expect a.absolute_met ours 3
expect a.absolute_met reference 30
expect a.absolute_met ratio 0.1
expect a.divided ours 0.5
expect a.unknown met null
expect a.unknown ours null
if [ -e "$work/Documentation/performance.md" ]; then
	not_ok "a part does not write the document"
else
	ok "a part does not write the document"
fi

bench --only 'fault.*'
expect fault.faulty met true
expect fault.faulty reference hang
expect fault.plain met ''
run faulty patched ok false
bench --only 'fault.*'
expect fault.faulty met false

sed -i '/unknown/d' "$work/scripts/lib/bench-claims"
bench
if [ $rc = 0 ] && grep -q '^| a.times_missed .*not met' "$work/Documentation/performance.md"; then
	ok "the document has what was not met"
else
	not_ok "the document has what was not met" "exit $rc: $out"
fi

tap_done
