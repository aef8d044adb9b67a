// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeps threads waiting for a CPU for a known time, for tests of what measures that: on
 * one CPU, a real-time thread does not let go while one thread waits to go on and another
 * one, which it wakes meanwhile, to begin. All say when what happened, on CLOCK_MONOTONIC.
 */
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch/tools/tool.h"
#include "lib/clock.h"

#define PRIORITY	50

/* What the three have in common. */
struct common {
	_Atomic uint64_t ran;			/* the woken one does */
	_Atomic uint64_t seen;			/* the other one does */
	_Atomic uint64_t gap_from, gap_to;	/* and its longest time without the CPU */
	_Atomic int ready, stop;
};

static void spin_until(uint64_t end)
{
	while (az_clock_ns() < end)
		;
}

static void wait_to_be_woken(struct common *c, int fd)
{
	char byte;

	c->ready++;
	if (read(fd, &byte, 1) == 1)
		c->ran = az_clock_ns();
	_exit(0);
}

static void run_without_pause(struct common *c)
{
	uint64_t last = az_clock_ns(), t;

	c->ready++;
	for (; !c->stop; last = t) {
		t = az_clock_ns();
		if (t - last > c->gap_to - c->gap_from) {
			c->gap_from = last;
			c->gap_to = t;
		}
		c->seen = t;
	}
	_exit(0);
}

/* With both threads there. 0 or -errno. */
static int hold(struct common *c, int fd, uint64_t ns)
{
	struct sched_param fifo = { .sched_priority = PRIORITY }, other = { 0 };
	uint64_t from, waking, woken, to;

	if (sched_setscheduler(0, SCHED_FIFO, &fifo))
		return -errno;
	from = az_clock_ns();
	spin_until(from + ns / 2);
	waking = az_clock_ns();
	if (write(fd, "", 1) != 1)
		return -errno;
	woken = az_clock_ns();
	spin_until(from + ns);
	to = az_clock_ns();
	if (sched_setscheduler(0, SCHED_OTHER, &other))
		return -errno;
	while (!c->ran || c->seen <= to)
		usleep(1000);
	c->stop = 1;
	printf("from %llu woken %llu %llu to %llu ran %llu gap %llu %llu\n",
	       (unsigned long long)from, (unsigned long long)waking, (unsigned long long)woken,
	       (unsigned long long)to, (unsigned long long)c->ran,
	       (unsigned long long)c->gap_from, (unsigned long long)c->gap_to);
	return 0;
}

static int run(unsigned int cpu, uint64_t ns)
{
	struct common *c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cpu_set_t set;
	int fd[2], rc;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (c == MAP_FAILED || pipe(fd) || sched_setaffinity(0, sizeof(set), &set))
		return -errno;
	if (!fork())
		wait_to_be_woken(c, fd[0]);
	if (!fork())
		run_without_pause(c);
	while (c->ready < 2)
		usleep(1000);
	usleep(200000);		/* for the first to sleep */
	rc = hold(c, fd[1], ns);
	c->stop = 1;
	close(fd[0]);
	close(fd[1]);
	while (wait(NULL) > 0)
		;
	return rc;
}

int tool_spin(int argc, char **argv)
{
	char *end = "";
	unsigned long cpu = argc == 3 ? strtoul(argv[1], &end, 10) : 0;
	unsigned long ms = argc == 3 && !*end ? strtoul(argv[2], &end, 10) : 0;
	int rc;

	if (argc != 3 || *end || cpu >= CPU_SETSIZE || !ms || ms > 900) {
		tool_error("usage: labtool spin CPU MILLISECONDS (1 to 900)");
		return TOOL_USAGE;
	}
	rc = run((unsigned int)cpu, ms * 1000000ull);
	if (!rc)
		return TOOL_OK;
	tool_error("spin: %s", strerror(-rc));
	return TOOL_FAILED;
}
