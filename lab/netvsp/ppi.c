// SPDX-License-Identifier: GPL-2.0-only
/*
 * The headers of a received data message. The faults are what a broken or
 * hostile host could send; what an unpatched rndis_get_ppi() does with each
 * (drivers/net/hyperv/rndis_filter.c of 6.12 and 7.3) is said at the fault.
 */
#include "netvsp/internal.h"

#include <errno.h>
#include <string.h>

static const char *const fault_names[] = {
	[PPI_SIZE0]	= "size0",	/* never advances: hangs */
	[PPI_HUGE]	= "huge",	/* "Invalid ppi size" for ever: hangs */
	[PPI_OFFSET]	= "offset",	/* "Invalid ppi_offset" for ever: hangs */
	[PPI_SHORT]	= "short",	/* "Invalid ppi" for ever: hangs */
	[PPI_TINY]	= "tiny",	/* walks on in the middle of a header: hangs */
	[PPI_LENGTH]	= "length",	/* refused, the frame is taken without information */
	[PPI_RUNT]	= "runt",	/* a frame without an Ethernet header goes to the stack */
};

int ppi_fault_parse(const char *name, enum ppi_fault *kind)
{
	unsigned int i;

	for (i = 0; i < sizeof(fault_names) / sizeof(fault_names[0]); i++) {
		if (fault_names[i] && !strcmp(name, fault_names[i])) {
			*kind = i;
			return 0;
		}
	}
	return -EINVAL;
}

static uint32_t put_ppi(uint8_t *at, uint32_t type, const void *value)
{
	struct rndis_ppi ppi = { .size = sizeof(ppi) + 4, .type = type, .offset = sizeof(ppi) };

	memcpy(at, &ppi, sizeof(ppi));
	memcpy(at + sizeof(ppi), value, 4);
	return ppi.size;
}

/* One block in place of a good one; its length. */
static uint32_t put_bad_ppi(uint8_t *at, enum ppi_fault fault)
{
	struct rndis_ppi ppi = {
		.size = sizeof(ppi) + 4, .type = RNDIS_PPI_CHECKSUM, .offset = sizeof(ppi),
	};
	uint32_t len = ppi.size;

	switch (fault) {
	case PPI_SIZE0:
		ppi.size = 0;
		ppi.offset = 0;
		break;
	case PPI_HUGE:
		ppi.size = 0xfffffff0u;
		break;
	case PPI_OFFSET:
		ppi.offset = ppi.size;
		break;
	case PPI_SHORT:
		ppi.size -= 2;
		len -= 2;
		break;
	case PPI_TINY:
		ppi.size = 4;
		ppi.type = 4;
		ppi.offset = 0;
		len = sizeof(ppi);
		break;
	default:
		break;
	}
	memset(at, 0, sizeof(ppi) + 4);
	memcpy(at, &ppi, sizeof(ppi));
	return len;
}

static uint32_t put_ppis(uint8_t *at, const struct ppi_values *v)
{
	uint32_t len = 0;

	if (v->csum)
		len += put_ppi(at + len, RNDIS_PPI_CHECKSUM, &v->csum_value);
	if (v->vlan)
		len += put_ppi(at + len, RNDIS_PPI_VLAN, &v->vlan_value);
	if (v->hash)
		len += put_ppi(at + len, RNDIS_PPI_HASH, &v->hash_value);
	if (v->id)
		len += put_ppi(at + len, RNDIS_PPI_PACKET_ID, &v->id_value);
	return len;
}

uint32_t ppi_build(uint8_t *buf, const struct ppi_values *v, uint32_t data_len,
		   enum ppi_fault fault)
{
	const uint32_t fixed = sizeof(struct rndis_header) + sizeof(struct rndis_packet);
	bool spoil = fault != PPI_GOOD && fault != PPI_LENGTH && fault != PPI_RUNT;
	struct rndis_packet pkt = { 0 };
	struct rndis_header header;
	uint32_t len;

	len = spoil ? put_bad_ppi(buf + fixed, fault) : put_ppis(buf + fixed, v);
	header.type = RNDIS_PACKET;
	header.length = fixed + len + data_len;
	pkt.data_offset = sizeof(pkt) + len;
	pkt.data_length = fault == PPI_RUNT ? v->runt_len : data_len;
	pkt.ppi_offset = len ? sizeof(pkt) : 0;
	pkt.ppi_length = len;
	if (fault == PPI_LENGTH) {
		pkt.ppi_offset = sizeof(pkt);
		pkt.ppi_length = header.length + 1024;
	}
	memcpy(buf, &header, sizeof(header));
	memcpy(buf + sizeof(header), &pkt, sizeof(pkt));
	return fixed + len;
}
