/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_NETVSP_RSS_H
#define AZ_LAB_NETVSP_RSS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netvsp/frame.h"
#include "proto/rndis.h"

/* Receive side scaling as the guest set it (OID_GEN_RECEIVE_SCALE_PARAMETERS). */
struct rss {
	bool enabled;
	uint32_t hash_info;			/* NDIS_HASH_* */
	uint8_t key[NDIS_RSS_KEY_SIZE];
	uint16_t entries;			/* of the table, 0: everything to channel 0 */
	uint8_t table[NDIS_RSS_TABLE_ENTRIES];	/* channel numbers */
};

/*
 * Take over the parameters in @data, @len bytes as the guest sent them. 0, or
 * -EINVAL and @rss is as it was. @channels: numbers in the table lie below it.
 */
int rss_set(struct rss *rss, const void *data, size_t len, unsigned int channels);

/* The Toeplitz hash of @len <= 36 bytes of input. */
uint32_t rss_toeplitz(const uint8_t key[NDIS_RSS_KEY_SIZE], const uint8_t *input, size_t len);

/* Hash of a frame by the types that the guest enabled. False: not a frame that is hashed. */
bool rss_hash(const struct rss *rss, const uint8_t *frame, const struct frame_layout *l,
	      uint32_t *hash);

/* Channel for a hash. */
unsigned int rss_channel(const struct rss *rss, uint32_t hash);

#endif
