// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/io/describe.h"

#include <string.h>

#include "benchmarks/io/record.h"
#include "benchmarks/io/target.h"
#include "benchmarks/io/verify.h"
#include "lib/log.h"

/* What every thread counts, added up. */
struct sums {
	struct io_errors errors;
	uint64_t bytes_read, bytes_written, resubmitted, would_block, unsent, checked, wrong;
	uint64_t ended;
};

static void add_up(const struct load_run *run, struct sums *sums)
{
	const struct io_bench *io = run->priv;
	const struct io_thread *t;
	unsigned int i, kind;

	memset(sums, 0, sizeof(*sums));
	for (i = 0; i < run->threads; i++) {
		t = &io->threads[i];
		io_errors_merge(&sums->errors, &t->errors);
		sums->bytes_read += t->bytes_read;
		sums->bytes_written += t->bytes_written;
		sums->resubmitted += t->resubmitted;
		sums->would_block += t->would_block;
		sums->unsent += t->unsent;
		if (t->ended > sums->ended)
			sums->ended = t->ended;
		if (!t->verify)
			continue;
		sums->checked += t->verify->checked;
		for (kind = IO_RIGHT + 1; kind < IO_WRONGS; kind++)
			if (kind != IO_UNWRITTEN || !io->after_kill)
				sums->wrong += t->verify->wrong[kind];
	}
}

static void flag(json_t *result, const char *name, bool set)
{
	if (set)
		az_result_config_int(result, name, 1);
}

static void number(json_t *result, const char *name, uint64_t value, uint64_t normal)
{
	if (value != normal)
		az_result_config_int(result, name, value);
}

/* What is as usual is left out: on a serial console each byte counts. */
static void add_config(const struct io_bench *io, json_t *result)
{
	az_result_config_str(result, "mode", io->rw);
	if (io->sizes.min == io->sizes.max)
		az_result_config_int(result, "bs", io->sizes.min);
	else
		az_result_config_str(result, "bs", io->bs);
	az_result_config_int(result, "size", io->size);
	number(result, "offset", io->offset, 0);
	az_result_config_str(result, "engine", io->engine->name);
	az_result_config_int(result, "depth", io->depth);
	if (io->mode == IO_MODE_MIXED)
		az_result_config_int(result, "mix", io->mix);
	if (io->zipf > 0)
		az_result_config_str(result, "random", io->random);
	number(result, "walk", io->walk, 0);
	number(result, "fsync", io->fsync, 0);
	number(result, "fdatasync", io->fdatasync, 0);
	flag(result, "buffered", io->buffered);
	flag(result, "poll", io->poll);
	flag(result, "sqpoll", io->sqpoll);
	flag(result, "nowait", io->nowait);
	flag(result, "plain", io->plain);
	flag(result, "stages", io->stages);
	flag(result, "verify", io->verify);
}

static uint64_t count_of(const struct recorder *total, const char *name)
{
	unsigned int i;

	for (i = 0; total->spec->hists[i]; i++)
		if (!strcmp(total->spec->hists[i], name))
			return total->hist[i].count;
	return 0;
}

static void add_counts(const struct recorder *total, const struct sums *sums, json_t *result)
{
	const struct {
		const char *name;
		uint64_t value;
	} rare[] = {
		{ "syncs", count_of(total, "sync") }, { "trims", count_of(total, "trim") },
		{ "resubmitted", sums->resubmitted }, { "would_block", sums->would_block },
		{ "unsent", sums->unsent }, { "checked", sums->checked },
		{ "wrong", sums->wrong },
	};
	size_t i;

	az_result_count(result, "reads", count_of(total, "read"));
	az_result_count(result, "writes", count_of(total, "write"));
	az_result_count(result, "errors", sums->errors.total + sums->wrong);
	for (i = 0; i < sizeof(rare) / sizeof(rare[0]); i++)
		if (rare[i].value)
			az_result_count(result, rare[i].name, rare[i].value);
}

/* Not of a walk: it reads after it has written. */
static void add_rates(const struct load_run *run, const struct recorder *total,
		      const struct sums *sums, json_t *result)
{
	double seconds;

	if (sums->ended <= run->start_ns)
		return;
	seconds = (double)(sums->ended - run->start_ns) / 1e9;
	az_result_metric(result, "iops", "1/s", false,
			 (double)recorder_samples(total) / seconds);
	if (sums->bytes_read)
		az_result_metric(result, "read_bandwidth", "B/s", false,
				 (double)sums->bytes_read / seconds);
	if (sums->bytes_written)
		az_result_metric(result, "write_bandwidth", "B/s", false,
				 (double)sums->bytes_written / seconds);
}

static json_t *features_of(const struct io_bench *io)
{
	unsigned int i, features = atomic_load(&io->features);
	json_t *list = json_array();

	for (i = 0; i < IO_FEATURES; i++)
		if (features & 1u << i)
			json_array_append_new(list, json_string(io_feature_names[i]));
	return list;
}

static void say_wrong(struct load_run *run, const struct sums *sums)
{
	const struct io_bench *io = run->priv;

	if (sums->wrong)
		az_err("%s: %llu of %llu blocks are wrong", io->file,
		       (unsigned long long)sums->wrong, (unsigned long long)sums->checked);
	if (io->max_errors && sums->errors.total >= io->max_errors)
		az_err("%s: ended after %llu errors (--max-errors)", io->file,
		       (unsigned long long)sums->errors.total);
	if (sums->unsent)
		az_warn("%llu requests were due and not sent: the target is slower than --rate",
			(unsigned long long)sums->unsent);
}

void io_describe(struct load_run *run, const struct recorder *total, json_t *result,
		 bool partial)
{
	struct io_bench *io = run->priv;
	struct sums sums;

	add_up(run, &sums);
	add_config(io, result);
	add_counts(total, &sums, result);
	if (io->bench.sink.json) {
		json_object_set_new(result, "features", features_of(io));
		json_object_set(result, "device", io->facts);
		json_object_set_new(result, "stages_missing", io_stages_missing(io));
	}
	if (sums.errors.total)
		json_object_set_new(result, "errors", io_errors_json(&sums.errors));
	if (io->verify || io->mode == IO_MODE_VERIFY || io->mode == IO_MODE_CHECK)
		json_object_set_new(result, "verify", io_verify_json(io, run->threads));
	if (partial)
		return;
	add_rates(run, total, &sums, result);
	say_wrong(run, &sums);
	if ((sums.errors.total || sums.wrong) && !run->ret)
		run->ret = atomic_load(&io->refused) ? AZ_EXIT_ENV : AZ_EXIT_FAILED;
}

static void say_one(struct load_run *run, const struct recorder *total, unsigned int id,
		    uint64_t bad)
{
	const struct io_bench *io = run->priv;
	const struct az_hist *hist = &total->hist[id];
	const char *name = total->spec->hists[id];
	bool sized = strncmp(name, "stage", 5) && strncmp(name, "sync", 4) &&
		     strcmp(name, "commit");
	char p50[16], p99[16], max[16];

	if (!hist->count)
		return;
	bench_say(&io->bench, "%s%s%s: p50 %s p99 %s max %s, %llu done, %llu bad", name,
		  sized ? " " : "", sized ? io->bs : "",
		  bench_time(p50, (double)az_hist_percentile(hist, 500000)),
		  bench_time(p99, (double)az_hist_percentile(hist, 990000)),
		  bench_time(max, (double)hist->max), (unsigned long long)hist->count,
		  (unsigned long long)bad);
}

void io_say(struct load_run *run, const struct recorder *total)
{
	struct sums sums;
	unsigned int i;

	add_up(run, &sums);
	for (i = 0; total->spec->hists[i]; i++)
		say_one(run, total, i, sums.errors.total + sums.wrong);
}
