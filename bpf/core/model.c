// SPDX-License-Identifier: GPL-2.0-only
/* The user's side of shared/model.h. */
#include "bpf/core/model.h"
#include "bpf/shared/model.h"

#include "lib/hist.h"

struct azt_model *azt_model;

void azt_hist(unsigned int slot, unsigned long long ns)
{
	if (slot < azt_model->slots)
		az_hist_record(&azt_model->hists[slot], ns);
}

void azt_count(unsigned int counter, unsigned long long n)
{
	if (counter < AZT_COUNTS_MAX)
		azt_model->counts[counter] += n;
}

static struct azt_flight *entry(void *entries, size_t size, unsigned int i)
{
	return (struct azt_flight *)((char *)entries + size * i);
}

struct azt_flight *azt_table_find(void *entries, size_t size, unsigned int bits,
				  unsigned long long key)
{
	unsigned int i = azt_hash(key, bits);
	struct azt_flight *f = entry(entries, size, i);

	if (f->key != key)
		f = entry(entries, size, i ^ 1);
	return f->key == key ? f : NULL;
}

struct azt_flight *azt_table_begin(void *entries, size_t size, unsigned int bits,
				   unsigned long long key, unsigned long long ts)
{
	unsigned int i = azt_hash(key, bits);
	struct azt_flight *f = azt_table_find(entries, size, bits, key), *other;

	if (f) {
		azt_count(AZT_TWICE, 1);
	} else {
		f = entry(entries, size, i);
		other = entry(entries, size, i ^ 1);
		if (f->key && (!other->key || other->since < f->since))
			f = other;
		if (f->key)
			azt_count(AZT_DISPLACED, 1);
	}
	f->key = key;
	f->since = ts;
	return f;
}
