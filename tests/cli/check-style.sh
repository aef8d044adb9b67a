#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016 # what is written here are scripts for later
#
# Every check of scripts/check-style finds the mistake that is planted for it,
# says where it is, and passes a tree without mistakes.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
id='SPDX-License-Identifier: GPL-2.0-only'

# A small tree that is all right; each case below spoils a copy of it.
good=$work/good
mkdir -p "$good/scripts" "$good/lib"
cp scripts/check-style "$good/scripts/"
printf '# %s\nBASE := -std=gnu11 -I. -Wall -Wextra -Werror\n' "$id" >"$good/Makefile"
printf '/* %s */\n\n/* One more than @x. */\nint more(int x);\n' "$id" >"$good/lib/more.h"
printf '// %s\n#include "lib/more.h"\n\nint more(int x)\n{\n\treturn x + 1;\n}\n' "$id" \
	>"$good/lib/more.c"
printf '#!/bin/sh\n# %s\necho "$1"\n' "$id" >"$good/scripts/say"

# style NAME CHECK WANTED-STATUS REGEX: run CHECK in $tree.
style()
{
	local rc=0 out

	out=$("$tree/scripts/check-style" "$2" 2>&1) || rc=$?
	if [ "$rc" != "$3" ]; then
		not_ok "$1" "exit status $rc, wanted $3: $out"
	elif ! grep -qE -- "$4" <<<"$out"; then
		not_ok "$1" "no match for '$4' in: $out"
	else
		ok "$1"
	fi
}

spoil()
{
	tree=$work/$((tap_n + 1))
	cp -r "$good" "$tree"
}

for check in spdx space indent columns file_length function_length header_comments names \
	shellcheck clang; do
	spoil
	style "a good tree passes $check" "$check" 0 '^ok 1 - style'
done

spoil
sed -i 1d "$tree/lib/more.c"
style "C source without a licence" spdx 1 '^# lib/more.c:1: '

spoil
sed -i 2d "$tree/scripts/say"
style "script without a licence" spdx 1 '^# scripts/say:2: '

spoil
sed -i 's/int more(int x)$/& /' "$tree/lib/more.c"
style "space at the end of a line" space 1 '^# lib/more.c:4: '

spoil
sed -i 's/^\treturn/        return/' "$tree/lib/more.c"
style "indented with spaces" indent 1 '^# lib/more.c:6: '

spoil
printf '/* %091d */\n' 0 >>"$tree/lib/more.h"
style "100 columns are allowed, just" columns 0 '^ok'
spoil
printf '\t/* %087d */\n' 0 >>"$tree/lib/more.h"
style "a tab counts" columns 1 '^# lib/more.h:5: 101 columns'

spoil
for _ in $(seq 600); do echo; done >>"$tree/lib/more.c"
style "file too long" file_length 1 '^# lib/more.c: more than 600'

spoil
{
	printf 'int long_one(void)\n{\n'
	for _ in $(seq 81); do printf '\t;\n'; done
	echo '}'
} >>"$tree/lib/more.c"
style "function too long" function_length 1 '^# lib/more.c:9: a function of 81'

spoil
printf '\nint less(int x);\n' >>"$tree/lib/more.h"
style "declaration without a comment" header_comments 1 '^# lib/more.h:6: int less'

# Put together by printf, so that this file holds no such name itself.
spoil
printf 'http://deb.%s.%s/x\n' debian org >"$tree/README.md"
style "host of a package archive" names 1 '^# README.md:1:'
spoil
printf 'see /%s/main/lab\n' work >"$tree/README.md"
style "path of one machine" names 1 '^# README.md:1:'

spoil
echo 'echo $1' >>"$tree/scripts/say"
style "unquoted variable in a script" shellcheck 1 '^# scripts/say:4:.*SC2086'

spoil
sed -i 's/return x + 1/int unused; return x + 1/' "$tree/lib/more.c"
style "warning of the compiler" clang 1 '^# lib/more.c:6:.*unused'

spoil
style "unknown check" nothing 2 "no check 'nothing'"

tap_done
