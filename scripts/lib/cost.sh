# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What a step of the tests costs, for the list at the end of scripts/test.

# cost WHAT COMMAND...: runs it. What it took is a line in the file $AZIMUTH_COSTS, if that
# is set: seconds, seconds of processor, WHAT (scripts/test shows the dearest).
cost()
{
	local what=$1 rc=0 TIMEFORMAT='%R %U %S' took
	shift

	if [ -z "${AZIMUTH_COSTS:-}" ]; then
		"$@"
		return
	fi
	took=$(mktemp)
	{ time "$@" 2>&3; } 3>&2 2>"$took" || rc=$?
	awk -v what="$what" '{ printf "%.0f %.1f %s\n", $1, $2 + $3, what }' "$took" >>"$AZIMUTH_COSTS"
	rm -f -- "$took"
	return $rc
}
