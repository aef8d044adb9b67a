/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LIB_VERSION_H
#define AZ_LIB_VERSION_H

#define AZ_VERSION	"0.1"

#endif
