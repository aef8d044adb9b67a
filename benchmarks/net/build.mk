# SPDX-License-Identifier: GPL-2.0-only
AZIMUTH_SRCS += benchmarks/net/net.c benchmarks/net/options.c benchmarks/net/sockets.c \
		benchmarks/net/burst.c benchmarks/net/tcp.c \
		benchmarks/net/wire.c benchmarks/net/window.c benchmarks/net/message.c \
		benchmarks/net/udp.c benchmarks/net/stream.c benchmarks/net/crr.c \
		benchmarks/net/rtt.c benchmarks/net/napi.c benchmarks/net/engine.c benchmarks/net/answer.c \
		benchmarks/net/wait.c benchmarks/net/uring.c benchmarks/net/fanout.c \
		benchmarks/net/ramp.c benchmarks/net/delay.c \
		benchmarks/net/serve.c benchmarks/net/serve_udp.c benchmarks/net/serve_tcp.c

UNIT_TESTS += netwire netwindow netdelay
UNIT_netwire_SRCS = benchmarks/net/wire.c
UNIT_netwindow_SRCS = benchmarks/net/window.c
UNIT_netdelay_SRCS = benchmarks/net/delay.c lib/opts.c lib/log.c lib/hist.c

# What the kernel and the interface know of a packet.
AZIMUTH_SRCS += benchmarks/net/stamps.c benchmarks/net/stages.c benchmarks/net/clock.c \
		benchmarks/net/path.c benchmarks/net/rtnl.c benchmarks/net/hooks.c \
		benchmarks/net/oneway.c benchmarks/net/raw.c benchmarks/net/rawframe.c

UNIT_TESTS += netstamps
UNIT_netstamps_SRCS = benchmarks/net/stamps.c benchmarks/net/stages.c benchmarks/net/clock.c \
		      lib/clock.c lib/pattern.c lib/hist.c lib/env.c lib/hypervisor.c lib/imds.c lib/log.c lib/result.c

UNIT_TESTS += netpath
UNIT_netpath_SRCS = benchmarks/net/path.c benchmarks/net/rtnl.c lib/clock.c

UNIT_TESTS += netraw
UNIT_netraw_SRCS = benchmarks/net/rawframe.c
