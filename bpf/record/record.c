// SPDX-License-Identifier: GPL-2.0-only
/*
 * "azimuth trace record". Each tracer has a ring buffer of its own in the kernel; this
 * reads all of them every TICK, and writes what they hold. Memory is those buffers and one
 * block of the file, whatever happens.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/record/facts.h"
#include "bpf/record/file.h"
#include "lib/clock.h"
#include "lib/log.h"

#define TICK_MS		10
#define FLUSH_NS	AZ_NSEC_PER_SEC		/* a killed recorder loses no more than that */
#define RING_BYTES	(4u << 20)		/* 80,000 events for each tracer */

struct recording {
	struct bench bench;
	const char *path;
	uint64_t ring_bytes;
	bool ready;

	struct trace_run runs[AZT_TOOLS];
	uint64_t events[AZT_TOOLS];	/* of each run */
	unsigned int count;
	struct ring_buffer *rings;
	struct trace_writer file;
	uint64_t until;			/* ns: the end of --duration */
	bool draining;			/* all are detached: what is left is not much */
};

static struct recording recording = { .ring_bytes = RING_BYTES };

static int parse(struct recording *rec, int argc, char **argv, int *first)
{
	const struct az_opt table[] = {
		AZ_OPT(STRING, "output", 'o', "FILE", "the recording; needed", &rec->path),
		AZ_OPT(TIME, "duration", 'd', "TIME", "stop after this time; else at Ctrl-C",
		       &rec->bench.duration),
		AZ_OPT(SIZE, "buffer", 0, "SIZE",
		       "of each tracer, for events that wait to be written (4M)",
		       &rec->ring_bytes, .min = 64 << 10, .max = 1 << 30),
		AZ_OPT(FLAG, "imds", 0, NULL, "ask the metadata service for the VM size",
		       &rec->bench.sink.imds),
		AZ_OPT(FLAG, "verbose", 'v', NULL, "show what libbpf and the verifier say",
		       &trace_verbose),
		AZ_OPT(FLAG, "ready", 0, NULL, "print 'tracing' when all is attached",
		       &rec->ready),
		AZ_OPT_DONE
	};
	const struct az_opts opts = {
		.command = argv[0], .operands = "TRACER...", .table = table,
		.summary = "Writes what tracers see to a file, for 'azimuth trace replay'.",
		.epilog = "TRACER is a name of 'azimuth trace --help'; its own options stand\n"
			  "behind it, in one word: 'netvsc --dev eth0'.",
	};

	return az_opts_parse(&opts, argc, argv, first);
}

static int choose(struct recording *rec, int argc, char **argv)
{
	unsigned int i;
	int ret;

	if (!rec->path)
		return az_usage("no file is given: -o FILE");
	if (rec->ring_bytes & (rec->ring_bytes - 1))
		return az_usage("--buffer: %llu is not a power of two",
				(unsigned long long)rec->ring_bytes);
	ret = trace_choose(rec->runs, &rec->count, argc, argv);
	for (i = 0; i < rec->count; i++) {
		rec->runs[i].raw = true;
		rec->runs[i].ring_bytes = rec->ring_bytes;
	}
	return ret;
}

/* ---- begin and end --------------------------------------------------------------------- */

static void free_all(struct recording *rec)
{
	unsigned int i;

	ring_buffer__free(rec->rings);
	for (i = 0; i < rec->count; i++)
		trace_free(&rec->runs[i]);
}

static int take(void *ctx, void *data, size_t len)
{
	struct trace_run *run = ctx;
	struct recording *rec = &recording;
	const struct azt_event *event = data;

	if (len < sizeof(*event))
		return 0;
	rec->events[run - rec->runs]++;
	if (trace_writer_event(&rec->file, event))
		return -EIO;
	/* Under a flood the buffer never is empty: ask here as well. */
	return !rec->draining && (bench_stopped() || event->ts >= rec->until) ? -EINTR : 0;
}

static int open_rings(struct recording *rec)
{
	unsigned int i;
	int fd, rc = 0;

	for (i = 0; !rc && i < rec->count; i++) {
		struct trace_run *run = &rec->runs[i];

		fd = bpf_object__find_map_fd_by_name(run->obj, "azt_ring");
		if (rec->rings)
			rc = ring_buffer__add(rec->rings, fd, take, run);
		else
			rec->rings = ring_buffer__new(fd, take, run, NULL);
		if (!rec->rings)
			rc = -errno;
	}
	return rc ? az_env("cannot map the ring buffers: %s", strerror(-rc)) : 0;
}

static int open_file(struct recording *rec)
{
	json_t *head = trace_facts_head(rec->runs, rec->count, rec->bench.sink.imds);
	int rc;

	/* A limit on the size of files is told as an error of the write. */
	signal(SIGXFSZ, SIG_IGN);
	rc = head ? trace_writer_open(&rec->file, rec->path, head) : -ENOMEM;
	json_decref(head);
	return rc ? az_env("cannot write %s: %s", rec->path, strerror(-rc)) : 0;
}

static json_t *counts(struct recording *rec, const char *end)
{
	json_t *list = json_array();
	unsigned int i;

	for (i = 0; i < rec->count; i++)
		json_array_append_new(list, trace_facts_counts(&rec->runs[i], rec->events[i],
							       strcmp(end, "running")));
	return json_pack("{s:s, s:o}", "end", end, "tracers", list);
}

/* ---- between them ------------------------------------------------------------------------ */

static void flush(struct recording *rec)
{
	json_t *now = counts(rec, "running");

	trace_writer_flush(&rec->file, now);
	json_decref(now);
	bench_progress(&rec->bench, "%llu events, %llu bytes",
		       (unsigned long long)rec->file.events, (unsigned long long)rec->file.bytes);
}

static void run(struct recording *rec)
{
	uint64_t now = az_clock_ns(), flushed = now;

	rec->until = rec->bench.duration ? now + rec->bench.duration : UINT64_MAX;
	while (!bench_stopped() && !rec->file.error && (now = az_clock_ns()) < rec->until) {
		ring_buffer__consume(rec->rings);
		if (now - flushed >= FLUSH_NS) {
			flush(rec);
			flushed = now;
		}
		poll(NULL, 0, TICK_MS);
	}
}

static void say(struct recording *rec)
{
	unsigned int i;

	for (i = 0; i < rec->count; i++)
		bench_say(&rec->bench, "%s: %llu events, %llu lost, %llu missed",
			  rec->runs[i].tool->name, (unsigned long long)rec->events[i],
			  (unsigned long long)trace_count(&rec->runs[i], AZT_LOST),
			  (unsigned long long)trace_missed(&rec->runs[i]));
	bench_say(&rec->bench, "%s: %llu bytes", rec->path, (unsigned long long)rec->file.bytes);
}

static int finish(struct recording *rec)
{
	json_t *last;
	unsigned int i;
	int rc;

	for (i = 0; i < rec->count; i++)
		trace_detach(&rec->runs[i]);
	rec->draining = true;
	if (!rec->file.error)
		ring_buffer__consume(rec->rings);
	last = counts(rec, rec->file.error ? "error" : bench_stopped() ? "interrupted" : "done");
	if (rec->file.error)
		json_object_set_new(last, "error", json_string(strerror(-rec->file.error)));
	rc = trace_writer_end(&rec->file, last);
	json_decref(last);
	if (rc)
		return az_env("cannot write %s: %s; what came before is kept", rec->path,
			      strerror(-rc));
	say(rec);
	return AZ_EXIT_OK;
}

int trace_record(int argc, char **argv)
{
	struct recording *rec = &recording;
	int first, ret = parse(rec, argc, argv, &first);

	if (ret)
		return az_opts_exit(ret);
	ret = choose(rec, argc - first, argv + first);
	if (!ret)
		ret = trace_start_all(rec->runs, rec->count, &rec->bench, "record");
	if (!ret)
		ret = open_rings(rec);
	if (!ret)
		ret = open_file(rec);
	if (!ret) {
		if (rec->ready) {
			puts("tracing");
			fflush(stdout);
		}
		run(rec);
		ret = finish(rec);
	}
	free_all(rec);
	return ret;
}
