#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The azimuth command with bad input, and its help.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash

azimuth=$PWD/out/bin/azimuth
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo '{"schema":1' >"$work/cut.json"
echo '{"schema":99}' >"$work/future.json"

refuses "no such command" 2 'dance' "$azimuth" dance
refuses "unknown option" 2 'no-such-option' "$azimuth" bench net --no-such-option 127.0.0.1:7
refuses "unknown mode" 2 'sideways' "$azimuth" bench net --mode sideways 127.0.0.1:7
refuses "count is not a number" 2 '--count' "$azimuth" bench net --count many 127.0.0.1:7
refuses "no device" 2 'nowhere.*No such file' \
	"$azimuth" bench io --file "$work/nowhere" --rw randread --count 1
refuses "compare without files" 2 'compare' "$azimuth" compare
refuses "compare a file that is not there" 2 'nowhere.json' \
	"$azimuth" compare "$work/nowhere.json" "$work/nowhere.json"
refuses "a result that was cut off" 2 'cut.json' "$azimuth" compare "$work/cut.json" "$work/cut.json"
refuses "a result of another schema" 2 'future.json' \
	"$azimuth" compare "$work/future.json" "$work/future.json"
refuses "report of a file that is not there" 2 'nowhere.json' \
	"$azimuth" report "$work/nowhere.json" -o "$work/r.html"

# wide COMMAND...: the lines of the help of a command and of those below it that 80 columns cut
wide()
{
	local help below

	help=$("$azimuth" "$@" --help) || echo "${*:-azimuth}: --help fails"
	awk -v c="${*:-azimuth}" 'length > 80 { print c ": " $0 }' <<<"$help"
	sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' <<<"$help" | while read -r below; do
		# "version" has no help, and that of "lab" is a script's text.
		case "$* $below" in ' version' | ' lab') ;; *) wide "$@" "$below" ;; esac
	done
}
lines=$(wide)
if [ -z "$lines" ]; then
	ok "the help of every command fits into 80 columns"
else
	not_ok "the help of every command fits into 80 columns" "$lines"
fi

tap_done
