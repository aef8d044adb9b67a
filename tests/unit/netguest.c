// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "netvsp/checksum.h"
#include "tests/unit/netguest.h"

#define RING_PAGES	17

static const uint8_t vector_key[NDIS_RSS_KEY_SIZE] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
};

struct netguest *ng_new(const char *spec, const char *fault)
{
	struct netguest *ng = calloc(1, sizeof(*ng));
	char err[256] = "";

	ng->fg = fg_new(32, 4);
	if (netvsp_create(spec, 0, &ng->dev, err, sizeof(err)))
		fail_msg("%s: %s", spec, err);
	faults_register(ng->fg->faults, netvsp_faults);
	assert_int_equal(vmbus_add_device(ng->fg->bus, ng->dev), 0);
	if (fault)
		fg_fault(ng->fg, fault);
	assert_int_equal(fg_connect(ng->fg, 0x00050003), 0);
	assert_int_equal(fg_request_offers(ng->fg), 1);
	ng->control_page = fg_page(ng->fg);
	return ng;
}

void ng_free(struct netguest *ng)
{
	unsigned int i;

	for (i = NG_MAX_CHANNELS; i > 0; i--) {
		if (ng->ch[i - 1])
			fg_close(ng->ch[i - 1]);
	}
	if (ng->recv)
		fg_buffer_unshare(ng->recv);
	if (ng->send)
		fg_buffer_unshare(ng->send);
	if (ng->recv)
		fg_buffer_free(ng->recv);
	if (ng->send)
		fg_buffer_free(ng->send);
	fg_free(ng->fg);
	free(ng);
}

void ng_open(struct netguest *ng)
{
	ng->ch[0] = fg_open(ng->fg, ng->dev, 0, RING_PAGES, RING_PAGES, NULL, 0);
}

static bool is_completion(const struct ring_packet *p, uint64_t trans_id)
{
	return p->type == VMBUS_PKT_COMPLETION && p->trans_id == trans_id;
}

uint32_t ng_request(struct netguest *ng, unsigned int c, const struct nvsp_message *in,
		    struct nvsp_message *out)
{
	struct ring_packet pkt;
	uint64_t id = ++ng->trans_id;

	assert_int_equal(fg_send_inband(ng->ch[c], in, sizeof(*in), id, true), 0);
	fg_recv(ng->ch[c], &pkt);
	assert_true(is_completion(&pkt, id));
	memset(out, 0, sizeof(*out));
	memcpy(out, pkt.payload, pkt.payload_len < sizeof(*out) ? pkt.payload_len : sizeof(*out));
	return pkt.payload_len;
}

uint32_t ng_init(struct netguest *ng, uint32_t version)
{
	struct nvsp_message in = { .type = NVSP_INIT }, out;

	in.u.init.min_version = version;
	in.u.init.max_version = version;
	assert_int_equal(ng_request(ng, 0, &in, &out), NVSP_MESSAGE_SIZE);
	assert_int_equal(out.type, NVSP_INIT_COMPLETE);
	return out.u.init_complete.status;
}

void ng_buffers(struct netguest *ng)
{
	struct nvsp_message in = { .type = NVSP_SEND_RECV_BUF }, out;

	ng->recv = fg_buffer_new(ng->fg, NG_RECV_PAGES);
	ng->send = fg_buffer_new(ng->fg, NG_SEND_PAGES);
	assert_int_equal(fg_buffer_share(ng->recv, ng->ch[0]->offer.relid), 0);
	assert_int_equal(fg_buffer_share(ng->send, ng->ch[0]->offer.relid), 0);
	in.u.buffer.gpadl = ng->recv->gpadl;
	in.u.buffer.id = NVSP_RECV_BUFFER_ID;
	ng_request(ng, 0, &in, &out);
	assert_int_equal(out.type, NVSP_SEND_RECV_BUF_COMPLETE);
	assert_int_equal(out.u.recv_buf_complete.status, NVSP_STATUS_SUCCESS);
	assert_int_equal(out.u.recv_buf_complete.num_sections, 1);
	assert_int_equal(out.u.recv_buf_complete.offset, 0);
	ng->recv_section_size = out.u.recv_buf_complete.sub_alloc_size;
	ng->recv_sections = out.u.recv_buf_complete.num_sub_allocs;
	assert_true((uint64_t)ng->recv_section_size * ng->recv_sections <= NG_RECV_PAGES * 4096u);
	in.type = NVSP_SEND_SEND_BUF;
	in.u.buffer.gpadl = ng->send->gpadl;
	in.u.buffer.id = NVSP_SEND_BUFFER_ID;
	ng_request(ng, 0, &in, &out);
	assert_int_equal(out.type, NVSP_SEND_SEND_BUF_COMPLETE);
	assert_int_equal(out.u.send_buf_complete.status, NVSP_STATUS_SUCCESS);
	assert_int_equal(out.u.send_buf_complete.section_size, SEND_SECTION_SIZE);
}

void ng_up(struct netguest *ng, uint32_t version)
{
	struct nvsp_message config = { .type = NVSP_SEND_NDIS_CONFIG };
	struct nvsp_message ndis = { .type = NVSP_SEND_NDIS_VERSION };
	struct rndis_initialize init = { .request_id = 1, .major = 1, .max_transfer = 0x4000 };
	struct rndis_initialize_complete done;
	uint32_t filter = NDIS_FILTER_DIRECTED | NDIS_FILTER_BROADCAST | NDIS_FILTER_ALL_MULTICAST;
	uint8_t reply[1024];

	ng_open(ng);
	assert_int_equal(ng_init(ng, version), NVSP_STATUS_SUCCESS);
	config.u.ndis_config.mtu = 1514;
	config.u.ndis_config.capabilities = NVSP_CAP_8021Q | NVSP_CAP_TEAMING | NVSP_CAP_RSC;
	assert_int_equal(fg_send_inband(ng->ch[0], &config, sizeof(config), 0, false), 0);
	ndis.u.ndis_version.major = 6;
	ndis.u.ndis_version.minor = 30;
	assert_int_equal(fg_send_inband(ng->ch[0], &ndis, sizeof(ndis), 0, false), 0);
	ng_buffers(ng);
	assert_int_equal(ng_control(ng, RNDIS_INITIALIZE, &init, sizeof(init), reply),
			 8 + sizeof(done));
	memcpy(&done, reply + 8, sizeof(done));
	assert_int_equal(done.request_id, 1);
	assert_int_equal(done.status, RNDIS_SUCCESS);
	assert_int_equal(done.max_packets_per_message, 8);
	assert_int_equal(done.packet_alignment_factor, 3);
	assert_int_equal(ng_set(ng, OID_GEN_PACKET_FILTER, &filter, sizeof(filter)), RNDIS_SUCCESS);
}

unsigned int ng_subchannels(struct netguest *ng, unsigned int n)
{
	struct nvsp_message in = { .type = NVSP_SUBCHANNEL }, out;
	unsigned int i;
	struct ring_packet pkt;
	uint32_t type;

	in.u.subchannel.op = NVSP_SUBCHANNEL_ALLOCATE;
	in.u.subchannel.count = n;
	ng_request(ng, 0, &in, &out);
	assert_int_equal(out.type, NVSP_SUBCHANNEL);
	assert_int_equal(out.u.subchannel_complete.status, NVSP_STATUS_SUCCESS);
	n = out.u.subchannel_complete.count;
	for (i = 1; i <= n; i++)
		ng->ch[i] = fg_open(ng->fg, ng->dev, i, RING_PAGES, RING_PAGES, NULL, i % 4);
	if (!n)
		return 0;
	fg_recv(ng->ch[0], &pkt);
	assert_int_equal(pkt.type, VMBUS_PKT_DATA_INBAND);
	memcpy(&type, pkt.payload, 4);
	assert_int_equal(type, NVSP_INDIRECTION_TABLE);
	return n;
}

static void put_control(struct netguest *ng, uint32_t type, const void *body, uint32_t len)
{
	struct nvsp_message m = { .type = NVSP_RNDIS_PACKET };
	struct rndis_header h = { .type = type, .length = sizeof(h) + len };
	struct fg_page_range r = { .len = h.length, .pfn = ng->control_page >> 12 };
	uint8_t *page = fg_at(ng->fg, ng->control_page, 4096);

	assert_true(h.length <= 4096);
	memcpy(page, &h, sizeof(h));
	memcpy(page + sizeof(h), body, len);
	m.u.rndis.channel_type = NVSP_CHANNEL_CONTROL;
	m.u.rndis.section_index = NVSP_NO_SECTION;
	assert_int_equal(fg_send_pages(ng->ch[0], &r, 1, &m, sizeof(m), ++ng->trans_id), 0);
}

uint32_t ng_control(struct netguest *ng, uint32_t type, const void *body, uint32_t len,
		    void *reply)
{
	struct ng_frame *f = calloc(1, sizeof(*f));
	uint32_t n;

	put_control(ng, type, body, len);
	assert_int_equal(ng_completion(ng, 0, ng->trans_id), NVSP_STATUS_SUCCESS);
	ng_recv(ng, 0, f);
	assert_int_equal(f->channel_type, NVSP_CHANNEL_CONTROL);
	n = f->len;
	assert_true(n <= 1024);
	memcpy(reply, f->data, n);
	free(f);
	return n;
}

uint32_t ng_query(struct netguest *ng, uint32_t oid, const void *in, uint32_t in_len,
		  void *out, uint32_t *out_len)
{
	struct rndis_request r = { .oid = oid, .buffer_length = in_len };
	struct rndis_query_complete c;
	uint8_t body[512], reply[1024];
	struct rndis_header h;

	r.request_id = ++ng->request_id;
	r.buffer_offset = sizeof(r);
	memcpy(body, &r, sizeof(r));
	if (in_len)
		memcpy(body + sizeof(r), in, in_len);
	ng_control(ng, RNDIS_QUERY, body, sizeof(r) + in_len, reply);
	memcpy(&h, reply, sizeof(h));
	memcpy(&c, reply + sizeof(h), sizeof(c));
	assert_int_equal(h.type, RNDIS_QUERY | RNDIS_COMPLETION);
	assert_int_equal(c.request_id, r.request_id);
	assert_true(c.buffer_offset >= sizeof(c));
	assert_true(sizeof(h) + c.buffer_offset + c.buffer_length <= h.length);
	memcpy(out, reply + sizeof(h) + c.buffer_offset, c.buffer_length);
	*out_len = c.buffer_length;
	return c.status;
}

uint32_t ng_set(struct netguest *ng, uint32_t oid, const void *in, uint32_t in_len)
{
	struct rndis_request r = { .oid = oid, .buffer_length = in_len };
	uint8_t body[1024], reply[1024];
	struct rndis_complete c;
	struct rndis_header h;

	r.request_id = ++ng->request_id;
	r.buffer_offset = sizeof(r);
	memcpy(body, &r, sizeof(r));
	memcpy(body + sizeof(r), in, in_len);
	ng_control(ng, RNDIS_SET, body, sizeof(r) + in_len, reply);
	memcpy(&h, reply, sizeof(h));
	memcpy(&c, reply + sizeof(h), sizeof(c));
	assert_int_equal(h.type, RNDIS_SET | RNDIS_COMPLETION);
	assert_int_equal(c.request_id, r.request_id);
	return c.status;
}

void ng_offloads(struct netguest *ng)
{
	struct ndis_offload_parameters p = {
		.header = { .type = NDIS_TYPE_DEFAULT, .revision = 3, .size = sizeof(p) },
		.tcp4_csum = NDIS_PARAM_TX_RX, .udp4_csum = NDIS_PARAM_TX_RX,
		.tcp6_csum = NDIS_PARAM_TX_RX, .udp6_csum = NDIS_PARAM_TX_RX,
		.rsc_ip4 = NDIS_PARAM_RSC_ON, .rsc_ip6 = NDIS_PARAM_RSC_ON,
	};

	assert_int_equal(ng_set(ng, OID_TCP_OFFLOAD_PARAMETERS, &p, sizeof(p)), RNDIS_SUCCESS);
}

void ng_rss(struct netguest *ng, unsigned int n)
{
	struct {
		struct ndis_rss_parameters p;
		uint32_t table[NDIS_RSS_TABLE_ENTRIES];
		uint8_t key[NDIS_RSS_KEY_SIZE];
	} m = { 0 };
	unsigned int i;

	m.p.header.type = NDIS_TYPE_RSS_PARAMETERS;
	m.p.header.revision = 2;
	m.p.header.size = sizeof(m.p);
	m.p.hash_info = NDIS_HASH_TOEPLITZ | NDIS_HASH_IPV4 | NDIS_HASH_TCP_IPV4 |
			NDIS_HASH_IPV6 | NDIS_HASH_TCP_IPV6;
	m.p.table_size = sizeof(m.table);
	m.p.table_offset = sizeof(m.p);
	m.p.key_size = sizeof(m.key);
	m.p.key_offset = sizeof(m.p) + sizeof(m.table);
	for (i = 0; i < NDIS_RSS_TABLE_ENTRIES; i++)
		m.table[i] = i % n;
	memcpy(m.key, vector_key, sizeof(m.key));
	assert_int_equal(ng_set(ng, OID_GEN_RSS_PARAMETERS, &m, sizeof(m)), RNDIS_SUCCESS);
}

uint32_t ng_message(uint8_t *buf, const void *frame, uint32_t len, const struct ng_ppi *ppi,
		    unsigned int n_ppi, uint32_t align)
{
	struct rndis_packet p = { .data_length = len, .ppi_offset = sizeof(p) };
	struct rndis_header h = { .type = RNDIS_PACKET };
	uint32_t at = sizeof(h) + sizeof(p);
	unsigned int i;

	for (i = 0; i < n_ppi; i++) {
		struct rndis_ppi x = { .size = 16, .type = ppi[i].type, .offset = 12 };

		memcpy(buf + at, &x, sizeof(x));
		memcpy(buf + at + sizeof(x), &ppi[i].value, 4);
		at += 16;
	}
	p.ppi_length = 16 * n_ppi;
	p.data_offset = sizeof(p) + p.ppi_length;
	memcpy(buf + at, frame, len);
	h.length = at + len;
	while (align && h.length % align)
		buf[h.length++] = 0;
	memcpy(buf, &h, sizeof(h));
	memcpy(buf + sizeof(h), &p, sizeof(p));
	return h.length;
}

uint64_t ng_send_section(struct netguest *ng, unsigned int c, unsigned int section,
			 const void *data, uint32_t len)
{
	struct nvsp_message m = { .type = NVSP_RNDIS_PACKET };

	assert_int_equal(gpadl_write(ng->send->g, (uint64_t)section * SEND_SECTION_SIZE, data,
				     len), 0);
	m.u.rndis.section_index = section;
	m.u.rndis.section_size = len;
	assert_int_equal(fg_send_inband(ng->ch[c], &m, sizeof(m), ++ng->trans_id, true), 0);
	return ng->trans_id;
}

uint64_t ng_send_direct(struct netguest *ng, unsigned int c, const void *data, uint32_t len)
{
	struct nvsp_message m = { .type = NVSP_RNDIS_PACKET };
	struct fg_page_range r[24];
	unsigned int n = 0;
	uint32_t done = 0;

	m.u.rndis.section_index = NVSP_NO_SECTION;
	while (done < len) {
		/* Odd offsets, so that pieces do not begin at even positions. */
		uint32_t take = len - done < 3003 ? len - done : 3003;
		uint64_t page = fg_page(ng->fg);

		assert_true(n < 24);
		r[n].pfn = page >> 12;
		r[n].offset = 1 + n;
		r[n].len = take;
		memcpy(fg_at(ng->fg, page + r[n].offset, take), (const uint8_t *)data + done, take);
		done += take;
		n++;
	}
	assert_int_equal(fg_send_pages(ng->ch[c], r, n, &m, sizeof(m), ++ng->trans_id), 0);
	return ng->trans_id;
}

uint32_t ng_completion(struct netguest *ng, unsigned int c, uint64_t trans_id)
{
	struct nvsp_message m;
	struct ring_packet pkt;

	fg_recv(ng->ch[c], &pkt);
	assert_true(is_completion(&pkt, trans_id));
	assert_int_equal(pkt.payload_len, sizeof(m));
	memcpy(&m, pkt.payload, sizeof(m));
	assert_int_equal(m.type, NVSP_RNDIS_PACKET_COMPLETE);
	return m.u.rndis_complete.status;
}

void ng_transmit(struct netguest *ng, unsigned int c, const void *frame, uint32_t len,
		 const struct ng_ppi *ppi, unsigned int n_ppi)
{
	uint8_t buf[SEND_SECTION_SIZE];
	uint32_t n = ng_message(buf, frame, len, ppi, n_ppi, 0);

	assert_int_equal(ng_completion(ng, c, ng_send_section(ng, c, 0, buf, n)),
			 NVSP_STATUS_SUCCESS);
}

static void take_ppi(struct ng_frame *f, uint32_t type, uint32_t value)
{
	switch (type) {
	case RNDIS_PPI_CHECKSUM:
		f->csum = true;
		f->csum_value = value;
		break;
	case RNDIS_PPI_HASH:
		f->hash = true;
		f->hash_value = value;
		break;
	case RNDIS_PPI_VLAN:
		f->vlan = true;
		f->vlan_value = value;
		break;
	case RNDIS_PPI_PACKET_ID:
		f->id = true;
		break;
	default:
		fail_msg("PPI of type %x", type);
	}
}

static void take_range(struct netguest *ng, const struct vmbus_xfer_page_range *r,
		       struct ng_frame *f)
{
	uint8_t *buf = malloc(r->byte_count);
	struct rndis_packet p;
	struct rndis_header h;
	uint32_t at, value;

	assert_true(r->byte_count <= ng->recv_section_size);
	assert_int_equal(r->byte_offset % ng->recv_section_size, 0);
	assert_int_equal(gpadl_read(ng->recv->g, r->byte_offset, buf, r->byte_count), 0);
	memcpy(&h, buf, sizeof(h));
	assert_true(h.length <= r->byte_count);
	if (f->channel_type == NVSP_CHANNEL_CONTROL) {
		memcpy(f->data, buf, h.length);
		f->len = h.length;
		goto out;
	}
	assert_int_equal(h.type, RNDIS_PACKET);
	memcpy(&p, buf + sizeof(h), sizeof(p));
	for (at = 8 + p.ppi_offset; at < 8 + p.ppi_offset + p.ppi_length;) {
		struct rndis_ppi x;

		memcpy(&x, buf + at, sizeof(x));
		assert_int_equal(x.size, 16);
		memcpy(&value, buf + at + x.offset, 4);
		take_ppi(f, x.type, value);
		at += x.size;
	}
	assert_true(8 + p.data_offset + p.data_length <= h.length);
	memcpy(f->data + f->len, buf + 8 + p.data_offset, p.data_length);
	f->len += p.data_length;
	f->pieces++;
out:
	free(buf);
}

void ng_recv_keep(struct netguest *ng, unsigned int c, struct ng_frame *f)
{
	struct vmbus_xfer_page_header x;
	struct ring_packet pkt;
	struct nvsp_message m;
	uint32_t i;

	memset(f, 0, offsetof(struct ng_frame, len));
	memset(&f->len, 0, sizeof(*f) - offsetof(struct ng_frame, len));
	fg_recv(ng->ch[c], &pkt);
	assert_int_equal(pkt.type, VMBUS_PKT_DATA_XFER_PAGES);
	memcpy(&m, pkt.payload, sizeof(m));
	assert_int_equal(m.type, NVSP_RNDIS_PACKET);
	f->channel_type = m.u.rndis.channel_type;
	memcpy(&x, pkt.header + 16, sizeof(x));
	assert_int_equal(x.pageset_id, NVSP_RECV_BUFFER_ID);
	assert_int_equal(pkt.header_len, 16 + sizeof(x) + 8 * x.range_count);
	f->ranges = x.range_count;
	f->trans_id = pkt.trans_id;
	for (i = 0; i < x.range_count; i++) {
		struct vmbus_xfer_page_range r;

		memcpy(&r, pkt.header + 16 + sizeof(x) + 8 * i, sizeof(r));
		take_range(ng, &r, f);
	}
}

void ng_give_back(struct netguest *ng, unsigned int c, uint64_t trans_id)
{
	uint32_t done[2] = { NVSP_RNDIS_PACKET_COMPLETE, NVSP_STATUS_SUCCESS };

	assert_int_equal(fg_complete(ng->ch[c], trans_id, done, sizeof(done)), 0);
}

void ng_recv(struct netguest *ng, unsigned int c, struct ng_frame *f)
{
	ng_recv_keep(ng, c, f);
	ng_give_back(ng, c, f->trans_id);
}

uint32_t ng_udp4(uint8_t *frame, uint16_t sport, uint16_t dport, uint32_t len)
{
	static const uint8_t macs[12] = {
		0x00, 0x15, 0x5d, 0x77, 0x00, 0x01, 0x00, 0x15, 0x5d, 0x77, 0x01, 0x00,
	};
	uint8_t *ip = frame + ETH_HEADER, *udp = ip + 20;
	uint16_t sum;
	uint32_t i;

	memset(frame, 0, ETH_HEADER + 28);
	memcpy(frame, macs, 12);
	put16(frame + 12, ETHERTYPE_IPV4);
	ip[0] = 0x45;
	put16(ip + 2, (uint16_t)(28 + len));
	ip[8] = 64;
	ip[9] = 17;
	memcpy(ip + 12, (const uint8_t[]){ 192, 168, 77, 2, 192, 168, 77, 1 }, 8);
	sum = csum_finish(csum_bytes(0, ip, 20));
	memcpy(ip + 10, &sum, 2);
	put16(udp, sport);
	put16(udp + 2, dport);
	put16(udp + 4, (uint16_t)(8 + len));
	for (i = 0; i < len; i++)
		udp[8 + i] = (uint8_t)(i * 7);
	sum = csum_finish(csum_bytes(csum_pseudo4(0, ip + 12, ip + 16, 17, 8 + len), udp, 8 + len));
	memcpy(udp + 6, &sum, 2);
	return ETH_HEADER + 28 + len;
}

struct wait {
	struct netguest *ng;
	unsigned int c;
	const char *name;
	int64_t value;
};

static bool reached(void *ctx)
{
	struct wait *w = ctx;

	return fg_counter(w->ng->fg, w->ng->dev, w->c, w->name) >= w->value;
}

void ng_wait_counter(struct netguest *ng, unsigned int c, const char *name, int64_t value)
{
	struct wait w = { .ng = ng, .c = c, .name = name, .value = value };

	fg_wait(ng->fg, reached, &w);
	assert_int_equal(fg_counter(ng->fg, ng->dev, c, name), value);
}

void ng_command(struct netguest *ng, const char *cmd, const char *args, int want)
{
	json_t *a = json_loads(args, 0, NULL), *reply = json_object();

	assert_non_null(a);
	assert_int_equal(ng->dev->ops->command(ng->dev, cmd, a, reply), want);
	if (want == -EINVAL)
		assert_non_null(json_object_get(reply, "error"));
	json_decref(a);
	json_decref(reply);
}
