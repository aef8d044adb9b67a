#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# azhost with bad input: one clear line, exit 2 or 3, nothing left behind.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash

azhost=$PWD/out/bin/azhost
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

head -c 4096 /dev/zero >"$work/zeroes"
head -c 1000 /dev/zero >"$work/odd.img"
truncate -s 400M "$work/big.initrd"
# azhost looks at the kernel before it looks at the rest: any static program is
# an ELF image that could be one, and is as good as one until it is started.
kernel=$azhost

refuses "unknown option" 2 'no-such-option' "$azhost" --no-such-option
refuses "option without its value" 2 '--memory' "$azhost" --kernel "$kernel" --memory
refuses "no kernel given" 2 '--kernel' "$azhost"
refuses "no kernel file" 3 'nowhere.*No such file' "$azhost" --kernel "$work/nowhere"
refuses "not a bzImage" 2 'zeroes.*(bzImage|ELF)' "$azhost" --kernel "$work/zeroes"
refuses "too many vCPUs" 2 '--vcpus' "$azhost" --kernel "$kernel" --vcpus 65
refuses "memory is not a number" 2 '--memory' "$azhost" --kernel "$kernel" --memory lots
refuses "disk file missing" 3 'gone.img' "$azhost" --kernel "$kernel" --disk "$work/gone.img"
refuses "disk not a multiple of 512" 2 'odd.img.*512' \
	"$azhost" --kernel "$kernel" --disk "$work/odd.img"
refuses "unknown backend of --net" 2 '--net' "$azhost" --kernel "$kernel" --net carrier-pigeon
refuses "unknown key of --net" 2 'colour' "$azhost" --kernel "$kernel" --net responder,colour=blue
refuses "unknown fault" 2 'no-such-fault' \
	"$azhost" --kernel "$kernel" --net responder --fault net0:no-such-fault
refuses "fault with an unknown key" 2 'weight' \
	"$azhost" --kernel "$kernel" --net responder --fault net0:malformed-ppi,weight=3
refuses "fault of a device that is not there" 2 "no device 'net1'" \
	"$azhost" --kernel "$kernel" --net responder --fault net1:lose-completion
refuses "timed fault of a device that is not there" 2 "no device 'scsi0'" \
	"$azhost" --kernel "$kernel" --net responder --fault scsi0:rescind,at_ms=5
refuses "a fault's message that is none" 2 'none of' \
	"$azhost" --kernel "$kernel" --fault vmbus:withhold,msg=opne-result
refuses "unknown VMBus version" 2 'no version 5\.4.*5\.3' \
	"$azhost" --kernel "$kernel" --vmbus-version 5.4
refuses "SMT with an odd number of vCPUs" 2 '--smt.*even' \
	"$azhost" --kernel "$kernel" --vcpus 3 --smt
refuses "more nodes than cores" 2 '--numa 3.*2 cores' \
	"$azhost" --kernel "$kernel" --vcpus 4 --smt --numa 3
refuses "controller out of range" 2 'controller.*0 to 3' \
	"$azhost" --kernel "$kernel" --disk ram=1M,controller=4
refuses "lun taken on the second controller" 2 'lun 0 is taken' \
	"$azhost" --kernel "$kernel" --disk ram=1M,lun=0 --disk ram=1M,lun=0,controller=1 \
	--disk ram=1M,lun=0,controller=1
refuses "monitor latency out of range" 2 'monitor_us' \
	"$azhost" --kernel "$kernel" --net responder,monitor_us=0
refuses "initrd larger than memory" 2 'initrd' \
	"$azhost" --kernel "$kernel" --initrd "$work/big.initrd" --memory 256

# A control socket in use needs a /dev/kvm: tests/lab/control-hostile.sh.
refuses "unknown type of --pci" 2 "'teapot'; there are:.* pcitest" \
	"$azhost" --kernel "$kernel" --pci teapot
refuses "unknown key of --pci" 2 'colour' "$azhost" --kernel "$kernel" --pci pcitest,colour=blue
refuses "BAR of no power of two" 2 'memory=.*power of two' \
	"$azhost" --kernel "$kernel" --pci pcitest,memory=5000
refuses "protocol that there never was" 2 'protocol=1.9' \
	"$azhost" --kernel "$kernel" --pci pcitest,protocol=1.9
refuses "nine functions on a bus" 2 'bus=3.*8 functions' \
	"$azhost" --kernel "$kernel" --pci pcitest,bus=3 --pci pcitest,bus=3 --pci pcitest,bus=3 \
	--pci pcitest,bus=3 --pci pcitest,bus=3 --pci pcitest,bus=3 --pci pcitest,bus=3 \
	--pci pcitest,bus=3 --pci pcitest,bus=3
refuses "MMIO hypercalls without a PCI device" 2 'mmio-hypercalls.*--pci' \
	"$azhost" --kernel "$kernel" --mmio-hypercalls
refuses "fault of a function that is not there" 2 'pcitest1' \
	"$azhost" --kernel "$kernel" --pci pcitest --fault pcitest1:dma-error
refuses "send to a socket that is not there" 3 'none.sock' "$azhost" --send "$work/none.sock" '{}'

# TAP without permission: as a user without CAP_NET_ADMIN.
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	cp "$azhost" "$work/azhost"
	chmod 755 "$work" "$work/azhost"
	refuses "TAP without permission" 3 'aztest0' \
		setpriv --reuid=65534 --regid=65534 --clear-groups "$work/azhost" \
		--kernel "$work/azhost" --net tap=aztest0
else
	skip "TAP without permission" "needs root and setpriv to drop it"
fi

# /dev/kvm absent, or present without what the host needs.
if "$azhost" --probe-kvm >/dev/null 2>&1; then
	skip "a /dev/kvm that cannot be used" "this machine's can be used"
elif [ -e /dev/kvm ]; then
	refuses "/dev/kvm without SynIC names the capability" 3 'KVM_CAP_HYPERV' \
		"$azhost" --kernel "$kernel"
else
	refuses "/dev/kvm absent" 3 '/dev/kvm' "$azhost" --kernel "$kernel"
fi

tap_done
