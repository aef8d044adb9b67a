# SPDX-License-Identifier: GPL-2.0-only
# Tracers: NAME.bpf.c is compiled to BPF, made a skeleton and so a part of NAME.c.
BPF_TOOLS := vmbus netvsc wake hvcall vpci xdp_echo

AZIMUTH_SRCS += bpf/trace.c bpf/xdp.c $(BPF_TOOLS:%=bpf/%.c) bpf/netvsc_view.c \
		bpf/core/attach.c bpf/core/channels.c bpf/core/environment.c bpf/core/machine.c \
		bpf/core/main.c bpf/core/model.c bpf/core/operand.c bpf/core/read.c \
		bpf/core/result.c bpf/core/several.c bpf/core/show.c bpf/core/steal.c \
		bpf/core/symbols.c bpf/core/unpack.c

UNIT_TESTS += tracenet tracesys
UNIT_tracenet_SRCS := bpf/core/model.c lib/hist.c
UNIT_tracesys_SRCS := bpf/core/model.c lib/hist.c

# The compiler of BPF programs is clang, whatever compiles the rest; CC tells the
# architecture whose registers kprobes read.
BPF_CLANG ?= $(CLANG)
BPF_MACHINE := $(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
BPF_ARCH := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(BPF_MACHINE)))
BPF_INCLUDE := /usr/include/$(shell gcc -print-multiarch)
BPF_FLAGS = --target=bpf -mcpu=v3 -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter \
	    -Wno-unused-function -D__TARGET_ARCH_$(BPF_ARCH) -I. -idirafter $(BPF_INCLUDE)

BPF_OBJECTS := $(BPF_TOOLS:%=$(O)/gen/bpf/%.bpf.o)
BPF_SKELETONS := $(BPF_TOOLS:%=$(O)/gen/bpf/%.skel.h)

$(BPF_OBJECTS): $(O)/gen/bpf/%.bpf.o: bpf/%.bpf.c
	@mkdir -p $(@D)
	$(BPF_CLANG) $(BPF_FLAGS) -MMD -MP -c -o $@ $<

# What bpftool links has BTF and no other debug information.
$(BPF_SKELETONS): $(O)/gen/bpf/%.skel.h: $(O)/gen/bpf/%.bpf.o
	bpftool gen object $(@:.skel.h=.linked.o) $<
	scripts/lib/bpf-skeleton.sh $*_bpf $(@:.skel.h=.linked.o) >$@.new
	mv $@.new $@

-include $(wildcard $(O)/gen/bpf/*.d)

$(BPF_TOOLS:%=$(O)/obj/bpf/%.o): $(O)/obj/bpf/%.o: $(O)/gen/bpf/%.skel.h
$(BPF_TOOLS:%=$(O)/san/bpf/%.o): $(O)/san/bpf/%.o: $(O)/gen/bpf/%.skel.h
$(O)/obj/bpf/%.o $(O)/san/bpf/%.o: BASE += -I$(O)/gen
