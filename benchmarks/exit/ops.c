// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/exit/ops.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#ifdef __x86_64__
#include <cpuid.h>
#endif

#define FAULT_PAGES	256u

static void do_nothing(void)
{
	__asm__ volatile("" : : : "memory");
}

/* ---- instructions ------------------------------------------------------------ */

#ifdef __x86_64__
static const char *arm_only(void)
{
	return "a register of arm64";
}

/* In a guest each CPUID is a trip to the hypervisor, whatever the leaf. */
static void do_cpuid(void)
{
	uint32_t a = 0, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d) : : "memory");
}

static void do_rdtsc(void)
{
	uint32_t a, d;

	__asm__ volatile("rdtsc" : "=a"(a), "=d"(d) : : "memory");
}

static const char *rdtscp_absent(void)
{
	uint32_t a, b, c, d = 0;

	/* AMD64 architecture manual, CPUID 80000001h, EDX bit 27. */
	if (!__get_cpuid(0x80000001, &a, &b, &c, &d) || !(d & 1u << 27))
		return "this CPU does not have it";
	return NULL;
}

static void do_rdtscp(void)
{
	uint32_t a, c, d;

	__asm__ volatile("rdtscp" : "=a"(a), "=c"(c), "=d"(d) : : "memory");
}

#define INSTRUCTIONS \
	{ "cpuid", "CPUID, which every hypervisor intercepts", .op = do_cpuid }, \
	{ "rdtsc", "RDTSC", .op = do_rdtsc }, \
	{ "rdtscp", "RDTSCP", rdtscp_absent, .op = do_rdtscp }, \
	{ "cntvct", "read of CNTVCT_EL0", .absent = arm_only }
#else
static const char *x86_only(void)
{
	return "an instruction of x86";
}

static void do_cntvct(void)
{
	uint64_t now;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(now) : : "memory");
}

#define INSTRUCTIONS \
	{ "cpuid", "CPUID, which every hypervisor intercepts", .absent = x86_only }, \
	{ "rdtsc", "RDTSC", .absent = x86_only }, \
	{ "rdtscp", "RDTSCP", .absent = x86_only }, \
	{ "cntvct", "read of CNTVCT_EL0", .op = do_cntvct }
#endif

/* ---- clocks ------------------------------------------------------------------ */

#define CLOCK(name, id) \
static const char *name##_absent(void) \
{ \
	struct timespec ts; \
	return clock_gettime(id, &ts) ? "this kernel does not have it" : NULL; \
} \
static void do_##name(void) \
{ \
	struct timespec ts; \
	clock_gettime(id, &ts); \
	__asm__ volatile("" : : "m"(ts) : "memory"); \
}

CLOCK(monotonic, CLOCK_MONOTONIC)
CLOCK(monotonic_raw, CLOCK_MONOTONIC_RAW)
CLOCK(monotonic_coarse, CLOCK_MONOTONIC_COARSE)
CLOCK(realtime, CLOCK_REALTIME)
CLOCK(boottime, CLOCK_BOOTTIME)
CLOCK(tai, CLOCK_TAI)
CLOCK(thread_cpu, CLOCK_THREAD_CPUTIME_ID)

/* ---- the kernel -------------------------------------------------------------- */

static void do_syscall(void)
{
	syscall(SYS_getpid);
}

static uint8_t *fault_page, *fault_begin;

static int prepare_fault(void)
{
	static long size;

	if (!fault_begin) {
		size = sysconf(_SC_PAGESIZE);
		fault_begin = mmap(NULL, FAULT_PAGES * (size_t)size, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (fault_begin == MAP_FAILED) {
			fault_begin = NULL;
			return -errno;
		}
		/* A huge page would be there after one fault. */
		madvise(fault_begin, FAULT_PAGES * (size_t)size, MADV_NOHUGEPAGE);
		fault_page = fault_begin;
		return 0;
	}
	fault_page += size;
	if (fault_page == fault_begin + FAULT_PAGES * (size_t)size) {
		fault_page = fault_begin;
		if (madvise(fault_begin, FAULT_PAGES * (size_t)size, MADV_DONTNEED))
			return -errno;
	}
	return 0;
}

static void do_fault(void)
{
	*(volatile uint8_t *)fault_page = 1;
}

const struct exit_op exit_ops[] = {
	{ "overhead", "nothing: part of all others, and subtracted", .op = do_nothing },
	INSTRUCTIONS,
	{ "clock_monotonic", "clock_gettime", monotonic_absent, .op = do_monotonic },
	{ "clock_raw", "clock_gettime", monotonic_raw_absent, .op = do_monotonic_raw },
	{ "clock_coarse", "clock_gettime", monotonic_coarse_absent, .op = do_monotonic_coarse },
	{ "clock_realtime", "clock_gettime", realtime_absent, .op = do_realtime },
	{ "clock_boottime", "clock_gettime", boottime_absent, .op = do_boottime },
	{ "clock_tai", "clock_gettime", tai_absent, .op = do_tai },
	{ "clock_thread", "clock_gettime, CPU time", thread_cpu_absent, .op = do_thread_cpu },
	{ "syscall", "getpid", .op = do_syscall },
	{ "pagefault", "first write to a page", NULL, prepare_fault, do_fault },
	{ .name = NULL }
};
