/* SPDX-License-Identifier: GPL-2.0-only */
/* BPF objects lie packed in the program (scripts/lib/bpf-skeleton.sh). */
#ifndef AZ_BPF_CORE_UNPACK_H
#define AZ_BPF_CORE_UNPACK_H

#include <stddef.h>

/*
 * Unpacks @packed of @len, which is gzip, into *@bytes of @size, which is allocated for it and
 * kept for the next call. Returns *@bytes; NULL when memory is short or the data is
 * not that.
 */
const void *trace_unpack(void **bytes, size_t size, const unsigned char *packed, size_t len);

#endif
