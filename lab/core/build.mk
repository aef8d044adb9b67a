# SPDX-License-Identifier: GPL-2.0-only
CORE_SRCS := lab/core/memory.c lab/core/loop.c lab/core/counters.c

AZHOST_SRCS += $(CORE_SRCS)
