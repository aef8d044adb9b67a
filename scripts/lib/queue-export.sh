# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# scripts/queue export: the queue of a base, and the Kconfig fragments that belong
# to it, in the forms that distributions' own tools take. Each form is one function
# export_FORM BASE DIR; it fills DIR, which is moved to its place when it is whole.

EXPORT_FORMS="series mbox lisa suse debian rpm fedora azurelinux3 azurelinux4 ubuntu flatcar yocto dkms"
EXPORT_FRAGMENTS="vmbus netvsc storvsc mana"

# slug FILE: what `git format-patch` makes of the subject.
slug()
{
	patch_subject "$1" | sed -E 's/[^A-Za-z0-9_.]+/-/g; s/\.+/./g; s/^[-.]+//' | cut -c 1-52 | sed 's/[-.]*$//'
}

# numbered BASE PREFIX: "FILE NUMBERED-NAME" for each patch, in order, from $FIRST (1).
numbered()
{
	local name count=$((${FIRST:-1} - 1))

	for name in $(series "$1"); do
		count=$((count + 1))
		printf '%s %s%04d-%s.patch\n' "$ROOT/patches/$name" "$2" "$count" "$(slug "$ROOT/patches/$name")"
	done
}

# copy_numbered BASE DIR [PREFIX [FILTER...]]: the mails, numbered, through a filter.
# Prints the names.
copy_numbered()
{
	local base=$1 dir=$2 prefix=${3:-} file name
	shift 2
	[ $# -eq 0 ] || shift

	mkdir -p "$dir"
	while read -r file name; do
		if [ $# -gt 0 ]; then
			"$@" "$file" >"$dir/$name"
		else
			cp -- "$file" "$dir/$name"
		fi
		printf '%s\n' "$name"
	done < <(numbered "$base" "$prefix")
}

# header FILE NAME: a field of the mail's header, unfolded.
header()
{
	awk -v f="$2:" '/^$/ { exit } $1 == f { sub(/^[^ ]* /, ""); s = $0; next }
		s && /^[ \t]/ { sub(/^[ \t]+/, " "); s = s $0; next } s { exit } END { print s }' "$1"
}

# rest FILE [TRAILER...]: everything after the mail's header, without the named
# trailers of the last paragraph.
rest()
{
	local file=$1 names
	shift

	names=$(printf '%s|' "$@")
	sed '1,/^$/d' "$file" | awk -v drop="^(${names%|}): " '
		/^---$/ { diff = 1 }
		!diff && $0 ~ drop { next }
		{ print }'
}

# config_files FORM BASE DIR: the configuration of EXPORT_FRAGMENTS.
config_files()
{
	# shellcheck disable=SC2086 # names
	"$ROOT/scripts/kconfig" export "$1" -b "$2" -o "$3" $EXPORT_FRAGMENTS >/dev/null
}

# ---- for anyone --------------------------------------------------------------

export_series()
{
	copy_numbered "$1" "$2" >"$SCRATCH/names"
	cp -- "$SCRATCH/names" "$2/series"
}

# One mail after the other; git am splits at the lines "From <hash> <date>".
mbox_of()
{
	local file

	for file in $(queue_files "$1"); do
		cat -- "$file"
		printf '\n'
	done
}

export_mbox()
{
	mbox_of "$1" >"$2/$1.mbx"
}

# LISA takes the patches of a directory in lexical order, or one .mbx by git am.
export_lisa()
{
	copy_numbered "$1" "$2/$1" >/dev/null
	mbox_of "$1" >"$2/$1.mbx"
}

# ---- SUSE --------------------------------------------------------------------

# Patch-mainline, Git-commit and References belong to the header there.
suse_mail()
{
	local mainline commit

	mainline=$(trailer Patch-mainline "$1")
	commit=$(trailer Git-commit "$1")
	printf 'From: %s\nDate: %s\nSubject: %s\n' "$(header "$1" From)" "$(header "$1" Date)" "$(patch_subject "$1")"
	[ -z "$commit" ] || printf 'Git-commit: %s\n' "$commit"
	printf 'Patch-mainline: %s\nReferences: azimuth/%s\n\n' "$mainline" "$(trailer Azimuth-id "$1")"
	rest "$1" Patch-mainline Git-commit
}

export_suse()
{
	local name id

	mkdir -p "$2/patches.suse"
	for name in $(series "$1"); do
		id=$(patch_id "$name")
		suse_mail "$ROOT/patches/$name" >"$2/patches.suse/azimuth-${id//\//-}.patch"
		printf '\tpatches.suse/azimuth-%s.patch\n' "${id//\//-}"
	done >"$2/series.conf"
}

# ---- Debian, Ubuntu ----------------------------------------------------------

# dep3_mail FILE: with the fields of DEP-3 after From and Subject, which it takes
# as Author and Description.
dep3_mail()
{
	local mainline forwarded=no upstream=''

	mainline=$(trailer Patch-mainline "$1")
	case $mainline in
	Submitted,* | Queued,*) forwarded=yes ;;
	v*) forwarded=yes upstream=$mainline ;;
	esac
	printf 'From: %s\nDate: %s\nSubject: %s\n' "$(header "$1" From)" "$(header "$1" Date)" "$(patch_subject "$1")"
	printf 'Origin: vendor, azimuth %s\nForwarded: %s\n' "$(trailer Azimuth-id "$1")" "$forwarded"
	[ -z "$upstream" ] || printf 'Applied-Upstream: %s\n' "$upstream"
	printf '\n'
	rest "$1"
}

export_debian()
{
	copy_numbered "$1" "$2/debian/patches/azimuth" '' dep3_mail >"$SCRATCH/names"
	sed 's|^|azimuth/|' "$SCRATCH/names" >"$2/debian/patches/series"
	config_files debian "$1" "$2/debian/config"
}

# What is in no mainline kernel is SAUCE there.
ubuntu_mail()
{
	local word='UBUNTU: SAUCE: '

	[[ $(trailer Patch-mainline "$1") != v* ]] || word='UBUNTU: '
	awk -v word="$word" '!done && sub(/^Subject: \[PATCH\] /, "&" word) { done = 1 } { print }' "$1"
}

export_ubuntu()
{
	copy_numbered "$1" "$2/patches" '' ubuntu_mail >"$SCRATCH/names"
	while read -r name; do
		cat "$2/patches/$name"
		printf '\n'
	done <"$SCRATCH/names" >"$2/$1.mbx"
	config_files ubuntu "$1" "$2"
}

# ---- RPM ---------------------------------------------------------------------

# spec_lines BASE DIR FIRST: the files, PatchN lines, and the lines that apply them.
spec_lines()
{
	local n=$3 name

	copy_numbered "$1" "$2" azimuth- >"$SCRATCH/names"
	: >"$2/azimuth-patches.inc"
	: >"$2/azimuth-apply.inc"
	while read -r name; do
		printf 'Patch%d: %s\n' "$n" "$name" >>"$2/azimuth-patches.inc"
		printf '%%patch -P %d -p1\n' "$n" >>"$2/azimuth-apply.inc"
		n=$((n + 1))
	done <"$SCRATCH/names"
}

export_rpm()
{
	spec_lines "$1" "$2" 9001
}

# Its spec has %autosetup -p1: PatchN lines are all that it wants.
export_azurelinux3()
{
	spec_lines "$1" "$2/SPECS/kernel" 9001
	rm -- "$2/SPECS/kernel/azimuth-apply.inc"
	config_files azurelinux3 "$1" "$2"
}

# The whole queue as one difference: linux-kernel-test.patch of Fedora's spec.
cumulative()
{
	local source

	need git
	source=$(present_source "$1")
	[ -n "$source" ] || die 3 "no source of $1 here: scripts/kernel fetch $1, or KSRC=<tree>"
	old_commits "$1" "$source"
	printf 'Azimuth: the queue %s for %s, %s patches\n\n' "$(queue_hash "$1")" "$1" "$(series "$1" | wc -l)"
	scratch_git diff --no-color --no-renames old/0 HEAD
}

export_fedora()
{
	cumulative "$1" >"$2/linux-kernel-test.patch"
	config_files fedora "$1" "$2"
	rm -f -- "$2"/*-azl.config
}

export_azurelinux4()
{
	cumulative "$1" >"$2/linux-kernel-test.patch"
	config_files fedora "$1" "$2"
	rm -f -- "$2"/kernel-local*
}

# ---- Flatcar, Yocto ----------------------------------------------------------

export_flatcar()
{
	# Its own are z0001 and so on, and the ebuild sorts all of them by name.
	FIRST=1001 copy_numbered "$1" "$2/files/$1" z >"$SCRATCH/names"
	# shellcheck disable=SC2016 # the ebuild's own variable
	sed 's|^\(.*\)$|\t${PATCH_DIR}/\1 \\|' "$SCRATCH/names" >"$2/UNIPATCH_LIST"
	config_files flatcar "$1" "$2/files"
}

# scc_of DIR ARCH: the feature that a machine of that architecture takes.
scc_of()
{
	local fragment

	{
		printf 'define KFEATURE_DESCRIPTION "Azimuth: drivers and configuration for Azure, %s"\n' "$2"
		printf 'define KFEATURE_COMPATIBILITY arch\n\ninclude azimuth.scc\n'
		for fragment in $EXPORT_FRAGMENTS; do
			printf 'include %s-%s.scc\n' "$fragment" "$2"
		done
	} >"$1/azimuth-$2.scc"
}

# A directory of kernel metadata: bitbake applies none of its patches by itself, the
# feature that is asked for does.
export_yocto()
{
	local dir=$2/recipes-kernel/linux/azimuth-kmeta

	copy_numbered "$1" "$dir" >"$SCRATCH/names"
	config_files yocto "$1" "$dir"
	{
		printf 'define KFEATURE_DESCRIPTION "Azimuth: patches to VMBus, netvsc and storvsc"\n'
		printf 'define KFEATURE_COMPATIBILITY all\n\n'
		sed 's/^/patch /' "$SCRATCH/names"
	} >"$dir/azimuth.scc"
	scc_of "$dir" x86_64
	scc_of "$dir" arm64
	# shellcheck disable=SC2016 # bitbake's own variables
	{
		printf 'FILESEXTRAPATHS:prepend := "${THISDIR}:"\n'
		printf 'SRC_URI:append = " file://azimuth-kmeta;type=kmeta;name=azimuth-kmeta;destsuffix=azimuth-kmeta"\n'
		printf 'KERNEL_FEATURES:append:x86-64 = " azimuth-x86_64.scc"\n'
		printf 'KERNEL_FEATURES:append:aarch64 = " azimuth-arm64.scc"\n'
	} >"$2/recipes-kernel/linux/linux-yocto_$1.bbappend"
}

# ---- DKMS --------------------------------------------------------------------

# The sources with the queue applied, and a dkms.conf; for kernels of that version.
export_dkms()
{
	local base=$1 dir=$2 source module n=0

	source=$(present_source "$base")
	[ -n "$source" ] || die 3 "no source of $base here: scripts/kernel fetch $base, or KSRC=<tree>"
	prepare_drivers "$base" "$source" "$SCRATCH/dkms"
	(cd "$SCRATCH/dkms" && find drivers include Kbuild -type f ! -name .gitignore ! -name Kconfig -print0 | cpio -0 -pdm --quiet "$dir")
	cp -- "$ROOT/COPYING" "$dir/"
	# An empty directory gets lost on the way.
	mkdir -p "$dir/include/azimuth"
	printf 'Trace headers are found from here: ../../drivers/...\n' >"$dir/include/azimuth/README"
	{
		printf 'PACKAGE_NAME="azimuth-drivers"\nPACKAGE_VERSION="%s"\n' "$(package_version "$base")"
		printf 'BUILD_EXCLUSIVE_KERNEL="^%s\\."\n' "${base//./\\.}"
		printf 'BUILD_EXCLUSIVE_ARCH="x86_64"\nAUTOINSTALL="yes"\n'
		# shellcheck disable=SC2016 # dkms expands these
		printf 'MAKE[0]="make -C ${kernel_source_dir} M=${dkms_tree}/${PACKAGE_NAME}/${PACKAGE_VERSION}/build modules"\n'
		# shellcheck disable=SC2016
		printf 'CLEAN="make -C ${kernel_source_dir} M=${dkms_tree}/${PACKAGE_NAME}/${PACKAGE_VERSION}/build clean"\n'
		for module in $MODULES; do
			printf 'BUILT_MODULE_NAME[%d]="%s"\nBUILT_MODULE_LOCATION[%d]="%s"\nDEST_MODULE_LOCATION[%d]="/updates/azimuth"\n' \
				$n "$module" $n "$(module_dir "$module")" $n
			n=$((n + 1))
		done
	} >"$dir/dkms.conf"
}

# package_version BASE: of packages: how many commits made it, and the queue.
package_version()
{
	local count

	count=$(git -C "$ROOT" rev-list --count HEAD 2>/dev/null || echo 0)
	printf '0.%s+%s\n' "$count" "$(queue_hash "$1")"
}

# ---- the command -------------------------------------------------------------

queue_export()
{
	local form=$1 base=$2 out=$3 parent

	[[ " $EXPORT_FORMS " == *" $form "* ]] || die 2 "unknown form '$form'; there are: $EXPORT_FORMS"
	known_base "$base"
	if [ -e "$out" ] && { [ ! -d "$out" ] || [ -n "$(ls -A "$out" 2>/dev/null)" ]; }; then
		die 2 "$out is already there, and not an empty directory"
	fi
	parent=$(dirname "$out")
	[ -d "$parent" ] || die 2 "$parent: no such directory"
	need awk sed patch cpio
	scratch
	# Beside its final place, so that it gets there by rename.
	EXPORT_PART=$(mktemp -d "$parent/.azimuth-export.XXXXXX") || die 3 "cannot write to $parent"
	trap 'rm -rf -- "$EXPORT_PART"; drop_scratch' EXIT
	chmod 755 "$EXPORT_PART"
	"export_$form" "$base" "$(cd "$EXPORT_PART" && pwd)"
	[ ! -d "$out" ] || rmdir -- "$out"
	mv -T -- "$EXPORT_PART" "$out"
	note "$out: $form of queue $(queue_hash "$base") for $base, $(series "$base" | wc -l) patches"
}
