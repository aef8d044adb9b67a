# SPDX-License-Identifier: GPL-2.0-only
NETVSP_SRCS := $(addprefix lab/netvsp/,netvsp.c command.c session.c inbox.c defer.c out.c nvsp.c \
	rndis_control.c rndis_oid.c tx.c offload.c rx.c ppi.c inject.c frame.c checksum.c rss.c \
	responder.c tap.c)

AZHOST_SRCS += $(NETVSP_SRCS)
