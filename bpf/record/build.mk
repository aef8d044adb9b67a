# SPDX-License-Identifier: GPL-2.0-only
AZIMUTH_SRCS += bpf/record/record.c bpf/record/replay.c bpf/record/timeline.c bpf/record/facts.c \
		bpf/record/writer.c bpf/record/reader.c bpf/record/sort.c bpf/record/play.c

UNIT_TESTS += recording
UNIT_recording_SRCS := bpf/record/writer.c bpf/record/reader.c bpf/record/sort.c bpf/record/play.c \
		bpf/record/timeline.c bpf/core/model.c bpf/core/unpack.c bpf/core/read.c bpf/core/channels.c \
		bpf/vmbus.c lib/hist.c lib/log.c

FUZZERS += recording
FUZZ_recording_DIR := bpf/fuzz
FUZZ_recording_SRCS := bpf/record/writer.c bpf/record/reader.c bpf/core/model.c lib/hist.c
