// SPDX-License-Identifier: GPL-2.0-only
/*
 * RNDIS messages of a hostile guest on a device that is up: control requests,
 * and data messages with their per-packet information, whose frames go through
 * offloads and the responder. The input is a list of messages, each with one
 * byte of what and two of length. Some get the header and a good frame
 * written for them, so that the fuzzer comes past the first checks.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/netbus.h"

#define CONTROL		0x01
#define DIRECT		0x02	/* from pages, else from a send section */
#define MIXED		0x04	/* both */
#define DRESS		0x08	/* put the length in, and for data the fixed header */
#define CHANNEL		0x30	/* 1 << 4 */
#define GIVE_BACK	0x40
#define FULL		0x80

#define HALF		2048u	/* of each page is used */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Header and length in front of what the fuzzer gives; for data also offsets. */
static uint32_t dress(uint8_t *msg, uint8_t what, const uint8_t *data, uint32_t len)
{
	struct rndis_header h = { .type = RNDIS_PACKET };
	struct rndis_packet p = { .data_offset = sizeof(p) };
	uint32_t at = sizeof(h), ppis;

	if (what & CONTROL) {
		if (!len)
			return 0;
		h.type = data[0] % 10;
		data++;
		len--;
	} else {
		ppis = len ? (data[0] % 4) * 16u : 0;
		if (ppis > len)
			ppis = 0;
		p.ppi_offset = sizeof(p);
		p.ppi_length = ppis;
		p.data_offset += ppis;
		p.data_length = len - ppis;
		memcpy(msg + at, &p, sizeof(p));
		at += sizeof(p);
	}
	memcpy(msg + at, data, len);
	h.length = at + len;
	memcpy(msg, &h, sizeof(h));
	return h.length;
}

static void send_message(uint8_t what, const uint8_t *msg, uint32_t len)
{
	struct nvsp_message m = { .type = NVSP_RNDIS_PACKET };
	bool direct = what & (DIRECT | CONTROL);
	uint32_t in_section = what & MIXED ? len / 2 : direct ? 0 : len, at, page;

	if (in_section > SEND_SECTION_SIZE)
		in_section = SEND_SECTION_SIZE;
	m.u.rndis.channel_type = what & CONTROL ? NVSP_CHANNEL_CONTROL : NVSP_CHANNEL_DATA;
	m.u.rndis.section_index = in_section ? 1 : NVSP_NO_SECTION;
	m.u.rndis.section_size = in_section;
	netbus_send_buffer(SEND_SECTION_SIZE, msg, in_section);
	netbus_gpa_pages = direct ? (len - in_section) / HALF + 1 : 0;
	netbus_gpa_offset = HALF;
	for (at = in_section, page = 0; direct && at < len; page++, at += HALF)
		memcpy(netbus_gpa + page * 2 * HALF + HALF, msg + at,
		       len - at < HALF ? len - at : HALF);
	netbus_packet((what & CHANNEL) >> 4, direct ? VMBUS_PKT_DATA_GPA_DIRECT :
		      VMBUS_PKT_DATA_INBAND, true, what, &m, sizeof(m));
}

static void open_subchannels(void)
{
	struct nvsp_message m = { .type = NVSP_SUBCHANNEL };
	unsigned int i;

	m.u.subchannel.op = NVSP_SUBCHANNEL_ALLOCATE;
	m.u.subchannel.count = NETBUS_CHANNELS - 1;
	netbus_packet(0, VMBUS_PKT_DATA_INBAND, true, 2, &m, sizeof(m));
	for (i = 1; i < NETBUS_CHANNELS; i++)
		netbus_toggle_channel(i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t msg[16384 + 64];
	static bool ready;

	if (!ready)
		netbus_init("responder,queues=4,rsc=on,delay_us=1");
	ready = true;
	netbus_start();
	netbus_bring_up();
	open_subchannels();
	while (size >= 3) {
		uint8_t what = data[0];
		uint32_t len = (data[1] | (uint32_t)data[2] << 8) & 0x3fff;

		data += 3;
		size -= 3;
		if (len > size)
			len = (uint32_t)size;
		if (what & FULL)
			netbus_ring_full = !netbus_ring_full;
		if (what & DRESS) {
			send_message(what, msg, dress(msg, what, data, len));
		} else {
			memcpy(msg, data, len);
			send_message(what, msg, len);
		}
		if (what & GIVE_BACK)
			netbus_give_back(what);
		netbus_timers();
		data += len;
		size -= len;
	}
	netbus_end();
	return 0;
}
