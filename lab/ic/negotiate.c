// SPDX-License-Identifier: GPL-2.0-only
#include "ic/service.h"

#include <string.h>

/* Frameworks 1.0 and 3.0 (UTIL_WS2K8_FW_VERSION, UTIL_FW_VERSION). */
static const struct ic_version frames[] = { { 1, 0 }, { 3, 0 } };

#define N_FRAMES	(sizeof(frames) / sizeof(frames[0]))
#define MAX_VERSIONS	8

/*
 * What the fault malformed-negotiation makes of a list of versions that is
 * @len bytes with @msg's header: the new length.
 */
static uint32_t spoil(const struct fault *fault, struct ic_negotiate *msg, uint32_t len)
{
	const char *kind = fault_str(fault, "kind", "counts");

	if (!strcmp(kind, "counts")) {
		/* More than the packet holds, and more than a sum of 16 bits. */
		msg->frame_count = UINT16_MAX;
		msg->message_count = UINT16_MAX;
	} else if (!strcmp(kind, "truncated")) {
		len = sizeof(*msg);
	} else if (!strcmp(kind, "versions")) {
		/* Versions that no guest knows: the right answer is none. */
		memset(msg->version, 0xee, len - sizeof(*msg));
	} else if (!strcmp(kind, "none")) {
		msg->frame_count = 0;
		msg->message_count = 0;
	}
	return len;
}

int ic_negotiate_send(struct ic *ic)
{
	uint8_t buf[sizeof(struct ic_negotiate) + MAX_VERSIONS * sizeof(struct ic_version)];
	struct ic_negotiate *msg = (struct ic_negotiate *)buf;
	unsigned int n = ic->service->n_versions;
	const struct fault *fault;
	uint32_t len;

	memset(buf, 0, sizeof(buf));
	msg->frame_count = N_FRAMES;
	msg->message_count = n;
	memcpy(msg->version, frames, sizeof(frames));
	memcpy(msg->version + N_FRAMES, ic->service->versions, n * sizeof(struct ic_version));
	len = sizeof(*msg) + (N_FRAMES + n) * sizeof(struct ic_version);

	fault = fault_fires(vmbus_faults(ic->dev.bus), ic->dev.name, "malformed-negotiation", NULL);
	if (fault)
		len = spoil(fault, msg, len);
	return ic_send(ic, IC_NEGOTIATE, buf, len);
}

static bool offered(const struct ic_version *list, unsigned int n, struct ic_version v)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (list[i].major == v.major && list[i].minor == v.minor)
			return true;
	return false;
}

bool ic_negotiate_take(struct ic *ic, const void *body, uint32_t len)
{
	struct ic_version chosen[2];
	struct ic_negotiate msg;

	if (len < sizeof(msg) + sizeof(chosen))
		return false;
	memcpy(&msg, body, sizeof(msg));
	memcpy(chosen, (const uint8_t *)body + sizeof(msg), sizeof(chosen));
	if (msg.frame_count != 1 || msg.message_count != 1 ||
	    !offered(frames, N_FRAMES, chosen[0]) ||
	    !offered(ic->service->versions, ic->service->n_versions, chosen[1]))
		return false;
	ic->frame = (uint32_t)chosen[0].major << 16 | chosen[0].minor;
	ic->message = (uint32_t)chosen[1].major << 16 | chosen[1].minor;
	return true;
}
