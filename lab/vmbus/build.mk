# SPDX-License-Identifier: GPL-2.0-only
# The VMBus host core; what every unit test of a device links beside CORE_SRCS.
VMBUS_SRCS := $(addprefix lab/vmbus/,bus.c channel.c connection.c gpadl.c gpadls.c \
		messages.c monitor.c offers.c outq.c packet.c replies.c ring.c timed.c)
FAKEGUEST_SRCS := tests/unit/fakeguest.c tests/unit/fakeguest_channel.c

AZHOST_SRCS += $(VMBUS_SRCS)

UNIT_TESTS += channel
UNIT_channel_SRCS := $(CORE_SRCS) $(VMBUS_SRCS) $(FAKEGUEST_SRCS) tests/unit/echodev.c
UNIT_TESTS += offers
UNIT_offers_SRCS := $(CORE_SRCS) $(VMBUS_SRCS) $(FAKEGUEST_SRCS) tests/unit/echodev.c
UNIT_TESTS += ring
UNIT_ring_SRCS := lab/core/memory.c lab/vmbus/gpadl.c lab/vmbus/ring.c
UNIT_TESTS += gpadl
UNIT_gpadl_SRCS := lab/core/memory.c lab/vmbus/gpadl.c
UNIT_TESTS += messages
UNIT_messages_SRCS := $(CORE_SRCS) $(VMBUS_SRCS) $(FAKEGUEST_SRCS)

FUZZERS += ring
FUZZ_ring_SRCS := $(UNIT_ring_SRCS)
FUZZERS += vmbus
FUZZ_vmbus_SRCS := $(CORE_SRCS) $(VMBUS_SRCS)
