# SPDX-License-Identifier: GPL-2.0-only
AZIMUTH_SRCS += benchmarks/pci/pci.c benchmarks/pci/sysfs.c

UNIT_TESTS  += pci
UNIT_pci_SRCS = $(BENCH_SRCS)
