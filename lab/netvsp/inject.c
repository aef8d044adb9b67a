// SPDX-License-Identifier: GPL-2.0-only
/* Frames that a test asks for over the control socket. They come from the responder's address. */
#include "netvsp/internal.h"

#include <netinet/in.h>
#include <string.h>

#include "netvsp/checksum.h"

#define SEGMENT		1448	/* TCP payload of a segment on a 1500 byte link, with timestamps */
#define HEADERS		(ETH_HEADER + 20 + 20)

static const uint8_t peer_mac[6] = { 0x00, 0x15, 0x5d, 0x77, 0x00, 0x01 };
static const uint8_t peer_ip[4] = { 192, 168, 77, 1 };
static const uint8_t guest_ip[4] = { 192, 168, 77, 2 };

/* An ARP request for 192.168.77.2: harmless when a driver takes it. */
void inject_malformed(struct netvsp_channel *nc, enum ppi_fault kind, uint32_t runt_len)
{
	static const uint8_t request[8] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	struct net_msg *m = net_msg_alloc(NET_MSG_FRAME, ETH_HEADER + 28);
	uint8_t *a;

	if (!m)
		return;
	memset(m->data, 0, m->len);
	memset(m->data, 0xff, 6);
	memcpy(m->data + 6, peer_mac, 6);
	put16(m->data + 12, ETHERTYPE_ARP);
	a = m->data + ETH_HEADER;
	memcpy(a, request, sizeof(request));
	memcpy(a + 8, peer_mac, 6);
	memcpy(a + 14, peer_ip, 4);
	memcpy(a + 24, guest_ip, 4);
	m->fault = kind;
	m->runt_len = runt_len;
	rx_enqueue(nc, m);
}

/* From port 9 to port 9 with ACK set: without a connection the guest answers with one RST. */
void inject_rsc(struct netvsp_channel *nc, uint32_t segments)
{
	struct net_msg *m = net_msg_alloc(NET_MSG_FRAME, HEADERS + segments * SEGMENT);
	uint8_t *ip, *tcp;
	uint16_t sum;
	uint32_t i;

	if (!m)
		return;
	memset(m->data, 0, HEADERS);
	memcpy(m->data, nc->dev->current_mac, 6);
	memcpy(m->data + 6, peer_mac, 6);
	put16(m->data + 12, ETHERTYPE_IPV4);
	ip = m->data + ETH_HEADER;
	ip[0] = 0x45;
	put16(ip + 2, (uint16_t)(m->len - ETH_HEADER));
	ip[6] = 0x40;
	ip[8] = 64;
	ip[9] = IPPROTO_TCP;
	memcpy(ip + 12, peer_ip, 4);
	memcpy(ip + 16, guest_ip, 4);
	sum = csum_finish(csum_bytes(0, ip, 20));
	memcpy(ip + 10, &sum, 2);
	tcp = ip + 20;
	put16(tcp, 9);
	put16(tcp + 2, 9);
	tcp[12] = 0x50;
	tcp[13] = 0x10;
	put16(tcp + 14, 0xffff);
	for (i = HEADERS; i < m->len; i++)
		m->data[i] = (uint8_t)i;
	sum = csum_finish(csum_bytes(csum_pseudo4(0, peer_ip, guest_ip, IPPROTO_TCP,
						  m->len - ETH_HEADER - 20),
				     tcp, m->len - ETH_HEADER - 20));
	memcpy(tcp + 16, &sum, 2);
	m->csum_good = true;
	rx_enqueue(nc, m);
}
