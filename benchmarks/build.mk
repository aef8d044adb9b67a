# SPDX-License-Identifier: GPL-2.0-only
AZIMUTH_SRCS += benchmarks/bench.c \
		benchmarks/net.c benchmarks/net_rtt.c benchmarks/net_burst.c \
		benchmarks/net_tcp.c benchmarks/net_serve.c \
		benchmarks/io.c benchmarks/io_owner.c benchmarks/io_verify.c
