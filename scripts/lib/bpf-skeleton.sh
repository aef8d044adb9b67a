#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# bpftool's skeleton of a BPF object, with the object packed in it (gzip: a fifth of its size):
#
#	scripts/lib/bpf-skeleton.sh NAME OBJECT >NAME.skel.h

set -eu

name=$1 object=$2
skeleton=$(bpftool gen skeleton "$object" name "$name")
bytes=$(wc -c <"$object")

# All but the function that returns the bytes of the object, which is in the end.
printf '%s\n' "$skeleton" | awk -v begin="static inline const void *${name}__elf_bytes(size_t *sz)" '
	$0 == begin { skip = 1 }
	!skip { print }
	skip && $0 == "}" { skip = 0; print "/* unpacked below */" }' | sed '$d'
cat <<END

#include "bpf/core/unpack.h"

static const unsigned char ${name}__packed[] = {
$(gzip -9nc "$object" | od -An -v -t u1 | sed 's/  */,/g; s/^,//; s/$/,/')
};

static inline const void *${name}__elf_bytes(size_t *sz)
{
	static void *bytes;

	*sz = $bytes;
	return trace_unpack(&bytes, *sz, ${name}__packed, sizeof(${name}__packed));
}
$(printf '%s\n' "$skeleton" | sed -n '$p')
END
