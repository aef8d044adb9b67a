// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ladder. For each hook the first rung that this kernel has is loaded, and the
 * programs of the others are left out. Whether it has one is looked up beforehand, in
 * BTF and in the list of symbols; where the kernel refuses a program all the same, that
 * rung is crossed out and the object is made again, since a loaded one cannot be changed.
 */
#include "bpf/core/trace.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/core/internal.h"
#include "lib/log.h"

struct trace_link {
	struct bpf_link *link[TRACE_HOOKS_MAX];
};

/* What libbpf said of a failure; shown when that was the end. */
static char complaint[256];

bool trace_verbose;

/*
 * Of the messages of one load the first says what was wrong, and names the program; with
 * trace_verbose all are shown, the verifier's log among them.
 */
static int listen_to_libbpf(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	va_list again;

	if (level != LIBBPF_WARN)
		return 0;
	if (!complaint[0]) {
		va_copy(again, ap);
		vsnprintf(complaint, sizeof(complaint), fmt, again);
		va_end(again);
		complaint[strcspn(complaint, "\n")] = 0;
	}
	return trace_verbose ? vfprintf(stderr, fmt, ap) : 0;
}

static unsigned int hook_count(const struct trace_tool *tool)
{
	unsigned int n = 0;

	while (tool->hooks[n].name && n < TRACE_HOOKS_MAX)
		n++;
	return n;
}

/* ---- which rung ---------------------------------------------------------------- */

static bool rung_exists(struct trace_symbols *symbols, const struct trace_rung *rung)
{
	char name[128];

	switch (rung->kind) {
	case TRACE_TP:
		snprintf(name, sizeof(name), "btf_trace_%s", rung->target);
		return trace_symbols_typedef(symbols, rung->module, name);
	case TRACE_FUNC:
		return trace_symbols_func(symbols, rung->module, rung->target);
	case TRACE_RAW_TP:
		snprintf(name, sizeof(name), "__traceiter_%s", rung->target);
		return trace_symbols_has(symbols, name);
	case TRACE_KPROBE:
		return trace_symbols_has(symbols, rung->target);
	}
	return false;
}

/* The first rung of @hook from @from on that the kernel has; -1 none. */
static int find_rung(struct trace_symbols *symbols, const struct trace_hook *hook, int from)
{
	for (; from < TRACE_RUNGS && hook->rungs[from].prog; from++)
		if (rung_exists(symbols, &hook->rungs[from]))
			return from;
	return -1;
}

const struct trace_rung *trace_rung(const struct trace_run *run, unsigned int hook)
{
	int rung = run->rung[hook];

	return rung < 0 ? NULL : &run->tool->hooks[hook].rungs[rung];
}

/* ---- load and attach --------------------------------------------------------------- */

static struct bpf_program *program_of(const struct trace_run *run, const struct trace_rung *rung)
{
	return bpf_object__find_program_by_name(run->obj, rung->prog);
}

/* Only the programs of the chosen rungs are loaded. */
static int choose_programs(struct trace_run *run)
{
	struct bpf_program *prog;
	unsigned int i;

	bpf_object__for_each_program(prog, run->obj)
		bpf_program__set_autoload(prog, false);
	for (i = 0; i < hook_count(run->tool); i++) {
		const struct trace_rung *rung = trace_rung(run, i);

		if (!rung)
			continue;
		prog = program_of(run, rung);
		if (!prog)
			return -ENOENT;
		bpf_program__set_autoload(prog, true);
	}
	return 0;
}

static int size_map(struct trace_run *run, const char *name, uint64_t entries)
{
	struct bpf_map *map = bpf_object__find_map_by_name(run->obj, name);

	return map ? bpf_map__set_max_entries(map, (uint32_t)entries) : -ENOENT;
}

static int size_maps(struct trace_run *run)
{
	uint64_t hists = run->raw ? 1 : (uint64_t)run->cpus * trace_slots(run->tool);
	int rc = size_map(run, "azt_buckets", run->raw ? 1 : hists * AZT_BUCKETS);

	if (!rc)
		rc = size_map(run, "azt_heads", hists);
	if (!rc && run->raw)
		rc = size_map(run, "azt_ring", run->ring_bytes);
	return rc;
}

static int open_object(struct trace_run *run)
{
	const struct azt_config cfg = {
		.cpus = run->cpus, .slots = trace_slots(run->tool), .raw = run->raw,
	};

	run->obj = run->tool->open(run, &cfg, &run->skel);
	return run->obj ? 0 : -errno;
}

static void close_object(struct trace_run *run)
{
	if (run->obj)
		run->tool->close(run->skel);
	run->obj = NULL;
	run->skel = NULL;
}

/* Which hook was refused: libbpf says "prog 'NAME': ...". -1: it was not a program. */
static int refused_hook(struct trace_run *run)
{
	char name[64];
	unsigned int i;

	for (i = 0; i < hook_count(run->tool); i++) {
		const struct trace_rung *rung = trace_rung(run, i);

		if (!rung)
			continue;
		snprintf(name, sizeof(name), "'%s'", rung->prog);
		if (strstr(complaint, name))
			return (int)i;
	}
	return -1;
}

static int attach_all(struct trace_run *run, int *failed)
{
	unsigned int i;

	run->links = calloc(1, sizeof(*run->links));
	if (!run->links)
		return -ENOMEM;
	for (i = 0; i < hook_count(run->tool); i++) {
		const struct trace_rung *rung = trace_rung(run, i);
		struct bpf_link *link;

		if (!rung)
			continue;
		link = bpf_program__attach(program_of(run, rung));
		if (!link) {
			*failed = (int)i;
			return -errno;
		}
		run->links->link[i] = link;
	}
	return 0;
}

void trace_detach(struct trace_run *run)
{
	unsigned int i;

	if (!run->links)
		return;
	run->missed = trace_missed(run);
	for (i = 0; i < TRACE_HOOKS_MAX; i++)
		bpf_link__destroy(run->links->link[i]);
	free(run->links);
	run->links = NULL;
}

void trace_free(struct trace_run *run)
{
	trace_detach(run);
	trace_unmap(run);
	close_object(run);
}

/* One attempt with the rungs as they are; *@failed is the hook whose rung was refused. */
static int try_once(struct trace_run *run, int *failed)
{
	int rc = open_object(run);

	*failed = -1;
	if (!rc)
		rc = choose_programs(run);
	if (!rc)
		rc = size_maps(run);
	if (rc)
		return rc;
	complaint[0] = 0;
	rc = bpf_object__load(run->obj);
	if (rc) {
		*failed = refused_hook(run);
		return rc;
	}
	rc = trace_map(run);
	if (!rc)
		rc = attach_all(run, failed);
	return rc;
}

static int complain(int rc)
{
	if (rc == -EPERM || rc == -EACCES)
		return az_env("not permitted: %s", complaint[0] ? complaint : strerror(-rc));
	if (rc == -ENOMEM)
		return az_env("no memory for the maps");
	return az_env("the kernel does not take the programs: %s",
		      complaint[0] ? complaint : strerror(-rc));
}

static bool any_reached(const struct trace_run *run)
{
	unsigned int i;

	for (i = 0; i < hook_count(run->tool); i++)
		if (trace_rung(run, i))
			return true;
	return false;
}

static int climb(struct trace_run *run, struct trace_symbols *symbols)
{
	const struct trace_tool *tool = run->tool;
	unsigned int i;
	int rc, failed;

	for (i = 0; i < hook_count(tool); i++)
		run->rung[i] = run->without & TRACE_HOOK(i) ? -1 :
			       find_rung(symbols, &tool->hooks[i], 0);
	while (any_reached(run)) {
		rc = try_once(run, &failed);
		if (!rc)
			return AZ_EXIT_OK;
		trace_free(run);
		if (failed < 0)
			return complain(rc);
		run->rung[failed] = find_rung(symbols, &tool->hooks[failed],
					      run->rung[failed] + 1);
	}
	if (complaint[0])
		return complain(-EINVAL);
	return az_env("no %s here: none of its functions is in this kernel; is the driver loaded?",
		      tool->device ? tool->device : tool->name);
}

int trace_start(struct trace_run *run)
{
	struct trace_symbols *symbols;
	int ret;

	complaint[0] = 0;
	libbpf_set_print(listen_to_libbpf);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	run->cpus = (unsigned int)libbpf_num_possible_cpus();
	symbols = trace_symbols_open();
	if (!symbols)
		return az_env("cannot read the kernel's BTF: %s", strerror(errno));
	ret = climb(run, symbols);
	trace_symbols_close(symbols);
	return ret;
}

/* ---- afterwards ------------------------------------------------------------------- */

bool trace_has(const struct trace_run *run, uint64_t needs)
{
	unsigned int i;

	for (i = 0; needs; i++, needs >>= 1)
		if ((needs & 1) && !trace_rung(run, i))
			return false;
	return true;
}

uint64_t trace_missed(const struct trace_run *run)
{
	uint64_t missed = run->missed;
	unsigned int i;

	for (i = 0; run->links && i < hook_count(run->tool); i++) {
		struct bpf_prog_info info = { 0 };
		const struct trace_rung *rung = trace_rung(run, i);
		uint32_t len = sizeof(info);

		if (rung && !bpf_obj_get_info_by_fd(bpf_program__fd(program_of(run, rung)),
						    &info, &len))
			missed += info.recursion_misses;
	}
	return missed;
}
