# SPDX-License-Identifier: GPL-2.0-only
IC_SRCS := lab/ic/service.c lab/ic/negotiate.c lab/ic/heartbeat.c lab/ic/shutdown.c
IC_SRCS += lab/ic/timesync.c lab/ic/kvp.c

AZHOST_SRCS += $(IC_SRCS)

# Not ":=", because lab/vmbus comes later.
UNIT_TESTS += ic
UNIT_ic_SRCS = $(IC_SRCS) $(CORE_SRCS) $(VMBUS_SRCS) $(FAKEGUEST_SRCS)

FUZZERS += ic
FUZZ_ic_SRCS := $(IC_SRCS) $(CORE_SRCS)
