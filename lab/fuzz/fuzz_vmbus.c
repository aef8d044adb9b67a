// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any sequence of POST_MESSAGE payloads, EOMs and signals against the whole
 * bus with one device, in 2 MiB of guest memory. The input is a list of steps:
 * one byte of what, one byte of length, the bytes. Some steps send a message
 * that is right but for a few bytes of the input, and half of the inputs start
 * with an open channel, so that the fuzzer gets past the connection.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/hv.h"
#include "vmbus/bus.h"

#define VPS		2u
#define MAX_STEPS	64u
#define MAX_FDS		16u

struct guest {
	struct guest_memory mem;
	struct vmbus *bus;
	bool slot_full;		/* of VP 0 */
	int fd[MAX_FDS];	/* bound to signals, by the last four bits of the connection */
};

static struct guest guest;

/* ---- a platform that forgets ---------------------------------------------------- */

static int post_message(void *ctx, uint32_t vp, unsigned int sint, const void *msg)
{
	const struct hv_message *m = msg;

	if (vp >= VPS || sint >= HV_SINT_COUNT || m->type != HV_MESSAGE_TYPE_VMBUS ||
	    m->payload_size > HV_MESSAGE_PAYLOAD_MAX || m->payload_size < 8)
		abort();
	if (vp)
		return -ENODEV;
	if (guest.slot_full)
		return -EAGAIN;
	guest.slot_full = true;
	return 0;
}

static int signal_event(void *ctx, uint32_t vp, unsigned int sint, unsigned int flag)
{
	if (vp >= VPS || sint >= HV_SINT_COUNT || !flag || flag >= HV_EVENT_FLAGS)
		abort();
	return 0;
}

static int bind_signal(void *ctx, uint32_t connection_id, int fd)
{
	guest.fd[connection_id % MAX_FDS] = fd;
	return 0;
}

static const struct vmbus_platform platform = {
	.post_message = post_message,
	.signal_event = signal_event,
	.bind_signal = bind_signal,
	.vp_count = VPS,
};

/* ---- a device that touches what it is given ---------------------------------------- */

static int touch_open(struct vmbus_channel *ch)
{
	vmbus_offer_subchannels(ch->dev, 1, 2);
	return ch->open_data[0] == 0xff ? -EIO : 0;
}

static void touch_ready(struct vmbus_channel *ch)
{
	struct iovec iov[32];
	struct ring_packet pkt;
	struct gpadl *g;
	int n;

	while (channel_recv(ch, &pkt) == 1) {
		n = channel_gpa_iov(ch, &pkt, iov, 32);
		if (n > 0 && channel_send(ch, VMBUS_PKT_COMPLETION, 0, pkt.trans_id, NULL, 0,
					  iov, n) == -EMSGSIZE)
			channel_complete(ch, pkt.trans_id, NULL, 0);
		g = vmbus_gpadl_get(ch->bus, (uint32_t)pkt.trans_id);
		if (g) {
			gpadl_write(g, pkt.trans_id >> 32, "0123456789", 10);
			vmbus_gpadl_put(ch->bus, g);
		}
	}
}

static const struct vmbus_device_ops touch_ops = {
	.type = "touch",
	.class_id = VMBUS_GUID_NET,
	.open = touch_open,
	.ready = touch_ready,
};

/* ---- steps -------------------------------------------------------------------------- */

enum step {
	STEP_RAW, STEP_CONTACT, STEP_REQUEST, STEP_GPADL, STEP_OPEN, STEP_RING, STEP_SIGNAL,
	STEP_EOM, STEP_SETTLE, STEP_RESCIND, STEP_REOFFER, STEP_RESET, STEP_COUNT
};

static void nothing(void *ctx)
{
}

static void settle(void)
{
	loop_call(vmbus_control_loop(guest.bus), nothing, NULL);
}

static void eom_on_loop(void *ctx)
{
	guest.slot_full = false;
	vmbus_eom(guest.bus, 0);
}

/* @len bytes of the input over @template of @size bytes, at the offset in the first byte. */
static void post_bent(void *template, uint32_t size, const uint8_t *data, uint32_t len)
{
	uint32_t at = len > 1 ? data[0] % size : 0;
	uint32_t n = len > 1 ? len - 1 : 0;

	if (n)
		memcpy((uint8_t *)template + at, data + 1, n < size - at ? n : size - at);
	vmbus_post_message(guest.bus, VMBUS_CONN_MESSAGE, VMBUS_MESSAGE_TYPE, template, size);
}

static void post_contact(const uint8_t *data, uint32_t len)
{
	struct vmbus_msg_initiate_contact m = {
		.h.type = VMBUS_MSG_INITIATE_CONTACT, .version = VMBUS_VERSION_5_3,
		.sint = VMBUS_SINT, .monitor_page2 = 0x1000,
	};

	post_bent(&m, sizeof(m), data, len);
}

static void post_gpadl(const uint8_t *data, uint32_t len)
{
	struct {
		struct vmbus_msg_gpadl_header h;
		uint64_t pfn[8];
	} __attribute__((packed)) m = {
		.h.h.type = VMBUS_MSG_GPADL_HEADER, .h.relid = 1, .h.gpadl = 1,
		.h.range_buflen = 8 + 64, .h.range_count = 1, .h.range.byte_count = 8 * 4096,
		.pfn = { 16, 18, 20, 22, 17, 19, 21, 23 },
	};

	post_bent(&m, sizeof(m), data, len);
}

static void post_open(const uint8_t *data, uint32_t len)
{
	struct vmbus_msg_open m = {
		.h.type = VMBUS_MSG_OPEN, .relid = 1, .open_id = 1, .gpadl = 1,
		.downstream_page_offset = 4,
	};

	post_bent(&m, sizeof(m), data, len);
}

/* Bytes into the guest->host ring's data, and a write index behind them. */
static void write_ring(const uint8_t *data, uint32_t len)
{
	struct vmbus_ring_control *control = mem_at(&guest.mem, 16 * 4096, 4096);
	uint32_t at = control->write_index % 4096 & ~7u, room = 4096 - at;

	if (len > room)
		len = room;
	mem_write(&guest.mem, 18 * 4096 + at, data, len);
	control->write_index = (at + len) & ~7u;
}

static void signal_host(const uint8_t *data, uint32_t len)
{
	const uint64_t one = 1;
	int fd = len ? guest.fd[data[0] % MAX_FDS] : -1;

	settle();
	if (fd >= 0 && fd == guest.fd[data[0] % MAX_FDS] && write(fd, &one, sizeof(one)) < 0)
		abort();
}

static void run_step(enum step step, const uint8_t *data, uint32_t len)
{
	uint32_t request[2] = { VMBUS_MSG_REQUEST_OFFERS };
	struct vmbus_device *dev = vmbus_find_device(guest.bus, "touch0");

	switch (step) {
	case STEP_RAW:
		vmbus_post_message(guest.bus, VMBUS_CONN_MESSAGE_V5, VMBUS_MESSAGE_TYPE, data, len);
		break;
	case STEP_CONTACT:
		post_contact(data, len);
		break;
	case STEP_REQUEST:
		post_bent(request, sizeof(request), data, len);
		break;
	case STEP_GPADL:
		post_gpadl(data, len);
		break;
	case STEP_OPEN:
		post_open(data, len);
		break;
	case STEP_RING:
		write_ring(data, len);
		break;
	case STEP_SIGNAL:
		signal_host(data, len);
		break;
	case STEP_EOM:
		loop_post(vmbus_control_loop(guest.bus), eom_on_loop, NULL);
		break;
	case STEP_RESCIND:
		vmbus_rescind(dev);
		break;
	case STEP_REOFFER:
		vmbus_reoffer(dev);
		break;
	case STEP_RESET:
		vmbus_reset(guest.bus);
		break;
	default:
		settle();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vmbus_device dev = { .ops = &touch_ops, .name = "touch0" };
	struct faults *faults = faults_create(1);
	unsigned int steps;
	size_t len;

	if (!guest.mem.base && mem_init(&guest.mem, 2 << 20))
		abort();
	memset(mem_at(&guest.mem, 0, 64 * 4096), 0, 64 * 4096);
	memset(guest.fd, 0xff, sizeof(guest.fd));
	guest.slot_full = false;
	guest.bus = vmbus_create(&guest.mem, faults, &platform);
	if (!guest.bus || vmbus_add_device(guest.bus, &dev))
		abort();
	if (size && *data % 2) {
		run_step(STEP_CONTACT, NULL, 0);
		run_step(STEP_REQUEST, NULL, 0);
		run_step(STEP_GPADL, NULL, 0);
		run_step(STEP_OPEN, NULL, 0);
		settle();
	}
	if (size) {
		data++;
		size--;
	}
	for (steps = 0; size >= 2 && steps < MAX_STEPS; steps++) {
		len = data[1] < size - 2 ? data[1] : size - 2;
		run_step(data[0] % STEP_COUNT, data + 2, (uint32_t)len);
		data += 2 + len;
		size -= 2 + len;
	}
	settle();
	json_decref(vmbus_counters(guest.bus));
	json_decref(vmbus_message_counters(guest.bus));
	vmbus_free(guest.bus);
	faults_free(faults);
	return 0;
}
