#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# scripts/bench-peers: bad input, and with tools whose answers are known: the order, what is
# read from them, what is met, and the page.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

refuses "unknown option" 2 "'--fast'" "$PWD/scripts/bench-peers" --fast
refuses "no runs" 2 "'0' is not a number" "$PWD/scripts/bench-peers" --runs 0
refuses "a pattern that no claim matches" 2 'nonsense.*no claim' "$PWD/scripts/bench-peers" --only 'nonsense*'

# A repository of its own, with a claim that is met and two that are not.
mkdir -p "$work/scripts/lib" "$work/Documentation" "$work/out" "$work/bin"
cp scripts/bench-peers "$work/scripts/"
cat >"$work/scripts/lib/bench-peers-claims" <<'END'
peers.rtt	ns	lower	<=1x	loopback	udp	rtt_p50	sockperf
peers.rtt_half	ns	lower	<=0.5x	loopback	udp	rtt_p50	sockperf
peers.rtt_within	ns	lower	within	loopback	udp	rtt_p50	sockperf
peers.read	ns	lower	<=1x	file	read4k	read_p50	fio
peers.read_within	ns	lower	within	file	read4k	read_p50	fio
END
printf '%s\n' before '<!-- peers: begin -->' old '<!-- peers: end -->' after >"$work/Documentation/benchmarks.md"
cat >"$work/bin/azimuth" <<'END'
#!/bin/bash
for ((i = 1; i <= $#; i++)); do
	[ "${!i}" != --json ] || { i=$((i + 1)); json=${!i}; }
done
case " $* " in
*" serve "*) echo "serving udp"; exec sleep 30 ;;
esac
echo ours >>"$TRACE"
echo '{"metrics": [{"name": "rtt_p50", "value": 4000}, {"name": "read_p50", "value": 300}]}' >"$json"
END
cat >"$work/bin/sockperf" <<'END'
#!/bin/bash
case "$*" in
--version) echo "sockperf, version 9.9-no.git"; exit ;;
server*) echo "using recvfrom() to block on socket(s)"; exec sleep 30 ;;
*--full-rtt*) ;;
*) echo "half" >>"$TRACE" ;;
esac
echo peer >>"$TRACE"
n=$(grep -c peer "$TRACE")
echo "sockperf: ---> percentile 99.000 = 99.000"
# 1, 5 and 8 us: the median is not the mean
echo "sockperf: ---> percentile 50.000 =    $(sed -n "${n}p" <<<$'1.000\n8.000\n5.000')"
END
cat >"$work/bin/fio" <<'END'
#!/bin/bash
[ "$1" != --version ] || { echo fio-8.8; exit; }
for a in "$@"; do
	case $a in --output=*) out=${a#*=} ;; esac
done
echo '{"jobs": [{"read": {"lat_ns": {"percentile": {"50.000000": 200}}, "clat_ns": {"percentile": {"50.000000": 1}}}}]}' >"$out"
END
chmod +x "$work"/bin/*
export PATH=$work/bin:$PATH TRACE=$work/trace AZIMUTH=$work/bin/azimuth

peers()
{
	rc=0
	: >"$TRACE"
	out=$("$work/scripts/bench-peers" --runs 3 --seconds 1 "$@" 2>&1) || rc=$?
}

# expect NAME FIELD WANT
expect()
{
	local got

	got=$(jq -r --arg n "$1" --arg f "$2" '.[] | select(.name == $n) | .[$f] | tostring' "$work/out/bench/peers.json")
	if [ "$got" = "$3" ]; then
		ok "$1: $2 is $3"
	else
		not_ok "$1: $2 is $3" "got '$got'; exit $rc: $out"
	fi
}

check()
{
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got '$2', wanted '$3'; exit $rc: $out"; fi
}

peers --document
check "all is measured" $rc 0
check "ours and the peer's take turns, ABBA, and the round trip is asked for" \
	"$(grep -v half "$TRACE" | tr '\n' ' ')" 'ours ours ours ours peer peer ours ours peer '
expect peers.rtt ours 4000
expect peers.rtt reference 5000
expect peers.rtt ratio 0.8
expect peers.rtt met true
expect peers.rtt reference_kind 'sockperf 9.9'
expect peers.rtt_half met false
expect peers.rtt_within met true
expect peers.rtt_within reference_range '[1000,8000]'
expect peers.read_within met false
expect peers.read reference 200
expect peers.read ratio 1.5
expect peers.read met false
page=$work/Documentation/benchmarks.md
check "the page has the table between its markers" "$(sed -n '1p;2p;$p' "$page" | tr '\n' ' ')" \
	'before <!-- peers: begin --> after '
check "with what was not met" "$(grep -c '^| peers.*not met' "$page")" 3
check "and without the table before" "$(grep -cx old "$page" || true)" 0
check "and nothing is left" "$(find "$work/out" -name 'bench-peers.*')" ''

peers --only peers.read
check "a part is a part" "$(jq -r '.[].name' "$work/out/bench/peers.json")" peers.read

sed -i 's/^echo ours.*/echo "no luck"; exit 1/' "$work/bin/azimuth"
peers --only peers.rtt
check "a run that fails fails it" $rc 1
check "and is named" "$(grep -c 'ours failed: no luck' <<<"$out")" 1
expect peers.rtt met null
expect peers.rtt ours null
tap_done
