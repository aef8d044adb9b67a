# SPDX-License-Identifier: GPL-2.0-only
AZIMUTH_SRCS += bpf/export/exporter.c bpf/export/http.c bpf/export/metrics.c

UNIT_TESTS += exporter
UNIT_exporter_SRCS := bpf/export/http.c lib/hist.c lib/clock.c
