// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/net/delay.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/opts.h"

/* "A<sep>B" as two times; with @sep 0 only A. */
static int two_times(const char *text, char sep, uint64_t *a, uint64_t *b)
{
	const char *cut = sep ? strchr(text, sep) : text + strlen(text);
	char first[32];

	if (!cut || (size_t)(cut - text) >= sizeof(first))
		return -EINVAL;
	memcpy(first, text, (size_t)(cut - text));
	first[cut - text] = '\0';
	if (az_parse_number(first, AZ_OPT_TIME, a))
		return -EINVAL;
	return sep ? az_parse_number(cut + 1, AZ_OPT_TIME, b) : 0;
}

static int parse_delay(struct delay_spec *spec, const char *text)
{
	if (!strncmp(text, "stall:", 6))
		return two_times(text + 6, '@', &spec->stall, &spec->stall_every) ||
		       !spec->stall || spec->stall >= spec->stall_every ? -EINVAL : 0;
	if (!strncmp(text, "fixed:", 6)) {
		spec->kind = DELAY_FIXED;
		return two_times(text + 6, 0, &spec->a, NULL);
	}
	if (!strncmp(text, "exp:", 4)) {
		spec->kind = DELAY_EXP;
		return two_times(text + 4, 0, &spec->a, NULL);
	}
	if (!strncmp(text, "uniform:", 8)) {
		spec->kind = DELAY_UNIFORM;
		return two_times(text + 8, '-', &spec->a, &spec->b) ||
		       spec->b < spec->a ? -EINVAL : 0;
	}
	return -EINVAL;
}

int delay_parse(void *spec, const char *text)
{
	if (!parse_delay(spec, text))
		return 0;
	az_err("--delay: '%s' is none of fixed:TIME, exp:TIME, uniform:TIME-TIME, stall:TIME@TIME",
	       text);
	return -EINVAL;
}

int delay_parse_fault(void *ctx, const char *text)
{
	struct delay_spec *spec = ctx;
	const struct {
		const char *name;
		uint64_t *dst;
	} kinds[] = {
		{ "drop:", &spec->drop }, { "dup:", &spec->dup },
		{ "reorder:", &spec->reorder }, { "corrupt:", &spec->corrupt },
	};
	uint64_t value;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strncmp(text, kinds[i].name, strlen(kinds[i].name)) &&
		    !az_parse_number(text + strlen(kinds[i].name), AZ_OPT_U64, kinds[i].dst) &&
		    *kinds[i].dst)
			return 0;
	if (!strncmp(text, "version:", 8) && !az_parse_number(text + 8, AZ_OPT_U32, &value) &&
	    value && value < 256) {
		spec->version = (uint32_t)value;
		return 0;
	}
	az_err("--fault: '%s' is none of drop:N, dup:N, reorder:N, corrupt:N (N from 1), version:V",
	       text);
	return -EINVAL;
}

uint64_t delay_draw(const struct delay_spec *spec, struct delay_state *state)
{
	double u;

	switch (spec->kind) {
	case DELAY_FIXED:
		return spec->a;
	case DELAY_UNIFORM:
		return spec->a + az_rng_below(&state->rng, spec->b - spec->a + 1);
	case DELAY_EXP:
		/* (0, 1], so that the logarithm is finite. */
		u = (double)((az_rng_next(&state->rng) >> 11) + 1) * 0x1p-53;
		return (uint64_t)(-log(u) * (double)spec->a);
	default:
		return 0;
	}
}

struct delay_item *delay_item_new(struct delay_queue *queue, uint32_t len)
{
	struct delay_item *item;

	if (queue->bytes + len + sizeof(*item) > DELAY_BYTES_MAX)
		return NULL;
	item = malloc(sizeof(*item) + len);
	if (!item)
		return NULL;
	memset(item, 0, sizeof(*item));
	item->len = len;
	queue->bytes += len + sizeof(*item);
	return item;
}

void delay_item_free(struct delay_queue *queue, struct delay_item *item)
{
	queue->bytes -= item->len + sizeof(*item);
	free(item);
}

static bool before(const struct delay_item *a, const struct delay_item *b)
{
	return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void swap(struct delay_item **a, struct delay_item **b)
{
	struct delay_item *tmp = *a;

	*a = *b;
	*b = tmp;
}

int delay_push(struct delay_queue *queue, struct delay_item *item)
{
	struct delay_item **heap = queue->heap;
	size_t room = queue->room ? 2 * queue->room : 64, i;

	if (queue->count == queue->room) {
		heap = realloc(heap, room * sizeof(*heap));
		if (!heap)
			return -ENOMEM;
		queue->heap = heap;
		queue->room = room;
	}
	item->order = queue->order++;
	i = queue->count++;
	heap[i] = item;
	for (; i && before(heap[i], heap[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&heap[i], &heap[(i - 1) / 2]);
	return 0;
}

struct delay_item *delay_pop(struct delay_queue *queue)
{
	struct delay_item **heap = queue->heap, *first = heap[0];
	size_t i = 0, child;

	heap[0] = heap[--queue->count];
	while ((child = 2 * i + 1) < queue->count) {
		if (child + 1 < queue->count && before(heap[child + 1], heap[child]))
			child++;
		if (!before(heap[child], heap[i]))
			break;
		swap(&heap[i], &heap[child]);
		i = child;
	}
	return first;
}

void delay_queue_free(struct delay_queue *queue)
{
	while (queue->count)
		free(queue->heap[--queue->count]);
	free(queue->heap);
	*queue = (struct delay_queue){ 0 };
}
