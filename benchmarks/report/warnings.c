// SPDX-License-Identifier: GPL-2.0-only
/* What makes the figures of a run less than they seem. */
#include <string.h>

#include "benchmarks/report/html.h"
#include "benchmarks/report/report.h"

static void warn_of_end(const json_t *doc, const char **what, const char **text)
{
	const char *end = html_str(doc, "end");

	*what = NULL;
	if (json_is_true(json_object_get(doc, "partial"))) {
		*what = "Partial.";
		*text = "The run never came to its end; the file is its last checkpoint, and no"
			" verdict uses it.";
	} else if (!strcmp(end, "error")) {
		*what = "Ended by an error.";
		*text = *html_str(doc, "error") ? html_str(doc, "error") :
			"What it measured failed, or a part of it.";
	} else if (json_is_true(json_object_get(doc, "interrupted")) ||
		   !strcmp(end, "interrupted")) {
		*what = "Interrupted.";
		*text = "The run was ended before its time.";
	}
}

static double lost_of(const json_t *doc)
{
	return html_num(json_object_get(doc, "counts"), "lost");
}

/* One line for an arm: of forty runs that each lost a packet, forty would hide the rest. */
static void warn_of_losses(const struct report_arm *arm, report_warn_fn *fn, void *ctx)
{
	double sum = 0;
	char text[160], where[48];
	size_t i, n = 0;

	for (i = 0; i < arm->n; i++) {
		sum += lost_of(arm->runs[i].doc);
		n += lost_of(arm->runs[i].doc) > 0;
	}
	if (!n)
		return;
	snprintf(text, sizeof(text), "%.0f, which no percentile holds: what got no answer has no"
		 " latency.", sum);
	snprintf(where, sizeof(where), "%zu of %zu runs", n, arm->n);
	fn(ctx, "Lost:", text, arm->name, where);
}

static void warn_of_conditions(const struct report_arm *arm, report_warn_fn *fn, void *ctx)
{
	char text[128], worst[128] = "", where[48];
	double grade, highest = 0;
	size_t i, n = 0;

	for (i = 0; i < arm->n; i++) {
		grade = report_conditions_bad(arm->runs[i].doc, text, sizeof(text));
		n += grade > 0;
		if (grade > highest) {
			highest = grade;
			memcpy(worst, text, sizeof(worst));
		}
	}
	if (!n)
		return;
	snprintf(where, sizeof(where), "%zu of %zu runs, the worst", n, arm->n);
	fn(ctx, "Disturbed:", worst, arm->name, where);
}

void report_each_warning(const struct report_input *in, report_warn_fn *fn, void *ctx)
{
	const struct report_arm *arm;
	const char *what, *text;
	size_t i, j;

	for (i = 0; i < in->narms; i++) {
		arm = &in->arms[i];
		for (j = 0; j < arm->n; j++) {
			warn_of_end(arm->runs[j].doc, &what, &text);
			if (what)
				fn(ctx, what, text, arm->name, arm->runs[j].file);
		}
		warn_of_losses(arm, fn, ctx);
		warn_of_conditions(arm, fn, ctx);
	}
}

struct page {
	FILE *out;
	size_t n;
};

static void put_item(void *ctx, const char *what, const char *text, const char *arm,
		     const char *where)
{
	struct page *page = ctx;

	if (!page->n++)
		fputs("<section class=\"alarm\" role=\"note\">\n<h2>Before you read on</h2>\n"
		      "<ul>\n", page->out);
	fputs("<li>", page->out);
	html_tag(page->out, "b", what);
	fputc(' ', page->out);
	html_text(page->out, text);
	fputs(" <span>", page->out);
	html_text(page->out, arm);
	fputs(", ", page->out);
	html_text(page->out, where);
	fputs("</span></li>\n", page->out);
}

void report_warnings(FILE *out, const struct report_input *in)
{
	struct page page = { .out = out };

	report_each_warning(in, put_item, &page);
	if (page.n)
		fputs("</ul>\n</section>\n", out);
}
