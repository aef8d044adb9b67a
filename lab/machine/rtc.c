// SPDX-License-Identifier: GPL-2.0-only
#include <time.h>

#include "machine/rtc.h"

#define REG_B_24H	0x02
#define REG_B_BINARY	0x04
#define REG_D_VALID	0x80

uint8_t rtc_read(uint8_t index, int64_t now)
{
	time_t t = (time_t)now;
	struct tm tm;

	if (!gmtime_r(&t, &tm))
		return 0;
	switch (index & 0x7f) {
	case 0x00:
		return (uint8_t)tm.tm_sec;
	case 0x02:
		return (uint8_t)tm.tm_min;
	case 0x04:
		return (uint8_t)tm.tm_hour;
	case 0x06:
		return (uint8_t)(tm.tm_wday + 1);
	case 0x07:
		return (uint8_t)tm.tm_mday;
	case 0x08:
		return (uint8_t)(tm.tm_mon + 1);
	case 0x09:
		return (uint8_t)(tm.tm_year % 100);
	case 0x0b:
		return REG_B_24H | REG_B_BINARY;
	case 0x0d:
		return REG_D_VALID;
	case 0x32:	/* century, where PC firmware keeps it */
		return (uint8_t)((tm.tm_year + 1900) / 100);
	default:
		return 0;
	}
}
