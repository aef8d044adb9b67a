// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "benchmarks/timer/timer.h"
#include "lib/log.h"

#ifndef SCHED_DEADLINE
#define SCHED_DEADLINE	6
#endif
#define RUNTIME_MIN	10000ull	/* ns; the kernel wants at least 1024 */

int timer_sched_parse(struct timer_sched *sched)
{
	uint64_t priority;

	if (!strcmp(sched->text, "other")) {
		sched->policy = SCHED_OTHER;
	} else if (!strcmp(sched->text, "deadline")) {
		sched->policy = SCHED_DEADLINE;
	} else if (!strncmp(sched->text, "fifo:", 5) &&
		   !az_parse_number(sched->text + 5, AZ_OPT_U32, &priority) &&
		   priority >= 1 && priority <= 99) {
		sched->policy = SCHED_FIFO;
		sched->priority = (unsigned int)priority;
	} else {
		return az_usage("--sched: '%s' is none of other, fifo:1 to fifo:99, deadline",
				sched->text);
	}
	return 0;
}

/* struct sched_attr of sched_setattr(2), first version; headers clash over its names. */
struct deadline_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

/* A quarter of each period is more than a wake-up takes, and leaves other CPUs their share. */
static int apply_deadline(uint64_t period)
{
	struct deadline_attr attr = {
		.size = sizeof(attr), .policy = SCHED_DEADLINE,
		.runtime = period / 4 > RUNTIME_MIN ? period / 4 : RUNTIME_MIN,
		.deadline = period, .period = period,
	};

	return syscall(SYS_sched_setattr, 0, &attr, 0) ? -errno : 0;
}

int timer_sched_apply(const struct timer_sched *sched, uint64_t period)
{
	struct sched_param param = { .sched_priority = (int)sched->priority };
	int rc;

	if (sched->policy == SCHED_OTHER)
		return 0;
	if (sched->policy == SCHED_DEADLINE)
		rc = apply_deadline(period);
	else
		rc = sched_setscheduler(0, sched->policy, &param) ? -errno : 0;
	if (rc == -EPERM && sched->policy == SCHED_DEADLINE)
		return az_env("--sched deadline: not permitted: it needs CAP_SYS_NICE, and all"
			      " CPUs of the machine (no cpuset, no --cpus)");
	if (rc == -EPERM)
		return az_env("--sched %s: not permitted: it needs CAP_SYS_NICE or a higher"
			      " 'ulimit -r'", sched->text);
	return rc ? az_env("--sched %s: %s", sched->text, strerror(-rc)) : 0;
}
