// SPDX-License-Identifier: GPL-2.0-only
#include "lib/clock.h"

#include <time.h>

uint64_t az_clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * AZ_NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

void az_sleep_ns(uint64_t ns)
{
	struct timespec ts = {
		.tv_sec = (time_t)(ns / AZ_NSEC_PER_SEC),
		.tv_nsec = (long)(ns % AZ_NSEC_PER_SEC),
	};

	nanosleep(&ts, NULL);
}
