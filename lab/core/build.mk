# SPDX-License-Identifier: GPL-2.0-only
# What every unit test and fuzzer of a device links; faults.c parses numbers with lib/opts.c.
CORE_SRCS := lab/core/memory.c lab/core/loop.c lab/core/counters.c
CORE_SRCS += lab/core/faults.c lab/core/faults_parse.c
CORE_SRCS += lab/core/control.c lab/core/control_client.c lib/opts.c lib/log.c

AZHOST_SRCS += $(CORE_SRCS)

UNIT_TESTS += memory loop faults control
UNIT_memory_SRCS := lab/core/memory.c
UNIT_loop_SRCS := lab/core/loop.c
UNIT_faults_SRCS := $(CORE_SRCS)
UNIT_control_SRCS := $(CORE_SRCS)

FUZZERS += faults control
FUZZ_faults_SRCS := $(CORE_SRCS)
FUZZ_control_SRCS := $(CORE_SRCS)
