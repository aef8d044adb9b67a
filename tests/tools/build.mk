# SPDX-License-Identifier: GPL-2.0-only
# Programs that tests of the command line use; not installed.
UDPRELAY_SRCS := tests/tools/udprelay.c lib/opts.c lib/log.c

$(O)/test/udprelay: $(UDPRELAY_SRCS:%.c=$(O)/obj/%.o)
	@mkdir -p $(@D)
	$(CC) -static -pthread -o $@ $^

$(O)/test/oldkernel: $(O)/obj/tests/tools/oldkernel.o
	@mkdir -p $(@D)
	$(CC) -static -o $@ $^

all: $(O)/test/udprelay $(O)/test/oldkernel
