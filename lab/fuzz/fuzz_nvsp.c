// SPDX-License-Identifier: GPL-2.0-only
/*
 * NVSP of a hostile guest. The input is a list of records: packets on any
 * channel, and events (timers, a guest that stops reading, receive sections
 * that come back, channels that open and close). Half of the inputs begin with
 * a device that is up.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz/netbus.h"

enum event { EV_PACKET, EV_SECTION, EV_GIVE_BACK, EV_OTHER };

struct record {
	uint8_t event;		/* enum event in bits 0-1, the channel in bits 2-3 */
	uint8_t arg;
} __attribute__((packed));

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Bits 4-5 of the event choose the packet's type, bit 6 the completion. */
static size_t feed(const struct record *r, const uint8_t *data, size_t size)
{
	static const uint16_t types[] = {
		VMBUS_PKT_DATA_INBAND, VMBUS_PKT_DATA_GPA_DIRECT, VMBUS_PKT_COMPLETION,
		VMBUS_PKT_DATA_XFER_PAGES,
	};
	size_t len = size < NVSP_MESSAGE_SIZE + 8 ? size : NVSP_MESSAGE_SIZE + 8;

	netbus_gpa_pages = r->arg % (NETBUS_GPA + 2);
	netbus_gpa_offset = r->arg * 8u;
	netbus_packet(r->event >> 2 & 3, types[r->event >> 4 & 3], r->event & 0x40,
		      (uint64_t)r->arg << 32 | r->arg, data, (uint32_t)len);
	return len;
}

static void happen(const struct record *r)
{
	switch (r->arg & 7) {
	case 0:
		netbus_timers();
		break;
	case 2:
	case 3:
		netbus_tear_down(r->arg & 1 ? NETBUS_RECV : NETBUS_SEND);
		break;
	case 1:
		netbus_ring_full = !netbus_ring_full;
		netbus_timers();
		break;
	default:
		netbus_toggle_channel(r->event >> 2 & 3);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct record r;

	if (!ready)
		netbus_init("responder,queues=4,batch=3,rsc=on,delay_us=0");
	ready = true;
	netbus_start();
	if (size && data[--size] & 1)
		netbus_bring_up();
	while (size >= sizeof(r)) {
		size_t used = 0;

		memcpy(&r, data, sizeof(r));
		data += sizeof(r);
		size -= sizeof(r);
		switch (r.event & 3) {
		case EV_PACKET:
			used = feed(&r, data, size);
			break;
		case EV_SECTION:
			used = size < 64 ? size : 64;
			netbus_send_buffer(r.arg * 64u, data, (uint32_t)used);
			break;
		case EV_GIVE_BACK:
			netbus_give_back(r.arg);
			break;
		default:
			happen(&r);
		}
		data += used;
		size -= used;
	}
	netbus_end();
	return 0;
}
