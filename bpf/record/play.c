// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/record/play.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/core/internal.h"
#include "bpf/core/model.h"
#include "bpf/record/sort.h"

int trace_play_events(struct trace_reader *r, enum azt_tool tool,
		      void (*fn)(const struct azt_event *event, void *ctx), void *ctx,
		      uint64_t *late)
{
	struct trace_sort *sort = calloc(1, sizeof(*sort));
	struct azt_event event;

	if (!sort)
		return -ENOMEM;
	while (trace_reader_next(r, &event)) {
		if (tool != AZT_TOOL_NONE && event.tool != tool)
			continue;
		trace_sort_add(sort, &event);
		if (trace_sort_get(sort, false, &event))
			fn(&event, ctx);
	}
	while (trace_sort_get(sort, true, &event))
		fn(&event, ctx);
	*late = sort->late;
	free(sort);
	return 0;
}

/* Everything that the model has, as it was before the first event. */
static int reset_model(const struct trace_tool *tool)
{
	static struct azt_model model;
	const struct trace_memory *m;
	unsigned int i;

	free(model.hists);
	memset(&model, 0, sizeof(model));
	model.slots = trace_slots(tool);
	model.hists = malloc(model.slots * sizeof(*model.hists));
	if (!model.hists)
		return -ENOMEM;
	for (i = 0; i < model.slots; i++)
		az_hist_reset(&model.hists[i]);
	for (m = tool->memory; m && m->name; m++)
		memset(m->at, 0, m->size * m->count);
	azt_model = &model;
	return 0;
}

struct playing {
	const struct trace_tool *tool;
	uint64_t events;
};

static void to_model(const struct azt_event *event, void *ctx)
{
	struct playing *p = ctx;

	p->events++;
	p->tool->model(event);
}

int trace_play(struct trace_reader *r, struct trace_run *run, uint64_t *events, uint64_t *late)
{
	struct playing playing = { run->tool, 0 };
	int rc = reset_model(run->tool);

	if (!rc)
		rc = trace_play_events(r, run->tool->id, to_model, &playing, late);
	*events = playing.events;
	return rc;
}
