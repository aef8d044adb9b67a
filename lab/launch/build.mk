# SPDX-License-Identifier: GPL-2.0-only
LABTOOL_SRCS += lab/launch/tools/main.c lab/launch/tools/ctl.c
LABTOOL_SRCS += lab/launch/tools/json.c lab/launch/tools/nic.c lab/launch/tools/guard.c
LABTOOL_SRCS += lab/launch/tools/hold.c lab/launch/tools/spin.c lib/clock.c
LABTOOL_SRCS += lab/launch/tools/window.c lab/launch/tools/window_host.c
