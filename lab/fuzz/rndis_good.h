/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_FUZZ_RNDIS_GOOD_H
#define AZ_LAB_FUZZ_RNDIS_GOOD_H

#include <stdint.h>

#define GOOD_ROOM	1024	/* what a message may have beside its payload */

/*
 * A data message with one frame of @kind (bits 0-2: ARP, UDP, ping, neighbour
 * solicitation, TCP over IPv4 and IPv6, fragment; bits 3-5: checksum, large
 * send, VLAN) and @len bytes of @payload. Its length.
 */
uint32_t good_packet(uint8_t *msg, uint8_t kind, const uint8_t *payload, uint32_t len);

/* A control request: bits 0-3 of @kind the type, bits 4-7 which of the OIDs. Its length. */
uint32_t good_control(uint8_t *msg, uint8_t kind, const uint8_t *payload, uint32_t len);

#endif
