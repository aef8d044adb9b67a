# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Compiles the drivers with the queue applied against a tree that is configured
# and prepared but not built: for bases and architectures without a headers
# package. Proves that the patches compile; the modules are not linked to a kernel.

# Options on top of the architecture's defconfig; those with =y are not modules
# in every base.
COMPILE_OPTIONS="HYPERVISOR_GUEST=y HYPERV=y/m HYPERV_VMBUS=m HYPERV_NET=m HYPERV_STORAGE=m
HYPERV_UTILS=m PCI_HYPERV=m MICROSOFT_MANA=m SCSI=y/m SCSI_FC_ATTRS=m PCI=y PCI_MSI=y
NET_VENDOR_MICROSOFT=y BQL=y XDP_SOCKETS=y FTRACE=y MODVERSIONS=n WERROR=y"

# arch_args: make arguments for $ARCH (x86_64 or arm64) and, where it is set, $CLANG.
arch_args()
{
	case ${ARCH:-x86_64} in
	x86_64) printf 'ARCH=x86_64\n' ;;
	arm64) printf 'ARCH=arm64\nCROSS_COMPILE=%s\n' "${CROSS_COMPILE:-aarch64-linux-gnu-}" ;;
	*) die 2 "ARCH=$ARCH: x86_64 or arm64 is possible" ;;
	esac
	[ -z "${CLANG:-}" ] || printf 'CC=%s\n' "$CLANG"
}

# set_option CONFIG-SCRIPT FILE NAME VALUE: y/m means y, or m where y is not
# enough for modules to depend on it.
set_option()
{
	case $4 in
	y*) "$1" --file "$2" --enable "$3" ;;
	m) "$1" --file "$2" --module "$3" ;;
	n) "$1" --file "$2" --disable "$3" ;;
	esac
}

# prepare_tree BASE SOURCE OUT: configuration and generated headers, made once.
prepare_tree()
{
	local base=$1 source=$2 out=$3 option stamp args missing=

	mapfile -t args < <(arch_args)
	stamp="$source $(cat "$KOUT/$base/version" 2>/dev/null) ${ARCH:-x86_64} $COMPILE_OPTIONS${CLANG:+ $CLANG}"
	[ "$(cat "$out/.stamp" 2>/dev/null)" != "$stamp" ] || return 0
	[ ! -e "$source/.config" ] ||
		die 2 "$source was built in place: run make mrproper there, or give another KSRC"
	space "$KOUT" 600
	note "$base: configuring and preparing for ${ARCH:-x86_64} (once)"
	mkdir "$SCRATCH/prep"
	run_make "$KOUT/$base/prepare.log" -C "$source" O="$SCRATCH/prep" "${args[@]}" defconfig ||
		die 1 "$base: defconfig failed; the log is $KOUT/$base/prepare.log"
	for option in $COMPILE_OPTIONS; do
		set_option "$source/scripts/config" "$SCRATCH/prep/.config" "${option%%=*}" "${option#*=}"
	done
	run_make "$KOUT/$base/prepare.log" -C "$source" O="$SCRATCH/prep" "${args[@]}" olddefconfig ||
		die 1 "$base: olddefconfig failed; the log is $KOUT/$base/prepare.log"
	for option in HYPERV HYPERV_NET HYPERV_STORAGE PCI_HYPERV MICROSOFT_MANA; do
		grep -q "^CONFIG_$option=" "$SCRATCH/prep/.config" || missing="$missing $option"
	done
	[ -z "$missing" ] || die 1 "$base: the configuration dropped$missing"
	# The build directory knows its own path: prepare it in its final place.
	rm -rf -- "$out"
	mkdir -p "$(dirname "$out")"
	mv -- "$SCRATCH/prep" "$out"
	run_make "$KOUT/$base/prepare.log" -C "$source" O="$out" "${args[@]}" prepare modules_prepare ||
		die 1 "$base: modules_prepare failed; the log is $KOUT/$base/prepare.log"
	printf '%s\n' "$stamp" >"$out/.stamp"
}

# compile_tree BASE KDIR TREE LOG ARG...: builds the drivers of a prepared copy.
# A kernel was not built, so its symbols are unknown; modpost may only warn.
compile_tree()
{
	local kdir=$2 tree=$3 log=$4
	shift 4

	mkdir -p "$tree/include/azimuth"
	run_make "$log" -C "$kdir" M="$tree" KBUILD_MODPOST_WARN=1 \
		CONFIG_DEBUG_INFO_BTF_MODULES= "$@" modules
}

kernel_compile()
{
	local base=$1 arch=${ARCH:-x86_64} source out tree args start=$SECONDS

	kernel_fetch "$base"
	need make gcc patch flex bison bc
	source=$(source_tree "$base")
	mapfile -t args < <(arch_args)
	[ "$arch" != arm64 ] || need "${CROSS_COMPILE:-aarch64-linux-gnu-}gcc"
	lock "$base"
	scratch
	out=$KOUT/$base/compile-$arch
	tree=$out/drivers
	prepare_tree "$base" "$source" "$out/kdir"
	prepare_drivers "$base" "$source" "$SCRATCH/tree"
	mkdir -p "$tree"
	mirror "$SCRATCH/tree" "$tree"
	compile_tree "$base" "$out/kdir" "$tree" "$out/build.log" "${args[@]}" ||
		die 1 "$base: the patched drivers do not compile; the whole log is $out/build.log"
	note "$base: compiled for $arch with queue $(queue_hash "$base") ($((SECONDS - start)) s)"
}
