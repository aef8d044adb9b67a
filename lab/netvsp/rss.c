// SPDX-License-Identifier: GPL-2.0-only
#include "netvsp/rss.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

static int set_table(struct rss *rss, const struct ndis_rss_parameters *p,
		     const uint8_t *data, size_t len, unsigned int channels)
{
	unsigned int i, n = p->table_size / 4;

	if (n == 0 || n > NDIS_RSS_TABLE_ENTRIES)
		return -EINVAL;
	if (p->table_offset > len || n * 4 > len - p->table_offset)
		return -EINVAL;
	for (i = 0; i < n; i++) {
		uint32_t channel;

		memcpy(&channel, data + p->table_offset + 4 * i, 4);
		if (channel >= channels)
			return -EINVAL;
		rss->table[i] = (uint8_t)channel;
	}
	rss->entries = (uint16_t)n;
	return 0;
}

int rss_set(struct rss *rss, const void *data, size_t len, unsigned int channels)
{
	struct ndis_rss_parameters p;
	struct rss next = *rss;
	int ret;

	if (len < sizeof(p))
		return -EINVAL;
	memcpy(&p, data, sizeof(p));
	if (p.header.type != NDIS_TYPE_RSS_PARAMETERS)
		return -EINVAL;
	if (p.flags & NDIS_RSS_DISABLE) {
		rss->enabled = false;
		return 0;
	}
	if (!(p.flags & NDIS_RSS_HASH_INFO_UNCHANGED))
		next.hash_info = p.hash_info;
	if (!(p.flags & NDIS_RSS_KEY_UNCHANGED)) {
		if (p.key_size != NDIS_RSS_KEY_SIZE || p.key_offset > len ||
		    p.key_size > len - p.key_offset)
			return -EINVAL;
		memcpy(next.key, (const uint8_t *)data + p.key_offset, p.key_size);
	}
	if (!(p.flags & NDIS_RSS_TABLE_UNCHANGED)) {
		ret = set_table(&next, &p, data, len, channels);
		if (ret)
			return ret;
	}
	if (!(next.hash_info & NDIS_HASH_TOEPLITZ))
		return -EINVAL;
	next.enabled = true;
	*rss = next;
	return 0;
}

uint32_t rss_toeplitz(const uint8_t key[NDIS_RSS_KEY_SIZE], const uint8_t *input, size_t len)
{
	uint32_t window = get32(key), hash = 0;
	size_t i;
	int bit;

	for (i = 0; i < len && i + 4 < NDIS_RSS_KEY_SIZE; i++) {
		for (bit = 7; bit >= 0; bit--) {
			if (input[i] & 1 << bit)
				hash ^= window;
			window = window << 1 | (key[i + 4] >> bit & 1);
		}
	}
	return hash;
}

bool rss_hash(const struct rss *rss, const uint8_t *frame, const struct frame_layout *l,
	      uint32_t *hash)
{
	bool tcp = l->l4 && l->proto == IPPROTO_TCP;
	uint32_t ip_type, tcp_type;
	size_t addr_off, addr_len;
	uint8_t input[36];

	if (!rss->enabled || !l->ip_version)
		return false;
	if (l->ip_version == 4) {
		ip_type = NDIS_HASH_IPV4;
		tcp_type = NDIS_HASH_TCP_IPV4;
		addr_off = 12;
		addr_len = 8;
	} else {
		ip_type = NDIS_HASH_IPV6;
		tcp_type = NDIS_HASH_TCP_IPV6;
		addr_off = 8;
		addr_len = 32;
	}
	memcpy(input, frame + l->l3 + addr_off, addr_len);
	if (tcp && rss->hash_info & tcp_type) {
		memcpy(input + addr_len, frame + l->l4, 4);
		*hash = rss_toeplitz(rss->key, input, addr_len + 4);
		return true;
	}
	if (!(rss->hash_info & ip_type))
		return false;
	*hash = rss_toeplitz(rss->key, input, addr_len);
	return true;
}

unsigned int rss_channel(const struct rss *rss, uint32_t hash)
{
	if (!rss->enabled || !rss->entries)
		return 0;
	return rss->table[hash % rss->entries];
}
