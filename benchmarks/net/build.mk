# SPDX-License-Identifier: GPL-2.0-only
AZIMUTH_SRCS += benchmarks/net/net.c benchmarks/net/rtt.c benchmarks/net/burst.c \
		benchmarks/net/tcp.c benchmarks/net/serve.c benchmarks/net/wire.c

UNIT_TESTS += netwire
UNIT_netwire_SRCS = benchmarks/net/wire.c
