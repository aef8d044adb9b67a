/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a tracer is, and what runs it. A tracer is a table (struct trace_tool): the
 * hooks of its BPF object, the stages that its model measures, and how to show what is
 * special to it. core/ does the rest: it finds for each hook the best way in that the running
 * kernel has, loads and attaches, reads the maps while it runs, replays recordings through
 * the same model, and writes tables and results.
 */
#ifndef AZ_BPF_CORE_TRACE_H
#define AZ_BPF_CORE_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>

#include "benchmarks/bench.h"
#include "bpf/shared/layout.h"
#include "lib/hist.h"

struct bpf_object;

/* ---- hooks ------------------------------------------------------------------- */

enum trace_rung_kind {
	TRACE_TP,	/* tracepoint, by BTF; @target is its name without the group */
	TRACE_RAW_TP,	/* tracepoint without BTF */
	TRACE_FUNC,	/* fentry or fexit; @target is the function */
	TRACE_KPROBE,	/* kprobe or kretprobe */
};

/*
 * One way to a hook: BPF program @prog on @target. @module has it where the driver is
 * a module, NULL when it is always in the kernel.
 */
struct trace_rung {
	enum trace_rung_kind kind;
	const char *prog;
	const char *target;
	const char *module;
};

#define TRACE_RUNGS	5

/*
 * Something to be told of, and the ways to it, best first; the list of rungs ends with
 * prog NULL. @shows: what is blank in the output when no rung reaches it. Stages and
 * counters name in @hooks the hooks that they need.
 */
struct trace_hook {
	const char *name;
	const char *shows;
	struct trace_rung rungs[TRACE_RUNGS];
};

/* ---- what is measured ---------------------------------------------------------- */

/*
 * A histogram, by its place in the table the slot of azt_hist(). @needs: bits of the
 * hooks, by their place in their table, without any of which it is blank. @apart: it is
 * not on the way of the others and no stage of it (a total, a part of another).
 */
struct trace_stage {
	const char *name;	/* of a histogram in the result: a-z 0-9 _ */
	const char *what;	/* for the table */
	uint64_t needs;
	bool apart;
};

/* A count of the tracer's own: AZT_COUNTS + its place in the table. */
struct trace_counter {
	const char *name;
	const char *what;
	uint64_t needs;
};

#define TRACE_HOOK(n)	(1ull << (n))

struct trace_run;

/* Maps and tables of the model on the user's side, for replay: by name, ended by NULL. */
struct trace_memory {
	const char *name;
	void *at;
	size_t size;	/* of one element */
	size_t count;
};

/*
 * An event on a timeline. A request is what happens to one key of an event from a
 * TRACE_BEGIN to the next TRACE_END; a TRACE_STEP between them begins another stage of it.
 */
enum trace_phase { TRACE_POINT, TRACE_BEGIN, TRACE_STEP, TRACE_END };

struct trace_mark {
	enum trace_phase phase;
	int track;		/* channel or queue; below 0: none */
};

struct trace_tool {
	const char *name;		/* of the command, and "trace-NAME" of the result */
	const char *summary;
	const char *device;		/* what it looks at, for "no DEVICE here"; may be NULL */
	enum azt_tool id;
	const struct trace_hook *hooks;		/* ended by name NULL */
	const struct trace_stage *stages;	/* likewise */
	const struct trace_counter *counters;	/* likewise */

	/*
	 * Opens the skeleton and sets its read-only data, @cfg among it. *@skel is for close().
	 * NULL with errno. The object is not loaded: core/ does that.
	 */
	struct bpf_object *(*open)(struct trace_run *run, const struct azt_config *cfg,
				   void **skel);
	void (*close)(void *skel);

	/* The model over one recorded event, and the memory that it works on. */
	void (*model)(const struct azt_event *event);
	const struct trace_memory *memory;
	/* For timelines: a name of an event; NULL without one, and the call may be NULL. */
	const char *(*event_name)(const struct azt_event *event);
	/* Likewise what it is on the way of a request. NULL: all events stand for themselves. */
	void (*event_mark)(const struct azt_event *event, struct trace_mark *mark);

	/*
	 * What show() and result() need besides the maps, such as names of devices: kept in a
	 * recording, and taken from there. NULL: nothing.
	 */
	json_t *(*remember)(struct trace_run *run);
	void (*recall)(struct trace_run *run, const json_t *facts);

	const struct az_opt *options;	/* of its own, NULL: none */
	/*
	 * Before anything is loaded: checks the options, looks for devices. Returns 0, or an exit
	 * code after one line on standard error. NULL: nothing to do.
	 */
	int (*prepare)(struct trace_run *run);
	/* Further tables, after those of stages and counts. NULL: none. */
	void (*show)(struct trace_run *run, FILE *out);
	/* Further members of the result. NULL: none. */
	void (*result)(struct trace_run *run, json_t *result);
};

/* ---- a run ------------------------------------------------------------------- */

struct trace_link;

#define TRACE_HOOKS_MAX	64

struct trace_run {
	const struct trace_tool *tool;
	void *priv;			/* the tool's own */
	struct bench *bench;
	bool raw;			/* events to the ring buffer, none to the model */
	uint64_t ring_bytes;		/* of that buffer: a power of two, whole pages */
	bool replay;			/* the memory of the model instead of maps */
	uint64_t without;		/* hooks that were not asked for; set by prepare() */

	void *skel;
	struct bpf_object *obj;
	struct trace_link *links;
	int rung[TRACE_HOOKS_MAX];	/* by which each hook was reached, -1: by none */
	unsigned int cpus;		/* possible ones */
	const uint64_t *buckets;	/* mapped: see shared/layout.h */
	const struct azt_head *heads;
	size_t buckets_size, heads_size;
	uint64_t missed;		/* calls that the kernel left out: see trace_missed() */
};

/*
 * Can this machine trace at all? AZ_EXIT_OK, or AZ_EXIT_ENV after one line on standard error:
 * kernel too old, no BTF, no permission, lockdown.
 */
int trace_environment(void);

/*
 * Loads and attaches @run->tool, each hook by the first rung that works. AZ_EXIT_OK, or an exit
 * code after one line on standard error; then nothing is left behind. AZ_EXIT_ENV too when
 * no hook at all was reached.
 */
int trace_start(struct trace_run *run);

/* Detaches: from here on nothing changes in the maps. Then trace_free(). */
void trace_detach(struct trace_run *run);
void trace_free(struct trace_run *run);

/* Hooks of @needs were all reached. */
bool trace_has(const struct trace_run *run, uint64_t needs);

/* ---- reading, also while it runs ------------------------------------------------ */

/* Histogram @slot over all CPUs, into @hist, which is reset first. */
void trace_hist(const struct trace_run *run, unsigned int slot, struct az_hist *hist);

/* A count (enum azt_count or AZT_COUNTS + n) over all CPUs. */
uint64_t trace_count(const struct trace_run *run, unsigned int counter);

/*
 * Element @index of AZT_STATS @map, one CPU after the other, into @values: @run->cpus times
 * @size bytes (1 in a replay, and of AZT_SHARED always). Returns 0 or negative errno.
 */
int trace_stats(const struct trace_run *run, const char *map, unsigned int index, void *values,
		size_t size);

/*
 * The same in memory that the caller frees; *@rows of them. Where it cannot be read there
 * are none, and NULL is returned.
 */
void *trace_rows(const struct trace_run *run, const char *map, unsigned int index, size_t size,
		 unsigned int *rows);

/*
 * Calls @fn for each used entry of AZT_TABLE @table, of @size bytes: what is in flight now.
 * Returns how many there are.
 */
unsigned int trace_table(const struct trace_run *run, const char *table, size_t size,
			 void (*fn)(const void *entry, void *ctx), void *ctx);

/* Calls that no program saw, since one was running on that CPU already: of all programs. */
uint64_t trace_missed(const struct trace_run *run);

/* ---- showing ----------------------------------------------------------------- */

/* The tables of stages, counts and hooks that are blank, and the tool's own. */
void trace_show(struct trace_run *run, FILE *out);

/* All of it as a result in the schema of lib/result.h; NULL when memory is short. */
json_t *trace_result(struct trace_run *run);

/* Shows on standard error all that libbpf and the verifier say. */
extern bool trace_verbose;

/* ---- the commands ------------------------------------------------------------- */

/* Runs @tool with a command line: options, load, wait, show. Returns the exit code. */
int trace_main(const struct trace_tool *tool, int argc, char **argv);

/*
 * The tracer of an operand of a command that takes several: "NAME", or "NAME OPTION..." in one word
 * with its own options, which are set then. NULL after one line on standard error (usage).
 */
const struct trace_tool *trace_operand(const char *text);

/*
 * The tracers that the operands @argv name, into @runs, which is zeroed and has room for
 * AZT_TOOLS; *@count becomes how many. Returns the exit code, after one line on standard
 * error for an unknown or repeated name, or none at all.
 */
int trace_choose(struct trace_run *runs, unsigned int *count, int argc, char **argv);

/*
 * Begins @count runs for @bench, which is called @what in its progress line. Returns the exit
 * code; those that were started before one failed are left to trace_free().
 */
int trace_start_all(struct trace_run *runs, unsigned int count, struct bench *bench,
		    const char *what);

/* "trace record", "replay" and "exporter"; called as struct az_command says. */
int trace_record(int argc, char **argv);
int trace_replay(int argc, char **argv);
int trace_exporter(int argc, char **argv);

extern const struct trace_tool trace_vmbus;
extern const struct trace_tool trace_netvsc;
extern const struct trace_tool trace_wake;
extern const struct trace_tool trace_hvcall;
extern const struct trace_tool trace_vpci;

/* All of them, ended by NULL. */
extern const struct trace_tool *const trace_tools[];

/* The one of that name, NULL: none. */
const struct trace_tool *trace_tool_named(const char *name);

#endif
