# SPDX-License-Identifier: GPL-2.0-only
# When events happen, what is recorded of them, and the threads that do both.
AZIMUTH_SRCS += benchmarks/load/schedule.c benchmarks/load/timeline.c \
		benchmarks/load/recorder.c benchmarks/load/run.c benchmarks/load/watch.c

UNIT_TESTS	  += schedule recorder
UNIT_schedule_SRCS := benchmarks/load/schedule.c lib/opts.c lib/log.c
UNIT_recorder_SRCS = $(BENCH_SRCS)
