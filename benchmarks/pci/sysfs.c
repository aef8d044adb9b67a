// SPDX-License-Identifier: GPL-2.0-only
/* Functions and their registers in sysfs: sysfs-bus-pci of the kernel's ABI documents. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "benchmarks/pci/pci.h"
#include "lib/log.h"

#define FLAG_IO		0x100ull	/* IORESOURCE_IO of linux/ioport.h */

int pci_parse_name(const char *text, char name[PCI_NAME_LEN])
{
	unsigned int domain = 0, bus, device, function;
	int end = -1;

	if (sscanf(text, "%5x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &end) != 4 ||
	    end < 0 || text[end]) {
		domain = 0;
		end = -1;
		if (sscanf(text, "%2x:%2x.%1x%n", &bus, &device, &function, &end) != 3 ||
		    end < 0 || text[end])
			return -EINVAL;
	}
	/* The scan skips blanks and takes signs. */
	if (strspn(text, "0123456789abcdefABCDEF:.") != strlen(text) || device > 31 ||
	    function > 7)
		return -EINVAL;
	/* Domains of more than 16 bits exist: vmd. */
	snprintf(name, PCI_NAME_LEN, "%04x:%02x:%02x.%x", domain & 0xfffff, bus & 0xff, device,
		 function & 7);
	return 0;
}

static const char *devices(char *buf, size_t len)
{
	const char *root = getenv("AZIMUTH_SYSFS");

	snprintf(buf, len, "%s/bus/pci/devices", root && *root ? root : "/sys");
	return buf;
}

const char *pci_path(char *buf, size_t len, const char *name, const char *file)
{
	char dir[1024];

	snprintf(buf, len, "%s/%s/%s", devices(dir, sizeof(dir)), name, file);
	return buf;
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

int pci_list(char (**names)[PCI_NAME_LEN])
{
	char dir[1024], name[PCI_NAME_LEN], (*list)[PCI_NAME_LEN] = NULL, (*more)[PCI_NAME_LEN];
	DIR *d = opendir(devices(dir, sizeof(dir)));
	struct dirent *entry;
	int n = 0;

	if (!d)
		return -errno;
	while ((entry = readdir(d))) {
		if (pci_parse_name(entry->d_name, name))
			continue;
		more = realloc(list, (size_t)(n + 1) * sizeof(*list));
		if (!more) {
			free(list);
			closedir(d);
			return -ENOMEM;
		}
		list = more;
		memcpy(list[n++], name, sizeof(name));
	}
	closedir(d);
	if (n)
		qsort(list, (size_t)n, sizeof(*list), compare);
	*names = list;
	return n;
}

/* Is BAR @n of ports? The line n of "resource" has first, last and flags. */
static bool is_ports(const char *name, unsigned int n)
{
	unsigned long long flags = 0;
	char path[1200];
	FILE *file = fopen(pci_path(path, sizeof(path), name, "resource"), "re");

	for (unsigned int i = 0; file && i <= n; i++)
		if (fscanf(file, "%*x %*x %llx", &flags) != 1) {
			flags = 0;
			break;
		}
	if (file)
		fclose(file);
	return flags & FLAG_IO;
}

static int no_access(const char *name, unsigned int n, int error)
{
	if (error == ENOENT)
		return az_env("%s: it has no BAR %u", name, n);
	if (error == EACCES)
		return az_env("%s: BAR %u: only root may use it", name, n);
	if (error == EPERM)
		return az_env("%s: BAR %u: not permitted: root is needed, and no kernel lockdown"
			      " (secure boot)", name, n);
	if (error == EINVAL)
		return az_env("%s: BAR %u cannot be mapped: its driver keeps it to itself"
			      " (CONFIG_IO_STRICT_DEVMEM)", name, n);
	return az_env("%s: BAR %u: %s", name, n, strerror(error));
}

static int map_register(struct pci_bar *bar, const char *name, unsigned int n, bool write)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), base = bar->offset & ~(page - 1);
	void *map;

	bar->map_len = page;
	map = mmap(NULL, page, PROT_READ | (write ? PROT_WRITE : 0), MAP_SHARED, bar->fd,
		   (off_t)base);
	if (map == MAP_FAILED)
		return no_access(name, n, errno);
	bar->map = map;
	bar->reg = bar->map + (bar->offset - base);
	return 0;
}

int pci_bar_open(struct pci_bar *bar, const char *name, unsigned int n, uint64_t offset,
		 unsigned int width, bool write)
{
	char path[1200], file[16];
	struct stat st;
	bool ports = is_ports(name, n);
	int ret;

	memset(bar, 0, sizeof(*bar));
	bar->offset = offset;
	bar->width = width;
	snprintf(file, sizeof(file), "resource%u", n);
	/* The file of a port is only ever opened for what is done. */
	bar->fd = open(pci_path(path, sizeof(path), name, file),
		       (write ? O_RDWR : O_RDONLY) | O_SYNC | O_CLOEXEC);
	if (bar->fd < 0)
		return no_access(name, n, errno);
	if (fstat(bar->fd, &st))
		ret = no_access(name, n, errno);
	else if (offset > (uint64_t)st.st_size || (uint64_t)st.st_size - offset < width)
		ret = az_usage("--offset: BAR %u of %s has %lld bytes", n, name,
			       (long long)st.st_size);
	else if (ports && width == 8)
		ret = az_usage("--width: BAR %u of %s is of ports, which have 1, 2 or 4 bytes", n,
			       name);
	else
		ret = ports ? 0 : map_register(bar, name, n, write);
	if (ret)
		pci_bar_close(bar);
	return ret;
}

void pci_bar_close(struct pci_bar *bar)
{
	if (bar->map)
		munmap((void *)bar->map, bar->map_len);
	if (bar->fd >= 0)
		close(bar->fd);
	bar->map = NULL;
	bar->fd = -1;
}

/* The one access that the register is meant for: never two of half the width. */
int pci_bar_read(const struct pci_bar *bar, uint64_t *value)
{
	ssize_t got;

	*value = 0;
	if (!bar->map) {
		got = pread(bar->fd, value, bar->width, (off_t)bar->offset);
		return got == (ssize_t)bar->width ? 0 : got < 0 ? -errno : -EIO;
	}
	if (bar->width == 1)
		*value = *bar->reg;
	else if (bar->width == 2)
		*value = *(volatile uint16_t *)bar->reg;
	else if (bar->width == 4)
		*value = *(volatile uint32_t *)bar->reg;
	else
		*value = *(volatile uint64_t *)bar->reg;
	return 0;
}

int pci_bar_write(const struct pci_bar *bar, uint64_t value)
{
	ssize_t put;

	if (!bar->map) {
		put = pwrite(bar->fd, &value, bar->width, (off_t)bar->offset);
		return put == (ssize_t)bar->width ? 0 : put < 0 ? -errno : -EIO;
	}
	if (bar->width == 1)
		*bar->reg = (uint8_t)value;
	else if (bar->width == 2)
		*(volatile uint16_t *)bar->reg = (uint16_t)value;
	else if (bar->width == 4)
		*(volatile uint32_t *)bar->reg = (uint32_t)value;
	else
		*(volatile uint64_t *)bar->reg = value;
	return 0;
}
