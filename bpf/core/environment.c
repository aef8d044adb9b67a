// SPDX-License-Identifier: GPL-2.0-only
/* Can this machine trace at all: one line for each reason that it cannot. */
#include "bpf/core/trace.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "lib/log.h"

#define BTF_OF_KERNEL	"/sys/kernel/btf/vmlinux"

static bool kernel_before(unsigned int major, unsigned int minor, char *release, size_t len)
{
	struct utsname name;
	unsigned int a = 0, b = 0;

	if (uname(&name) || sscanf(name.release, "%u.%u", &a, &b) != 2)
		return false;
	snprintf(release, len, "%s", name.release);
	return a < major || (a == major && b < minor);
}

/* In confidentiality mode BPF may not read the kernel's memory. */
static bool locked_down(void)
{
	char text[128] = "";
	FILE *file = fopen("/sys/kernel/security/lockdown", "re");

	if (!file)
		return false;
	if (!fgets(text, sizeof(text), file))
		text[0] = 0;
	fclose(file);
	return strstr(text, "[confidentiality]");
}

/*
 * The smallest program that asks for what tracing needs. Loading it tells the
 * kernel's refusals apart: EPERM of the caller, ENOSYS and EINVAL of the kernel.
 */
static int try_load(void)
{
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
		.insns = (uint64_t)(uintptr_t)code,
		.insn_cnt = 2,
		.license = (uint64_t)(uintptr_t)"GPL",
	};
	int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

int trace_environment(void)
{
	char release[65] = "";
	int rc;

	if (kernel_before(5, 15, release, sizeof(release)))
		return az_env("kernel %s is too old: tracing needs 5.15 or later", release);
	rc = try_load();
	if (rc == -EPERM)
		return az_env("not permitted: run as root, or with CAP_BPF and CAP_PERFMON");
	if (rc == -ENOSYS)
		return az_env("this kernel has no BPF (CONFIG_BPF_SYSCALL)");
	if (rc)
		return az_env("this kernel refuses BPF programs: %s", strerror(-rc));
	if (locked_down())
		return az_env("kernel lockdown is in confidentiality mode, which keeps BPF from "
			      "reading the kernel: boot with lockdown=integrity or none");
	if (access(BTF_OF_KERNEL, R_OK))
		return az_env("this kernel has no BTF (%s): it needs CONFIG_DEBUG_INFO_BTF",
			      BTF_OF_KERNEL);
	return AZ_EXIT_OK;
}
