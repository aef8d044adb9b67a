# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The pristine source of a base, and the headers package as a build directory.

# Debian releases in order: the backports of the next one have newer kernels.
DEBIAN_RELEASES="bookworm trixie forky duke"

# next_releases: the releases after this machine's own.
next_releases()
{
	local own

	# shellcheck disable=SC1091
	own=$(. /etc/os-release 2>/dev/null && printf '%s' "${VERSION_CODENAME:-}")
	case " $DEBIAN_RELEASES " in
	*" $own "*) printf '%s\n' "${DEBIAN_RELEASES#*"$own"}" ;;
	*) printf '%s\n' "$DEBIAN_RELEASES" ;;
	esac
}

# source_package BASE: finds linux-source-BASE in the machine's own suites, else
# in its backports, else in those of the next releases. Leaves the apt view
# there and sets VERSION.
source_package()
{
	local package=linux-source-$1 release codename own=()

	VERSION=$(pinned "$1" "$package")
	[ -z "$VERSION" ] || ! available "$package" "$VERSION" || return 0
	own=("${APT_OPTS[@]}")
	# shellcheck disable=SC1091
	codename=$(. /etc/os-release 2>/dev/null && printf '%s' "${VERSION_CODENAME:-}")
	for release in '' "$codename" $(next_releases); do
		APT_OPTS=("${own[@]}")
		if [ -z "$release" ]; then
			apt_refresh
		else
			apt_suite "$release-backports" || continue
		fi
		VERSION=$(pinned "$1" "$package")
		[ -z "$VERSION" ] || ! available "$package" "$VERSION" || return 0
	done
	[ -z "$VERSION" ] ||
		die 3 "$package $VERSION is no longer offered; remove $KOUT/$1 to take the present version"
	die 3 "no package $package in this machine's suites or the next releases' backports: give the source with KSRC=<tree>"
}

# tree_version TREE: VERSION.PATCHLEVEL of a kernel tree.
tree_version()
{
	awk -F' *= *' '$1 == "VERSION" { v = $2 } $1 == "PATCHLEVEL" { print v "." $2; exit }' \
		"$1/Makefile" 2>/dev/null || true
}

kernel_fetch()
{
	local base=$1 dir=$KOUT/$1/src file

	[ -z "${KSRC:-}" ] || {
		source_tree "$base" >/dev/null
		return 0
	}
	[ ! -f "$dir/Makefile" ] || return 0
	lock "$base"
	[ ! -f "$dir/Makefile" ] || return 0
	apt_check
	need tar xz flock
	scratch
	space "$KOUT" 2600
	source_package "$base"
	file=$(apt_get "linux-source-$base" "$VERSION")
	note "unpacking linux-source-$base $VERSION"
	mkdir "$SCRATCH/src"
	dpkg-deb --fsys-tarfile "$file" |
		tar -xO --wildcards "./usr/src/linux-source-$base.tar.xz" |
		tar -xJ --strip-components=1 -C "$SCRATCH/src" ||
		die 3 "cannot unpack $file: no space left, or the file is damaged (remove it and run again)"
	publish "$SCRATCH/src" "$dir"
	note "$base: source $VERSION in $dir"
}

# source_tree BASE: path of the source to use, KSRC or the packaged one.
source_tree()
{
	local have

	[ -n "${KSRC:-}" ] || {
		printf '%s\n' "$KOUT/$1/src"
		return
	}
	have=$(tree_version "$KSRC")
	[ -n "$have" ] || die 2 "KSRC=$KSRC is not a kernel source tree (no Makefile with VERSION)"
	[ "$have" = "$1" ] || die 2 "KSRC=$KSRC is $have, not $1"
	(cd "$KSRC" && pwd)
}

kernel_headers()
{
	local base=$1 dir=$KOUT/$1/headers root=$KOUT/$1/headers-root meta name part file build

	meta=linux-headers-$base-amd64
	[ ! -f "$dir/Module.symvers" ] || return 0
	lock "$base"
	[ ! -f "$dir/Module.symvers" ] || return 0
	apt_check
	need flock
	scratch
	space "$KOUT" 300
	own_package "$base" "$meta"
	name=$(real_package "$meta" '^linux-headers-[0-9]')
	for part in "$name" $(apt_depends "$name" "$VERSION" '^linux-(headers-.*-common|kbuild-)'); do
		file=$(apt_get "$part" "$VERSION")
		apt_unpack "$file" "$SCRATCH/root"
	done
	build=$SCRATCH/root/usr/src/$name
	[ -f "$build/Module.symvers" ] || die 3 "package $name has no Module.symvers"
	# The package refers to its place under /usr/src; ours is found from the
	# build directory itself.
	# shellcheck disable=SC2016
	sed -i 's|^include /usr/src/|include $(dir $(lastword $(MAKEFILE_LIST)))../|' "$build/Makefile"
	publish "$SCRATCH/root" "$root"
	rm -rf -- "$dir"
	ln -s "headers-root/usr/src/$name" "$dir"
	note "$base: headers ${name#linux-headers-} in $dir"
}
