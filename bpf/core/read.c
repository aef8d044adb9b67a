// SPDX-License-Identifier: GPL-2.0-only
/* Reads what the programs count, while they run: mapped memory, and one call a per-CPU word. */
#include "bpf/core/internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpf/core/model.h"

#define GET(var)	__atomic_load_n(&(var), __ATOMIC_RELAXED)

unsigned int trace_slots(const struct trace_tool *tool)
{
	unsigned int n = 0;

	while (tool->stages[n].name)
		n++;
	return n ? n : 1;
}

static const void *map_array(const struct trace_run *run, const char *name, size_t size)
{
	struct bpf_map *map = bpf_object__find_map_by_name(run->obj, name);
	void *at;

	if (!map)
		return NULL;
	at = mmap(NULL, size, PROT_READ, MAP_SHARED, bpf_map__fd(map), 0);
	return at == MAP_FAILED ? NULL : at;
}

static size_t whole_pages(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

int trace_map(struct trace_run *run)
{
	size_t hists = (size_t)run->cpus * trace_slots(run->tool);

	if (run->raw)
		return 0;
	run->buckets_size = whole_pages(hists * AZT_BUCKETS * sizeof(uint64_t));
	run->heads_size = whole_pages(hists * sizeof(struct azt_head));
	run->buckets = map_array(run, "azt_buckets", run->buckets_size);
	run->heads = map_array(run, "azt_heads", run->heads_size);
	return run->buckets && run->heads ? 0 : -errno;
}

void trace_unmap(struct trace_run *run)
{
	if (run->buckets)
		munmap((void *)run->buckets, run->buckets_size);
	if (run->heads)
		munmap((void *)run->heads, run->heads_size);
	run->buckets = NULL;
	run->heads = NULL;
}

static void add_cpu(const uint64_t *bucket, const struct azt_head *head, struct az_hist *hist)
{
	uint64_t n, count = 0, max, min, sum;
	unsigned int i;

	for (i = 0; i < AZT_BUCKETS; i++) {
		n = GET(bucket[i]);
		if (!n)
			continue;
		hist->bucket[i] += n;
		count += n;
	}
	if (!count)
		return;
	hist->count += count;
	sum = hist->sum + GET(head->sum);
	hist->sum = sum > INT64_MAX ? INT64_MAX : sum;
	max = GET(head->max);
	min = ~GET(head->below);
	if (max > hist->max)
		hist->max = max > INT64_MAX ? INT64_MAX : max;
	if (min < hist->min)
		hist->min = min;
}

void trace_hist(const struct trace_run *run, unsigned int slot, struct az_hist *hist)
{
	unsigned int cpu;

	az_hist_reset(hist);
	if (run->replay) {
		az_hist_merge(hist, &azt_model->hists[slot]);
		return;
	}
	for (cpu = 0; run->buckets && cpu < run->cpus; cpu++) {
		size_t at = (size_t)cpu * trace_slots(run->tool) + slot;

		add_cpu(run->buckets + at * AZT_BUCKETS, run->heads + at, hist);
	}
}

/* What the model calls @name, for a replay; NULL: nothing. */
static const struct trace_memory *memory_of(const struct trace_run *run, const char *name)
{
	const struct trace_memory *m = run->tool->memory;

	while (m && m->name && strcmp(m->name, name))
		m++;
	return m && m->name ? m : NULL;
}

int trace_stats(const struct trace_run *run, const char *name, unsigned int index, void *values,
		size_t size)
{
	const struct trace_memory *m;
	struct bpf_map *map;

	if (run->replay) {
		m = memory_of(run, name);
		if (!m || index >= m->count || m->size != size)
			return -ENOENT;
		memcpy(values, (char *)m->at + m->size * index, size);
		return 0;
	}
	map = run->obj ? bpf_object__find_map_by_name(run->obj, name) : NULL;
	if (!map)
		return -ENOENT;
	return bpf_map_lookup_elem(bpf_map__fd(map), &index, values);
}

void *trace_rows(const struct trace_run *run, const char *name, unsigned int index, size_t size,
		 unsigned int *rows)
{
	unsigned int cpus = run->replay ? 1 : run->cpus;
	void *values = calloc(cpus, size);

	*rows = 0;
	if (values && !trace_stats(run, name, index, values, size)) {
		*rows = cpus;
		return values;
	}
	free(values);
	return NULL;
}

uint64_t trace_count(const struct trace_run *run, unsigned int counter)
{
	uint64_t *values, sum = 0;
	unsigned int cpus, cpu;

	if (run->replay)
		return azt_model->counts[counter];
	values = trace_rows(run, "azt_counts", counter, sizeof(*values), &cpus);
	for (cpu = 0; cpu < cpus; cpu++)
		sum += values[cpu];
	free(values);
	return sum;
}

static unsigned int each_entry(const void *at, size_t size, size_t count,
			       void (*fn)(const void *entry, void *ctx), void *ctx)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		const struct azt_flight *f = (const void *)((const char *)at + i * size);

		if (!GET(f->key))
			continue;
		n++;
		if (fn)
			fn(f, ctx);
	}
	return n;
}

unsigned int trace_table(const struct trace_run *run, const char *name, size_t size,
			 void (*fn)(const void *entry, void *ctx), void *ctx)
{
	const struct trace_memory *m;
	struct bpf_map *map;
	size_t count, bytes;
	const void *at;
	unsigned int n;

	if (run->replay) {
		m = memory_of(run, name);
		return m ? each_entry(m->at, m->size, m->count, fn, ctx) : 0;
	}
	map = run->obj ? bpf_object__find_map_by_name(run->obj, name) : NULL;
	if (!map)
		return 0;
	count = bpf_map__max_entries(map);
	bytes = whole_pages(count * size);
	at = map_array(run, name, bytes);
	if (!at)
		return 0;
	n = each_entry(at, size, count, fn, ctx);
	munmap((void *)at, bytes);
	return n;
}
