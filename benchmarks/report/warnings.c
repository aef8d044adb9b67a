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

static void warn_of_run(const struct report_run *run, const char *arm, report_warn_fn *fn,
			void *ctx)
{
	double lost = html_num(json_object_get(run->doc, "counts"), "lost");
	const char *what, *text;
	char figure[96];

	warn_of_end(run->doc, &what, &text);
	if (what)
		fn(ctx, what, text, arm, run->file);
	if (report_conditions_bad(run->doc, figure, sizeof(figure)))
		fn(ctx, "Disturbed:", figure, arm, run->file);
	if (lost > 0) {
		snprintf(figure, sizeof(figure), "%.0f, which no percentile holds: what got no"
			 " answer has no latency.", lost);
		fn(ctx, "Lost:", figure, arm, run->file);
	}
}

void report_each_warning(const struct report_input *in, report_warn_fn *fn, void *ctx)
{
	size_t i, j;

	for (i = 0; i < in->narms; i++)
		for (j = 0; j < in->arms[i].n; j++)
			warn_of_run(&in->arms[i].runs[j], in->arms[i].name, fn, ctx);
}

struct page {
	FILE *out;
	size_t n;
};

static void put_item(void *ctx, const char *what, const char *text, const char *arm,
		     const char *file)
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
	html_text(page->out, file);
	fputs("</span></li>\n", page->out);
}

void report_warnings(FILE *out, const struct report_input *in)
{
	struct page page = { .out = out };

	report_each_warning(in, put_item, &page);
	if (page.n)
		fputs("</ul>\n</section>\n", out);
}
