// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/compare/order.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A run of either arm while the order is made. */
struct slot {
	struct order_run run;
	bool is_b;
	size_t number;
};

/* Seconds since 1970; two runs may well end in one second, so the finer one first. */
static double date_of(const json_t *doc)
{
	const json_t *ns = json_object_get(json_object_get(doc, "env"), "time_ns");
	const char *date = json_string_value(json_object_get(json_object_get(doc, "env"), "date"));
	struct tm tm = { 0 };
	const char *end = date ? strptime(date, "%Y-%m-%dT%H:%M:%SZ", &tm) : NULL;

	if (json_is_integer(ns))
		return (double)json_integer_value(ns) / 1e9;
	return end && !*end ? (double)timegm(&tm) : NAN;
}

struct order_run order_of_result(const json_t *doc)
{
	const json_t *suite = json_object_get(doc, "suite");
	const json_t *order = json_object_get(doc, "order"), *block = json_object_get(doc, "block");
	struct order_run run = { NAN, -1 };

	if (!order)
		order = json_object_get(suite, "order");
	if (!block)
		block = json_object_get(suite, "block");
	run.at = json_is_number(order) ? json_number_value(order) : date_of(doc);
	if (json_is_integer(block) && json_integer_value(block) >= 0)
		run.block = (long)json_integer_value(block);
	return run;
}

static int by_time(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	if (x->run.at != y->run.at)
		return (x->run.at > y->run.at) - (x->run.at < y->run.at);
	return (x->number > y->number) - (x->number < y->number);
}

static int by_block(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	if (x->run.block != y->run.block)
		return (x->run.block > y->run.block) - (x->run.block < y->run.block);
	return by_time(a, b);
}

/* Two arms at one time, or a time that is not known, give no order. */
static bool is_ordered(const struct slot *slots, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (isnan(slots[i].run.at) ||
		    (i && slots[i].run.at == slots[i - 1].run.at &&
		     slots[i].is_b != slots[i - 1].is_b))
			return false;
	return true;
}

static void add_pair(struct order *order, const struct slot *x, const struct slot *y)
{
	order->pairs[order->n_pairs++] = (struct order_pair){
		x->is_b ? y->number : x->number, x->is_b ? x->number : y->number
	};
}

static void pair_neighbours(struct order *order, const struct slot *slots, size_t n)
{
	size_t i;

	for (i = 0; i + 1 < n; i += 2)
		if (slots[i].is_b == slots[i + 1].is_b)
			return;
	for (i = 0; n % 2 == 0 && i < n; i += 2)
		add_pair(order, &slots[i], &slots[i + 1]);
}

/* The first of A with the first of B in the slots of one block, and so on. */
static void pair_one_block(struct order *order, const struct slot *slots, size_t n)
{
	size_t a = 0, b = 0;

	while (a < n && b < n) {
		if (slots[a].is_b)
			a++;
		else if (!slots[b].is_b)
			b++;
		else
			add_pair(order, &slots[a++], &slots[b++]);
	}
}

static void pair_blocks(struct order *order, struct slot *slots, size_t n)
{
	size_t i, j;

	qsort(slots, n, sizeof(*slots), by_block);
	for (i = 0; i < n; i = j) {
		for (j = i; j < n && slots[j].run.block == slots[i].run.block; j++)
			;
		pair_one_block(order, slots + i, j - i);
	}
}

static bool have_blocks(const struct slot *slots, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (slots[i].run.block < 0)
			return false;
	return true;
}

/* Half the runs lie between the middles of two arms that ran one after the other. */
static bool is_apart(const struct order *order)
{
	double mean_a = 0, mean_b = 0;
	size_t i;

	for (i = 0; i < order->na; i++)
		mean_a += order->at_a[i] / (double)order->na;
	for (i = 0; i < order->nb; i++)
		mean_b += order->at_b[i] / (double)order->nb;
	return fabs(mean_a - mean_b) > (double)(order->na + order->nb) / 4;
}

/* ABAB instead of ABBA: each difference has one step of a drift in it. */
static bool is_one_sided(const struct order *order)
{
	size_t a_first = 0, i;

	for (i = 0; i < order->n_pairs; i++)
		a_first += order->at_a[order->pairs[i].a] < order->at_b[order->pairs[i].b];
	return a_first * 4 < order->n_pairs || a_first * 4 > 3 * order->n_pairs;
}

static void place(struct order *order, const struct slot *slots, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (slots[i].is_b)
			order->at_b[slots[i].number] = (double)i;
		else
			order->at_a[slots[i].number] = (double)i;
	}
}

int order_make(struct order *order, const struct order_run *a, size_t na,
	       const struct order_run *b, size_t nb)
{
	size_t n = na + nb, i;
	struct slot *slots;

	*order = (struct order){ .na = na, .nb = nb };
	order->at_a = calloc(na, sizeof(*order->at_a));
	order->at_b = calloc(nb, sizeof(*order->at_b));
	order->pairs = calloc(n, sizeof(*order->pairs));
	slots = calloc(n, sizeof(*slots));
	if (!order->at_a || !order->at_b || !order->pairs || !slots) {
		free(slots);
		return -ENOMEM;
	}
	for (i = 0; i < n; i++)
		slots[i] = i < na ? (struct slot){ a[i], false, i } :
				    (struct slot){ b[i - na], true, i - na };
	qsort(slots, n, sizeof(*slots), by_time);
	if (is_ordered(slots, n)) {
		place(order, slots, n);
		if (have_blocks(slots, n))
			pair_blocks(order, slots, n);
		else
			pair_neighbours(order, slots, n);
		if (is_apart(order))	/* also in one block: its pairs are no neighbours */
			order->kind = ORDER_APART;
		else
			order->kind = order->n_pairs >= ORDER_MIN_PAIRS ? ORDER_PAIRED :
									  ORDER_MIXED;
	}
	order->one_sided = is_one_sided(order);
	free(slots);
	return 0;
}

void order_free(struct order *order)
{
	free(order->at_a);
	free(order->at_b);
	free(order->pairs);
	*order = (struct order){ 0 };
}

const char *order_name(enum order_kind kind)
{
	static const char *const names[] = {
		[ORDER_UNKNOWN] = "unknown",
		[ORDER_APART] = "one arm after the other",
		[ORDER_MIXED] = "interleaved",
		[ORDER_PAIRED] = "pairs",
	};

	return names[kind];
}
