// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs a program as on Linux 5.10, the oldest kernel that azimuth promises to run on:
 * what later kernels added and azimuth could ask for is refused as 5.10 refuses it.
 *
 *	oldkernel COMMAND [ARGUMENT]...
 *
 * A seccomp filter answers what can be told from the arguments; what is in memory,
 * the flags of io_uring_setup(2) and of SO_TIMESTAMPING, is looked at by ptrace(2), and
 * io_uring's feature bits are taken back to those of 5.10. The limits are of the
 * UAPI headers of v5.10. Exit status: that of COMMAND; 3 where this cannot be done.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __x86_64__

#define LAST_SYSCALL	440	/* process_madvise */
#define LAST_SOL_SOCKET	68	/* SO_DETACH_REUSEPORT_BPF; 69 and 70 are of 5.11 */
#define LAST_REGISTER	12	/* IORING_REGISTER_ENABLE_RINGS */
#define ENTER_FLAGS	0x7u	/* up to IORING_ENTER_SQ_WAIT */
#define SETUP_FLAGS	0x7fu	/* up to IORING_SETUP_R_DISABLED */
#define FEATURES	0x7fu	/* up to IORING_FEAT_POLL_32BITS */
#define STAMP_FLAGS	0x7fffu	/* up to SOF_TIMESTAMPING_OPT_TX_SWHW */
#define EPOLL_IOCTLS	0x8a	/* the type of EPIOCSPARAMS, of 6.9 */

#define PARAMS_FLAGS	8	/* offsets in struct io_uring_params */
#define PARAMS_FEATURES	20

#define LOAD(at)	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (at))
#define RETURN(what)	BPF_STMT(BPF_RET | BPF_K, (what))
#define TRACE_IF(nr)	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), RETURN(SECCOMP_RET_TRACE)

static int install(void)
{
	struct sock_filter code[] = {
		LOAD(offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, LAST_SYSCALL, 0, 1),
		RETURN(SECCOMP_RET_ERRNO | ENOSYS),
		TRACE_IF(SYS_io_uring_setup),
		TRACE_IF(SYS_io_uring_register),
		TRACE_IF(SYS_io_uring_enter),
		TRACE_IF(SYS_ioctl),
		TRACE_IF(SYS_setsockopt),
		RETURN(SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -1 :
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

/* Four bytes of the traced program; @write them, or read them. Returns 0 or -1. */
static int memory(pid_t pid, uint64_t at, uint32_t *value, int write)
{
	struct iovec here = { value, sizeof(*value) }, there = { (void *)at, sizeof(*value) };
	ssize_t n = write ? process_vm_writev(pid, &here, 1, &there, 1, 0) :
			    process_vm_readv(pid, &here, 1, &there, 1, 0);

	return n == sizeof(*value) ? 0 : -1;
}

/* The errno by which 5.10 refuses the call, or 0. */
static int refused(pid_t pid, const struct user_regs_struct *r)
{
	uint32_t value = 0;

	switch (r->orig_rax) {
	case SYS_io_uring_setup:
		return !memory(pid, r->rsi + PARAMS_FLAGS, &value, 0) && value & ~SETUP_FLAGS ?
		       EINVAL : 0;
	case SYS_io_uring_register:
		return (unsigned int)r->rsi > LAST_REGISTER ? EINVAL : 0;
	case SYS_io_uring_enter:
		return (unsigned int)r->r10 & ~ENTER_FLAGS ? EINVAL : 0;
	case SYS_ioctl:
		return (r->rsi >> 8 & 0xff) == EPOLL_IOCTLS ? ENOTTY : 0;
	case SYS_setsockopt:
		if (r->rsi != SOL_SOCKET)
			return 0;
		if (r->rdx > LAST_SOL_SOCKET)
			return ENOPROTOOPT;
		return (r->rdx == SO_TIMESTAMPING || r->rdx == SO_TIMESTAMPING_NEW) &&
		       !memory(pid, r->r10, &value, 0) && value & ~STAMP_FLAGS ? EINVAL : 0;
	}
	return 0;
}

/* Before a traced call: refuses it, or lets it go on. Returns how it goes on. */
static int enter(pid_t pid)
{
	struct user_regs_struct r;
	int error;

	if (ptrace(PTRACE_GETREGS, pid, 0, &r))
		return PTRACE_CONT;
	error = refused(pid, &r);
	if (error) {
		r.orig_rax = (uint64_t)-1;
		r.rax = (uint64_t)-error;
		ptrace(PTRACE_SETREGS, pid, 0, &r);
		return PTRACE_CONT;
	}
	return r.orig_rax == SYS_io_uring_setup ? PTRACE_SYSCALL : PTRACE_CONT;
}

/* After io_uring_setup(): what later kernels can do is not there. */
static void leave(pid_t pid)
{
	struct user_regs_struct r;
	uint32_t features;

	if (ptrace(PTRACE_GETREGS, pid, 0, &r) || (int64_t)r.rax < 0 ||
	    memory(pid, r.rsi + PARAMS_FEATURES, &features, 0))
		return;
	features &= FEATURES;
	memory(pid, r.rsi + PARAMS_FEATURES, &features, 1);
}

/* Until the first child has ended; returns its exit status. */
static int watch(pid_t first)
{
	int status, how, sig;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			if (pid == first)
				return WIFEXITED(status) ? WEXITSTATUS(status) :
				       128 + WTERMSIG(status);
			continue;
		}
		how = PTRACE_CONT;
		sig = WSTOPSIG(status);
		if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8))
			how = enter(pid);
		else if (sig == (SIGTRAP | 0x80))
			leave(pid);
		/* Other stops of the tracer's, and the first of a new thread, are no signals. */
		if (sig == SIGTRAP || sig == (SIGTRAP | 0x80) || sig == SIGSTOP)
			sig = 0;
		ptrace(how, pid, 0, sig);
	}
	return 3;
}

int main(int argc, char **argv)
{
	int options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
		      PTRACE_O_TRACEVFORK | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
	int status;
	pid_t pid;

	if (argc < 2) {
		fprintf(stderr, "usage: oldkernel COMMAND [ARGUMENT]...\n");
		return 2;
	}
	pid = fork();
	if (!pid) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) || raise(SIGSTOP) || install())
			_exit(3);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, 0, options) || ptrace(PTRACE_CONT, pid, 0, 0)) {
		fprintf(stderr, "oldkernel: cannot trace: %s\n", strerror(errno));
		return 3;
	}
	/* Ctrl-C is for the program. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	return watch(pid);
}

#else

int main(void)
{
	fprintf(stderr, "oldkernel: for x86-64 only\n");
	return 3;
}

#endif
