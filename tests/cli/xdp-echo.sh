#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# azimuth xdp echo: bad input, and on a veth pair in network namespaces of its own: native and generic
# mode, IPv4 and IPv6, checksums, that what is not for it reaches the stack, and that nothing
# is left behind by Ctrl-C and by kill -9.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash

azimuth=$PWD/out/bin/azimuth
work=$(mktemp -d)
near=az-near-$$ far=az-far-$$

# shellcheck disable=SC2317 # the trap calls it
cleanup()
{
	local pid

	for pid in "$work"/*.pid; do
		[ -e "$pid" ] && kill "$(cat "$pid")" 2>/dev/null
	done
	ip netns del "$near" 2>/dev/null
	ip netns del "$far" 2>/dev/null
	rm -rf "$work"
}
trap 'cleanup || true' EXIT

refuses "no interface" 2 'no interface' "$azimuth" xdp echo --port 7
refuses "no port" 2 'no port' "$azimuth" xdp echo --dev lo
refuses "unknown interface" 2 "'nosuchif'" "$azimuth" xdp echo --dev nosuchif --port 7
refuses "bad port" 2 '65536' "$azimuth" xdp echo --dev lo --port 65536
refuses "bad mode" 2 "'fast'" "$azimuth" xdp echo --dev lo --port 7 --mode fast
refuses "bad checksum" 2 "'none'" "$azimuth" xdp echo --dev lo --port 7 --checksum none

setup()
{
	ip netns add $near && ip netns add $far &&
		ip -n $near link add v0 type veth peer name v1 netns $far &&
		ip -n $near addr add 10.99.0.1/24 dev v0 && ip -n $far addr add 10.99.0.2/24 dev v1 &&
		ip -n $near addr add fd99::1/64 dev v0 nodad &&
		ip -n $far addr add fd99::2/64 dev v1 nodad &&
		ip -n $near link set v0 up && ip -n $far link set v1 up &&
		ip -n $near link set lo up && ip -n $far link set lo up
}

if ! setup 2>"$work/why"; then
	skip "echo on a veth pair" "no network namespaces here: $(head -n 1 "$work/why")"
	tap_done
fi

# echo_begin NAME NS IF OPTION...
echo_begin()
{
	local name=$1 ns=$2 dev=$3 i
	shift 3

	ip netns exec "$ns" "$azimuth" xdp echo --dev "$dev" --ready --json "$work/$name.json" "$@" \
		>"$work/$name.txt" 2>&1 &
	echo $! >"$work/$name.pid"
	for ((i = 0; i < 600; i++)); do
		grep -q ^echoing "$work/$name.txt" && return
		kill -0 "$(cat "$work/$name.pid")" 2>/dev/null || break
		sleep 0.1
	done
	return 1
}

# echo_end NAME SIGNAL
echo_end()
{
	kill "-$2" "$(cat "$work/$1.pid")"
	wait "$(cat "$work/$1.pid")" 2>/dev/null || true
	rm -f "$work/$1.pid"
}

# programs NS IF: how many XDP programs ip shows
programs()
{
	ip -n "$1" link show "$2" | grep -c 'prog/xdp' || true
}

ping_pong()
{
	ip netns exec $near timeout 60 "$azimuth" bench net --mode rtt --count "$1" "$2" >"$work/rtt" 2>&1
}

# echoed NAME LEAST: bench net sends some more to warm up
echoed()
{
	local got

	got=$(jq .counts.echoed "$work/$1.json")
	if [ "$got" -ge "$2" ]; then ok "$1: counted"; else not_ok "$1: counted" "got $got, want $2"; fi
}

# A veth takes what the other end's XDP sends only when it has a program itself.
if ! echo_begin peer $near v0 --port 9; then
	skip "echo on a veth pair" "no XDP here: $(head -n 1 "$work/peer.txt")"
	tap_done
fi

# arm NAME OPTION...: 200 round trips of each family, to nobody's port
arm()
{
	local name=$1
	shift

	if ! echo_begin "$name" $far v1 --port 7777 "$@"; then
		not_ok "$name: attaches" "$(cat "$work/$name.txt")"
		return
	fi
	for to in 10.99.0.2 '[fd99::2]'; do
		if ping_pong 200 "$to:7777"; then
			ok "$name: echo from $to"
		else
			not_ok "$name: echo from $to" "$(cat "$work/rtt")"
		fi
	done
	if ping_pong 1 10.99.0.2:7778; then
		not_ok "$name: another port is the stack's"
	else
		ok "$name: another port is the stack's"
	fi
	echo_end "$name" INT
	echoed "$name" 400
	if [ "$(programs $far v1)" = 0 ]; then ok "$name: detached"; else not_ok "$name: detached"; fi
}

# The sum of a packet that veth hands over is not there yet: it is for the device to make.
arm native --mode native --checksum compute
if grep -q 'native mode' "$work/native.txt"; then ok "says native"; else not_ok "says native"; fi
arm generic --mode generic --checksum compute
if command -v ethtool >/dev/null; then
	ip netns exec $near ethtool -K v0 tx off >/dev/null
	arm keep --mode native
else
	skip "keep: the checksum that came" "no ethtool here"
fi

if echo_begin killed $far v1 --port 7777; then
	is_there=$(programs $far v1)
	refuses "a second one" 3 'has an XDP program already' \
		ip netns exec $far "$azimuth" xdp echo --dev v1 --port 7
	echo_end killed KILL
	sleep 0.5
	if [ "$is_there,$(programs $far v1)" = 1,0 ]; then
		ok "kill -9 takes it off"
	else
		not_ok "kill -9 takes it off" "$is_there before"
	fi
else
	not_ok "killed: attaches" "$(cat "$work/killed.txt")"
fi
echo_end peer INT
tap_done
