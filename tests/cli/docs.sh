#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the documentation names exists: relative links and their headings, paths of the repository,
# commands and their subcommands, forms of exports, fragments; and the lists of patches are those
# of the queue.
#
#	tests/cli/docs.sh [FILE.md]...

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash
export LC_ALL=C

pages=("$@")
[ ${#pages[@]} -gt 0 ] || mapfile -t pages < <(git ls-files --cached --others --exclude-standard '*.md')
top='(scripts|lab|tests|configs|patches|drivers/hv|lib|cli|benchmarks|Documentation)'
# Programs that are not compiled yet are no mistake of a page.
built=out/bin/azimuth

# report NAME WRONG
report()
{
	if [ -z "$2" ]; then ok "$1"; else not_ok "$1" "$2"; fi
}

# The name that a heading has as a place to link to.
anchors()
{
	sed -n 's/^##* *//p' "$1" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 _-]//g; s/ /-/g'
}

# where PAGE TEXT: "PAGE:LINE: TEXT"
where()
{
	printf '%s:%s: %s\n' "$1" "$(grep -nF -m1 -- "$2" "$1" | cut -d: -f1)" "$3"
}

links()
{
	local page link file

	for page in "${pages[@]}"; do
		while read -r link; do
			case $link in
			*://* | mailto:*) continue ;;
			esac
			file=${link%%#*}
			file=${file:+$(dirname "$page")/$file}
			: "${file:=$page}"
			if [ ! -e "$file" ]; then
				where "$page" "]($link)" "no $file"
			elif [[ $link == *#* ]] && ! anchors "$file" | grep -qxF -- "${link#*#}"; then
				where "$page" "]($link)" "$file has no heading #${link#*#}"
			fi
		done < <(grep -oE '\]\([^) ]+\)' "$page" | sed 's/^](//; s/)$//' || true)
	done
}

# Words that begin with a directory of the repository. What stands for something else, in capitals,
# <> or $, is cut off before it; a pattern has to match something. Modules are not there before they
# are built, and scripts/kconfig/ is a directory of the kernel's.
paths()
{
	local page word rest

	for page in "${pages[@]}"; do
		while read -r word; do
			[[ $word != *.ko && $word != scripts/kconfig/* ]] || continue
			rest=${word#Documentation/}
			word=${word%"$rest"}${rest%%[A-Z<\$]*}
			word=${word%%[.,:;]}
			case $word in
			*/) [ -d "$word" ] || where "$page" "$word" "no directory $word" ;;
			*-) ;;
			*) [ -n "$(compgen -G "$word" || true)" ] || where "$page" "$word" "no $word" ;;
			esac
		done < <(grep -oE "(^|[ \`(])$top/[][A-Za-z0-9_.*<>\$/{},-]+" "$page" |
			sed -E 's/^[ `(]//' | expand | sort -u || true)
	done
}

# expand: a/{b,c} on standard input, as a/b and a/c.
expand()
{
	local word part

	while read -r word; do
		if [[ $word =~ ^([^{]*)\{([^}]*)\}(.*)$ ]]; then
			for part in ${BASH_REMATCH[2]//,/ }; do
				echo "${BASH_REMATCH[1]}$part${BASH_REMATCH[3]}"
			done
		else
			echo "$word"
		fi
	done
}

# subcommands COMMAND WORDS: each "COMMAND word" of a page is one of WORDS.
subcommands()
{
	local page word

	for page in "${pages[@]}"; do
		while read -r word; do
			[[ " $2 " == *" $word "* ]] || where "$page" "$1 $word" "$1 has no command $word"
		done < <(grep -E '^    |`' "$page" | grep -oE "(^    |\`|&& |[|] )$1 [a-z][a-z-]*" |
			sed -E "s,.*$1 ,," | sort -u || true)
	done
}

# The words that begin the lines of a --help, by two blanks.
help_words()
{
	"$@" --help 2>/dev/null | sed -nE 's/^  ([a-z][a-z-]*).*/\1/p' | sort -u | tr '\n' ' '
}

commands()
{
	subcommands scripts/queue "$(help_words scripts/queue)"
	subcommands scripts/kernel "$(help_words scripts/kernel)"
	subcommands scripts/kconfig "$(help_words scripts/kconfig)"
	subcommands lab/launch/lab "run list mode"
	[ ! -x "$built" ] || subcommands azimuth "$(help_words "$built") help"
}

forms()
{
	local page word known

	known=$(sed -n 's/^EXPORT_FORMS="\(.*\)"$/\1/p' scripts/lib/queue-export.sh)
	for page in "${pages[@]}"; do
		while read -r word; do
			[[ " $known FORM " == *" $word "* ]] ||
				where "$page" "scripts/queue export $word" "no form $word"
		done < <(grep -oE 'scripts/queue export [A-Za-z0-9]+' "$page" | sed 's/.* //' | sort -u || true)
	done
}

# Words behind the options of merge, verify and fragment, until something that is none.
fragments()
{
	local page line word

	for page in "${pages[@]}"; do
		while read -r line; do
			for word in $line; do
				[ -e "configs/$word.fragment" ] || where "$page" "$line" "no fragment $word"
			done
		done < <(grep -hE '^    scripts/kconfig (merge|verify|fragment) ' "$page" |
			sed -E 's/ *#.*//; s/ *>.*//; s/(-b|-a|-o|--onto) [^ ]+//g; s/.*(merge|verify|fragment) //
				s/^ *[^ ]*[./][^ ]*//; s/^ *(CONFIG)//' | grep -vE '^ *$|[A-Z.]' || true)
	done
}

report "links lead somewhere" "$(links)"
report "paths exist" "$(paths)"
report "commands exist" "$(commands)"
report "forms of exports exist" "$(forms)"
report "fragments exist" "$(fragments)"
if [ $# = 0 ]; then
	report "the lists of patches are those of the queue" "$(scripts/topics --check 2>&1 || true)"
fi
tap_done
