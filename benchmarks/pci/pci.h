/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * "azimuth bench pci": accesses to a PCI function through sysfs.
 *
 * As a test facility the environment variable AZIMUTH_SYSFS names a directory to use
 * instead of /sys: a tree of plain files bus/pci/devices/FUNCTION/{config,resource,
 * resourceN}, where resource may be missing (all BARs are memory then).
 */
#ifndef AZ_BENCHMARKS_PCI_H
#define AZ_BENCHMARKS_PCI_H

#include "benchmarks/bench.h"
#include "benchmarks/exit/ticks.h"

#define PCI_NAME_LEN	16	/* "0000:00:1f.2" */
#define PCI_BARS	6
#define PCI_UNSET	UINT64_MAX

struct pci_bench {
	struct bench bench;
	struct ticks ticks;
	bool all, force;
	unsigned int bar;		/* PCI_BARS: none */
	unsigned int width;		/* bytes of an access: 1, 2, 4, 8 */
	uint64_t config_offset, offset, value;	/* the last two: PCI_UNSET where not stated */
	char (*name)[PCI_NAME_LEN];	/* [names] functions */
	unsigned int names;
	unsigned int skipped;
	bool head;
	json_t *result;
};

/* One BAR: mapped, or of ports, which are read and written through the file. */
struct pci_bar {
	int fd;
	volatile uint8_t *map;		/* page with the register, NULL for ports */
	size_t map_len;
	volatile uint8_t *reg;
	uint64_t offset;
	unsigned int width;
};

/*
 * Writes the full name of the function in @text ("00:1f.2" is of domain 0) to @name.
 * Returns 0 or -EINVAL.
 */
int pci_parse_name(const char *text, char name[PCI_NAME_LEN]);

/* The path of @file of function @name, in @buf. */
const char *pci_path(char *buf, size_t len, const char *name, const char *file);

/*
 * All functions, sorted. Returns how many, with *@names for the caller to free; or
 * negative errno.
 */
int pci_list(char (**names)[PCI_NAME_LEN]);

/*
 * Opens register @offset of BAR @n of function @name, for writing too when @write.
 * Returns 0, or an exit code after one line on standard error.
 */
int pci_bar_open(struct pci_bar *bar, const char *name, unsigned int n, uint64_t offset,
		 unsigned int width, bool write);

/* Takes one that pci_bar_open() refused, too. */
void pci_bar_close(struct pci_bar *bar);

/* One access. Return 0 or negative errno; a mapped register cannot fail. */
int pci_bar_read(const struct pci_bar *bar, uint64_t *value);
int pci_bar_write(const struct pci_bar *bar, uint64_t value);

#endif
