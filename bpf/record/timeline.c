// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/record/timeline.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpf/record/play.h"
#include "lib/log.h"

/* Requests that may be open at a time; the oldest of two in the same place is given up. */
#define OPEN_BITS	16
#define TRACKS		4096	/* of each tracer; more share the last one */

/* A request that has begun. @key 0 is none, so keys are held plus one. */
struct open_request {
	uint64_t key;
	unsigned int tool;
	int pid;
	const char *stage;
};

struct timeline {
	FILE *out;
	const struct trace_tool *tools[AZT_TOOLS];
	uint64_t base;		/* ns, of time 0 */
	uint64_t last;		/* of the last event */
	bool first;		/* nothing is written yet */
	struct open_request *open;
	bool named[AZT_TOOLS][TRACKS];	/* processes that have their name */
	uint64_t cpus_named[AZT_TOOLS][1024 / 64];
};

static struct timeline timeline;

/* Begins an object of the list: @ph is its kind, @ts ns. */
static void begin(struct timeline *t, const char *ph, uint64_t ts, int pid, unsigned int tid)
{
	int64_t since = (int64_t)(ts - t->base);
	uint64_t ns = (uint64_t)(since < 0 ? -since : since);

	fprintf(t->out, "%s\n{\"ph\":\"%s\",\"ts\":%s%" PRIu64 ".%03u,\"pid\":%d,\"tid\":%u",
		t->first ? "" : ",", ph, since < 0 ? "-" : "", ns / 1000,
		(unsigned int)(ns % 1000), pid, tid);
	t->first = false;
}

/* Names of threads and processes; @track below 0: none. */
static void name(struct timeline *t, const char *what, int pid, unsigned int tid,
		 const char *text, int track)
{
	char number[16] = "";

	if (track >= 0)
		snprintf(number, sizeof(number), " %d", track);
	begin(t, "M", t->base, pid, tid);
	fprintf(t->out, ",\"name\":\"%s\",\"args\":{\"name\":\"%s%s\"}}", what, text, number);
}

static int pid_of(unsigned int tool, int track)
{
	return (int)tool * (TRACKS + 1) + (track < 0 ? 0 : 1 + track);
}

static const char *event_text(const struct trace_tool *tool, const struct azt_event *e,
			      char *text, size_t len)
{
	const char *known = tool->event_name ? tool->event_name(e) : NULL;

	if (known)
		return known;
	snprintf(text, len, "event %u", e->type);
	return text;
}

/* Numbers of 64 bits are text: JSON's readers keep 53. */
static void instant(struct timeline *t, const struct trace_tool *tool, const struct azt_event *e)
{
	int pid = pid_of(e->tool, -1);
	uint64_t *seen = e->cpu < 1024 ? &t->cpus_named[e->tool][e->cpu / 64] : NULL;
	char text[24];

	if (seen && !(*seen >> e->cpu % 64 & 1)) {
		*seen |= 1ull << e->cpu % 64;
		name(t, "process_name", pid, e->cpu, tool->name, -1);
		name(t, "thread_name", pid, e->cpu, "CPU", (int)e->cpu);
	}
	begin(t, "i", e->ts, pid, e->cpu);
	fprintf(t->out, ",\"s\":\"t\",\"name\":\"%s\",\"args\":{\"key\":\"0x%llx\",\"a\":\"%llu\","
		"\"b\":\"%llu\"}}", event_text(tool, e, text, sizeof(text)), e->key, e->a, e->b);
}

/* ---- requests ---------------------------------------------------------------------------- */

static void slice(struct timeline *t, const char *ph, uint64_t ts, const struct open_request *o,
		  unsigned int cpu, const char *text)
{
	begin(t, ph, ts, o->pid, 0);
	fprintf(t->out, ",\"cat\":\"%s\",\"id\":\"0x%" PRIx64 "\",\"name\":\"%s\"",
		t->tools[o->tool]->name, o->key - 1, text);
	if (*ph == 'b')
		fprintf(t->out, ",\"args\":{\"cpu\":%u}", cpu);
	fputc('}', t->out);
}

static void end_request(struct timeline *t, struct open_request *o, uint64_t ts)
{
	slice(t, "e", ts, o, 0, o->stage);
	slice(t, "e", ts, o, 0, "request");
	o->key = 0;
}

static void begin_request(struct timeline *t, struct open_request *o, const struct azt_event *e,
			  int track)
{
	const struct trace_tool *tool = t->tools[e->tool];

	if (track >= TRACKS)
		track = TRACKS - 1;
	*o = (struct open_request) { e->key + 1, e->tool, pid_of(e->tool, track), "request" };
	if (track >= 0 && !t->named[e->tool][track]) {
		t->named[e->tool][track] = true;
		name(t, "process_name", o->pid, 0, tool->name, track);
	}
	slice(t, "b", e->ts, o, e->cpu, "request");
}

/* The stage that @e begins. Names of events are constants of their tracer. */
static void begin_stage(struct timeline *t, struct open_request *o, const struct azt_event *e)
{
	const struct trace_tool *tool = t->tools[e->tool];
	const char *known = tool->event_name ? tool->event_name(e) : NULL;

	o->stage = known ? known : "stage";
	slice(t, "b", e->ts, o, e->cpu, o->stage);
}

static void request(struct timeline *t, const struct azt_event *e, const struct trace_mark *mark)
{
	uint64_t hash = (e->key * AZT_TOOLS + e->tool) * 0x9e3779b97f4a7c15ull;
	struct open_request *o = &t->open[hash >> (64 - OPEN_BITS)];
	bool ours = o->key == e->key + 1 && o->tool == e->tool;

	if (e->key == UINT64_MAX)
		return;
	switch (mark->phase) {
	case TRACE_BEGIN:
		/* A begin in a request that is open is another event of it. */
		if (ours)
			return;
		if (o->key)
			end_request(t, o, e->ts);
		begin_request(t, o, e, mark->track);
		begin_stage(t, o, e);
		break;
	case TRACE_STEP:
		if (!ours)
			return;
		slice(t, "e", e->ts, o, 0, o->stage);
		begin_stage(t, o, e);
		break;
	case TRACE_END:
		if (ours)
			end_request(t, o, e->ts);
		break;
	case TRACE_POINT:
		break;
	}
}

static void one_event(const struct azt_event *e, void *ctx)
{
	struct timeline *t = ctx;
	const struct trace_tool *tool = e->tool < AZT_TOOLS ? t->tools[e->tool] : NULL;
	struct trace_mark mark = { TRACE_POINT, -1 };

	if (!tool)
		return;
	t->last = e->ts;
	instant(t, tool, e);
	if (tool->event_mark)
		tool->event_mark(e, &mark);
	if (mark.phase != TRACE_POINT)
		request(t, e, &mark);
}

/* ---- the file ----------------------------------------------------------------------------- */

static void write_all(struct timeline *t, struct trace_reader *r, const struct trace_tool *only,
		      uint64_t *late)
{
	char *env = json_dumps(json_object_get(r->head, "env"), JSON_COMPACT);
	size_t i;

	fprintf(t->out, "{\"displayTimeUnit\":\"ns\",\"otherData\":{\"date_ns\":\"%lld\","
		"\"env\":%s},\"traceEvents\":[", (long long)json_integer_value(json_object_get(
		json_object_get(r->head, "clock"), "date_ns")), env ? env : "{}");
	free(env);
	trace_play_events(r, only ? only->id : AZT_TOOL_NONE, one_event, t, late);
	for (i = 0; i < 1u << OPEN_BITS; i++)
		if (t->open[i].key)
			end_request(t, &t->open[i], t->last);
	fputs("\n]}\n", t->out);
}

static void choose(struct timeline *t, const struct trace_tool *only)
{
	const struct trace_tool *const *tool;

	for (tool = trace_tools; *tool; tool++)
		if (!only || *tool == only)
			t->tools[(*tool)->id] = *tool;
}

/* Half a timeline is no JSON: it goes, unless it went to a device or a pipe. */
static int close_output(struct timeline *t, const char *to)
{
	int rc = fflush(t->out) ? -errno : ferror(t->out) ? -EIO : 0;
	struct stat st;

	if (rc && !fstat(fileno(t->out), &st) && S_ISREG(st.st_mode) && t->out != stdout)
		unlink(to);
	if (t->out != stdout && fclose(t->out) && !rc)
		rc = -errno;
	return rc ? az_env("cannot write %s: %s", to, strerror(-rc)) : AZ_EXIT_OK;
}

int trace_timeline_write(struct trace_reader *r, const char *path, const char *to,
			 const struct trace_tool *only)
{
	struct timeline *t = &timeline;
	uint64_t late = 0;
	int rc = trace_reader_rewind(r);

	if (rc)
		return az_env("cannot read %s again: %s", path, strerror(-rc));
	t->open = calloc(1u << OPEN_BITS, sizeof(*t->open));
	t->out = !t->open ? NULL : !strcmp(to, "-") ? stdout : fopen(to, "we");
	if (!t->out) {
		free(t->open);
		return az_env("cannot write %s: %s", to, strerror(errno));
	}
	t->first = true;
	t->base = (uint64_t)json_integer_value(json_object_get(
		json_object_get(r->head, "clock"), "monotonic_ns"));
	choose(t, only);
	write_all(t, r, only, &late);
	free(t->open);
	return close_output(t, to);
}
