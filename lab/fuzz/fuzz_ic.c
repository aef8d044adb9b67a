// SPDX-License-Identifier: GPL-2.0-only
/*
 * The integration services against a hostile guest. The bus is replaced by the
 * few calls that a service makes, so that an input is a script: which service,
 * and then packets (as they are, or as answers to the last message with some
 * bytes changed), commands, timer ticks, closing and opening, a full ring.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ic/ic.h"
#include "ic/service.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_DEVICES	4

struct input {
	const uint8_t *data;
	size_t size;
};

static struct loop *loop;
static struct faults *faults;
static struct vmbus_device *devices[MAX_DEVICES];
static unsigned int n_devices;
static struct vmbus_channel channel;
static bool is_open, ring_full;
static uint8_t last[4096];		/* what the host sent last */
static uint32_t last_len;
static struct ring_packet packet;
static bool have_packet;

/* ---- in place of the bus ---------------------------------------------------- */

struct faults *vmbus_faults(struct vmbus *bus)
{
	return faults;
}

int vmbus_add_device(struct vmbus *bus, struct vmbus_device *dev)
{
	if (n_devices == MAX_DEVICES)
		return -ENOSPC;
	devices[n_devices++] = dev;
	return 0;
}

void vmbus_for_each_open(struct vmbus_device *dev, void (*fn)(struct vmbus_channel *ch, void *ctx),
			 void *ctx)
{
	if (is_open && channel.dev == dev)
		fn(&channel, ctx);
}

int channel_send(struct vmbus_channel *ch, uint16_t type, uint16_t flags, uint64_t trans_id,
		 const void *header_extra, uint32_t header_extra_len,
		 const struct iovec *payload, int n_payload)
{
	if (ring_full)
		return -EAGAIN;
	if (n_payload != 1 || payload->iov_len > sizeof(last))
		abort();
	memcpy(last, payload->iov_base, payload->iov_len);
	last_len = payload->iov_len;
	return 0;
}

int channel_recv(struct vmbus_channel *ch, struct ring_packet *pkt)
{
	if (!have_packet)
		return 0;
	have_packet = false;
	*pkt = packet;
	return 1;
}

/* ---- the script -------------------------------------------------------------- */

static uint8_t next_byte(struct input *in)
{
	if (!in->size)
		return 0;
	in->size--;
	return *in->data++;
}

static size_t next_bytes(struct input *in, uint8_t *out, size_t len)
{
	len = len < in->size ? len : in->size;
	memcpy(out, in->data, len);
	in->data += len;
	in->size -= len;
	return len;
}

/* Exactly as long as it says, so that a read beyond is seen. */
static void deliver(const uint8_t *data, uint32_t len, uint16_t type)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (len)
		memcpy(copy, data, len);
	packet = (struct ring_packet){ .type = type, .payload = copy, .payload_len = len };
	have_packet = true;
	channel.dev->ops->ready(&channel);
	free(copy);
}

static void send_raw(struct input *in)
{
	uint8_t data[256 * 16];
	size_t len = next_bytes(in, data, next_byte(in) * 16 + 8);

	deliver(data, len, next_byte(in) & 1 ? VMBUS_PKT_COMPLETION : VMBUS_PKT_DATA_INBAND);
}

static void send_answer(struct input *in, bool whole)
{
	uint8_t data[sizeof(last)];
	uint32_t len = last_len, n, at;

	memcpy(data, last, sizeof(data));
	if (len >= IC_HEADERS)
		data[sizeof(struct ic_pipe_header) + offsetof(struct ic_header, flags)] = 5;
	for (n = next_byte(in); n && in->size && len; n--) {
		at = next_byte(in) | next_byte(in) << 8;
		data[at % len] = next_byte(in);
	}
	if (!whole && len)
		len = (next_byte(in) | next_byte(in) << 8) % (len + 1);
	deliver(data, len, VMBUS_PKT_DATA_INBAND);
}

static void give_command(struct input *in)
{
	static const char *const text[] = {
		"{\"cmd\":\"ic-status\"}", "{\"cmd\":\"shutdown\",\"reboot\":true}",
		"{\"cmd\":\"heartbeat\",\"period_ms\":100000}",
		"{\"cmd\":\"timesync\",\"send\":\"sync\"}", "{\"cmd\":\"kvp-get\",\"key\":\"A\"}",
		"{\"cmd\":\"kvp-get\",\"key\":\"B\",\"pool\":\"guest\"}",
		"{\"cmd\":\"timesync\",\"on_open\":false}", "{\"cmd\":\"shutdown\",\"force\":1}",
	};
	json_t *args = json_loads(text[next_byte(in) % 8], 0, NULL), *reply = json_object();
	char *dump;

	channel.dev->ops->command(channel.dev, json_string_value(json_object_get(args, "cmd")),
				  args, reply);
	dump = json_dumps(reply, 0);
	if (!dump)
		abort();	/* something in it is no UTF-8 */
	free(dump);
	json_decref(args);
	json_decref(reply);
}

static void toggle(void)
{
	if (is_open)
		channel.dev->ops->close(&channel);
	is_open = !is_open;
	if (is_open && channel.dev->ops->open(&channel))
		is_open = false;
}

static void step(struct input *in)
{
	uint8_t op = next_byte(in);

	if (op % 8 == 7)
		toggle();
	else if (op % 8 == 6)
		ring_full = !ring_full;
	else if (op % 8 == 5)
		give_command(in);
	else if (!is_open)
		return;
	else if (op % 8 == 4)
		send_raw(in);
	else
		send_answer(in, op % 8);
}

static void run(void *ctx)
{
	static const char *const specs[] = {
		NULL, "heartbeat:delay", "kvp:malformed-negotiation", "shutdown:withhold,count=0",
		"kvp:withhold,after=1", "timesync:delay,us=1", "kvp:delay,msg=kvp", NULL,
	};
	struct input *in = ctx;
	uint8_t which = next_byte(in);
	const char *spec = specs[which / 4 % 8];
	unsigned int i;
	char err[64];

	faults = faults_create(1);
	faults_register(faults, ic_faults);
	if (spec && faults_add(faults, spec, err, sizeof(err), NULL))
		abort();
	n_devices = 0;
	is_open = false;
	ring_full = false;
	last_len = 0;
	if (ic_add_all(NULL) || n_devices != MAX_DEVICES)
		abort();
	memset(&channel, 0, sizeof(channel));
	channel.dev = devices[which % MAX_DEVICES];
	channel.loop = loop;
	toggle();
	while (in->size)
		step(in);
	if (is_open)
		toggle();
	for (i = 0; i < n_devices; i++)
		devices[i]->ops->destroy(devices[i]);
	faults_free(faults);
}

static void stop(void)
{
	loop_stop(loop);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	if (!loop) {
		loop = loop_start("ic");
		atexit(stop);
	}
	loop_call(loop, run, &in);
	return 0;
}
