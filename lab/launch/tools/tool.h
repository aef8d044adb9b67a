/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * labtool: the few things that the launcher needs and that neither bash on the
 * host nor busybox in level 1 and in the guest can do. One static binary, the
 * same on all three sides.
 */
#ifndef LAB_LAUNCH_TOOL_H
#define LAB_LAUNCH_TOOL_H

/* Exit codes, the same as for every program of the project. */
#define TOOL_OK		0
#define TOOL_FAILED	1
#define TOOL_USAGE	2
#define TOOL_ENV	3

/*
 * One subcommand each: argv[0] is the subcommand's name. They return an exit
 * code and have printed one line on standard error unless it is TOOL_OK.
 */
int tool_window(int argc, char **argv);
int tool_ctl(int argc, char **argv);
int tool_json(int argc, char **argv);
int tool_nic(int argc, char **argv);
int tool_guard(int argc, char **argv);
int tool_spin(int argc, char **argv);

/*
 * Creates a VM with one virtual processor that is never run; both live as long as
 * the process. 0 or -errno. See hold.c for what that is good for.
 */
int hold_kvm(void);

/* Prints "labtool: <message>" as one line on standard error. */
void tool_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
