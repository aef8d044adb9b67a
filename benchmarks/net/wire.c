// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/net/wire.h"

#include <endian.h>
#include <string.h>

/* As it is sent; see the header for the fields. */
struct header {
	uint32_t magic;
	uint8_t version, flags;
	uint16_t flow;
	uint64_t seq;
	uint32_t length, answer, seed, wake_ns;
	uint64_t server_ns, held_ns;
};

_Static_assert(sizeof(struct header) == NET_WIRE_FULL, "the header has no holes");
_Static_assert(offsetof(struct header, length) == NET_WIRE_SHORT, "the short header ends here");

size_t net_wire_put(const struct net_wire *wire, void *data, size_t len)
{
	struct header header = {
		.magic = htole32(NET_WIRE_MAGIC), .version = wire->version, .flags = wire->flags,
		.flow = htole16(wire->flow), .seq = htole64(wire->seq),
		.length = htole32(wire->length), .answer = htole32(wire->answer),
		.seed = htole32(wire->seed), .wake_ns = htole32(wire->wake_ns),
		.server_ns = htole64(wire->server_ns),
		.held_ns = htole64(wire->held_ns),
	};
	size_t size = len < NET_WIRE_FULL ? NET_WIRE_SHORT : NET_WIRE_FULL;

	memcpy(data, &header, size);
	return size;
}

enum net_wire_error net_wire_get(struct net_wire *wire, const void *data, size_t len, bool stream)
{
	struct header header = { 0 };

	if (len < NET_WIRE_SHORT)
		return NET_WIRE_FOREIGN;
	memcpy(&header, data, len < sizeof(header) ? NET_WIRE_SHORT : sizeof(header));
	if (le32toh(header.magic) != NET_WIRE_MAGIC)
		return NET_WIRE_FOREIGN;
	*wire = (struct net_wire){
		.version = header.version, .flags = header.flags, .flow = le16toh(header.flow),
		.full = len >= sizeof(header), .seq = le64toh(header.seq),
		.length = le32toh(header.length), .answer = le32toh(header.answer),
		.seed = le32toh(header.seed), .wake_ns = le32toh(header.wake_ns),
		.server_ns = le64toh(header.server_ns), .held_ns = le64toh(header.held_ns),
	};
	if (wire->version != NET_WIRE_VERSION)
		return NET_WIRE_VERSIONS;
	if (stream && (wire->length < NET_WIRE_FULL || wire->length > NET_WIRE_MAX ||
		       wire->answer > NET_WIRE_MAX))
		return NET_WIRE_DAMAGED;
	if (!stream && wire->full && wire->length != len)
		return NET_WIRE_DAMAGED;
	return NET_WIRE_OK;
}
