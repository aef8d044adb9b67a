// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/opts.h"
#include "pci/types.h"

const struct pci_type *const pci_types[] = {
	&pcitest_type,
	NULL
};

const char pci_place_help[] =
	"bus=N                number of its vPCI bus, 0 to 63 (default: one of its own)\n"
	"numa=N               NUMA node that the guest is told\n"
	"serial=N             serial number, 1 and up (default: its place in the list)\n"
	"absent               not there until the command \"add\" puts it there\n"
	"protocol=1.1 to 1.4  newest vPCI version of its bus (default 1.4)\n"
	"msi_delay_us=N       answer each request for an interrupt on its bus N us late\n";

#define MSI_DELAY_MAX_US	10000000u

static const char *const place_keys[] = {
	"bus", "numa", "serial", "absent", "protocol", "msi_delay_us"
};

static bool is_place_key(const char *item, size_t len)
{
	for (size_t i = 0; i < sizeof(place_keys) / sizeof(place_keys[0]); i++) {
		size_t n = strlen(place_keys[i]);

		if (len >= n && !strncmp(item, place_keys[i], n) && (len == n || item[n] == '='))
			return true;
	}
	return false;
}

/* Append an item to a list; false: no room. */
static bool append(char *list, size_t cap, const char *item, size_t len)
{
	size_t used = strlen(list);

	if (used + len + 2 > cap)
		return false;
	if (used)
		list[used++] = ',';
	memcpy(list + used, item, len);
	list[used + len] = '\0';
	return true;
}

static const struct pci_type *find(const char *name, size_t len)
{
	for (unsigned int i = 0; pci_types[i]; i++) {
		if (strlen(pci_types[i]->name) == len && !strncmp(name, pci_types[i]->name, len))
			return pci_types[i];
	}
	return NULL;
}

static int unknown_type(const char *name, size_t len, char *err, unsigned int err_len)
{
	int used = snprintf(err, err_len, "no PCI device is called '%.*s'; there are:", (int)len,
			    name);

	for (unsigned int i = 0; pci_types[i] && used < (int)err_len; i++)
		used += snprintf(err + used, err_len - (unsigned int)used, " %s",
				 pci_types[i]->name);
	return -EINVAL;
}

static int parse_protocol(const char *text, struct pci_place *place, char *err,
			  unsigned int err_len)
{
	if (!strncmp(text, "1.", 2) && text[2] >= '1' && text[2] <= '4' && !text[3]) {
		place->protocol = (unsigned int)(text[2] - '0');
		return 0;
	}
	snprintf(err, err_len, "protocol=%s: there are 1.1, 1.2, 1.3 and 1.4", text);
	return -EINVAL;
}

static int parse_place(const char *text, struct pci_place *place, char *err,
		       unsigned int err_len)
{
	char *protocol = NULL;
	const struct az_kv table[] = {
		{ .key = "bus", .type = AZ_OPT_U32, .dst = &place->bus, .max = PCI_MAX_BUSES - 1,
		  .seen = &place->has_bus },
		{ .key = "numa", .type = AZ_OPT_U32, .dst = &place->numa, .max = 0xffff,
		  .seen = &place->has_numa },
		AZ_KV(U32, "serial", &place->serial, .min = 1, .max = UINT32_MAX),
		AZ_KV(FLAG, "absent", &place->absent),
		AZ_KV(STRING, "protocol", &protocol),
		{ .key = "msi_delay_us", .type = AZ_OPT_U64, .dst = &place->msi_delay_us,
		  .max = MSI_DELAY_MAX_US, .seen = &place->has_msi_delay },
		AZ_KV_DONE
	};
	int rc = *text ? az_kv_parse(text, table, err, err_len) : 0;

	if (!rc && protocol)
		rc = parse_protocol(protocol, place, err, err_len);
	free(protocol);
	return rc;
}

int pci_parse(const char *spec, const struct pci_type **type, struct pci_place *place,
	      char *keys, unsigned int keys_len, char *err, unsigned int err_len)
{
	size_t len = strcspn(spec, ",");
	char places[256] = "";
	const char *item;

	memset(place, 0, sizeof(*place));
	*keys = '\0';
	*type = find(spec, len);
	if (!*type)
		return unknown_type(spec, len, err, err_len);
	for (item = spec + len; *item; item += len) {
		item++;
		len = strcspn(item, ",");
		if (is_place_key(item, len) ? append(places, sizeof(places), item, len) :
		    append(keys, keys_len, item, len))
			continue;
		snprintf(err, err_len, "too long");
		return -EINVAL;
	}
	return parse_place(places, place, err, err_len);
}
