/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose threads "trace wake" follows; set before its programs are loaded. */
#ifndef AZ_BPF_WAKE_FILTER_H
#define AZ_BPF_WAKE_FILTER_H

enum wake_whose { WAKE_ALL, WAKE_PROCESS, WAKE_COMM, WAKE_CGROUP };

#define WAKE_COMM_LEN	16

struct wake_filter {
	unsigned int whose;			/* enum wake_whose */
	unsigned int process;			/* its id */
	unsigned long long comm[WAKE_COMM_LEN / 8];	/* a thread's name, padded with zeros */
	unsigned long long cgroup;		/* id of cgroup v2; those below it as well */
};

#endif
