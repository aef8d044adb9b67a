// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames from the guest. One VMBus packet holds up to
 * MAX_PACKETS_PER_MESSAGE RNDIS messages one behind the other; each message's
 * length includes the padding to the next. The headers are copied and
 * checked, the frame stays where it is.
 */
#include "netvsp/internal.h"

#include <errno.h>
#include <string.h>

#define PPI_BLOCK_MAX	512

static int take_ppi(const struct rndis_ppi *p, const uint8_t *value, uint32_t value_len,
		    struct tx_info *info)
{
	uint32_t v;

	if (p->type != RNDIS_PPI_CHECKSUM && p->type != RNDIS_PPI_LSO && p->type != RNDIS_PPI_VLAN)
		return 0;
	if (value_len < sizeof(v))
		return -EPROTO;
	memcpy(&v, value, sizeof(v));
	if (p->type == RNDIS_PPI_CHECKSUM) {
		info->csum = true;
		info->csum_info = v;
	} else if (p->type == RNDIS_PPI_LSO) {
		info->lso = true;
		info->lso_info = v;
	} else {
		info->vlan = true;
		info->vlan_info = v;
	}
	return 0;
}

/* Walk the block once; every element must advance and lie within it. */
static int parse_ppis(const uint8_t *block, uint32_t len, struct tx_info *info)
{
	uint32_t at = 0;

	while (at < len) {
		struct rndis_ppi p;
		int ret;

		if (len - at < sizeof(p))
			return -EPROTO;
		memcpy(&p, block + at, sizeof(p));
		if (p.size < sizeof(p) || p.size > len - at || p.offset < sizeof(p) ||
		    p.offset > p.size)
			return -EPROTO;
		ret = take_ppi(&p, block + at + p.offset, p.size - p.offset, info);
		if (ret)
			return ret;
		at += p.size;
	}
	return 0;
}

static int read_ppis(const struct iovec *iov, int n, size_t body, uint32_t body_len,
		     const struct rndis_packet *pkt, struct tx_info *info)
{
	uint8_t block[PPI_BLOCK_MAX];

	memset(info, 0, sizeof(*info));
	if (!pkt->ppi_length)
		return 0;
	if (pkt->ppi_offset < sizeof(*pkt) || pkt->ppi_offset > body_len ||
	    pkt->ppi_length > body_len - pkt->ppi_offset || pkt->ppi_length > sizeof(block))
		return -EPROTO;
	if (iov_copy(iov, n, body + pkt->ppi_offset, block, pkt->ppi_length) != pkt->ppi_length)
		return -EPROTO;
	return parse_ppis(block, pkt->ppi_length, info);
}

/* The message of @len bytes at @at. 0 also when the frame was dropped; -EPROTO. */
static int tx_message(struct netvsp_channel *nc, const struct iovec *iov, int n, size_t at,
		      uint32_t len)
{
	size_t body = at + sizeof(struct rndis_header);
	uint32_t body_len = len - sizeof(struct rndis_header);
	struct iovec frame[FRAME_IOV_MAX];
	struct rndis_packet pkt;
	struct tx_info info;
	int pieces;

	if (body_len < sizeof(pkt) || iov_copy(iov, n, body, &pkt, sizeof(pkt)) != sizeof(pkt))
		return -EPROTO;
	if (pkt.data_offset < sizeof(pkt) || pkt.data_offset > body_len ||
	    pkt.data_length > body_len - pkt.data_offset ||
	    pkt.data_length < ETH_HEADER || pkt.data_length > FRAME_MAX)
		return -EPROTO;
	if (read_ppis(iov, n, body, body_len, &pkt, &info))
		return -EPROTO;
	pieces = iov_slice(iov, n, body + pkt.data_offset, pkt.data_length, frame, FRAME_IOV_MAX);
	if (pieces < 0)
		return -EPROTO;
	count(&nc->n->tx_rndis_packets);
	count_add(&nc->n->tx_bytes, pkt.data_length);
	if (atomic_load(&nc->dev->link_down) ||
	    offload_transmit(nc, frame, pieces, pkt.data_length, &info))
		count(&nc->n->tx_dropped);
	return 0;
}

uint32_t tx_data(struct netvsp_channel *nc, const struct iovec *iov, int n)
{
	size_t total = iov_bytes(iov, n), at = 0;
	unsigned int packets = 0;

	if (!atomic_load(&nc->dev->rndis_up))
		goto invalid;
	while (total - at >= sizeof(struct rndis_header)) {
		struct rndis_header h;

		iov_copy(iov, n, at, &h, sizeof(h));
		if (h.type != RNDIS_PACKET || h.length < sizeof(h) || h.length > total - at)
			goto invalid;
		if (packets++ == MAX_PACKETS_PER_MESSAGE || tx_message(nc, iov, n, at, h.length))
			goto invalid;
		at += h.length;
	}
	if (packets)
		return NVSP_STATUS_SUCCESS;
invalid:
	count(&nc->n->tx_errors);
	return NVSP_STATUS_INVALID_RNDIS;
}
