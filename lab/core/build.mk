# SPDX-License-Identifier: GPL-2.0-only
# What every unit test and fuzzer of a device links; faults.c parses numbers with lib/opts.c.
CORE_SRCS := lab/core/memory.c lab/core/loop.c lab/core/counters.c
CORE_SRCS += lab/core/faults.c lab/core/faults_parse.c lib/opts.c lib/log.c

AZHOST_SRCS += $(CORE_SRCS)

UNIT_TESTS += faults
UNIT_faults_SRCS := $(CORE_SRCS)
