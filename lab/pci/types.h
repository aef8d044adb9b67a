/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef AZ_LAB_PCI_TYPES_H
#define AZ_LAB_PCI_TYPES_H

#include "pci/pci.h"

/*
 * The types of PCI devices that "--pci TYPE,key=value..." can make. A new one
 * has a file with a struct pci_type and a line in types.c, and nothing else
 * needs to know of it.
 */
struct pci_type {
	const char *name;		/* lower case letters: the number of an instance follows */
	const char *help;		/* "key=VALUE   what\n" for each key of its own */
	const struct fault_kind *faults;	/* device_type is @name; NULL: none */
	/*
	 * Make a function of @keys ("key=value,...", may be empty; az_kv_parse()).
	 * Its description is complete on return. 0 and *@out, or -errno with one
	 * line in @err.
	 */
	int (*create)(const struct pci_env *env, const char *keys, struct pci_function **out,
		      char *err, unsigned int err_len);
};

extern const struct pci_type pcitest_type;

/* All types; ends with NULL. */
extern const struct pci_type *const pci_types[];

/* The keys that every type has, and where the function goes. */
struct pci_place {
	unsigned int bus;		/* number of the vPCI bus */
	bool has_bus;			/* else it gets one of its own */
	unsigned int numa;		/* node that the guest is told */
	bool has_numa;
	uint32_t serial;		/* 0: the bus chooses */
	bool absent;			/* not there until it is added */
	/* of its bus; the last one given counts */
	unsigned int protocol;		/* 1.x at most; 0: not given */
	uint64_t msi_delay_us;		/* of the answer to each creation of an interrupt */
	bool has_msi_delay;
};

extern const char pci_place_help[];

#define PCI_MAX_BUSES	64u

/*
 * Read @spec, "TYPE[,key=value]...": the type, what all types understand into
 * @place, the other keys into @keys (@keys_len bytes). 0, or -EINVAL with one
 * line in @err.
 */
int pci_parse(const char *spec, const struct pci_type **type, struct pci_place *place,
	      char *keys, unsigned int keys_len, char *err, unsigned int err_len);

#endif
