// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file of "azimuth trace record": what was written is read, damage of any kind is told, and a
 * replay shows what the model showed live. The tracer is vmbus, as it is.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpf/core/model.h"
#include "bpf/core/trace.h"
#include "bpf/record/file.h"
#include "bpf/record/play.h"
#include "bpf/record/sort.h"
#include "bpf/record/timeline.h"
#include "lib/rng.h"

#define EVENTS	20000
#define PATH	"/tmp/azimuth-test-recording"

const struct trace_tool *const trace_tools[] = { &trace_vmbus, NULL };

static struct azt_event events[EVENTS];
static char path[64];

/* Traffic of a few channels on four CPUs, with what a tracer may see of it. */
static void make_events(void)
{
	struct az_rng rng = { 7 };
	uint64_t ts = 1000000000;
	unsigned int i;

	for (i = 0; i < EVENTS; i++) {
		ts += az_rng_next(&rng) % 5000;
		events[i] = (struct azt_event) {
			.ts = ts, .key = 1 + az_rng_next(&rng) % 9,
			.a = az_rng_next(&rng) % 3 ? 0 : az_rng_next(&rng) % 4096,
			.b = az_rng_next(&rng) % 2 ? 0 : 16384,
			.cpu = (unsigned int)(az_rng_next(&rng) % 4),
			.type = (unsigned short)(1 + az_rng_next(&rng) % 6),
			.tool = AZT_TOOL_VMBUS,
		};
	}
	/* What a varint has its ends at. */
	events[5].key = UINT64_MAX;
	events[6].a = UINT64_MAX;
	events[7].b = 1ull << 63;
	events[8].cpu = UINT32_MAX;
	events[9].type = UINT16_MAX;
	events[10].tool = UINT16_MAX;
}

static json_t *head(void)
{
	return json_pack("{s:s, s:{s:I, s:I}, s:{s:s}}", "kind", "trace", "clock", "monotonic_ns",
			 (json_int_t)1000000000, "date_ns", (json_int_t)5, "env", "kernel", "6.12");
}

/* Writes the first @count events; @end: in order. */
static void write_file(unsigned int count, bool end)
{
	json_t *json = head(), *counts = json_pack("{s:s}", "end", "done");
	struct trace_writer w;
	unsigned int i;

	assert_int_equal(trace_writer_open(&w, path, json), 0);
	for (i = 0; i < count; i++)
		assert_int_equal(trace_writer_event(&w, &events[i]), 0);
	if (end) {
		assert_int_equal(trace_writer_end(&w, counts), 0);
	} else {
		assert_int_equal(trace_writer_flush(&w, counts), 0);
		close(w.fd);
		free(w.block);
	}
	json_decref(json);
	json_decref(counts);
}

/* Reads what it can of @file and compares it with the events written. */
static enum trace_how read_prefix(FILE *file, unsigned int *count)
{
	struct trace_reader r;
	struct azt_event e;
	enum trace_how how;

	*count = 0;
	if (trace_reader_open(&r, file)) {
		assert_string_not_equal(r.error, "");
		return TRACE_DAMAGED;
	}
	while (trace_reader_next(&r, &e))
		assert_memory_equal(&e, &events[(*count)++], sizeof(e));
	how = r.how;
	trace_reader_close(&r);
	return how;
}

static size_t load(uint8_t **data)
{
	FILE *file = fopen(path, "re");
	struct stat st;

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &st), 0);
	*data = malloc((size_t)st.st_size);
	assert_int_equal(fread(*data, 1, (size_t)st.st_size, file), st.st_size);
	fclose(file);
	return (size_t)st.st_size;
}

static enum trace_how read_bytes(uint8_t *data, size_t len, unsigned int *count)
{
	return read_prefix(fmemopen(data, len, "r"), count);
}

static void test_round_trip(void **state)
{
	unsigned int count;
	struct stat st;

	write_file(EVENTS, true);
	assert_int_equal(read_prefix(fopen(path, "re"), &count), TRACE_COMPLETE);
	assert_int_equal(count, EVENTS);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* Compact: a third of what an event has in memory. */
	assert_true(st.st_size < EVENTS * (int)sizeof(events[0]) / 3);
}

static void test_killed(void **state)
{
	unsigned int count;

	write_file(1000, false);
	assert_int_equal(read_prefix(fopen(path, "re"), &count), TRACE_TRUNCATED);
	assert_int_equal(count, 1000);
}

static void test_truncated_anywhere(void **state)
{
	unsigned int count, most = 0;
	uint8_t *data;
	size_t len, cut;

	write_file(300, true);
	len = load(&data);
	for (cut = 1; cut < len; cut++) {
		enum trace_how how = read_bytes(data, cut, &count);

		assert_int_not_equal(how, TRACE_COMPLETE);
		/* Damage it is only where not even the facts are there. */
		assert_true(how == TRACE_TRUNCATED || !most);
		if (how == TRACE_TRUNCATED && !most)
			most = 1;
	}
	free(data);
}

static void test_damaged_anywhere(void **state)
{
	unsigned int count;
	uint8_t *data;
	size_t len, at;

	write_file(300, true);
	len = load(&data);
	for (at = 0; at < len; at++) {
		/* Four bytes at the start are not used. */
		if (at >= 12 && at < 16)
			continue;
		data[at] ^= 0x10;
		assert_int_not_equal(read_bytes(data, len, &count), TRACE_COMPLETE);
		data[at] ^= 0x10;
	}
	free(data);
}

static void test_other_version(void **state)
{
	struct trace_reader r;
	uint8_t *data;
	size_t len;

	write_file(3, true);
	len = load(&data);
	data[8] = 9;
	assert_int_equal(trace_reader_open(&r, fmemopen(data, len, "r")), -EINVAL);
	assert_non_null(strstr(r.error, "format 9"));
	free(data);
	data = (uint8_t *)strdup("{\"kind\": \"bench\", \"schema\": 1, \"env\": {} }");
	assert_int_equal(trace_reader_open(&r, fmemopen(data, 30, "r")), -EINVAL);
	assert_non_null(strstr(r.error, "not a recording"));
	free(data);
}

/* Sets a word of the block behind the head, and its checksum. */
static void forge(uint8_t *data, unsigned int word, uint32_t value)
{
	uint32_t bytes, crc;
	uint8_t *block;

	memcpy(&bytes, data + TRACE_FILE_START + 4, 4);
	block = data + TRACE_FILE_START + TRACE_BLOCK_START + bytes;
	memcpy(&bytes, block + 4, 4);
	memcpy(block + 4 * word, &value, 4);
	crc = trace_crc(trace_crc(0, block, 12), block + TRACE_BLOCK_START, bytes);
	memcpy(block + 12, &crc, 4);
}

static void test_numbers_that_lie(void **state)
{
	static const struct {
		unsigned int word;
		uint32_t value;
	} lies[] = {
		{ 2, UINT32_MAX }, { 2, 301 }, { 2, 299 }, { 2, 0 }, { 1, UINT32_MAX },
		{ 1, 0 }, { 1, 3 }, { 0, 1 }, { 0, 3 }, { 0, 77 },
	};
	unsigned int i, count;
	uint8_t *data;
	size_t len;

	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		write_file(300, true);
		len = load(&data);
		forge(data, lies[i].word, lies[i].value);
		/* No events in a block of events is strange, but true. */
		if (lies[i].word == 2 && !lies[i].value)
			assert_int_equal(read_bytes(data, len, &count), TRACE_COMPLETE);
		else if (lies[i].value == UINT32_MAX && lies[i].word == 1)
			assert_int_equal(read_bytes(data, len, &count), TRACE_DAMAGED);
		else
			assert_int_not_equal(read_bytes(data, len, &count), TRACE_COMPLETE);
		free(data);
	}
}

/* A limit on the size of files stands for a disk that is full. */
static void test_full_disk(void **state)
{
	struct rlimit limit, old;
	json_t *json = head(), *counts = json_pack("{s:s}", "end", "error");
	struct trace_writer w;
	unsigned int i, count;

	assert_int_equal(trace_writer_open(&w, "/dev/full", json), -ENOSPC);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(trace_writer_open(&w, path, json), 0);
	limit = old;
	limit.rlim_cur = TRACE_EVENTS_BYTES + 8192;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (i = 0; i < EVENTS && !trace_writer_event(&w, &events[i]); i++)
		;
	assert_int_equal(trace_writer_event(&w, &events[0]), -EFBIG);
	assert_int_equal(trace_writer_end(&w, counts), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	/* One block, and the end in the place of the one that was cut. */
	assert_int_equal(read_prefix(fopen(path, "re"), &count), TRACE_COMPLETE);
	assert_true(count > 1000 && count < i);
	json_decref(json);
	json_decref(counts);
}

/* ---- replay ------------------------------------------------------------------------------ */

static void test_sort(void **state)
{
	struct trace_sort *sort = calloc(1, sizeof(*sort));
	struct az_rng rng = { 3 };
	struct azt_event e = { .tool = 1 }, out;
	uint64_t last = 0;
	unsigned int i, left = 0;

	for (i = 0; i < 50000; i++) {
		/* Up to 3000 places late. */
		e.ts = 10000 + i - az_rng_next(&rng) % 3000;
		trace_sort_add(sort, &e);
		if (trace_sort_get(sort, false, &out)) {
			assert_true(out.ts >= last);
			last = out.ts;
			left++;
		}
	}
	while (trace_sort_get(sort, true, &out)) {
		assert_true(out.ts >= last);
		last = out.ts;
		left++;
	}
	assert_int_equal(left, 50000);
	assert_int_equal(sort->late, 0);
	e.ts = 5;
	trace_sort_add(sort, &e);
	assert_true(trace_sort_get(sort, true, &out));
	assert_int_equal(sort->late, 1);
	free(sort);
}

/* Some events change places with one up to 30 further, as in the ring buffer. */
static void shuffle(struct azt_event *list, unsigned int count)
{
	struct az_rng rng = { 11 };
	struct azt_event swap;
	unsigned int i, j;

	for (i = 0; i + 30 < count; i += 3) {
		j = i + (unsigned int)(az_rng_next(&rng) % 30);
		swap = list[i];
		list[i] = list[j];
		list[j] = swap;
	}
}

static void play(struct trace_run *run, struct az_hist *hists, uint64_t *counts)
{
	struct trace_reader r;
	uint64_t n, late;
	unsigned int i;

	assert_int_equal(trace_reader_open(&r, fopen(path, "re")), 0);
	assert_int_equal(trace_play(&r, run, &n, &late), 0);
	assert_int_equal(n, EVENTS - 1);	/* one is of another tool */
	assert_int_equal(late, 0);
	for (i = 0; i < 2; i++)
		trace_hist(run, i, &hists[i]);
	for (i = 0; i < AZT_COUNTS_MAX; i++)
		counts[i] = trace_count(run, i);
	trace_reader_close(&r);
}

/* The events as they happened, in order, right into the model; and through a file, out of order. */
static void test_replay_is_live(void **state)
{
	struct trace_run run = { .tool = &trace_vmbus, .replay = true, .cpus = 4 };
	struct az_hist *live = calloc(2, sizeof(*live)), *replayed = calloc(2, sizeof(*live));
	uint64_t live_counts[AZT_COUNTS_MAX], counts[AZT_COUNTS_MAX];
	unsigned int i;

	write_file(EVENTS, true);
	play(&run, live, live_counts);
	shuffle(events, EVENTS);
	write_file(EVENTS, true);
	play(&run, replayed, counts);
	make_events();
	assert_memory_equal(live, replayed, 2 * sizeof(*live));
	assert_memory_equal(live_counts, counts, sizeof(counts));
	assert_true(live[1].count > 100);

	/* Without a file. */
	for (i = 0; i < 2; i++)
		az_hist_reset(&azt_model->hists[i]);
	memset(azt_model->counts, 0, sizeof(azt_model->counts));
	for (i = 0; trace_vmbus.memory[i].name; i++)
		memset(trace_vmbus.memory[i].at, 0,
		       trace_vmbus.memory[i].size * trace_vmbus.memory[i].count);
	for (i = 0; i < EVENTS; i++)
		if (events[i].tool == AZT_TOOL_VMBUS)
			trace_vmbus.model(&events[i]);
	for (i = 0; i < AZT_COUNTS_MAX; i++)
		assert_int_equal(trace_count(&run, i), counts[i]);
	for (i = 0; i < 2; i++) {
		trace_hist(&run, i, &live[i]);
		assert_memory_equal(&live[i], &replayed[i], sizeof(live[i]));
	}
	free(live);
	free(replayed);
}

/* ---- timeline ----------------------------------------------------------------------------- */

static const char *text(const json_t *o, const char *key)
{
	const char *value = json_string_value(json_object_get(o, key));

	assert_non_null(value);
	return value;
}

/* What each event of the format needs, by its kind. */
static void check_form(const json_t *o)
{
	const char *ph = text(o, "ph");

	assert_int_equal(strlen(ph), 1);
	assert_non_null(strchr("Mibe", *ph));
	assert_true(json_is_number(json_object_get(o, "ts")));
	assert_true(json_is_integer(json_object_get(o, "pid")));
	assert_true(json_is_integer(json_object_get(o, "tid")));
	text(o, "name");
	if (*ph == 'M')
		text(json_object_get(o, "args"), "name");
	if (*ph == 'i') {
		assert_string_equal(text(o, "s"), "t");
		text(json_object_get(o, "args"), "key");
	}
	if (*ph == 'b' || *ph == 'e')
		assert_string_equal(text(o, "cat"), "vmbus");
}

#define DEPTH	2

/* Slices of one id lie in each other and are all closed. */
static void check_nesting(const json_t *list)
{
	struct {
		const char *name[DEPTH];
		unsigned int depth;
	} ids[16] = { 0 }, *id;
	unsigned int begins = 0;
	unsigned long key;
	const json_t *o;
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		o = json_array_get(list, i);
		check_form(o);
		if (!strchr("be", *text(o, "ph")))
			continue;
		key = strtoul(text(o, "id"), NULL, 16);
		assert_true(key < 16);
		id = &ids[key];
		if (*text(o, "ph") == 'b') {
			assert_true(id->depth < DEPTH);
			id->name[id->depth++] = text(o, "name");
			begins++;
		} else {
			assert_true(id->depth > 0);
			assert_string_equal(id->name[--id->depth], text(o, "name"));
		}
	}
	for (i = 0; i < 16; i++)
		assert_int_equal(ids[i].depth, 0);
	assert_true(begins > 1000);
}

static void test_timeline(void **state)
{
	const char *to = PATH "-timeline.json";
	struct trace_reader r;
	unsigned int instants = 0;
	json_t *json, *list;
	size_t i;

	write_file(EVENTS, true);
	assert_int_equal(trace_reader_open(&r, fopen(path, "re")), 0);
	assert_int_equal(trace_timeline_write(&r, path, to, NULL), 0);
	trace_reader_close(&r);
	json = json_load_file(to, JSON_REJECT_DUPLICATES, NULL);
	unlink(to);
	assert_non_null(json);
	assert_string_equal(text(json, "displayTimeUnit"), "ns");
	list = json_object_get(json, "traceEvents");
	for (i = 0; i < json_array_size(list); i++)
		instants += *text(json_array_get(list, i), "ph") == 'i';
	assert_int_equal(instants, EVENTS - 1);
	check_nesting(list);
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_truncated_anywhere),
		cmocka_unit_test(test_damaged_anywhere),
		cmocka_unit_test(test_other_version),
		cmocka_unit_test(test_numbers_that_lie),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_sort),
		cmocka_unit_test(test_replay_is_live),
		cmocka_unit_test(test_timeline),
	};
	int rc;

	snprintf(path, sizeof(path), PATH "-%d", (int)getpid());
	make_events();
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return rc;
}
