// SPDX-License-Identifier: GPL-2.0-only
/* What the main thread does while workers measure: raw samples, checkpoints, progress. */
#include "benchmarks/load/run_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"

#define TICK_NS		100000000ull
#define DRAIN_NS	20000000ull
#define PROGRESS_NS	(AZ_NSEC_PER_SEC / 2)
#define CHECKPOINT_NS	AZ_NSEC_PER_SEC
#define CHECKPOINT_COST	50	/* at most 1/50 of the time goes into checkpoints */

void load_mark(struct load_run *run, uint64_t at_ns, const char *kind, const char *text)
{
	struct load_private *p = run->p;
	struct load_mark *mark;

	pthread_mutex_lock(&p->lock);
	if (p->marks_used < LOAD_MARKS_MAX) {
		mark = &p->marks[p->marks_used++];
		mark->at = at_ns;
		snprintf(mark->kind, sizeof(mark->kind), "%s", kind);
		snprintf(mark->text, sizeof(mark->text), "%s", text);
	} else {
		p->marks_dropped++;
	}
	pthread_mutex_unlock(&p->lock);
}

static json_t *marks_to_json(struct load_run *run, json_t *result)
{
	struct load_private *p = run->p;
	json_t *list = json_array();

	pthread_mutex_lock(&p->lock);
	for (unsigned int i = 0; i < p->marks_used; i++)
		json_array_append_new(list, json_pack("{s:I, s:s, s:s}", "t_ns",
				      (json_int_t)(p->marks[i].at - run->start_ns),
				      "kind", p->marks[i].kind, "text", p->marks[i].text));
	if (p->marks_dropped)
		az_result_count(result, "marks_dropped", p->marks_dropped);
	pthread_mutex_unlock(&p->lock);
	return list;
}

/*
 * Events that an open loop, ended because it was too far behind, never began: the one
 * that each thread had in hand, and those after it.
 */
static uint64_t count_unsent(struct load_run *run)
{
	uint64_t unsent = 0;

	for (unsigned int i = 0; i < run->threads; i++) {
		struct load_worker *w = &run->workers[i];

		for (unsent++; w->schedule.next < w->end_ns; unsent++)
			load_schedule_next(&w->schedule);
	}
	return unsent;
}

static void add_unsent(struct load_run *run, json_t *result)
{
	uint64_t unsent = count_unsent(run);

	az_result_count(result, "unsent", unsent);
	az_warn("the rate could not be kept: at the end %llu events were still to be begun",
		(unsigned long long)unsent);
}

static void add_config(const struct load_run *run, json_t *result)
{
	const struct load_spec *load = run->load;
	const struct bench *bench = run->bench;

	az_result_config_int(result, "threads", run->threads);
	az_result_config_str(result, "arrival", load_arrival_name(load ? load->arrival :
								 LOAD_CLOSED));
	if (load && load->rate > 0)
		json_object_set_new(json_object_get(result, "config"), "rate",
				    json_real(load->rate));
	if (load && load->arrival == LOAD_BURST)
		az_result_config_int(result, "burst", load->burst);
	az_result_config_int(result, "count", bench->count);
	az_result_config_int(result, "duration_ns", bench->duration);
	az_result_config_int(result, "warmup_ns", run->p->warm_ns);
	az_result_config_int(result, "warmup_count", run->p->warm_count);
}

json_t *load_result(struct load_run *run, bool partial)
{
	struct recorder *total = run->p->total;
	json_t *result = az_result_new(run->name);
	unsigned int i;

	recorder_reset(total, run->start_ns);
	for (i = 0; i < run->threads; i++)
		recorder_merge(total, run->workers[i].rec);
	add_config(run, result);
	recorder_to_result(total, result);
	if (run->bench->samples && run->p->checkpoints)
		az_result_count(result, "samples_dropped", total->dropped);
	if (run->p->behind && !partial)
		add_unsent(run, result);
	json_object_set_new(json_object_get(result, "timeline"), "start",
			    json_string(run->p->started));
	json_object_set_new(result, "marks", marks_to_json(run, result));
	if (run->describe)
		run->describe(run, total, result, partial);
	return result;
}

static json_t *samples_head(const struct load_run *run)
{
	json_t *head, *paths = json_array();
	const char *const *path = run->recorder->paths;

	while (path && *path)
		json_array_append_new(paths, json_string(*path++));
	head = json_pack("{s:s, s:s, s:s, s:o}", "benchmark", run->name, "histogram",
			 run->recorder->hists[0], "unit", "ns", "paths", paths);
	return head;
}

int load_watch_begin(struct load_run *run)
{
	struct load_private *p = run->p;
	json_t *head;
	int rc;

	if (!run->bench->samples || !p->checkpoints)
		return 0;
	p->drained = malloc(AZ_SAMPLES_BLOCK * sizeof(*p->drained));
	if (!p->drained)
		return az_env("out of memory");
	head = samples_head(run);
	rc = az_samples_create(&p->samples, run->bench->samples, head);
	json_decref(head);
	return rc ? az_env("--samples: %s: %s", run->bench->samples, strerror(-rc)) : 0;
}

/* A full disk costs the raw samples, not the run. */
static void samples_failed(struct load_run *run, int error)
{
	run->p->samples_error = error;
	az_env("--samples: %s: %s; the run goes on without raw samples", run->bench->samples,
	       strerror(-error));
	az_samples_close(run->p->samples);
	run->p->samples = NULL;
}

static void drain(struct load_run *run)
{
	struct load_private *p = run->p;
	unsigned int n;
	int rc;

	for (unsigned int i = 0; i < run->threads; i++) {
		do {
			n = recorder_drain(run->workers[i].rec, p->drained, AZ_SAMPLES_BLOCK);
			rc = n ? az_samples_write(p->samples, i, p->drained, n) : 0;
			if (rc) {
				samples_failed(run, rc);
				return;
			}
		} while (n == AZ_SAMPLES_BLOCK);
	}
}

static void checkpoint(struct load_run *run)
{
	uint64_t begin = az_clock_ns(), cost;
	json_t *result = load_result(run, true);
	int rc = az_result_checkpoint(result, &run->bench->sink);

	json_decref(result);
	if (rc && !run->p->checkpoint_error)
		az_warn("%s: %s; the run goes on, the next second tries again",
			run->bench->sink.json, strerror(-rc));
	run->p->checkpoint_error = rc;
	cost = az_clock_ns() - begin;
	run->p->next_checkpoint = begin + CHECKPOINT_NS;
	if (cost * CHECKPOINT_COST > CHECKPOINT_NS)
		run->p->next_checkpoint = begin + cost * CHECKPOINT_COST;
}

static void progress(struct load_run *run, uint64_t now)
{
	struct bench *bench = run->bench;
	uint64_t samples = 0;

	if (now - (bench->shown ? bench->shown : bench->start) < PROGRESS_NS)
		return;
	for (unsigned int i = 0; i < run->threads; i++)
		samples += recorder_samples(run->workers[i].rec);
	if (bench->count)
		bench_progress(bench, "%llu of %llu", (unsigned long long)samples,
			       (unsigned long long)bench->count);
	else if (bench->duration)
		bench_progress(bench, "%llu in %.0f s of %.0f s", (unsigned long long)samples,
			       now > run->start_ns ? (double)(now - run->start_ns) / 1e9 : 0,
			       (double)bench->duration / 1e9);
	else
		bench_progress(bench, "%llu", (unsigned long long)samples);
}

uint64_t load_watch(struct load_run *run, uint64_t now)
{
	struct load_private *p = run->p;
	uint64_t next;

	if (p->samples)
		drain(run);
	if (!p->next_checkpoint)
		p->next_checkpoint = run->start_ns + CHECKPOINT_NS;
	if (now >= p->next_tick) {
		run->elapsed_ns = now > run->start_ns ? now - run->start_ns : 0;
		progress(run, now);
		if (run->tick)
			run->tick(run, now);
		if (p->checkpoints && run->bench->sink.json && now >= p->next_checkpoint)
			checkpoint(run);
		p->next_tick = now + TICK_NS;
	}
	now = az_clock_ns();
	next = p->next_tick > now ? p->next_tick - now : 1;
	return p->samples && next > DRAIN_NS ? DRAIN_NS : next;
}

void load_watch_end(struct load_run *run)
{
	struct load_private *p = run->p;
	int rc;

	if (p->samples)
		drain(run);
	rc = az_samples_close(p->samples);
	p->samples = NULL;
	if (rc)
		samples_failed(run, rc);
	if (p->samples_error && !run->ret)
		run->ret = AZ_EXIT_ENV;
}
