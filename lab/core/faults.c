// SPDX-License-Identifier: GPL-2.0-only
#include "core/faults.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/faults_impl.h"
#include "lib/opts.h"

#define MAX_FAULTS	1024

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ull + ts.tv_nsec / 1000000;
}

/* splitmix64: small, and any seed will do. */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

struct faults *faults_create(uint64_t seed)
{
	struct faults *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	pthread_mutex_init(&f->lock, NULL);
	f->seed = seed;
	f->start_ms = now_ms();
	return f;
}

static void free_fault(struct fault *fault)
{
	if (!fault)
		return;
	free(fault->spec);
	free(fault->text);
	free(fault);
}

void faults_free(struct faults *f)
{
	struct fault *fault, *next;

	if (!f)
		return;
	for (fault = f->first; fault; fault = next) {
		next = fault->next;
		free_fault(fault);
	}
	free(f->tables);
	pthread_mutex_destroy(&f->lock);
	free(f);
}

int faults_register(struct faults *f, const struct fault_kind *table)
{
	const struct fault_kind **tables;
	int ret = -ENOMEM;

	pthread_mutex_lock(&f->lock);
	tables = realloc(f->tables, (f->n_tables + 1) * sizeof(*tables));
	if (tables) {
		f->tables = tables;
		tables[f->n_tables++] = table;
		ret = 0;
	}
	pthread_mutex_unlock(&f->lock);
	return ret;
}

void faults_set_devices(struct faults *f, bool (*is_there)(void *ctx, const char *device),
			void *ctx)
{
	pthread_mutex_lock(&f->lock);
	f->is_there = is_there;
	f->ctx = ctx;
	pthread_mutex_unlock(&f->lock);
}

static void link_fault(struct faults *f, struct fault *fault)
{
	/* Each fault has its own sequence: another one beside it changes nothing. */
	fault->random = f->seed + ++f->n * 0xd1342543de82ef95ull;
	if (f->last)
		atomic_store_explicit(&f->last->next, fault, memory_order_release);
	else
		atomic_store_explicit(&f->first, fault, memory_order_release);
	f->last = fault;
}

int faults_add(struct faults *f, const char *spec, char *err, unsigned int err_len,
	       struct fault **out)
{
	struct fault *fault;
	int ret = -EINVAL;

	fault = calloc(1, sizeof(*fault));
	if (!fault) {
		snprintf(err, err_len, "out of memory");
		return -EINVAL;
	}
	pthread_mutex_lock(&f->lock);
	if (f->n == MAX_FAULTS)
		snprintf(err, err_len, "there are %d faults already, no more can be given",
			 MAX_FAULTS);
	else
		ret = fault_parse(f, fault, spec, err, err_len);
	if (!ret)
		link_fault(f, fault);
	pthread_mutex_unlock(&f->lock);
	if (ret)
		free_fault(fault);
	else if (out)
		*out = fault;
	return ret;
}

/* ---- chances --------------------------------------------------------------- */

static bool sees(const struct fault *fault, const char *device, const char *what, const char *tag)
{
	size_t len;

	if (fault->kind->timed || strcmp(fault->kind->what, what))
		return false;
	if (fault->tag && (!tag || strcmp(fault->tag, tag)))
		return false;
	if (!strcmp(fault->device, device))
		return true;
	len = fault_type_length(device);
	return strlen(fault->device) == len && !memcmp(fault->device, device, len);
}

/* Under the lock. */
static bool wants_to_fire(struct fault *fault)
{
	uint64_t nth;

	if (fault->chances <= fault->after || (fault->count && fault->fired >= fault->count))
		return false;
	nth = fault->chances - fault->after;
	if (nth % fault->every)
		return false;
	return fault->prob >= 1 ||
	       (next_random(&fault->random) >> 11) * 0x1p-53 < fault->prob;
}

static void log_firing(struct faults *f, struct fault *fault)
{
	if (fault->fired < LOG_LEN)
		fault->log_ms[fault->fired] = now_ms() - f->start_ms;
	fault->fired++;
}

const struct fault *fault_fires(struct faults *f, const char *device, const char *what,
				const char *tag)
{
	struct fault *fault, *fires = NULL;

	fault = atomic_load_explicit(&f->first, memory_order_acquire);
	for (; fault; fault = atomic_load_explicit(&fault->next, memory_order_acquire)) {
		if (!sees(fault, device, what, tag))
			continue;
		pthread_mutex_lock(&f->lock);
		fault->chances++;
		if (!fires && wants_to_fire(fault)) {
			log_firing(f, fault);
			fires = fault;
		}
		pthread_mutex_unlock(&f->lock);
	}
	return fires;
}

void fault_performed(struct faults *f, struct fault *fault)
{
	pthread_mutex_lock(&f->lock);
	fault->chances++;
	log_firing(f, fault);
	pthread_mutex_unlock(&f->lock);
}

/* ---- what a device asks ---------------------------------------------------- */

const char *fault_str(const struct fault *fault, const char *key, const char *dflt)
{
	unsigned int i;

	for (i = 0; i < fault->n_own; i++)
		if (!strcmp(fault->own[i].key, key))
			return fault->own[i].value;
	return dflt;
}

uint64_t fault_u64(const struct fault *fault, const char *key, uint64_t dflt)
{
	const char *text = fault_str(fault, key, NULL);
	uint64_t value;

	return text && !az_parse_number(text, AZ_OPT_U64, &value) ? value : dflt;
}

const char *fault_device(const struct fault *fault)
{
	return fault->device;
}

const char *fault_what(const struct fault *fault)
{
	return fault->kind->what;
}

bool fault_is_timed(const struct fault *fault)
{
	return fault->kind->timed;
}

uint64_t fault_at_ms(const struct fault *fault)
{
	return fault->at_ms;
}

/* Under the lock. */
static json_t *report_one(const struct fault *fault)
{
	json_t *log = json_array();
	uint64_t i;

	for (i = 0; i < fault->fired && i < LOG_LEN; i++)
		json_array_append_new(log, json_integer((json_int_t)fault->log_ms[i]));
	return json_pack("{s:s, s:I, s:I, s:o}", "spec", fault->spec,
			 "chances", (json_int_t)fault->chances,
			 "fired", (json_int_t)fault->fired, "log_ms", log);
}

json_t *faults_report(struct faults *f)
{
	json_t *list = json_array();
	struct fault *fault;

	pthread_mutex_lock(&f->lock);
	for (fault = f->first; fault; fault = fault->next)
		json_array_append_new(list, report_one(fault));
	pthread_mutex_unlock(&f->lock);
	return list;
}
