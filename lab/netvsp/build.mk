# SPDX-License-Identifier: GPL-2.0-only
NETVSP_SRCS := $(addprefix lab/netvsp/,netvsp.c command.c session.c inbox.c defer.c out.c nvsp.c \
	rndis_control.c rndis_oid.c tx.c offload.c rx.c ppi.c inject.c frame.c checksum.c rss.c \
	responder.c tap.c)

AZHOST_SRCS += $(NETVSP_SRCS)

# Expanded late: the bus is described in a file that comes after this one.
NET_TEST_SRCS = $(CORE_SRCS) $(VMBUS_SRCS) $(FAKEGUEST_SRCS) $(NETVSP_SRCS) tests/unit/netguest.c

UNIT_TESTS += nvsp netfault rndis rss responder
UNIT_nvsp_SRCS = $(NET_TEST_SRCS)
UNIT_netfault_SRCS = $(NET_TEST_SRCS)
UNIT_rndis_SRCS = $(NET_TEST_SRCS)
UNIT_rss_SRCS = $(NET_TEST_SRCS)
UNIT_responder_SRCS = $(NET_TEST_SRCS)

NET_FUZZ_SRCS = lab/fuzz/netbus.c lab/fuzz/timers.c $(NETVSP_SRCS) lab/vmbus/gpadl.c \
	$(filter-out lab/core/loop.c lab/core/control%,$(CORE_SRCS))

FUZZERS += nvsp rndis
FUZZ_nvsp_SRCS = $(NET_FUZZ_SRCS)
FUZZ_rndis_SRCS = $(NET_FUZZ_SRCS) lab/fuzz/rndis_good.c
