# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Packages of the machine's own archive: resolved, downloaded into the cache and
# unpacked without being installed, and without being root. The archive's address
# comes from `apt-get indextargets` and is never written down.
#
# APT_OPTS is the apt view in use. It starts as the machine's own; where a
# package is missing there, apt_refresh() makes a private copy of the lists, and
# apt_suite() one of a suite that the machine has not configured.

APT_OPTS=()
APT_ROOT=$OUT/apt

apt_check()
{
	command -v apt-get >/dev/null 2>&1 ||
		die 3 "apt-get not found: give the kernel source with KSRC=<tree>, or use a Debian machine"
	need dpkg-deb
	[ "$(id -u)" != 0 ] || APT_OPTS+=(-o APT::Sandbox::User=root)
}

# apt_private NAME: moves apt's state and cache to out/apt/NAME.
apt_private()
{
	local dir=$APT_ROOT/$1

	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" ||
		die 3 "cannot create $dir"
	APT_OPTS+=(-o "Dir::State::lists=$dir/lists" -o "Dir::Cache=$dir/cache"
		   -o Debug::NoLocking=true -o Acquire::Retries=3
		   -o APT::Get::List-Cleanup=false)
}

apt_update()
{
	note "reading the package lists ($1)"
	apt-get "${APT_OPTS[@]}" -qq -o APT::Update::Error-Mode=any update >&2
}

# The machine's own suites, read anew: for empty or outdated lists.
apt_refresh()
{
	apt_private own
	# A suite of somebody else that fails must not stop us: what counts is
	# whether the package is there afterwards.
	apt_update "own suites" || note "some package lists could not be read"
}

# Address of the Debian archive that serves this machine's own release (not its
# security or other archives).
apt_archive()
{
	local codename

	# shellcheck disable=SC1091
	codename=$(. /etc/os-release 2>/dev/null && printf '%s' "${VERSION_CODENAME:-}")
	# shellcheck disable=SC2016 # apt expands these
	apt-get indextargets --no-release-info \
		--format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(IDENTIFIER)' 2>/dev/null |
		awk -v own="$codename" '$3 == "main" && $4 == "Packages" &&
			($2 == own || $2 ~ /^(oldoldstable|oldstable|stable|testing|unstable|sid)$/) &&
			!seen++ { print $1 }'
}

apt_keyring()
{
	local file
	for file in /usr/share/keyrings/debian-archive-keyring.gpg \
		    /usr/share/keyrings/debian-archive-keyring.pgp; do
		[ -r "$file" ] || continue
		printf '%s\n' "$file"
		return
	done
	die 3 "no Debian archive keyring: install the package debian-archive-keyring"
}

# apt_suite SUITE: an apt view of one suite of the same archive; fails where the
# archive has no such suite.
apt_suite()
{
	local uri keyring dir=$APT_ROOT/$1

	uri=$(apt_archive)
	[ -n "$uri" ] ||
		die 3 "no Debian archive among the machine's apt sources (apt-get indextargets): give the source with KSRC=<tree>"
	keyring=$(apt_keyring) || exit
	apt_private "$1"
	printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$uri" "$1" >"$dir/sources.list"
	APT_OPTS+=(-o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null)
	apt_update "$1" 2>"$dir/update.log"
}

# apt_version PACKAGE: the candidate's version, empty where there is none.
apt_version()
{
	apt-cache "${APT_OPTS[@]}" policy "$1" 2>/dev/null |
		awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'
}

apt_has()
{
	[ -n "$(apt_version "$1")" ]
}

# apt_depends PACKAGE VERSION PATTERN: direct dependencies matching PATTERN.
apt_depends()
{
	apt-cache "${APT_OPTS[@]}" show "$1=$2" 2>/dev/null |
		sed -n 's/^Depends: //p' | tr ',|' '\n' | sed 's/^ *//; s/[ :(].*//' |
		grep -E -- "$3" || true
}

# apt_get PACKAGE VERSION: path of the package file in the cache, downloaded
# (apt verifies it) unless it is there. The rename is what makes it valid.
apt_get()
{
	local dir file

	file=$CACHE/$1_${2//:/%3a}.deb
	if [ ! -f "$file" ]; then
		mkdir -p "$CACHE" || die 3 "cannot create $CACHE"
		dir=$(mktemp -d "$SCRATCH/dl.XXXXXX") || die 3 "no space left under $KOUT?"
		note "downloading $1 $2"
		(cd "$dir" && apt-get "${APT_OPTS[@]}" -qq download "$1=$2" >&2) ||
			die 3 "download of $1=$2 failed: see apt's message above; check the network and free space"
		mv -- "$dir"/*.deb "$file" || die 3 "cannot write $file: no space left?"
		rmdir "$dir"
	fi
	printf '%s\n' "$file"
}

# apt_unpack FILE DIR
apt_unpack()
{
	mkdir -p "$2"
	dpkg-deb -x "$1" "$2" ||
		die 3 "cannot unpack $1: no space left, or the file is damaged (remove it and run again)"
}
