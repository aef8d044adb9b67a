# SPDX-License-Identifier: GPL-2.0-only
AZIMUTH_SRCS += $(addprefix benchmarks/io/, io.c options.c pattern.c block.c verify.c \
		target.c signature.c claim.c facts.c errors.c record.c describe.c loop.c \
		engine.c engine_sync.c engine_uring.c)

UNIT_TESTS  += io io_loop io_pattern
UNIT_io_SRCS = $(BENCH_SRCS)
UNIT_io_loop_SRCS = $(BENCH_SRCS)
UNIT_io_pattern_SRCS = $(BENCH_SRCS)
