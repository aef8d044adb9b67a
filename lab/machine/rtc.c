// SPDX-License-Identifier: GPL-2.0-only
#include <time.h>

#include "machine/rtc.h"

#define REG_B_24H	0x02
#define REG_D_VALID	0x80

/* Linux on x86 takes the fields for BCD whatever register B says. */
static uint8_t bcd(int v)
{
	return (uint8_t)(v / 10 % 10 << 4 | v % 10);
}

uint8_t rtc_read(uint8_t index, int64_t now)
{
	time_t t = (time_t)now;
	struct tm tm;

	if (!gmtime_r(&t, &tm))
		return 0;
	switch (index & 0x7f) {
	case 0x00:
		return bcd(tm.tm_sec);
	case 0x02:
		return bcd(tm.tm_min);
	case 0x04:
		return bcd(tm.tm_hour);
	case 0x06:
		return bcd(tm.tm_wday + 1);
	case 0x07:
		return bcd(tm.tm_mday);
	case 0x08:
		return bcd(tm.tm_mon + 1);
	case 0x09:
		return bcd(tm.tm_year % 100);
	case 0x0b:
		return REG_B_24H;
	case 0x0d:
		return REG_D_VALID;
	case 0x32:	/* century, where PC firmware keeps it */
		return bcd((tm.tm_year + 1900) / 100);
	default:
		return 0;
	}
}
