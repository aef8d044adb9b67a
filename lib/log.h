/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages for the person at the terminal. Everything here goes to standard
 * error, one line per call, "PROG: text"; results never pass through it.
 */
#ifndef AZ_LIB_LOG_H
#define AZ_LIB_LOG_H

/* Exit codes that every program of the project shares. */
enum az_exit {
	AZ_EXIT_OK = 0,
	AZ_EXIT_FAILED = 1,	/* the measured thing failed */
	AZ_EXIT_USAGE = 2,	/* the command line or an input is wrong */
	AZ_EXIT_ENV = 3,	/* the machine lacks something, which is named */
	AZ_EXIT_SKIP = 4,
};

/*
 * Name used as the prefix of every line ("azimuth bench"). The string is not
 * copied and has to outlive all later calls.
 */
void az_set_prog(const char *name);
const char *az_prog(void);

/* "PROG: text". A trailing newline is added, so @fmt has none. */
void az_err(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* "PROG: warning: text". */
void az_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* "PROG: text", for progress and notes: nothing is printed when quiet. */
void az_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void az_set_quiet(int quiet);

/* Same line as az_err(), and the exit code to return: AZ_EXIT_USAGE. */
int az_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Same line as az_err(), and the exit code to return: AZ_EXIT_ENV. */
int az_env(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
