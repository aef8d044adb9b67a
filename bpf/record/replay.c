// SPDX-License-Identifier: GPL-2.0-only
/* "azimuth trace replay": a recording as the tracers would have shown it, or as a timeline. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/core/model.h"
#include "bpf/export/metrics.h"
#include "bpf/record/facts.h"
#include "bpf/record/file.h"
#include "bpf/record/play.h"
#include "bpf/record/timeline.h"
#include "lib/log.h"

struct replay {
	struct bench bench;	/* where the result goes */
	const char *path;
	const char *timeline;
	const char *openmetrics;
	const struct trace_tool *only;
	struct trace_reader reader;
	char error[160];
};

static int parse(struct replay *re, int argc, char **argv)
{
	const struct az_opt table[] = {
		AZ_OPT(STRING, "json", 0, "FILE", "write the result here, - for standard output",
		       &re->bench.sink.json),
		AZ_OPT(STRING, "timeline", 0, "FILE",
		       "write the events as Chrome trace JSON, for Perfetto", &re->timeline),
		AZ_OPT(STRING, "openmetrics", 0, "FILE",
		       "write the text that 'trace exporter' would serve", &re->openmetrics),
		AZ_OPT_DONE
	};
	const struct az_opts opts = {
		.command = argv[0], .operands = "FILE [TRACER]", .table = table,
		.summary = "Shows a recording as its tracers would have shown it live.",
	};
	int first, ret = az_opts_parse(&opts, argc, argv, &first);

	if (ret)
		return ret;
	if (first == argc) {
		az_err("no recording is given");
		return -EINVAL;
	}
	if (argc - first > 2) {
		az_err("unexpected argument '%s'", argv[first + 2]);
		return -EINVAL;
	}
	re->path = argv[first];
	if (first + 1 < argc) {
		re->only = trace_operand(argv[first + 1]);
		if (!re->only)
			return -EINVAL;
	}
	return 0;
}

static int open_recording(struct replay *re)
{
	FILE *file = fopen(re->path, "re");
	int rc;

	if (!file)
		return az_usage("cannot read %s: %s", re->path, strerror(errno));
	rc = trace_reader_open(&re->reader, file);
	if (rc)
		return az_usage("%s: %s", re->path, rc == -ENOMEM ? "no memory" :
				re->reader.error);
	rc = trace_facts_check(re->reader.head, re->error, sizeof(re->error));
	if (rc)
		trace_reader_close(&re->reader);
	return rc ? az_usage("%s: %s", re->path, re->error) : 0;
}

/*
 * A first look at the whole: the counts are at its end. Returns the exit code: 1 when it is
 * damaged, which is said once.
 */
static int look_through(struct replay *re)
{
	struct trace_reader *r = &re->reader;
	struct azt_event event;
	const char *end;

	while (trace_reader_next(r, &event))
		;
	switch (r->how) {
	case TRACE_DAMAGED:
		az_err("%s: damaged at byte %llu: %s; what comes before it is shown", re->path,
		       (unsigned long long)r->offset, r->error);
		return AZ_EXIT_FAILED;
	case TRACE_TRUNCATED:
		az_warn("%s has no end: the recorder was killed, or still runs; losses of its last "
			"second are not known", re->path);
		return AZ_EXIT_OK;
	default:
		end = json_string_value(json_object_get(r->counts, "end"));
		if (end && !strcmp(end, "error"))
			az_warn("%s was ended by an error: %s", re->path, json_string_value(
				json_object_get(r->counts, "error")) ?: "not stated");
		return AZ_EXIT_OK;
	}
}

/* The facts of the result are those of the recording's machine, not of this one. */
static int put_result(struct replay *re, struct trace_run *run, uint64_t events, uint64_t late)
{
	json_t *result = trace_result(run), *recording;
	const char *end = json_string_value(json_object_get(re->reader.counts, "end"));
	bool complete = re->reader.how == TRACE_COMPLETE;
	int ret;

	recording = json_pack("{s:b, s:I, s:I}", "complete", complete, "events",
			      (json_int_t)events, "late", (json_int_t)late);
	json_object_set_new(result, "recording", recording);
	json_object_set(result, "env", json_object_get(re->reader.head, "env"));
	az_result_end(result, complete && end ? end : "error",
		      complete ? NULL : "the recording has no end");
	ret = result ? az_json_write(result, re->bench.sink.json) : az_env("no memory");
	json_decref(result);
	return ret;
}

static int put_openmetrics(struct replay *re, const struct trace_run *run)
{
	size_t len = 0;
	char *text = trace_metrics(run, 1, &len);
	FILE *file = text ? fopen(re->openmetrics, "we") : NULL;
	bool bad = !file || fwrite(text, 1, len, file) != len;

	if (file && fclose(file))
		bad = true;
	free(text);
	return bad ? az_env("cannot write %s: %s", re->openmetrics, strerror(errno)) : 0;
}

static int show_one(struct replay *re, const struct trace_tool *tool, const json_t *counts)
{
	struct trace_run run = { .tool = tool, .bench = &re->bench };
	uint64_t events, late;
	int rc = trace_facts_recall(re->reader.head, counts, &run, re->error, sizeof(re->error));

	if (rc)
		return az_usage("%s: %s", re->path, rc == -ENOENT ? "has nothing of that tracer" :
				re->error);
	rc = trace_reader_rewind(&re->reader);
	if (!rc)
		rc = trace_play(&re->reader, &run, &events, &late);
	if (rc)
		return az_env("cannot read %s again: %s", re->path, strerror(-rc));
	azt_count(AZT_LOST, trace_facts_lost(counts, &run));
	if (late)
		az_warn("%llu events of '%s' came too late to be put in order",
			(unsigned long long)late, tool->name);
	trace_show(&run, bench_output(&re->bench));
	rc = re->openmetrics ? put_openmetrics(re, &run) : 0;
	if (rc)
		return rc;
	return re->bench.sink.json ? put_result(re, &run, events, late) : 0;
}

/* All that were recorded, or the one that was asked for. */
static int show_all(struct replay *re, const json_t *counts)
{
	const json_t *tracers = json_object_get(re->reader.head, "tracers");
	const struct trace_tool *tool;
	const char *name;
	size_t i, count = json_array_size(tracers);
	int ret = 0;

	if (re->only)
		return show_one(re, re->only, counts);
	if ((re->bench.sink.json || re->openmetrics) && count > 1)
		return az_usage("%s has %zu tracers, name the one whose result is wanted",
				re->path, count);
	for (i = 0; !ret && i < count; i++) {
		/* A rewind makes a new head. */
		tracers = json_object_get(re->reader.head, "tracers");
		name = json_string_value(json_object_get(json_array_get(tracers, i), "name"));
		tool = name ? trace_tool_named(name) : NULL;
		if (!tool)
			return az_usage("%s: this azimuth has no tracer '%s'", re->path,
					name ? name : "");
		if (count > 1)
			fprintf(bench_output(&re->bench), "%s== %s\n", i ? "\n" : "", name);
		ret = show_one(re, tool, counts);
	}
	return ret;
}

int trace_replay(int argc, char **argv)
{
	struct replay re = { 0 };
	int whole, ret = parse(&re, argc, argv);
	json_t *counts;

	if (ret)
		return az_opts_exit(ret);
	ret = open_recording(&re);
	if (ret)
		return ret;
	whole = look_through(&re);
	counts = json_incref(re.reader.counts);
	if (re.timeline)
		ret = trace_timeline_write(&re.reader, re.path, re.timeline, re.only);
	else
		ret = show_all(&re, counts);
	json_decref(counts);
	trace_reader_close(&re.reader);
	return ret ? ret : whole;
}
