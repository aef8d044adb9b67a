#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What packaging/build makes: the packages' contents and control files, and DKMS,
# which builds and installs the modules from the unpacked package in trees of our
# own. Nothing is installed on this machine.
#
# shellcheck disable=SC2317 # functions are called by check

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash
export LC_ALL=C QUIET=1

base=6.12
modules="hv_vmbus hv_netvsc hv_storvsc pci-hyperv mana"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# check NAME COMMAND...
check()
{
	local name=$1 out
	shift

	if out=$("$@" 2>&1 </dev/null); then
		ok "$name"
	else
		not_ok "$name" "'$*' failed: $(tail -n 8 <<<"$out")"
	fi
}

# same NAME GOT WANT
same()
{
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got '$2', wanted '$3'"; fi
}

# loadable NAME DIR: each module is there, for the release, with the queue's hash
loadable()
{
	local module file bad=

	for module in $modules; do
		file=$(find "$2" -name "$module.ko" -o -name "$module.ko.xz" | sed -n 1p)
		if [ -z "$file" ]; then
			bad="$bad $module is missing"
		elif [ "$(modinfo -F vermagic "$file" | cut -d ' ' -f 1)" != "$release" ]; then
			bad="$bad $module is for $(modinfo -F vermagic "$file")"
		elif [ "$(modinfo -F azimuth_queue "$file")" != "$queue" ]; then
			bad="$bad $module is of queue $(modinfo -F azimuth_queue "$file")"
		fi
	done
	same "$1" "$bad" ''
}

if [ ! -f out/kernel/$base/src/Makefile ] || [ ! -f out/kernel/$base/headers/Module.symvers ]; then
	skip "packages" "no source or headers: scripts/kernel fetch $base; scripts/kernel headers $base"
	tap_done
fi
refuses "an unknown base" 2 "unknown base '5.4'" "$PWD/packaging/build" 5.4
if ! packaging/build $base >"$work/list" 2>"$work/log"; then
	not_ok "packages are built" "$(tail -n 5 "$work/log")"
	tap_done
fi
ok "packages are built"
release=$(cat out/kernel/$base/image/release)
queue=$(scripts/queue list $base | sed -n "s/^$base: .*, //p")
dkms_deb=$(grep 'azimuth-drivers-dkms.*\.deb$' "$work/list")
modules_deb=$(grep 'azimuth-modules-.*\.deb$' "$work/list")
version=$(dpkg-deb -f "$dkms_deb" Version)

same "modules: for this release only" "$(dpkg-deb -f "$modules_deb" Depends)" \
	"linux-image-$release | linux-image-$release-unsigned, kmod"
same "modules: architecture" "$(dpkg-deb -f "$modules_deb" Architecture)" amd64
dpkg-deb -x "$modules_deb" "$work/modules"
loadable "modules: version magic and queue" "$work/modules/lib/modules/$release/updates/azimuth"
same "modules: nothing else below lib" "$(find "$work/modules/lib" -type f | grep -vc '/updates/azimuth/')" 0
same "dkms: sources are owned by root" "$(dpkg-deb -c "$dkms_deb" | awk '{ print $2 }' | sort -u)" root/root
same "dkms: version names the queue" "${version#*+}" "$queue"
dpkg-deb -e "$dkms_deb" "$work/control"
for script in postinst prerm; do
	check "dkms: $script is a script" sh -n "$work/control/$script"
	check "dkms: $script has its values" sh -c "! grep @ '$work/control/$script'"
done
if command -v lintian >/dev/null; then
	check "lintian has no error" lintian --fail-on error --allow-root --no-cfg "$dkms_deb" "$modules_deb"
else
	skip "lintian" "no lintian here"
fi
dpkg-deb -x "$dkms_deb" "$work/dkms"
first=$(cat "$dkms_deb" "$modules_deb" | sha256sum)
packaging/build $base >/dev/null 2>&1
same "built again they are the same, byte for byte" "$(cat "$dkms_deb" "$modules_deb" | sha256sum)" "$first"

if rpm=$(grep '\.rpm$' "$work/list"); then
	check "rpm: requires dkms" sh -c "rpm -qp --requires '$rpm' | grep -x dkms"
	check "rpm: has dkms.conf" sh -c "rpm -qpl '$rpm' | grep '/usr/src/azimuth-drivers-$version/dkms.conf'"
else
	skip "rpm" "no rpmbuild here"
fi

if ! command -v dkms >/dev/null; then
	skip "dkms" "no dkms here"
	tap_done
fi
mkdir -p "$work/trees/dkms" "$work/trees/modules/$release"
# dkms COMMAND...: in trees of our own, against the unpacked headers
own_dkms()
{
	dkms "$@" -m azimuth-drivers -v "$version" --dkmstree "$work/trees/dkms" \
		--sourcetree "$work/dkms/usr/src" --installtree "$work/trees/modules"
}
kernel=(-k "$release" --arch x86_64 --kernelsourcedir "$PWD/out/kernel/$base/headers")
check "dkms add" own_dkms add
check "dkms build" own_dkms build "${kernel[@]}"
check "dkms install" own_dkms install "${kernel[@]}" --no-depmod
loadable "dkms: what is installed fits" "$work/trees/modules/$release"
check "dkms status" sh -c "dkms status --dkmstree '$work/trees/dkms' --installtree '$work/trees/modules' | grep 'azimuth-drivers.*$release.*installed'"
check "dkms: another version of the kernel is refused" \
	sh -c "! dkms build -m azimuth-drivers -v '$version' --dkmstree '$work/trees/dkms' -k 6.1.0-1-amd64 \
		--arch x86_64 --kernelsourcedir '$PWD/out/kernel/$base/headers'"

tap_done
