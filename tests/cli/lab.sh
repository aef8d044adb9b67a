#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The launcher with bad input: one clear line, exit 2 or 3, nothing left behind.

set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source-path=SCRIPTDIR source=../tap.bash
. tests/tap.bash

lab=$PWD/lab/launch/lab

refuses "unknown command" 2 'dance' "$lab" dance
refuses "unknown option" 2 'no-such-option' "$lab" run --no-such-option ping
refuses "unknown mode" 2 'sideways' "$lab" run --mode sideways ping
refuses "unknown arm" 2 'third' "$lab" run --arm third ping
refuses "no such scenario" 2 'no-such-scenario' "$lab" run no-such-scenario
refuses "no scenario at all" 2 'scenario' "$lab" run
refuses "repetitions are not a number" 2 'repeat' "$lab" run --repeat many ping
refuses "unknown flavour" 2 'flavour vanilla: distribution, lab or debug' \
	"$lab" run --flavour vanilla ping
refuses "a kernel that was not built" 3 'scripts/kernel (stock 5\.4 debug|image 6\.12)' \
	"$lab" run --base 5.4 --flavour debug --mode nested ping
refuses "no such base" 3 '5\.4|kernel' "$lab" run --base 5.4 --mode nested ping

if out/bin/labtool kvm >/dev/null 2>&1 || out/bin/azhost --probe-kvm >/dev/null 2>&1; then
	skip "native mode without SynIC" "this machine's /dev/kvm can be used"
else
	refuses "native mode without SynIC" 3 'kvm' "$lab" run --mode native ping
fi

if [ -e out/kernel/6.12/image/vmlinux ] && [ -d out/kernel/6.12/stock ]; then
	refuses "QEMU absent" 3 'no-qemu-here' \
		env QEMU=no-qemu-here "$lab" run --mode nested --arm stock ping
else
	skip "QEMU absent" "no kernel in out/kernel yet"
fi

tap_done
