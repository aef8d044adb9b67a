// SPDX-License-Identifier: GPL-2.0-only
/*
 * Checksum and large send offload of the guest's frames. A backend that takes
 * them gets a frame whose headers are put right (Linux leaves lengths out of
 * them in a large send: netvsc_xmit()); for others the work is done here.
 * Guest memory is never written: changed headers are a private copy.
 */
#include "netvsp/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "netvsp/checksum.h"

#define LSO_MAX_SEGMENTS	8192
#define TCP_FIN			0x01
#define TCP_PSH			0x08
#define TCP_CWR			0x80

struct job {
	struct netvsp_channel *nc;
	const struct iovec *iov;
	int n;
	uint32_t len;
	uint8_t head[FRAME_HEAD_MAX];
	size_t head_len;
	struct frame_layout l;
	struct net_frame frame;
};

static uint64_t pseudo(const uint8_t *head, const struct frame_layout *l, uint32_t len)
{
	const uint8_t *ip = head + l->l3;

	if (l->ip_version == 4)
		return csum_pseudo4(0, ip + 12, ip + 16, l->proto, len);
	return csum_pseudo6(0, ip + 8, ip + 24, l->proto, len);
}

static uint16_t csum_offset(const struct frame_layout *l)
{
	return l->proto == IPPROTO_TCP ? 16 : 6;
}

/* Write length and, for IPv4, header checksum for a frame of @len bytes. */
static void set_ip_length(uint8_t *head, const struct frame_layout *l, uint32_t len)
{
	uint8_t *ip = head + l->l3;

	if (l->ip_version == 6) {
		put16(ip + 4, (uint16_t)(len - l->l3 - 40));
		return;
	}
	put16(ip + 2, (uint16_t)(len - l->l3));
	put16(ip + 10, 0);
	put16(ip + 10, ntohs(csum_finish(csum_bytes(0, ip, (ip[0] & 15) * 4u))));
}

static void set_csum(uint8_t *head, const struct frame_layout *l, uint16_t value)
{
	if (l->proto == IPPROTO_UDP && !value)
		value = 0xffff;		/* 0 would say "no checksum", RFC 768 */
	memcpy(head + l->l4 + csum_offset(l), &value, 2);
}

int lso_segment(const struct iovec *iov, int n, uint32_t len, const uint8_t *orig,
		const struct frame_layout *l, uint32_t mss,
		int (*emit)(void *ctx, const struct iovec *iov, int n, uint32_t len), void *ctx)
{
	uint32_t hlen = l->payload, at, seq, id, segments = 0;
	uint8_t head[FRAME_HEAD_MAX], flags;
	struct iovec out[FRAME_IOV_MAX + 1];

	if (!l->l4 || l->proto != IPPROTO_TCP || !mss || len <= hlen || hlen > sizeof(head) ||
	    (len - hlen + mss - 1) / mss > LSO_MAX_SEGMENTS || hlen + mss > FRAME_MAX)
		return -EINVAL;
	seq = get32(orig + l->l4 + 4);
	id = get16(orig + l->l3 + 4);
	flags = orig[l->l4 + 13];
	memcpy(head, orig, hlen);
	for (at = hlen; at < len; at += mss, segments++) {
		uint32_t take = len - at < mss ? len - at : mss, l4_len = hlen - l->l4 + take;
		int pieces, ret;
		uint64_t sum;

		pieces = iov_slice(iov, n, at, take, out + 1, FRAME_IOV_MAX);
		if (pieces < 0)
			return pieces;
		if (l->ip_version == 4)
			put16(head + l->l3 + 4, (uint16_t)(id + segments));
		set_ip_length(head, l, hlen + take);
		put32(head + l->l4 + 4, seq + (at - hlen));
		head[l->l4 + 13] = flags & ~(at + take < len ? TCP_FIN | TCP_PSH : 0) &
				   ~(segments ? TCP_CWR : 0);
		set_csum(head, l, 0);
		sum = csum_bytes(pseudo(head, l, l4_len), head + l->l4, hlen - l->l4);
		sum = csum_iov(sum, out + 1, pieces, 0, take);
		set_csum(head, l, csum_finish(sum));
		out[0] = (struct iovec){ .iov_base = head, .iov_len = hlen };
		ret = emit(ctx, out, pieces + 1, hlen + take);
		if (ret)
			return ret;
	}
	return (int)segments;
}

static int give(struct job *j)
{
	struct net_backend *b = j->nc->dev->backend;

	return b->ops->transmit(b, j->nc->backend, &j->frame);
}

static int emit_segment(void *ctx, const struct iovec *iov, int n, uint32_t len)
{
	struct job *j = ctx;

	j->frame.iov = iov;
	j->frame.n = n;
	j->frame.len = len;
	count(&j->nc->n->tx_segments);
	/* A backend that drops one segment still gets the others, as on a wire. */
	give(j);
	return 0;
}

/* Send the changed headers in front of what follows them in guest memory. */
static int give_with_head(struct job *j, uint32_t head_len)
{
	struct iovec out[FRAME_IOV_MAX + 1];
	int pieces = 0;

	out[0] = (struct iovec){ .iov_base = j->head, .iov_len = head_len };
	if (j->len > head_len)
		pieces = iov_slice(j->iov, j->n, head_len, j->len - head_len, out + 1,
				   FRAME_IOV_MAX);
	if (pieces < 0)
		return pieces;
	j->frame.iov = out;
	j->frame.n = pieces + 1;
	j->frame.len = j->len;
	return give(j);
}

static int large_send(struct job *j, uint32_t lso)
{
	uint32_t mss = RNDIS_LSO_MSS(lso);
	int ret;

	if (!(lso & RNDIS_LSO_V2) || !j->l.l4 || j->l.proto != IPPROTO_TCP ||
	    (j->l.ip_version == 6) != !!(lso & RNDIS_LSO_IPV6) || !mss || mss > 0xffff ||
	    j->len <= j->l.payload)
		return -EINVAL;
	count(&j->nc->n->tx_lso);
	if (!j->nc->dev->backend->ops->offload) {
		ret = lso_segment(j->iov, j->n, j->len, j->head, &j->l, mss, emit_segment, j);
		return ret < 0 ? ret : 0;
	}
	if (j->len - j->l.l3 > 0xffff)
		return -EINVAL;
	set_ip_length(j->head, &j->l, j->len);
	set_csum(j->head, &j->l, csum_partial(pseudo(j->head, &j->l, j->len - j->l.l4)));
	j->frame.csum_needed = true;
	j->frame.csum_start = j->l.l4;
	j->frame.csum_offset = csum_offset(&j->l);
	j->frame.gso = j->l.ip_version == 4 ? NET_GSO_TCP4 : NET_GSO_TCP6;
	j->frame.gso_size = (uint16_t)mss;
	j->frame.header_len = j->l.payload;
	return give_with_head(j, j->l.payload);
}

/* The transport length that the IP header declares; what follows it is padding. */
static uint32_t l4_length(const struct job *j)
{
	const uint8_t *ip = j->head + j->l.l3;
	uint32_t end;

	if (j->l.ip_version == 4)
		end = j->l.l3 + get16(ip + 2);
	else
		end = j->l.l3 + 40u + get16(ip + 4);
	if (end > j->len || end < j->l.payload)
		return 0;
	return end - j->l.l4;
}

static int checksum(struct job *j, uint32_t info)
{
	uint32_t len;
	uint64_t sum;

	if (info & RNDIS_TX_IP_CSUM && j->l.ip_version == 4)
		set_ip_length(j->head, &j->l, j->l.l3 + get16(j->head + j->l.l3 + 2));
	if (!(info & (RNDIS_TX_TCP_CSUM | RNDIS_TX_UDP_CSUM)))
		return give_with_head(j, (uint32_t)j->head_len);
	if (!j->l.l4 || j->l.proto != (info & RNDIS_TX_TCP_CSUM ? IPPROTO_TCP : IPPROTO_UDP))
		return -EINVAL;
	len = l4_length(j);
	if (!len)
		return -EINVAL;
	count(&j->nc->n->tx_csum);
	sum = pseudo(j->head, &j->l, len);
	if (j->nc->dev->backend->ops->offload) {
		uint16_t partial = csum_partial(sum);

		memcpy(j->head + j->l.l4 + csum_offset(&j->l), &partial, 2);
		j->frame.csum_needed = true;
		j->frame.csum_start = j->l.l4;
		j->frame.csum_offset = csum_offset(&j->l);
		return give_with_head(j, j->l.payload);
	}
	memset(j->head + j->l.l4 + csum_offset(&j->l), 0, 2);
	sum = csum_bytes(sum, j->head + j->l.l4, j->l.payload - j->l.l4);
	sum = csum_iov(sum, j->iov, j->n, j->l.payload, len - (j->l.payload - j->l.l4));
	set_csum(j->head, &j->l, csum_finish(sum));
	return give_with_head(j, j->l.payload);
}

int offload_transmit(struct netvsp_channel *nc, const struct iovec *iov, int n, uint32_t len,
		     const struct tx_info *info)
{
	struct job j = { .nc = nc, .iov = iov, .n = n, .len = len };

	j.frame.vlan = info->vlan;
	j.frame.vlan_tci = RNDIS_VLAN_TO_TCI(info->vlan_info);
	if (info->vlan)
		count(&nc->n->tx_vlan);
	if (info->lso || info->csum) {
		j.head_len = iov_copy(iov, n, 0, j.head, sizeof(j.head));
		frame_parse(j.head, j.head_len, &j.l);
		return info->lso ? large_send(&j, info->lso_info) : checksum(&j, info->csum_info);
	}
	j.frame.iov = iov;
	j.frame.n = n;
	j.frame.len = len;
	return give(&j);
}
