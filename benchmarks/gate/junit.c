// SPDX-License-Identifier: GPL-2.0-only
/*
 * JUnit's XML as CI systems read it: testsuites, testsuite, testcase, and failure or
 * skipped in it.
 */
#include <stdio.h>
#include <string.h>

#include "benchmarks/gate/gate.h"
#include "benchmarks/gate/outfile.h"

/* XML 1.0 has no form at all for most control characters. */
static void put_text(FILE *file, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '&':
			fputs("&amp;", file);
			break;
		case '<':
			fputs("&lt;", file);
			break;
		case '>':
			fputs("&gt;", file);
			break;
		case '"':
			fputs("&quot;", file);
			break;
		default:
			fputc((unsigned char)*text < ' ' ? '?' : *text, file);
		}
}

static void put_attribute(FILE *file, const char *name, const char *text)
{
	fprintf(file, " %s=\"", name);
	put_text(file, text);
	fputc('"', file);
}

static void put_check(FILE *file, const struct gate *gate, const struct gate_check *check)
{
	static const char *const tags[] = { [GATE_FAIL] = "failure", [GATE_SKIP] = "skipped" };

	fputs("  <testcase", file);
	put_attribute(file, "classname", gate_subject(gate));
	put_attribute(file, "name", check->metric);
	fputs(" time=\"0\">", file);
	if (check->status == GATE_PASS) {
		fputs("<system-out>", file);
		put_text(file, check->text);
		fputs("</system-out>", file);
	} else {
		fprintf(file, "<%s", tags[check->status]);
		put_attribute(file, "message", check->text);
		if (check->status == GATE_FAIL)
			put_attribute(file, "type", check->few ? "not enough runs" : "limit");
		fputs("/>", file);
	}
	fputs("</testcase>\n", file);
}

int gate_junit(const struct gate *gate, const char *path)
{
	const char *name = gate->criteria.name ? gate->criteria.name : "azimuth gate";
	size_t count[3] = { 0 }, i;
	struct outfile out;
	int ret;

	ret = outfile_open(&out, path);
	if (ret)
		return ret;
	for (i = 0; i < gate->n; i++)
		count[gate->checks[i].status]++;
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n <testsuite", out.file);
	put_attribute(out.file, "name", name);
	fprintf(out.file, " tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n",
		gate->n, count[GATE_FAIL], count[GATE_SKIP]);
	for (i = 0; i < gate->n; i++)
		put_check(out.file, gate, &gate->checks[i]);
	fputs(" </testsuite>\n</testsuites>\n", out.file);
	return outfile_close(&out);
}
