# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Result files for the tests of compare, gate and history. Source it.

# result FILE SECOND P50 [JQ-EDIT]: a run of "net-rtt" that ended at SECOND of an hour, with a
# median of P50 ns, a p99 of twice that and a histogram of ten samples; rate is 1e9 / P50.
result()
{
	jq -n --argjson second "$2" --argjson p50 "$3" '
	def date: "2026-11-22T10:\($second / 60 | floor | tostring | if length < 2 then "0" + . else . end
		):\($second % 60 | tostring | if length < 2 then "0" + . else . end)Z";
	{ schema: 1, kind: "bench", benchmark: "net-rtt", config: { size: 64, mode: "udp" },
	  metrics: [ { name: "rtt_p50", unit: "ns", better: "lower", value: $p50 },
		{ name: "rtt_p99", unit: "ns", better: "lower", value: (2 * $p50) },
		{ name: "rate", unit: "1/s", better: "higher", value: (1e9 / $p50) } ],
	  counts: { sent: 10, lost: 0 },
	  histograms: { "wake@vf": { sub_bits: 8, error: "1/512", count: 10, min: 100, max: 300,
		sum: 1900, mean: 190, buckets: [100, 5, 200, 3, 300, 2] } },
	  interrupted: false,
	  env: { kernel: "6.12.0", lab_mode: "none", sku: "Standard_D2s_v5", cpus: 2,
		machine: "x86_64", tool_version: "0.1", date: date } }' | jq "${4:-.}" >"$1"
}

# arm DIR SECOND STEP P50...: a directory of runs, STEP seconds apart.
arm()
{
	local dir=$1 at=$2 step=$3 n=0 p50

	mkdir -p "$dir"
	shift 3
	for p50 in "$@"; do
		n=$((n + 1))
		result "$dir/run$n.json" "$at" "$p50"
		at=$((at + step))
	done
}
