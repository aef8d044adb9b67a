// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/pci/pci.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"

#define DEFAULT_COUNT	1000
#define CONFIG_MAX	4096

static const char epilog[] =
	"FUNCTION is DOMAIN:BUS:DEVICE.FUNCTION, such as 0000:00:1f.2; several may be\n"
	"given. Configuration space is read through the file config in sysfs, which\n"
	"anybody may up to byte 64. With --bar the register at --offset is read, too: a\n"
	"read may have an effect, so know the device. --write needs --bar, --offset and\n"
	"--force, and changes what the device does: bar_write is the store alone,\n"
	"bar_write_read with the read that waits for it.\n"
	"Exit codes: 0 good, 1 an access failed, 2 usage, 3 not there or not permitted.";

static void show_row(struct pci_bench *pci, const char *name, const char *what,
		     const struct az_hist *h)
{
	if (!pci->head)
		bench_say(&pci->bench, "%-13s %-15s %8s %8s %8s %8s %8s %9s", "times in ns", "",
			  "count", "min", "p50", "p99", "p99.9", "max");
	pci->head = true;
	bench_say(&pci->bench, "%-13s %-15s %8llu %8llu %8llu %8llu %8llu %9llu", name, what,
		  (unsigned long long)h->count, (unsigned long long)h->min,
		  (unsigned long long)az_hist_percentile(h, 500000),
		  (unsigned long long)az_hist_percentile(h, 990000),
		  (unsigned long long)az_hist_percentile(h, 999000), (unsigned long long)h->max);
}

/* Of several functions each has its own histogram. */
static void keep(struct pci_bench *pci, const char *name, const char *what,
		 const struct az_hist *hist)
{
	char key[64];

	if (!hist->count)
		return;
	snprintf(key, sizeof(key), pci->names > 1 ? "%s@%s" : "%s", what, name);
	az_result_hist(pci->result, key, hist);
	show_row(pci, name, what, hist);
}

static bool goes_on(struct pci_bench *pci, uint64_t done, uint64_t *begin)
{
	pci->bench.start = *begin;
	return bench_goes_on(&pci->bench, done, az_clock_ns());
}

static int time_config(struct pci_bench *pci, const char *name, int fd)
{
	static struct az_hist hist;
	uint64_t done = 0, start = az_clock_ns(), begin, end;
	uint32_t value, first = 0, changed = 0;
	ssize_t got;

	az_hist_reset(&hist);
	while (goes_on(pci, done, &start)) {
		begin = ticks_now();
		got = pread(fd, &value, sizeof(value), (off_t)pci->config_offset);
		end = ticks_now();
		if (got != sizeof(value)) {
			az_err("%s: config: byte %llu: %s", name,
			       (unsigned long long)pci->config_offset,
			       got < 0 ? strerror(errno) : "only root may read this far");
			return AZ_EXIT_FAILED;
		}
		if (!done++)
			first = value;
		changed += value != first;
		az_hist_record(&hist, ticks_to_ns(&pci->ticks, end - begin));
	}
	keep(pci, name, "config_read", &hist);
	/* A function that fell off the bus answers with all ones; one that resets, too. */
	if (changed)
		az_warn("%s: config: byte %llu read %u times other than at first", name,
			(unsigned long long)pci->config_offset, changed);
	if (first == UINT32_MAX)
		az_warn("%s: config reads as all ones: the function does not answer", name);
	return AZ_EXIT_OK;
}

enum access { BAR_READ, BAR_WRITE, BAR_WRITE_READ };

static int access_bar(const struct pci_bench *pci, const struct pci_bar *bar, enum access kind)
{
	uint64_t value;
	int rc = kind == BAR_READ ? 0 : pci_bar_write(bar, pci->value);

	if (!rc && kind != BAR_WRITE)
		rc = pci_bar_read(bar, &value);
	return rc;
}

static int time_bar(struct pci_bench *pci, const char *name, const struct pci_bar *bar,
		    enum access kind)
{
	static const char *const what[] = { "bar_read", "bar_write", "bar_write_read" };
	static struct az_hist hist;
	uint64_t done = 0, start = az_clock_ns(), begin, end;
	int rc;

	az_hist_reset(&hist);
	for (; goes_on(pci, done, &start); done++) {
		begin = ticks_now();
		rc = access_bar(pci, bar, kind);
		end = ticks_now();
		if (rc) {
			az_err("%s: BAR %u: %s", name, pci->bar, strerror(-rc));
			return AZ_EXIT_FAILED;
		}
		az_hist_record(&hist, ticks_to_ns(&pci->ticks, end - begin));
	}
	keep(pci, name, what[kind], &hist);
	return AZ_EXIT_OK;
}

static int measure_bar(struct pci_bench *pci, const char *name)
{
	bool write = pci->value != PCI_UNSET;
	struct pci_bar bar;
	int ret = pci_bar_open(&bar, name, pci->bar, pci->offset == PCI_UNSET ? 0 : pci->offset,
			       pci->width, write);

	if (ret)
		return ret;
	ret = time_bar(pci, name, &bar, BAR_READ);
	if (!ret && write)
		ret = time_bar(pci, name, &bar, BAR_WRITE);
	if (!ret && write)
		ret = time_bar(pci, name, &bar, BAR_WRITE_READ);
	pci_bar_close(&bar);
	return ret;
}

/* The first line of @file of the function; a driver is the end of a link. */
static void add_fact(json_t *facts, const char *name, const char *file)
{
	char path[1200], text[256] = "";
	const char *last;
	ssize_t len = readlink(pci_path(path, sizeof(path), name, file), text, sizeof(text) - 1);
	FILE *f = len < 0 ? fopen(path, "re") : NULL;

	if (len >= 0)
		text[len] = '\0';
	else if (f && !fgets(text, sizeof(text), f))
		text[0] = '\0';
	if (f)
		fclose(f);
	text[strcspn(text, "\n")] = '\0';
	last = strrchr(text, '/');
	if (text[0])
		json_object_set_new(facts, file, json_string(last ? last + 1 : text));
}

static json_t *facts_of(const char *name)
{
	static const char *const files[] = {
		"vendor", "device", "class", "driver", "numa_node", "current_link_speed",
		"current_link_width", "power/runtime_status", NULL
	};
	json_t *facts = json_object();

	for (int i = 0; files[i]; i++)
		add_fact(facts, name, files[i]);
	return facts;
}

static int measure_function(struct pci_bench *pci, const char *name)
{
	char path[1200];
	int fd = open(pci_path(path, sizeof(path), name, "config"), O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0 && pci->all) {
		pci->skipped++;
		return AZ_EXIT_OK;
	}
	if (fd < 0 && errno == ENOENT)
		return az_env("%s: there is no such function; 'azimuth bench pci --all' takes all",
			      name);
	if (fd < 0)
		return az_env("%s: %s", path, strerror(errno));
	json_object_set_new(json_object_get(pci->result, "functions"), name, facts_of(name));
	ret = time_config(pci, name, fd);
	close(fd);
	if (!ret && pci->bar < PCI_BARS && !bench_stopped())
		ret = measure_bar(pci, name);
	return ret;
}

static int measure(struct pci_bench *pci)
{
	int ret = bench_begin(&pci->bench, "pci");
	unsigned int i;

	if (ret)
		return ret;
	ticks_calibrate(&pci->ticks);
	pci->result = az_result_new("pci");
	az_result_config_int(pci->result, "count", pci->bench.count);
	az_result_config_int(pci->result, "config_offset", pci->config_offset);
	if (pci->bar < PCI_BARS) {
		az_result_config_int(pci->result, "bar", pci->bar);
		az_result_config_int(pci->result, "offset",
				     pci->offset == PCI_UNSET ? 0 : pci->offset);
		az_result_config_int(pci->result, "width", pci->width);
	}
	json_object_set_new(pci->result, "functions", json_object());
	for (i = 0; !ret && i < pci->names && !bench_stopped(); i++)
		ret = measure_function(pci, pci->name[i]);
	az_result_count(pci->result, "functions", i);
	az_result_count(pci->result, "skipped", pci->skipped);
	/* What a wrong command line or a missing function prevented is no result. */
	if (ret == AZ_EXIT_USAGE || (ret && !pci->head)) {
		json_decref(pci->result);
		return ret;
	}
	return bench_end(&pci->bench, pci->result, ret);
}

static int choose(struct pci_bench *pci, char **text, int count)
{
	int n;

	if (pci->all && count)
		return az_usage("--all or names of functions, not both");
	if (!pci->all && !count)
		return az_usage("no function is given, such as 0000:00:1f.2, nor --all");
	if (pci->all) {
		n = pci_list(&pci->name);
		if (n < 0)
			return az_env("the functions cannot be listed: %s", strerror(-n));
		pci->names = (unsigned int)n;
		return n ? 0 : az_env("this machine has no PCI functions");
	}
	pci->name = calloc((size_t)count, sizeof(*pci->name));
	if (!pci->name)
		return az_env("out of memory");
	for (; pci->names < (unsigned int)count; pci->names++)
		if (pci_parse_name(text[pci->names], pci->name[pci->names]))
			return az_usage("'%s' is no function such as 0000:00:1f.2",
					text[pci->names]);
	return 0;
}

static int check_options(struct pci_bench *pci)
{
	bool bar = pci->bar < PCI_BARS;

	if (pci->width != 1 && pci->width != 2 && pci->width != 4 && pci->width != 8)
		return az_usage("--width: %u is none of 1, 2, 4, 8", pci->width);
	if (!bar && (pci->offset != PCI_UNSET || pci->value != PCI_UNSET))
		return az_usage("--offset and --write need --bar");
	if (pci->offset != PCI_UNSET && pci->offset % pci->width)
		return az_usage("--offset: %llu is no multiple of --width %u",
				(unsigned long long)pci->offset, pci->width);
	if (pci->value != PCI_UNSET && pci->all)
		return az_usage("--write is for functions that are named, not for --all");
	if (pci->value != PCI_UNSET && (pci->offset == PCI_UNSET || !pci->force))
		return az_usage("--write changes the device: it needs --offset and --force");
	if (pci->config_offset % 4)
		return az_usage("--config-offset: %llu is no multiple of 4",
				(unsigned long long)pci->config_offset);
	if (!pci->bench.count && !pci->bench.duration)
		pci->bench.count = DEFAULT_COUNT;
	return 0;
}

int bench_pci(int argc, char **argv)
{
	static struct pci_bench pci = {
		.bench.seed = 1, .bar = PCI_BARS, .width = 4, .offset = PCI_UNSET,
		.value = PCI_UNSET,
	};
	const struct az_opt table[] = {
		AZ_OPT(FLAG, "all", 'a', NULL, "all functions whose config may be read", &pci.all),
		AZ_OPT(U64, "config-offset", 0, "BYTE", "where config is read, 4 bytes (0)",
		       &pci.config_offset, .max = CONFIG_MAX - 4),
		AZ_OPT(U32, "bar", 0, "N", "also read a register of BAR N (0 to 5)", &pci.bar,
		       .max = PCI_BARS - 1),
		AZ_OPT(U64, "offset", 0, "BYTE", "of the register in the BAR (0)", &pci.offset),
		AZ_OPT(U32, "width", 0, "BYTES", "of the register: 1, 2, 4 (default) or 8",
		       &pci.width),
		AZ_OPT(U64, "write", 0, "VALUE", "also write this to the register", &pci.value),
		AZ_OPT(FLAG, "force", 0, NULL, "yes, write to the device", &pci.force),
		BENCH_OPTS(&pci.bench),
		AZ_OPT_DONE
	};
	const struct az_opts opts = {
		argv[0], "[FUNCTION]...", "What accesses to a PCI function cost.", epilog, table
	};
	int first, ret = az_opts_parse(&opts, argc, argv, &first);

	if (ret)
		return az_opts_exit(ret);
	ret = check_options(&pci);
	if (!ret)
		ret = choose(&pci, argv + first, argc - first);
	if (!ret)
		ret = measure(&pci);
	free(pci.name);
	return ret;
}
