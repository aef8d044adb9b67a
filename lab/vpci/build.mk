# SPDX-License-Identifier: GPL-2.0-only
VPCI_SRCS := lab/vpci/vpci.c lab/vpci/message.c lab/vpci/reply.c lab/vpci/relations.c
VPCI_SRCS += lab/vpci/power.c lab/vpci/window.c lab/vpci/interrupt.c lab/vpci/change.c

AZHOST_SRCS += $(VPCI_SRCS)

UNIT_TESTS += vpci vpcichange
# "=": the lists of directories that come later in the alphabet
VPCI_TEST_SRCS = $(VPCI_SRCS) $(PCI_SRCS) lab/pci/types.c lab/pci/pcitest.c
VPCI_TEST_SRCS += $(CORE_SRCS) $(VMBUS_SRCS) $(FAKEGUEST_SRCS)
VPCI_TEST_SRCS += tests/unit/fakepci.c tests/unit/vpcirig.c
UNIT_vpci_SRCS = $(VPCI_TEST_SRCS)
UNIT_vpcichange_SRCS = $(VPCI_TEST_SRCS)

# The fuzzer plays the bus, the loops and the machine itself, in one thread.
FUZZERS += vpci
FUZZ_vpci_SRCS = $(VPCI_SRCS) $(PCI_SRCS) lab/pci/types.c lab/pci/pcitest.c
FUZZ_vpci_SRCS += lab/vmbus/replies.c lab/fuzz/timers.c
FUZZ_vpci_SRCS += lab/core/memory.c lab/core/faults.c lab/core/faults_parse.c
FUZZ_vpci_SRCS += lab/core/counters.c lib/opts.c lib/log.c
