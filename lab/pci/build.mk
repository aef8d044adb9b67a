# SPDX-License-Identifier: GPL-2.0-only
# What a test or fuzzer of one PCI device links beside the device and the core.
PCI_SRCS := lab/pci/config.c lab/pci/bar.c lab/pci/msix.c lab/pci/function.c

AZHOST_SRCS += $(PCI_SRCS) lab/pci/types.c lab/pci/pcitest.c

UNIT_TESTS += function
UNIT_function_SRCS = $(PCI_SRCS) lab/pci/types.c lab/pci/pcitest.c $(CORE_SRCS)
UNIT_function_SRCS += tests/unit/fakepci.c
