# SPDX-License-Identifier: GPL-2.0-only
AZIMUTH_SRCS += benchmarks/timer/timer.c benchmarks/timer/sched.c benchmarks/timer/handoff.c
