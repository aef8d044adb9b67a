# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# TAP for bash tests of command lines. Source it; each check prints one line.

tap_n=0
tap_failed=0

ok()
{
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1"
}

not_ok()
{
	tap_n=$((tap_n + 1))
	tap_failed=1
	echo "not ok $tap_n - $1"
	[ -z "${2:-}" ] || printf '# %s\n' "${2//$'\n'/$'\n'# }"
}

skip()
{
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

tap_done()
{
	echo "1..$tap_n"
	exit $tap_failed
}

# refuses NAME STATUS REGEX COMMAND...
#
# The command must exit with STATUS, say one line that matches REGEX on
# standard error and nothing on standard output, and leave no file behind in
# its (otherwise empty) working directory.
refuses()
{
	local name=$1 want=$2 regex=$3 dir rc=0 err out left
	shift 3

	dir=$(mktemp -d)
	err=$dir.err out=$dir.out
	(cd "$dir" && exec timeout 20 "$@" </dev/null) >"$out" 2>"$err" || rc=$?
	left=$(ls -A "$dir")
	if [ "$rc" != "$want" ]; then
		not_ok "$name" "exit status $rc, wanted $want: $(head -n 3 "$err")"
	elif [ "$(grep -c '' "$err")" != 1 ]; then
		not_ok "$name" "wanted one line on standard error, got: $(cat "$err")"
	elif ! grep -qE -- "$regex" "$err"; then
		not_ok "$name" "'$(cat "$err")' does not match '$regex'"
	elif [ -s "$out" ]; then
		not_ok "$name" "wrote on standard output: $(head -n 3 "$out")"
	elif [ -n "$left" ]; then
		not_ok "$name" "left behind: $left"
	else
		ok "$name"
	fi
	rm -rf "$dir" "$err" "$out"
}
