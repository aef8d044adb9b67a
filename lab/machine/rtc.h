/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_MACHINE_RTC_H
#define AZ_LAB_MACHINE_RTC_H

#include <stdint.h>

/*
 * The clock of an MC146818 behind ports 0x70 and 0x71, to be read only. A
 * generation-2 machine has none and asks its firmware for the date; this
 * machine has no firmware, and a kernel that finds neither waits a second for
 * the clock and then starts in 1970.
 */
#define RTC_PORT_INDEX	0x70
#define RTC_PORT_DATA	0x71

/* Register @index (0-127) of the clock at @now, seconds since 1970, UTC. */
uint8_t rtc_read(uint8_t index, int64_t now);

#endif
