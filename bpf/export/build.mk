# SPDX-License-Identifier: GPL-2.0-only
AZIMUTH_SRCS += bpf/export/exporter.c bpf/export/http.c bpf/export/metrics.c
