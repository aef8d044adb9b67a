# SPDX-License-Identifier: GPL-2.0-only
# The SCSI target knows nothing of VMBus, so that it can be tested and fuzzed alone.
SCSI_SRCS := lab/storvsp/scsi.c lab/storvsp/scsi_data.c lab/storvsp/scsi_inquiry.c
SCSI_SRCS += lab/storvsp/scsi_mode.c lab/storvsp/scsi_rw.c lab/storvsp/scsi_sense.c
SCSI_SRCS += lab/storvsp/scsi_unit.c lab/storvsp/scsi_unmap.c lab/storvsp/lun.c
SCSI_SRCS += lab/storvsp/backend_fd.c lab/storvsp/backend_file.c lab/storvsp/backend_ram.c

STORVSP_SRCS := $(SCSI_SRCS) lab/storvsp/storvsp.c lab/storvsp/init.c lab/storvsp/srb.c
STORVSP_SRCS += lab/storvsp/complete.c lab/storvsp/command.c

AZHOST_SRCS += $(STORVSP_SRCS) lib/opts.c

UNIT_TESTS += scsi disk
UNIT_scsi_SRCS := $(SCSI_SRCS) tests/unit/scsirig.c lib/opts.c lib/log.c
UNIT_disk_SRCS := $(UNIT_scsi_SRCS)

UNIT_TESTS += storvsp storfault
# "=": the lists of directories that come later in the alphabet
UNIT_storvsp_SRCS = $(STORVSP_SRCS) $(CORE_SRCS) $(VMBUS_SRCS) $(FAKEGUEST_SRCS)
UNIT_storvsp_SRCS += tests/unit/storrig.c
UNIT_storfault_SRCS = $(UNIT_storvsp_SRCS)

FUZZERS += scsi
FUZZ_scsi_SRCS := $(SCSI_SRCS) lib/opts.c lib/log.c

# The fuzzer plays the bus and the loop itself, in one thread.
FUZZERS += vstor
FUZZ_vstor_SRCS := $(STORVSP_SRCS) lab/vmbus/replies.c lab/fuzz/timers.c lab/core/faults.c lab/core/faults_parse.c
FUZZ_vstor_SRCS += lab/core/counters.c lib/opts.c lib/log.c
