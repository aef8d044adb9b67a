// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "devices.h"
#include "ic/ic.h"
#include "lib/log.h"
#include "netvsp/netvsp.h"
#include "storvsp/storvsp.h"

static const struct fault_kind *const tables[] = {
	netvsp_faults,
	storvsp_faults,
	ic_faults,
};

#define N_TABLES	(sizeof(tables) / sizeof(tables[0]))

int devices_register_faults(struct faults *faults)
{
	int rc = 0;

	for (size_t i = 0; i < N_TABLES && !rc; i++)
		rc = faults_register(faults, tables[i]);
	return rc ? rc : vpci_register_faults(faults);
}

static void list_table(const struct fault_kind *k)
{
	for (; k->what; k++) {
		printf("%s:%s", strcmp(k->device_type, "*") ? k->device_type : "DEVICE", k->what);
		if (k->timed)
			printf(",at_ms=T");
		printf("\n\t%s\n", k->help);
	}
}

void devices_list_faults(void)
{
	list_table(vmbus_fault_kinds);
	for (size_t i = 0; i < N_TABLES; i++)
		list_table(tables[i]);
	vpci_each_fault_table(list_table);
}

static int add(struct vmbus *bus, struct vmbus_device *dev)
{
	int rc = vmbus_add_device(bus, dev);

	if (rc)
		az_err("%s: %s", dev->name, strerror(-rc));
	return rc;
}

static int add_nets(struct vmbus *bus, const struct option_list *nets)
{
	struct vmbus_device *dev;
	char err[256];
	int rc;

	for (unsigned int i = 0; i < nets->n; i++) {
		rc = netvsp_create(nets->item[i], i, &dev, err, sizeof(err));
		if (rc) {
			az_err("--net %s: %s", nets->item[i], err);
			return rc;
		}
		rc = add(bus, dev);
		if (rc)
			return rc;
	}
	return 0;
}

/* The controller @instance with those of the disks that name it; none without a disk. */
static int add_controller(struct vmbus *bus, const struct option_list *disks,
			  unsigned int instance)
{
	const char *mine[OPTIONS_MAX_LIST];
	unsigned int n = 0, controller;
	struct vmbus_device *dev;
	char err[256];
	int rc = 0;

	for (unsigned int i = 0; i < disks->n && !rc; i++) {
		rc = storvsp_controller_of(disks->item[i], &controller, err, sizeof(err));
		if (!rc && controller == instance)
			mine[n++] = disks->item[i];
	}
	if (!rc && !n)
		return 0;
	if (!rc)
		rc = storvsp_create(mine, n, instance, &dev, err, sizeof(err));
	if (rc) {
		az_err("--disk: %s", err);
		return rc;
	}
	return add(bus, dev);
}

static int add_disks(struct vmbus *bus, const struct option_list *disks)
{
	int rc = 0;

	for (unsigned int i = 0; i < STORVSP_MAX_CONTROLLERS && !rc; i++)
		rc = add_controller(bus, disks, i);
	return rc;
}

static int add_pcis(struct vpci *vpci, const struct option_list *pcis)
{
	char err[256];
	int rc;

	for (unsigned int i = 0; i < pcis->n; i++) {
		rc = vpci_add(vpci, pcis->item[i], err, sizeof(err));
		if (rc) {
			az_err("--pci %s: %s", pcis->item[i], err);
			return rc;
		}
	}
	rc = vpci_offer(vpci);
	if (rc)
		az_err("vPCI: %s", strerror(-rc));
	return rc;
}

int devices_add(struct vmbus *bus, struct vpci *vpci, const struct options *o)
{
	int rc = add_nets(bus, &o->nets);

	if (!rc)
		rc = add_disks(bus, &o->disks);
	if (!rc)
		rc = add_pcis(vpci, &o->pcis);
	if (!rc) {
		rc = ic_add_all(bus);
		if (rc)
			az_err("integration services: %s", strerror(-rc));
	}
	return rc;
}
