// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/gate/gate.h"
#include "cli/cli.h"
#include "lib/log.h"
#include "lib/opts.h"

struct outputs {
	const char *junit, *perfdump, *openmetrics;
};

static const char epilog[] =
	"A and B are result files or directories of them, as for 'azimuth compare'; one\n"
	"operand is B alone, for limits that need no A. azimuth-gate(1) describes the\n"
	"criteria; the shortest are\n"
	"  {\"schema\":1,\"rules\":[{\"metric\":\"rtt_p99*\",\"max_change_percent\":5}]}\n"
	"KTAP goes to standard output. A check fails when a change for the worse beyond\n"
	"the allowed one is shown, with \"prove\":\"safety\" when it is not shown to be\n"
	"within it.\n"
	"Exit codes: 0 all passed, 1 a check failed, 2 usage, criteria or not comparable,\n"
	"3 an output cannot be written, 4 every check was skipped.";

/* '#' begins a directive in KTAP. */
static void put_name(const char *name)
{
	for (; *name; name++)
		putchar(*name == '#' || (unsigned char)*name < ' ' ? '_' : *name);
}

void gate_ktap(const struct gate *gate)
{
	size_t count[3] = { 0 }, i;
	const struct gate_check *check;

	printf("KTAP version 1\n1..%zu\n", gate->n);
	for (i = 0; i < gate->n; i++) {
		check = &gate->checks[i];
		count[check->status]++;
		printf("%sok %zu ", check->status == GATE_FAIL ? "not " : "", i + 1);
		put_name(check->metric);
		if (check->status == GATE_SKIP)
			printf(" # SKIP %s\n", check->text);
		else
			printf("\n# %s\n", check->text);
	}
	printf("# Totals: pass:%zu fail:%zu xfail:0 xpass:0 skip:%zu error:0\n", count[GATE_PASS],
	       count[GATE_FAIL], count[GATE_SKIP]);
}

static int outcome(const struct gate *gate)
{
	size_t passed = 0, i;

	for (i = 0; i < gate->n; i++) {
		if (gate->checks[i].status == GATE_FAIL)
			return AZ_EXIT_FAILED;
		passed += gate->checks[i].status == GATE_PASS;
	}
	return passed ? AZ_EXIT_OK : AZ_EXIT_SKIP;
}

static int run(struct gate *gate, const struct outputs *outputs, bool force)
{
	const struct runs *a = json_array_size(gate->a.docs) ? &gate->a : &gate->b;
	int ret = runs_comparable(a, &gate->b, force);

	ret = ret ? ret : gate_check_all(gate);
	if (ret)
		return ret;
	gate_ktap(gate);
	if (outputs->junit)
		ret = gate_junit(gate, outputs->junit);
	if (!ret && outputs->perfdump)
		ret = gate_perfdump(gate, outputs->perfdump);
	if (!ret && outputs->openmetrics)
		ret = gate_openmetrics(gate, outputs->openmetrics);
	return ret ? ret : outcome(gate);
}

/* One operand, or --b alone, is B without an A. */
static int read_sides(struct gate *gate, int argc, char **argv, int first)
{
	bool none = !json_array_size(gate->a.paths);

	if (none && argc - first == 1 && !json_array_size(gate->b.paths))
		return runs_add_path(&gate->b, argv[first]) || runs_read(&gate->b) ? AZ_EXIT_USAGE :
										     0;
	if (none && argc == first && json_array_size(gate->b.paths))
		return runs_read(&gate->b) ? AZ_EXIT_USAGE : 0;
	return runs_operands(&gate->a, &gate->b, argc, argv, first);
}

int az_cmd_gate(int argc, char **argv)
{
	struct gate gate = { .seed = 1 };
	struct outputs outputs = { 0 };
	const char *criteria = NULL, *arm = "patched";
	bool force = false;
	const struct az_opt table[] = {
		AZ_OPT(STRING, "criteria", 'c', "FILE", "the rules", &criteria),
		AZ_OPT(LIST, "a", 'a', "FILE", "runs of the reference", &gate.a,
		       .call = runs_add_path),
		AZ_OPT(LIST, "b", 'b', "FILE", "runs to judge", &gate.b, .call = runs_add_path),
		AZ_OPT(STRING, "arm", 0, "ARM", "of a summary: stock or patched (default)", &arm),
		AZ_OPT(STRING, "junit", 0, "FILE", "write JUnit's XML", &outputs.junit),
		AZ_OPT(STRING, "perfdump", 0, "FILE", "write the JSON of LISA's perfdump",
		       &outputs.perfdump),
		AZ_OPT(STRING, "openmetrics", 0, "FILE", "write OpenMetrics text",
		       &outputs.openmetrics),
		AZ_OPT(FLAG, "force", 0, NULL, "compare what is not comparable", &force),
		AZ_OPT(U64, "seed", 0, "N", "seed of the bootstrap", &gate.seed),
		AZ_OPT_DONE
	};
	const struct az_opts opts = {
		argv[0], "[A] B", "Check results by rules, for CI.", epilog, table
	};
	int first, ret;

	if (runs_init(&gate.a, "A", true) || runs_init(&gate.b, "B", true)) {
		ret = az_env("out of memory");
		goto out;
	}
	ret = az_opts_parse(&opts, argc, argv, &first);
	if (ret) {
		ret = az_opts_exit(ret);
		goto out;
	}
	gate.a.arm = arm;
	gate.b.arm = arm;
	if (!criteria)
		ret = az_usage("--criteria FILE is missing");
	else if (strcmp(arm, "stock") && strcmp(arm, "patched"))
		ret = az_usage("--arm: '%s' is neither stock nor patched", arm);
	ret = ret ? ret : criteria_read(&gate.criteria, criteria);
	ret = ret ? ret : read_sides(&gate, argc, argv, first);
	ret = ret ? ret : run(&gate, &outputs, force);
out:
	free(gate.checks);
	order_free(&gate.order);
	criteria_free(&gate.criteria);
	runs_free(&gate.a);
	runs_free(&gate.b);
	return ret;
}
