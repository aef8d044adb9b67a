// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes of a suite. Each has a group of its own, so that a Ctrl-C at the
 * terminal reaches the suite alone, which then ends the measurement and goes on
 * with the tear-down.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "benchmarks/bench.h"
#include "benchmarks/suite/suite.h"
#include "lib/clock.h"
#include "lib/log.h"

#define GRACE_NS	(5 * AZ_NSEC_PER_SEC)

/* What a child that could not start says through the pipe. */
struct failure {
	const char *what;	/* a literal: valid in the parent too */
	int error;
};

static sigset_t outside;	/* the mask that we were started with */

void suite_hold_signals(void)
{
	struct sigaction act;
	sigset_t held;

	/* The handler of bench_begin(); a closed terminal is a wish to stop as well. */
	if (!sigaction(SIGHUP, NULL, &act) && act.sa_handler != SIG_IGN &&
	    !sigaction(SIGINT, NULL, &act))
		sigaction(SIGHUP, &act, NULL);
	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	sigprocmask(SIG_BLOCK, &held, &outside);
}

/*
 * As ip-netns(8) does: /sys shows the interfaces of the namespace that mounted it,
 * so it is mounted anew in a mount namespace of our own.
 */
static const char *enter_netns(const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return "open the network namespace";
	if (setns(fd, CLONE_NEWNET))
		return "enter the network namespace";
	close(fd);
	if (unshare(CLONE_NEWNS) || mount("", "/", "none", MS_SLAVE | MS_REC, NULL))
		return "make a mount namespace";
	if (umount2("/sys", MNT_DETACH) || mount("sys", "/sys", "sysfs", 0, NULL))
		return "mount /sys";
	return NULL;
}

static void set_env(const json_t *env)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)env, key, value)
		setenv(key, json_string_value(value), 1);
}

static const char *prepare_child(const struct spawn *spawn, pid_t parent)
{
	int in, out;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		return "outlive the suite";
	signal(SIGPIPE, SIG_DFL);
	in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	out = open(spawn->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		return "open its log";
	set_env(spawn->env[0]);
	set_env(spawn->env[1]);
	return spawn->end && spawn->end->netns ? enter_netns(spawn->end->netns) : NULL;
}

static void __attribute__((noreturn)) child(const struct spawn *spawn, pid_t parent, int report)
{
	struct failure failure = { prepare_child(spawn, parent), 0 };

	if (!failure.what) {
		sigprocmask(SIG_SETMASK, &outside, NULL);
		execvp(spawn->argv[0], spawn->argv);
		failure.what = "run it";
	}
	failure.error = errno;
	if (write(report, &failure, sizeof(failure)) < 0)
		_exit(126);
	_exit(127);
}

pid_t suite_spawn(const struct spawn *spawn)
{
	struct failure failure;
	pid_t pid, parent = getpid();
	int fds[2];
	ssize_t got;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid)
		child(spawn, parent, fds[1]);
	close(fds[1]);
	if (pid < 0) {
		az_err("cannot make a process: %s", strerror(errno));
		close(fds[0]);
		return -EAGAIN;
	}
	setpgid(pid, pid);
	do
		got = read(fds[0], &failure, sizeof(failure));
	while (got < 0 && errno == EINTR);
	close(fds[0]);
	if (got != sizeof(failure))
		return pid;
	waitpid(pid, NULL, 0);
	az_err("%s: cannot %s%s%s: %s", spawn->argv[0], failure.what,
	       spawn->end && spawn->end->netns ? ", end " : "",
	       spawn->end && spawn->end->netns ? spawn->end->name : "", strerror(failure.error));
	return -failure.error;
}

/* ppoll() with the mask from outside, or with signals held. -EINTR, 0 timeout, 1 ready. */
static int wait_fd(int fd, uint64_t end, bool stoppable)
{
	struct pollfd poll = { .fd = fd, .events = POLLIN };
	struct timespec left;
	uint64_t now;
	int got;

	for (;;) {
		if (stoppable && bench_stopped())
			return -EINTR;
		now = az_clock_ns();
		if (now >= end)
			now = end;
		left.tv_sec = (time_t)((end - now) / AZ_NSEC_PER_SEC);
		left.tv_nsec = (long)((end - now) % AZ_NSEC_PER_SEC);
		got = ppoll(&poll, fd >= 0, &left, stoppable ? &outside : NULL);
		if (got > 0 || (!got && now == end))
			return got;
		if (!got && az_clock_ns() >= end)
			return 0;
	}
}

static int exit_code(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int suite_wait(pid_t pid, uint64_t timeout, bool stoppable)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0), got;

	if (fd < 0)
		return -errno;
	got = wait_fd(fd, az_clock_ns() + timeout, stoppable);
	close(fd);
	if (got > 0)
		return exit_code(pid);
	return got ? got : -ETIME;
}

int suite_stop(pid_t pid)
{
	siginfo_t info;
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	kill(-pid, SIGINT);
	if (fd < 0 || wait_fd(fd, az_clock_ns() + GRACE_NS, false) <= 0)
		kill(-pid, SIGKILL);
	if (fd >= 0)
		close(fd);
	/* While the leader is not reaped its number is the group's alone. */
	if (!waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT))
		kill(-pid, SIGKILL);
	return exit_code(pid);
}

void suite_stop_stranger(const struct suite_pid *pid)
{
	int fd;

	if (!pid->start)
		return;
	fd = (int)syscall(SYS_pidfd_open, pid->pid, 0);
	if (fd < 0)
		return;
	/* The descriptor is of this process for good; is it the one we knew? */
	if (suite_pid_of(pid->pid).start == pid->start && kill(-pid->pid, SIGTERM) == 0 &&
	    wait_fd(fd, az_clock_ns() + GRACE_NS, false) <= 0)
		kill(-pid->pid, SIGKILL);
	close(fd);
}

int suite_pause(uint64_t ns)
{
	return wait_fd(-1, az_clock_ns() + ns, true);
}

void suite_last_line(const char *path, char *buf, size_t len)
{
	FILE *file = fopen(path, "re");
	char line[512];

	buf[0] = '\0';
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\r\n")] = '\0';
		if (line[0])
			snprintf(buf, len, "%s", line);
	}
	fclose(file);
}
