# SPDX-License-Identifier: GPL-2.0-only
# Azimuth: kernel tuning and driver layer for Linux guests on Azure hardware.
#
# Each directory with C sources has a build.mk that adds its files to the
# lists below; this file only knows how lists become programs.

O	:= out
CC	?= gcc
ifeq ($(origin CC),default)
CC	:= gcc
endif
CLANG	?= clang

WARN	:= -Wall -Wextra -Werror -Wmissing-prototypes -Wno-unused-parameter -Wvla
BASE	:= -std=gnu11 -D_GNU_SOURCE -I. -Ilab -g -pthread $(WARN)
CFLAGS	?= -O2 -fno-strict-aliasing -fno-asynchronous-unwind-tables
SAN	:= -O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ	:= -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
LIBS	:= -ljansson -lm
# Of the azimuth command alone; a test takes of them what it uses.
AZIMUTH_LIBS := -luring -lsqlite3 -lbpf -lelf -lz -lm
# Parts of SQLite that azimuth does without (benchmarks/history/noload.c).
WITHOUT := dlopen sqlite3Fts3Init sqlite3Fts5Init sqlite3RtreeInit sqlite3StmtVtabInit \
	   sqlite3DbstatRegister sqlite3RegisterJsonFunctions \
	   acos acosh asin asinh atan atan2 atanh cos cosh sin sinh tan tanh
AZIMUTH_LDFLAGS := -Wl,--gc-sections $(WITHOUT:%=-Wl,--wrap=%)

AZIMUTH_SRCS :=
AZHOST_SRCS  :=
LABTOOL_SRCS :=
UNIT_TESTS   :=
FUZZERS      :=

include $(sort $(wildcard */build.mk */*/build.mk */*/*/build.mk))

all: $(O)/bin/azimuth $(O)/bin/azhost $(O)/bin/labtool

# ---- objects, in three flavours -------------------------------------------
$(O)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(BASE) $(CFLAGS) -MMD -MP -c -o $@ $<

$(O)/san/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(BASE) $(SAN) -MMD -MP -c -o $@ $<

$(O)/fuzzobj/%.o: %.c
	@mkdir -p $(@D)
	$(CLANG) $(BASE) $(FUZZ) -MMD -MP -c -o $@ $<

# ---- programs -------------------------------------------------------------
$(O)/bin/azimuth: $(AZIMUTH_SRCS:%.c=$(O)/obj/%.o)
	@mkdir -p $(@D)
	$(CC) -static -pthread $(AZIMUTH_LDFLAGS) -o $@ $^ $(LIBS) $(AZIMUTH_LIBS)

$(O)/bin/azhost: $(AZHOST_SRCS:%.c=$(O)/obj/%.o)
	@mkdir -p $(@D)
	$(CC) -static -pthread -o $@ $^ $(LIBS)

$(O)/bin/labtool: $(LABTOOL_SRCS:%.c=$(O)/obj/%.o)
	@mkdir -p $(@D)
	$(CC) -static -pthread -o $@ $^ $(LIBS)

define unit_rule
$(O)/unit/$(1): $(O)/san/tests/unit/test_$(1).o $$(patsubst %.c,$(O)/san/%.o,$$(UNIT_$(1)_SRCS))
	@mkdir -p $$(@D)
	$$(CC) $(SAN) -pthread -o $$@ $$^ -lcmocka -Wl,--as-needed $(LIBS) $(AZIMUTH_LIBS)
endef
$(foreach t,$(UNIT_TESTS),$(eval $(call unit_rule,$(t))))

define fuzz_rule
$(O)/fuzz/$(1): $(O)/fuzzobj/$(or $(FUZZ_$(1)_DIR),lab/fuzz)/fuzz_$(1).o $$(patsubst %.c,$(O)/fuzzobj/%.o,$$(FUZZ_$(1)_SRCS))
	@mkdir -p $$(@D)
	$$(CLANG) $(FUZZ) -pthread -o $$@ $$^ $(LIBS)
endef
$(foreach f,$(FUZZERS),$(eval $(call fuzz_rule,$(f))))

# What runs before or after a measurement is made small: the program is copied onto machines.
COLD := benchmarks/compare benchmarks/gate benchmarks/history benchmarks/labrun \
	benchmarks/report benchmarks/suite bpf cli
$(foreach d,$(COLD),$(O)/obj/$(d)/%.o): CFLAGS += -Os

objects: $(AZIMUTH_SRCS:%.c=$(O)/obj/%.o)

unit-programs: $(UNIT_TESTS:%=$(O)/unit/%)
fuzz-programs: $(FUZZERS:%=$(O)/fuzz/%)

-include $(shell find $(O)/obj $(O)/san $(O)/fuzzobj -name '*.d' -type f 2>/dev/null)

list-unit:
	@echo $(UNIT_TESTS)
list-fuzz:
	@echo $(FUZZERS)

# ---- what people run -------------------------------------------------------
run:
	@scripts/setup build lab kernel
	@$(MAKE) --no-print-directory -s -j$$(nproc) all
	@scripts/run

bench:
	@scripts/setup build lab kernel
	@$(MAKE) --no-print-directory -s -j$$(nproc) all
	@scripts/bench $(if $(ONLY),--only '$(ONLY)')

test:
	@scripts/setup
	@scripts/test

check:
	@scripts/setup build test kernel
	@scripts/test --quick

packages:
	@scripts/setup kernel
	@packaging/build

arm64:
	@scripts/arm64

fuzz:
	@scripts/setup build test
	@scripts/fuzz --seconds $(or $(SECONDS_EACH),300)

clean:
	rm -rf $(O)/bin $(O)/obj $(O)/san $(O)/fuzzobj $(O)/unit $(O)/fuzz $(O)/gen $(O)/arm64

help:
	@echo "make run     boot stock and patched drivers on the simulated host and compare them"
	@echo "make test    every test: unit, style, queue, bad input, fuzz smoke, lab (30 min)"
	@echo "make check   the quick part, for each commit (under 2 min)"
	@echo "make bench   every figure that the project claims, measured (ONLY=pattern: a part)"
	@echo "make fuzz    each fuzzer for SECONDS_EACH=300 seconds"
	@echo "make packages  the patched drivers as DKMS and module packages, in out/packages"
	@echo "make arm64   out/arm64/azimuth, static; needs the libraries of that architecture"
	@echo "make all     out/bin/azimuth and out/bin/azhost"
	@echo "make clean   remove what was compiled; downloads and kernels stay in out/"

.DEFAULT_GOAL := all
.PHONY: all objects arm64 unit-programs fuzz-programs list-unit list-fuzz run bench test check packages fuzz clean help
.SECONDARY:
