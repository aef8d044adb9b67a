#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# shellcheck disable=SC2317 # functions are called through holds
#
# scripts/kconfig: good configs pass, each planted mistake fails with the reason
# that a person would give, on both bases and both architectures; bad input gets
# one clear line; exports have the form that their consumers read.
#
# What Kconfig answers is kept in out/kconfig by content, so only the first run
# after a change of a tree or a fragment takes its time.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash

kconfig=$PWD/scripts/kconfig
export QUIET=1
unset KSRC CROSS_COMPILE LLVM
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
report=$work/report

# plant NAME LINE...: a fragment with these value lines.
plant()
{
	local name=$work/$1.fragment line
	shift
	echo "title planted" >"$name"
	for line in "$@"; do
		printf '%s\n\tplanted\n' "$line" >>"$name"
	done
}

# holds NAME COMMAND...: exit 0.
holds()
{
	local name=$1 rc=0
	shift
	"$@" >"$report" 2>&1 || rc=$?
	if [ $rc = 0 ]; then
		ok "$name"
	else
		not_ok "$name" "exit status $rc: $(tail -n 20 "$report")"
	fi
}

# blames NAME REGEX... -- COMMAND...: exit 1, and the report has each REGEX.
blames()
{
	local name=$1 rc=0 regex=() r
	shift
	while [ "$1" != -- ]; do
		regex+=("$1")
		shift
	done
	shift
	"$@" >"$report" 2>&1 || rc=$?
	if [ $rc != 1 ]; then
		not_ok "$name" "exit status $rc, wanted 1: $(tail -n 20 "$report")"
		return
	fi
	for r in "${regex[@]}"; do
		grep -qE -- "$r" "$report" || {
			not_ok "$name" "no '$r' in: $(head -n 40 "$report")"
			return
		}
	done
	ok "$name"
}

# ---- bad input ----------------------------------------------------------------

plant noreason 'HYPERV=y'
sed -i '$d' "$work/noreason.fragment"
plant odd 'HYPERV=yes'
plant term 'HYPERV=y @6.13'
plant twice 'HYPERV=y' 'HYPERV=m'
refuses "unknown command" 2 "unknown command 'mix'" "$kconfig" mix
refuses "unknown option" 2 "'--color'" "$kconfig" merge --color red
refuses "option without its value" 2 "'-b' wants a value" "$kconfig" merge mana -b
refuses "no base" 2 'wants --base' "$kconfig" merge -a arm64 mana
refuses "unknown base" 2 "'6.13'.*6.12" "$kconfig" merge -b 6.13 -a arm64 mana
refuses "unknown architecture" 2 "'mips'.*x86_64" "$kconfig" merge -b 6.12 -a mips mana
refuses "unknown fragment" 2 "'manna'.*mana" "$kconfig" fragment -b 6.12 -a arm64 manna
refuses "no fragment at all" 2 'wants a fragment' "$kconfig" merge -b 6.12 -a arm64
refuses "symbol without a reason" 2 'noreason.fragment:2: HYPERV has no reason' \
	"$kconfig" fragment -b 6.12 -a arm64 "$work/noreason.fragment"
refuses "value that is none" 2 "odd.fragment:2: 'HYPERV=yes'" \
	"$kconfig" fragment -b 6.12 -a arm64 "$work/odd.fragment"
refuses "selector that is no base" 2 "term.fragment:2: '@6.13'" \
	"$kconfig" fragment -b 6.12 -a arm64 "$work/term.fragment"
refuses "symbol given twice" 2 'twice.fragment:4: HYPERV is already given at .*:2' \
	"$kconfig" fragment -b 6.12 -a arm64 "$work/twice.fragment"
refuses "merge onto no config" 2 "'nowhere'" "$kconfig" merge -b 6.12 -a arm64 --onto nowhere mana
refuses "verify no config" 2 "no config 'nowhere'" "$kconfig" verify -b 6.12 -a arm64 nowhere mana
refuses "unknown export form" 2 "'rpm'.*flatcar" "$kconfig" export rpm -b 6.12 -o x mana
printf '# Linux/x86 5.4.1 Kernel Configuration\n' >"$work/old.config"
refuses "audit of a version that is no base" 2 'is of 5.4.*--base' "$kconfig" audit "$work/old.config"
echo CONFIG_HYPERV=y >"$work/anonymous.config"
refuses "audit of a config without a header" 2 '--base' "$kconfig" audit "$work/anonymous.config"

# ---- exports ------------------------------------------------------------------

all=(accelnet storvsc gpu-passthrough observability confidential hardening low-latency)
for form in ubuntu azurelinux3 flatcar fedora debian yocto; do
	holds "export $form" "$kconfig" export $form -b 7.3 -o "$work/$form" "${all[@]}"
done
for arch in x86_64 arm64; do
	"$kconfig" fragment -b 7.3 -a $arch "${all[@]}" | grep -E '^CONFIG_|is not set$' |
		LC_ALL=C sort -u >"$work/$arch.lines"
done

holds "annotations: each line is policy or note, values as Python reads them" python3 - \
	"$work/ubuntu/annotations-7.3" "$work/x86_64.lines" "$work/arm64.lines" <<'PY'
import ast, re, sys
policy, last = {}, None
for line in open(sys.argv[1]):
    if line[0] in "#\n":
        continue
    m = re.fullmatch(r"(CONFIG_\w+) +(policy<(\{.*\})>|note<'([^'<>]+)'>)\n", line)
    assert m, line
    if m[3]:
        last = m[1]
        policy[last] = ast.literal_eval(m[3])
    assert m[1] == last, line
for arch, path in (("amd64", sys.argv[2]), ("arm64", sys.argv[3])):
    want = set(open(path).read().split("\n")) - {""}
    have = {f"# {s} is not set" if v[arch] == "n" else f"{s}={v[arch]}"
            for s, v in policy.items() if v[arch] != "-"}
    assert have == want, have ^ want
PY

holds "required-config JSON: fields and architectures of its schema" python3 - \
	"$work/azurelinux3/azl3-os-required-kernel-configs.json" <<'PY'
import json, sys
d = json.load(open(sys.argv[1]))
assert set(d) == {"default", "overrides"} and d["overrides"] == []
assert set(d["default"]) == {"name", "kernel_configs"}
for k in d["default"]["kernel_configs"]:
    assert set(k) == {"name", "values", "justification"} and k["justification"]
    assert k["name"].startswith("CONFIG_") and k["values"]
    for v in k["values"]:
        assert set(v) == {"architecture", "value"} and v["architecture"] in ("x86_64", "arm64")
names = [k["name"] for k in d["default"]["kernel_configs"]]
assert "CONFIG_MICROSOFT_MANA" in names and len(names) == len(set(names))
PY

same_lines()
{
	diff <(cat "${@:2}" | LC_ALL=C sort -u) "$1"
}
holds "Flatcar: sorted" bash -c "for f in $work/flatcar/*; do LC_ALL=C sort -c \$f || exit 1; done"
holds "Flatcar: common and amd64 are the fragments" same_lines "$work/x86_64.lines" \
	"$work/flatcar/commonconfig-7.3" "$work/flatcar/amd64_defconfig-7.3"
holds "Flatcar: common and arm64 are the fragments" same_lines "$work/arm64.lines" \
	"$work/flatcar/commonconfig-7.3" "$work/flatcar/arm64_defconfig-7.3"
holds "Fedora: kernel-local and aarch64 are the fragments" same_lines "$work/arm64.lines" \
	"$work/fedora/kernel-local" "$work/fedora/kernel-local-aarch64"
holds "Azure Linux 4: one file has all of x86_64" same_lines "$work/x86_64.lines" \
	"$work/fedora/7.3-x86_64-azl.config"
holds "Debian: both files are the fragments" same_lines "$work/x86_64.lines" \
	"$work/debian/config" "$work/debian/amd64/config.cloud-amd64"
holds "Yocto: what an .scc names is there" bash -c "cd $work/yocto
	awk '\$1 == \"include\" { print \$2 } \$1 == \"kconf\" { print \$3 }' *.scc |
		while read -r f; do [ -f \$f ] || { echo \$f; exit 1; }; done"

# ---- answers of Kconfig ---------------------------------------------------------

if [ ! -f out/kernel/6.12/src/Makefile ] || [ ! -f out/kernel/7.3/src/Makefile ]; then
	skip "merge and verify" "no kernel sources in out/kernel: scripts/kernel fetch"
	tap_done
fi
if ! command -v aarch64-linux-gnu-gcc >/dev/null; then
	skip "merge and verify for arm64" "no aarch64-linux-gnu-gcc"
	arches=x86_64
else
	arches="x86_64 arm64"
fi

for base in 6.12 7.3; do
	for arch in $arches; do
		t="$base $arch"
		final=$work/$base-$arch.config
		options=(-b "$base" -a "$arch")
		holds "$t: every symbol exists" "$kconfig" check "${options[@]}"
		holds "$t: accelnet and storvsc hold on the defconfig" \
			"$kconfig" merge "${options[@]}" -o "$final" accelnet storvsc
		[ -f "$final" ] || continue
		"$kconfig" fragment "${options[@]}" --onto "$final" accelnet storvsc |
			grep -E '^CONFIG_' >"$work/wanted"
		if sort -u "$work/wanted" | grep -vxFf "$final" >"$report"; then
			not_ok "$t: and are in the .config" "$(cat "$report")"
		else
			ok "$t: and are in the .config"
		fi

		sed 's/^CONFIG_PCI_HYPERV=.*/# CONFIG_PCI_HYPERV is not set/' "$final" >"$work/nopci"
		blames "$t: MANA lost because PCI_HYPERV is off" \
			'MICROSOFT_MANA wanted m or y, is absent' 'needs PCI_HYPERV, which is n' \
			'set to n at .*nopci:[0-9]+' 'to blame: PCI_HYPERV \([0-9]+\)$' -- \
			"$kconfig" verify "${options[@]}" "$work/nopci" mana

		plant bad NO_SUCH_SYMBOL=y HYPERV_NET=y HZ_100=y PARAVIRT=n XPS=m NR_CPUS=99999
		bus=HYPERV
		[ $base = 6.12 ] || bus=HYPERV_VMBUS
		blames "$t: missing, demoted, choice, select, type and range, each with its reason" \
			"NO_SUCH_SYMBOL does not exist in $base for $arch" \
			"HYPERV_NET demoted: wanted y, is m" "needs $bus=y, which is m" "to blame: $bus$" \
			'HZ_100 wanted y, is absent' 'the choice "Timer frequency".* has HZ_1000' \
			'set to y at configs/low-latency.fragment:[0-9]+' \
			'PARAVIRT changed: wanted n, is y' 'selected by HYPERV ' \
			'XPS wanted m, is ' 'it is a bool in this base' \
			'NR_CPUS wanted 99999, out of range' 'the range here is 2 to ' -- \
			"$kconfig" merge "${options[@]}" -o "$work/none" "$work/bad.fragment" netvsc low-latency
		if [ -e "$work/none" ]; then
			not_ok "$t: no config is written then" "it is there"
		else
			ok "$t: no config is written then"
		fi
	done
done

holds "audit passes a good config" "$kconfig" audit "$work/7.3-x86_64.config"
sed 's/^CONFIG_MICROSOFT_MANA=.*/# CONFIG_MICROSOFT_MANA is not set/' "$work/7.3-x86_64.config" |
	gzip >"$work/nomana.gz"
blames "audit for a device, of a compressed config" 'MICROSOFT_MANA could be m here' \
	'to blame: MICROSOFT_MANA \([0-9]+\)$' -- "$kconfig" audit --device mana "$work/nomana.gz"

# The parts of a chain: three levels down, and through a bool of the other base.
if [ "$arches" != x86_64 ]; then
	sed 's/^CONFIG_HYPERV=.*/# CONFIG_HYPERV is not set/' "$work/6.12-arm64.config" >"$work/nohv"
	blames "a chain down to HYPERV" '^    needs PCI_HYPERV, which is n$' \
		'^        needs HYPERV, which is n$' 'to blame: HYPERV \([0-9]+\)$' -- \
		"$kconfig" verify -b 6.12 -a arm64 "$work/nohv" mana
	refuses "no compiler for arm64" 3 'nonesuch-gcc.*CROSS_COMPILE' \
		env CROSS_COMPILE=nonesuch- "$kconfig" merge -b 7.3 -a arm64 mana
fi
plant ipv6 IPV6=m
blames "m for what is a bool in 7.3" 'IPV6 wanted m' 'it is a bool in this base' -- \
	"$kconfig" verify -b 7.3 -a x86_64 "$work/7.3-x86_64.config" "$work/ipv6.fragment"
plant hv HYPERV=y
holds "HYPERV=y holds in 7.3" \
	"$kconfig" verify -b 7.3 -a x86_64 "$work/7.3-x86_64.config" "$work/hv.fragment"
blames "and not in 6.12, where it is a module" 'HYPERV demoted: wanted y, is m' -- \
	"$kconfig" verify -b 6.12 -a x86_64 "$work/6.12-x86_64.config" "$work/hv.fragment"
holds "the trimmed lab config of 7.3" "$kconfig" merge -b 7.3 -a x86_64 --onto lab -o "$work/lab"
for base in 6.12 7.3; do
	src=out/kernel/$base/src
	if [ -e $src/.config ] || [ -e $src/scripts/kconfig/conf ]; then
		not_ok "the source of $base is as it was" "built in $src"
	else
		ok "the source of $base is as it was"
	fi
done

tap_done
