#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# azimuth gate: criteria, exit codes, and each form that it writes.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash
# shellcheck source-path=SCRIPTDIR source=../results.bash
. tests/results.bash

azimuth=$PWD/out/bin/azimuth
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

arm "$work/a" 0 4 10000 10100 10050 9950 10020 9980
arm "$work/same" 2 4 10040 9960 10110 9990 10010 10070
arm "$work/slow" 2 4 11500 11600 11550 11450 11520 11480
mkdir "$work/few"
cp "$work"/slow/run[12].json "$work/few"

# gate NAME STATUS REGEX RULES ARGUMENT...: a criteria file with RULES in its middle
gate()
{
	local name=$1 want=$2 regex=$3 rc=0

	printf '{"schema":1,"name":"net <latency>",%s}' "$4" >"$work/criteria.json"
	shift 4
	"$azimuth" gate --criteria "$work/criteria.json" "$@" >"$work/out" 2>&1 || rc=$?
	if [ $rc = "$want" ] && grep -qE -- "$regex" "$work/out"; then
		ok "$name"
	else
		not_ok "$name" "exit $rc, wanted $want and '$regex': $(cat "$work/out")"
	fi
}

five='"rules":[{"metric":"rtt_p*","max_change_percent":5}]'
gate "no change passes" 0 '^ok 1 rtt_p50' "$five" "$work/a" "$work/same"
gate "15% is more than 5%" 1 '^not ok 2 rtt_p99' "$five" "$work/a" "$work/slow"
gate "15% is less than 20%" 0 '^ok 1 rtt_p50' \
	'"rules":[{"metric":"rtt_p50","max_change_percent":20}]' "$work/a" "$work/slow"
gate "faster is no change for the worse" 0 '^ok 1 rtt_p50' "$five" "$work/slow" "$work/a"
gate "less of a rate is" 1 '^not ok 1 rate' '"rules":[{"metric":"rate","max_change_percent":5}]' \
	"$work/a" "$work/slow"
gate "unless the rule says otherwise" 0 '^ok 1 rate' \
	'"rules":[{"metric":"rate","max_change_percent":5,"direction":"lower"}]' "$work/a" "$work/slow"
gate "an absolute change" 1 'allowed 1.00 us' '"rules":[{"metric":"rtt_p50","max_change":1000}]' \
	"$work/a" "$work/slow"
gate "an absolute change that is allowed" 0 'allowed 2.00 us' \
	'"rules":[{"metric":"rtt_p50","max_change":2000}]' "$work/a" "$work/slow"
gate "0.5% is not shown to hold by six runs" 1 '^# not enough runs: about [0-9]+ more' \
	'"prove":"safety","rules":[{"metric":"rtt_p50","max_change_percent":0.5}]' "$work/a" "$work/same"
gate "10% is" 0 '^ok 1' \
	'"prove":"safety","rules":[{"metric":"rtt_p50","max_change_percent":10}]' "$work/a" "$work/same"
gate "few runs fail" 1 '^# not enough runs' "$five" "$work/a" "$work/few"
gate "few runs are skipped where that is asked for" 4 '^ok 1 rtt_p50 # SKIP not enough runs' \
	"\"not_enough_runs\":\"skip\",$five" "$work/a" "$work/few"
gate "a rule's own word counts more" 1 '^not ok 1' \
	'"not_enough_runs":"skip","rules":[{"metric":"rtt_p50","max_change_percent":5,
	"not_enough_runs":"fail"}]' "$work/a" "$work/few"
gate "min_runs" 1 '^# not enough runs' "\"min_runs\":7,$five" "$work/a" "$work/same"
gate "a limit of one side" 0 'median of 6 runs is 10.0 us, at most 10.2 us' \
	'"rules":[{"metric":"rtt_p50","max":10200},{"metric":"rate","min":90000}]' "$work/a"
gate "and one that does not hold" 1 '^not ok 1 rtt_p50' '"rules":[{"metric":"rtt_p50","max":9000}]' \
	"$work/a"
gate "the worst run" 1 'worst of 6 runs is 10.1 us' \
	'"prove":"safety","rules":[{"metric":"rtt_p50","max":10099}]' "$work/a"
gate "a metric that is missing fails" 1 'no such metric' '"rules":[{"metric":"none*","max":1}]' "$work/a"
gate "or is skipped" 4 'SKIP no such metric' \
	'"rules":[{"metric":"none*","max":1,"missing":"skip"}]' "$work/a"

bad='"rules":[{"metric":"x","max":1,'
gate "a slip of the pen" 2 "'max_chnage' is not known" "$bad\"max_chnage\":5}]" "$work/a"
gate "two limits in a rule" 2 'one of' "$bad\"min\":5}]" "$work/a"
gate "no limit" 2 'one of' '"rules":[{"metric":"x"}]' "$work/a"
gate "a limit that is no number" 2 'is a number' '"rules":[{"metric":"x","max":"1"}]' "$work/a"
gate "a direction that is none" 2 'direction' "$bad\"direction\":\"up\"}]" "$work/a"
gate "confidence 100" 2 'confidence' "\"confidence\":100,$five" "$work/a" "$work/a"
gate "no rules" 2 'rules' '"rules":[]' "$work/a"
gate "a change without A" 2 'give A and B' "$five" "$work/a"
mkdir "$work/other"
for i in "$work"/slow/*; do
	jq '.env.sku = "Standard_F4"' "$i" >"$work/other/${i##*/}"
done
gate "not comparable" 2 'not comparable' "$five" "$work/a" "$work/other"
gate "unless forced" 1 '^not ok 1' "$five" --force "$work/a" "$work/other"
refuses "no criteria" 2 'criteria FILE' "$azimuth" gate "$work/a"
refuses "criteria that are not there" 2 'nowhere' "$azimuth" gate --criteria "$work/nowhere" "$work/a"

# ---- what it writes ----------------------------------------------------------

# All three outcomes, and a name that each format has to escape.
for i in "$work"/a/* "$work"/slow/*; do
	jq '.metrics += [{name: "odd<\"&\\#\u0001>", unit: "ns", better: "lower", value: 5}]' "$i" >"$i.new"
	mv "$i.new" "$i"
done
gate "all outcomes" 1 '^# Totals: pass:1 fail:2 xfail:0 xpass:0 skip:1' \
	'"rules":[{"metric":"rtt_p*","max_change_percent":5},{"metric":"odd*","max":5},
	{"metric":"none","max":1,"missing":"skip"}]' \
	--junit "$work/j.xml" --perfdump "$work/p.json" --openmetrics "$work/m.txt" "$work/a" "$work/slow"

if [ "$(head -n 2 "$work/out" | tr '\n' ' ')" = "KTAP version 1 1..4 " ] &&
	grep -qx 'ok 3 odd<"&\\__>' "$work/out"; then
	ok "KTAP: version, plan, and no directive in a name"
else
	not_ok "KTAP: version, plan, and no directive in a name" "$(cat "$work/out")"
fi

if ! command -v xmllint >/dev/null; then
	skip "JUnit is XML" "no xmllint here (package libxml2-utils)"
elif [ "$(xmllint --xpath 'concat(//testsuite/@tests, count(//failure), count(//skipped),
	//testsuite/@name)' "$work/j.xml")" = "421net <latency>" ]; then
	ok "JUnit is XML"
else
	not_ok "JUnit is XML" "$(xmllint --noout "$work/j.xml" 2>&1; cat "$work/j.xml")"
fi

# The fields that LISA's readers of perfdump look for, in each entry.
if jq -e 'length == 12 and all(.[]; [.tool, .test_case_name, .platform, .location, .host_version,
	.vmsize, .kernel_version, .data_path, .role, .metric_name, .metric_unit,
	.metric_relativity | type] | all(. == "string")) and all(.[]; .metric_value | type == "number")
	and any(.[]; .metric_name == "wake@vf_p99" and .data_path == "Sriov" and
	.protocol_type == "UDP" and .metric_relativity == "LowerIsBetter")
	and all(.[]; .vmsize == "Standard_D2s_v5" and .platform == "azure")' "$work/p.json" >/dev/null; then
	ok "perfdump has the fields"
else
	not_ok "perfdump has the fields" "$(head -c 600 "$work/p.json")"
fi

# metrics: the grammar line by line, families together, cumulative buckets, "# EOF" last.
metrics()
{
	awk '
	function bad(why) { print FILENAME ":" NR ": " why ": " $0; failed = 1 }
	ended { bad("after # EOF") }
	/^# EOF$/ { ended = 1; next }
	/^# (TYPE|UNIT|HELP) [a-z_]+ / {
		if ($2 == "TYPE" && ($3 in seen)) bad("family twice")
		seen[$3] = 1; family = $3; type = $2 == "TYPE" ? $4 : type; next
	}
	!/^[a-z_]+\{([a-z_]+="([^"\\]|\\["\\n])*",?)*\} [-+0-9.e]+$/ { bad("not a sample"); next }
	{
		name = $0; sub(/\{.*/, "", name)
		want = type == "info" ? "_info" : type == "histogram" ? "_(bucket|count|sum)" : ""
		if (name !~ "^" family want "$") bad("not of family " family)
		if (name ~ /_bucket$/) {
			key = $0; sub(/,?le=.*/, "", key)
			if (key == last && $NF < before) bad("buckets go down")
			last = key; before = $NF
			if (/le="\+Inf"/) inf[key] = $NF
			buckets[key]++
		}
		if (name ~ /_count$/) {
			key = $0; sub(/} .*/, "", key); sub(/_count\{/, "_bucket{", key)
			if (inf[key] != $NF) bad("+Inf is not the count")
			if (buckets[key] > 30) bad("too many buckets")
		}
	}
	END { if (!ended) { print "no # EOF"; failed = 1 } exit failed }' "$1"
}
if wrong=$(metrics "$work/m.txt") && [ "$(grep -c 'le="+Inf"} 60$' "$work/m.txt")" = 2 ]; then
	ok "OpenMetrics by the grammar"
else
	not_ok "OpenMetrics by the grammar" "$wrong"
fi
sed '/# EOF/d' "$work/m.txt" >"$work/cut.txt"
if metrics "$work/cut.txt" >/dev/null; then
	not_ok "the check of the grammar finds a file that was cut off"
else
	ok "the check of the grammar finds a file that was cut off"
fi
if ! /usr/bin/python3 -c 'import prometheus_client' 2>/dev/null; then
	skip "OpenMetrics by Prometheus' own parser" "no python3-prometheus-client here"
elif wrong=$(/usr/bin/python3 - "$work/m.txt" 2>&1 <<'END'
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
found = {f.name: f for f in parse(open(sys.argv[1]).read())}
assert len(found["azimuth_latency_seconds"].samples) == 2 * 28
assert any(s.labels["metric"] == 'odd<"&\\#\x01>' for s in found["azimuth_metric"].samples)
END
); then
	ok "OpenMetrics by Prometheus' own parser"
else
	not_ok "OpenMetrics by Prometheus' own parser" "$wrong"
fi

gate "an output that cannot be written" 3 'cannot create /dev/null/x' "$five" \
	--junit /dev/null/x "$work/a" "$work/a"
if [ -e /dev/full ]; then
	gate "a full disk" 3 'cannot write /dev/full' "$five" --openmetrics /dev/full "$work/a" "$work/a"
else
	skip "a full disk" "no /dev/full here"
fi
tap_done
