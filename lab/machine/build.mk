# SPDX-License-Identifier: GPL-2.0-only
AZHOST_SRCS += lab/azhost.c lab/options.c lab/devices.c lab/commands.c lab/snapshot.c
AZHOST_SRCS += lib/log.c lib/opts.c
AZHOST_SRCS += lab/machine/kvm.c lab/machine/boot.c lab/machine/image.c lab/machine/acpi.c
AZHOST_SRCS += lab/machine/hvcpuid.c lab/machine/cpustate.c lab/machine/vcpu.c lab/machine/pio.c
AZHOST_SRCS += lab/machine/kvmstats.c lab/machine/mmio.c lab/machine/hvpage.c
AZHOST_SRCS += lab/machine/retarget.c lab/machine/platform.c
AZHOST_SRCS += lab/machine/synic.c lab/machine/hypercall.c lab/machine/serial.c
AZHOST_SRCS += lab/machine/console.c lab/machine/rtc.c lab/machine/machine.c lab/machine/report.c

UNIT_TESTS += boot acpi hvcpuid mmio retarget
UNIT_mmio_SRCS := lab/machine/mmio.c
UNIT_retarget_SRCS := lab/machine/retarget.c lab/machine/hvpage.c lab/core/memory.c
UNIT_boot_SRCS := lab/machine/boot.c lab/machine/image.c lab/core/memory.c
UNIT_acpi_SRCS := lab/machine/acpi.c lab/core/memory.c
UNIT_hvcpuid_SRCS := lab/machine/hvcpuid.c lab/machine/acpi.c lab/core/memory.c

# The compiled DSDT is C source; iasl refuses Azure's _HID "VMBus" for its length (6033).
DSDT := $(O)/gen/machine/dsdt.hex

$(DSDT): lab/machine/dsdt.asl
	@mkdir -p $(@D)
	iasl -vs -vw 6033 -tc -p $(basename $@) $< >$(basename $@).log 2>&1 || \
		{ cat $(basename $@).log >&2; exit 1; }

$(O)/obj/lab/machine/acpi.o $(O)/san/lab/machine/acpi.o: $(DSDT)
$(O)/obj/lab/machine/acpi.o $(O)/san/lab/machine/acpi.o: BASE += -I$(O)/gen
