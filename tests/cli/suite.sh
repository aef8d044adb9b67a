#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# azimuth bench suite: bad files, the order of runs, and what is left after a failure, a
# timeout, Ctrl-C and kill -9.

# shellcheck disable=SC2012,SC2317 # names are our own; functions are called by name

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash

azimuth=$PWD/out/bin/azimuth
work=$(mktemp -d)
port=$((20000 + $$ % 20000))
ns=azsuite$$
trap 'rm -rf "$work"; ip netns del $ns-a 2>/dev/null || true; ip netns del $ns-b 2>/dev/null || true' EXIT

# suite NAME JSON: writes $work/NAME.json. @ stands for $work, PORT for a port.
suite()
{
	local text=${2//@/$work}

	printf '%s\n' "${text//PORT/$port}" >"$work/$1.json"
}

# run NAME [OPTION]...: rc and out, in $work/NAME.d
run()
{
	local name=$1
	shift
	rc=0
	out=$(timeout 60 "$azimuth" bench suite "$work/$name.json" -o "$work/$name.d" "$@" 2>&1) || rc=$?
}

# start NAME: the same in the background; pid.
start()
{
	"$azimuth" bench suite "$work/$1.json" -o "$work/$1.d" >"$work/$1.out" 2>&1 &
	pid=$!
}

# until_true TEXT COMMAND...: until it succeeds; the test's end is the limit.
until_true()
{
	local n

	for ((n = 0; n < 600; n++)); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.05
	done
	return 1
}

# expect NAME COMMAND...
expect()
{
	local name=$1
	shift
	if "$@" >/dev/null 2>&1; then
		ok "$name"
	else
		not_ok "$name" "exit ${rc:-}: ${out:-} $(cat "$work/trace" 2>/dev/null)"
	fi
}

trace_is()
{
	[ "$(tr '\n' ' ' <"$work/trace")" = "$1" ]
}

new_trace()
{
	: >"$work/trace"
}

child_runs()
{
	jq -e '.child != null and .arm != ""' "$1/state.json"
}

# The server that the state names has a number; is that process there?
gone()
{
	! kill -0 "$1" 2>/dev/null
}

arms='"arms": [
	{"name": "a", "setup": ["echo +a >>@/trace"], "teardown": ["echo -a >>@/trace"]},
	{"name": "b", "args": ["--size", "200"], "setup": ["echo +b >>@/trace"],
	 "teardown": ["echo -b >>@/trace"]}]'
server='"server": {"command": ["net", "--mode", "serve", "127.0.0.1:PORT"]}'

# ---- what is refused, before anything runs -------------------------------------

s="$azimuth bench suite"
suite key '{"name": "x", "repetition": 3}'
suite nest "{\"name\": \"x\", $arms, \"benchmarks\": [{\"name\": \"n\", \"command\": [\"net\", 7]}]}"
suite half '{"name": "x",'
# shellcheck disable=SC2086 # a command and its arguments
{
	refuses "no suite file" 2 'one suite file' $s
	refuses "a suite file that is not there" 2 'nowhere.json' $s "$work/nowhere.json"
	refuses "not JSON" 2 'half.json: line' $s "$work/half.json"
	refuses "an unknown key" 2 "unknown key 'repetition', did you mean 'repetitions'" $s "$work/key.json"
	refuses "a wrong type deep in the file" 2 'benchmarks\[0\]\.command\[1\]: text is wanted' \
		$s "$work/nest.json"
	refuses "clean-up without a directory" 2 'takes --output' $s --clean-up
	refuses "clean-up where no suite was" 2 'no suite was run' $s --clean-up -o "$work"
}

# ---- order, results, and a second start -------------------------------------------

suite abba "{\"name\": \"abba\", \"repetitions\": 2, \"warmup\": 1, $arms,
	\"setup\": [\"echo + >>@/trace\"], \"teardown\": [\"echo - >>@/trace\"],
	\"benchmarks\": [{\"name\": \"rtt\", \"command\": [\"net\", \"--count\", \"20\",
	\"127.0.0.1:PORT\"], $server}]}"
new_trace
run abba --dry-run
expect "a dry run prints the plan and runs nothing" \
	[ "$rc$(grep -c 'block' <<<"$out")$(cat "$work/trace")$(test ! -e "$work/abba.d" || echo there)" = 04 ]
run abba
expect "all runs are made in ABBA order" trace_is '+ +a -a +b -b +a -a +b -b +b -b +a -a - '
expect "the suite ends well" [ "$rc" = 0 ]
expect "a result knows its place" [ "$(jq -r '.suite | "\(.name) \(.arm) \(.run) \(.block) \(.order) \(.seed)"' \
	"$work/abba.d/rtt/b.2.json")" = 'abba b 2 1 2 1' ]
expect "the arm's arguments are used" [ "$(jq .config.size "$work/abba.d/rtt/b.1.json")" = 200 ]
expect "the command for compare is printed" grep -q 'azimuth compare --force --a .*/rtt/a\.\*\.json --b ' <<<"$out"
# shellcheck disable=SC2086 # what the suite printed, with its patterns
expect "what is printed can be run" test -n "$(eval "$azimuth $(sed -n 's/^azimuth //p' <<<"$out")" 2>&1 |
	grep rtt_p50)"
new_trace
run abba --compare
expect "finished runs are not repeated" trace_is ''
expect "--compare runs it" grep -q '^rtt_p50 ' <<<"$out"
sed 's/"warmup": 1/"warmup": 2/' "$work/abba.json" >"$work/other.json"
rc=0
out=$("$azimuth" bench suite "$work/other.json" -o "$work/abba.d" 2>&1) || rc=$?
expect "runs of another suite file are not added to" grep -q 'another suite file' <<<"$out"

# ---- failures ------------------------------------------------------------------------

suite badset "{\"name\": \"badset\", \"arms\": [{\"name\": \"a\", \"setup\":
	[\"echo +1 >>@/trace\", \"echo no luck; exit 9\", \"echo +3 >>@/trace\"],
	\"teardown\": [\"exit 5\", \"echo -a >>@/trace\"]}], \"teardown\": [\"echo - >>@/trace\"],
	\"benchmarks\": [{\"name\": \"n\", \"command\": [\"net\", \"127.0.0.1:PORT\"]}]}"
new_trace
run badset
expect "tear-down runs after a set-up that failed" trace_is '+1 -a - '
expect "the command that failed is named" grep -q "set-up of arm a: .*exit code 9: no luck" <<<"$out"
expect "a failed set-up fails the suite" [ "$rc" = 1 ]
expect "a tear-down that failed is kept for --clean-up" [ "$(jq -r .arm "$work/badset.d/state.json")" = a ]

suite badcmd "{\"name\": \"badcmd\", $arms, \"repetitions\": 1, \"benchmarks\": [{\"name\": \"n\",
	\"command\": [\"net\", \"--no-such-option\", \"127.0.0.1:PORT\"]}]}"
new_trace
run badcmd
expect "tear-down runs after a benchmark that failed" trace_is '+a -a '
expect "what the benchmark said is repeated" grep -q 'no-such-option' <<<"$out"
run badcmd --keep-going
expect "--keep-going goes on" trace_is '+a -a +a -a +b -b '

head -c 65536 /dev/zero >"$work/zeros"
suite lost "{\"name\": \"lost\", \"arms\": [{\"name\": \"a\"}, {\"name\": \"b\"}],
	\"repetitions\": 1, \"benchmarks\": [{\"name\": \"n\", \"command\": [\"io\", \"--file\",
	\"@/zeros\", \"--rw\", \"check\", \"--count\", \"4\"]}]}"
run lost
expect "a run that found wrong data is a result, and told" grep -q '2 of them with a failure' <<<"$out"
expect "and fails the suite" [ "$rc" = 1 ]

suite slow "{\"name\": \"slow\", $arms, \"repetitions\": 1, \"timeout\": \"300ms\", \"benchmarks\":
	[{\"name\": \"n\", \"command\": [\"net\", \"--count\", \"0\", \"--duration\", \"50s\",
	\"127.0.0.1:PORT\"], $server}]}"
new_trace
run slow
expect "a run past its timeout is ended" grep -q 'a.1: did not end within 300 ms' <<<"$out"
expect "and torn down" trace_is '+a -a '
expect "and no result" [ -z "$(find "$work/slow.d/n" -type f)" ]

# ---- interruption ----------------------------------------------------------------------

suite long "{\"name\": \"long\", $arms, \"repetitions\": 1, \"benchmarks\":
	[{\"name\": \"n\", \"command\": [\"net\", \"--count\", \"0\", \"--duration\", \"50s\",
	\"127.0.0.1:PORT\"], $server}]}"
new_trace
start long
until_true child_runs "$work/long.d"
until_true [ -s "$work/long.d/log/n.server.log" ]
until_true jq -e .server.pid "$work/long.d/state.json"
until_true jq -e '.child != null' "$work/long.d/state.json"
served=$(jq .server.pid "$work/long.d/state.json")
rc=0
out=$("$azimuth" bench suite "$work/long.json" -o "$work/long.d" 2>&1) || rc=$?
expect "a second suite in one directory is refused" grep -q 'another suite is running' <<<"$out"
sleep 0.3
kill -INT $pid
rc=0
wait $pid || rc=$?
out=$(cat "$work/long.out")
expect "Ctrl-C ends it with 1" [ "$rc" = 1 ]
expect "and tears down" trace_is '+a -a '
expect "and keeps what was measured" [ "$(jq .interrupted "$work/long.d/failed/n/a.1.json")" = true ]
expect "and ends the server" gone "$served"

# The set-up of b hangs the first time.
suite killed "{\"name\": \"killed\", \"repetitions\": 1, \"arms\": [
	{\"name\": \"a\", \"setup\": [\"echo +a >>@/trace\"], \"teardown\": [\"echo -a >>@/trace\"]},
	{\"name\": \"b\", \"setup\": [\"echo +b >>@/trace; test -e @/go || sleep 50\"],
	 \"teardown\": [\"echo -b >>@/trace\"]}], \"teardown\": [\"echo - >>@/trace\"],
	\"benchmarks\": [{\"name\": \"n\", \"command\": [\"net\", \"--count\", \"20\",
	\"127.0.0.1:PORT\"], $server}]}"
for way in clean-up resume; do
	rm -rf "$work/killed.d" "$work/go"
	new_trace
	start killed
	until_true grep -q +b "$work/trace"
	until_true child_runs "$work/killed.d"
	kill -KILL $pid
	wait $pid 2>/dev/null || true
	if [ $way = clean-up ]; then
		expect "kill -9 leaves what was set up" trace_is '+a -a +b '
		out=$("$azimuth" bench suite --clean-up -o "$work/killed.d" 2>&1)
		expect "--clean-up tears it down" trace_is '+a -a +b -b - '
		out=$("$azimuth" bench suite --clean-up -o "$work/killed.d" 2>&1)
		expect "once" grep -q 'nothing to tear down' <<<"$out"
	fi
	touch "$work/go"
	run killed
	expect "after $way the rest is run" trace_is '+a -a +b -b - +b -b - '
	expect "and all is there" [ "$rc$(ls "$work/killed.d/n" | tr '\n' ' ')" = '0a.1.json b.1.json ' ]
done

# ---- the other end --------------------------------------------------------------------------

# As ssh does: what it runs is in a session of its own, and is not our child.
cat >"$work/ssh" <<'END'
#!/bin/sh
exec setsid -w sh -c "$2"
END
chmod +x "$work/ssh"
suite remote "{\"name\": \"remote\", \"repetitions\": 1, \"env\": {\"WHO\": \"it's me\"},
	\"ends\": [{\"name\": \"peer\", \"ssh\": \"host\", \"ssh_command\": [\"@/ssh\"],
	\"azimuth\": \"$azimuth\"}],
	\"arms\": [{\"name\": \"a\", \"setup\": [{\"run\": \"echo \$WHO >>@/trace\", \"end\": \"peer\"}]}],
	\"benchmarks\": [{\"name\": \"n\", \"command\": [\"net\", \"--count\", \"20\", \"127.0.0.1:PORT\"],
	\"server\": {\"end\": \"peer\", \"command\": [\"net\", \"--mode\", \"serve\", \"127.0.0.1:PORT\"]}}]}"
new_trace
run remote
served=$(sed -n 's/^azimuth-pid \([0-9]*\) .*/\1/p' "$work/remote.d/log/n.server.log" 2>/dev/null || true)
expect "a server over ssh serves" [ "$rc$(ls "$work/remote.d/n")" = 0a.1.json ]
expect "a command there has the environment" trace_is "it's me "
expect "and the server is ended there" gone "${served:-$$}"

if [ "$(id -u)" != 0 ] || ! ip netns add $ns-a 2>/dev/null; then
	skip "namespaces" "needs root and network namespaces"
else
	ip netns del $ns-a
	suite netns "{\"name\": \"netns\", \"repetitions\": 1,
		\"setup\": [\"ip netns add $ns-a && ip netns add $ns-b\",
			\"ip link add va netns $ns-a type veth peer name vb netns $ns-b\"],
		\"teardown\": [\"ip netns del $ns-a\", \"ip netns del $ns-b\"],
		\"ends\": [{\"name\": \"client\", \"netns\": \"$ns-a\"},
			{\"name\": \"peer\", \"netns\": \"$ns-b\"}],
		\"arms\": [{\"name\": \"a\", \"setup\": [
			{\"end\": \"client\", \"run\": \"ip addr add 192.0.2.1/24 dev va && ip link set va up\"},
			{\"end\": \"peer\", \"run\": \"ip addr add 192.0.2.2/24 dev vb && ip link set vb up\"},
			{\"end\": \"client\", \"run\": \"ls /sys/class/net >@/devices\"}],
			\"teardown\": [{\"end\": \"client\", \"run\": \"ip addr flush dev va\"}]}],
		\"benchmarks\": [{\"name\": \"n\", \"end\": \"client\",
			\"command\": [\"net\", \"--count\", \"20\", \"192.0.2.2:7\"],
			\"server\": {\"end\": \"peer\", \"command\": [\"net\", \"--mode\", \"serve\", \"192.0.2.2:7\"]}}]}"
	run netns
	expect "both ends in network namespaces" [ "$rc$(ls "$work/netns.d/n")" = 0a.1.json ]
	expect "with their own /sys" grep -qx va "$work/devices"
	expect "which the tear-down removes" [ -z "$(ip netns list | grep -F $ns || true)" ]
fi

tap_done
