// SPDX-License-Identifier: GPL-2.0-only
/*
 * RNDIS messages of a hostile guest on a device that is up: control requests,
 * and data messages with their per-packet information, whose frames go through
 * offloads and the responder. The input is a list of messages, each with one
 * byte of what and two of length. Most begin as a message that a good guest
 * would send (made by rndis_good.c), of which the input changes some bytes:
 * so the fuzzer gets past the checks at the front.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/netbus.h"
#include "fuzz/rndis_good.h"

#define CONTROL		0x01
#define DIRECT		0x02	/* from pages, else from a send section */
#define MIXED		0x04	/* both */
#define RAW		0x08	/* just what the input says */
#define CHANNEL		0x30	/* 1 << 4 */
#define GIVE_BACK	0x40
#define FULL		0x80

#define HALF		2048u	/* of each page is used */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Pairs of offset and byte, 7 at most, then the rest as payload of the good message. */
static uint32_t change(uint8_t *msg, uint8_t what, const uint8_t *data, uint32_t len)
{
	uint32_t n, i, changes;
	uint8_t kind;

	if (len < 3)
		return 0;
	kind = data[0];
	changes = data[1] % 8;
	data += 2;
	len -= 2;
	if (changes * 3 > len)
		changes = len / 3;
	n = what & CONTROL ?
	    good_control(msg, kind, data + 3 * changes, len - 3 * changes) :
	    good_packet(msg, kind, data + 3 * changes, len - 3 * changes);
	for (i = 0; i < changes; i++)
		msg[(data[3 * i] | (uint32_t)data[3 * i + 1] << 8) % n] = data[3 * i + 2];
	return n;
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
	static uint8_t msg[16384 + GOOD_ROOM];
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
		if (what & RAW) {
			memcpy(msg, data, len);
			send_message(what, msg, len);
		} else {
			send_message(what, msg, change(msg, what, data, len));
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
