// SPDX-License-Identifier: GPL-2.0-only
/* The page of make run: stock against patched drivers on the simulated host. */
#include <math.h>
#include <string.h>

#include "benchmarks/report/html.h"
#include "benchmarks/report/report.h"

#define KEY_FIGURES	3

struct mode_text {
	const char *name, *text;
};

static const struct mode_text modes[] = {
	{ "deterministic", "Virtual time: an emulated processor whose clock moves by a fixed step"
	  " with each instruction. Durations are lengths of the code path. They repeat, and they"
	  " are not the speed of any machine." },
	{ "nested", "An emulated processor. Counts are exact; durations are comparable with"
	  " nothing." },
	{ "native", "Real time on KVM, with a simulated host." },
};

/* "-75%", or "x 2.4"; nothing where the stock runs are 0. */
static const char *change(char *buf, const json_t *metric)
{
	const json_t *ratio = json_object_get(metric, "ratio");

	return html_change(buf, json_is_number(ratio) ? json_number_value(ratio) : NAN);
}

static unsigned int verdicts(const json_t *doc, const char *verdict)
{
	const json_t *metric;
	unsigned int n = 0;
	size_t i;

	json_array_foreach(json_object_get(doc, "metrics"), i, metric)
		n += !strcmp(html_str(metric, "verdict"), verdict);
	return n;
}

static void put_fault_lead(FILE *out, const json_t *faults)
{
	unsigned int broken[2] = { 0 }, n = (unsigned int)json_array_size(faults);
	const json_t *fault;
	size_t i;

	if (!n)
		return;
	json_array_foreach(faults, i, fault) {
		broken[0] += strcmp(html_str(fault, "stock"), "ok") != 0;
		broken[1] += strcmp(html_str(fault, "patched"), "ok") != 0;
	}
	fprintf(out, " Of %s injected fault%s, %s break%s the stock driver", html_number_word(n),
		n == 1 ? "" : "s", html_number_word(broken[0]), broken[0] == 1 ? "s" : "");
	fprintf(out, " and %s the patched one.", html_number_word(broken[1]));
}

static void put_lead(FILE *out, const json_t *doc)
{
	unsigned int better = verdicts(doc, "better"), worse = verdicts(doc, "worse");
	unsigned int few = verdicts(doc, "not enough runs");
	unsigned int all = (unsigned int)json_array_size(json_object_get(doc, "metrics"));

	fprintf(out, "<p class=\"lead\">Of %s metrics, %s %s better with the patches",
		html_number_word(all), html_number_word(better), better == 1 ? "is" : "are");
	fprintf(out, " and %s %s worse.", html_number_word(worse), worse > 1 ? "are" : "is");
	if (few)
		fprintf(out, " There are not enough runs for a verdict on %s.",
			html_number_word(few));
	put_fault_lead(out, json_object_get(doc, "faults"));
	fputs("</p>\n", out);
}

/* Distance from no change, the same for halving and doubling. */
static double effect(const json_t *metric)
{
	double ratio = html_num(metric, "ratio");

	if (strcmp(html_str(metric, "verdict"), "better"))
		return 0;
	return ratio > 0 ? fabs(log(ratio)) : 0;
}

static void put_key_figures(FILE *out, const json_t *doc)
{
	const json_t *metric, *best, *shown[KEY_FIGURES] = { NULL };
	char value[16], left[32], right[32];
	size_t i, j, n;

	fputs("<div class=\"keys\">\n", out);
	for (n = 0; n < KEY_FIGURES; n++) {
		best = NULL;
		json_array_foreach(json_object_get(doc, "metrics"), i, metric) {
			for (j = 0; j < n && shown[j] != metric; j++)
				;
			if (j == n && effect(metric) > (best ? effect(best) : 0))
				best = metric;
		}
		if (!best)
			break;
		shown[n] = best;
		fprintf(out, "<div class=\"key\"><b>%s</b><span>", change(value, best));
		html_text(out, html_str(best, "help"));
		fprintf(out, "</span><small>%s → %s</small></div>\n",
			html_value(left, html_num(best, "stock"), html_str(best, "unit")),
			html_value(right, html_num(best, "patched"), html_str(best, "unit")));
	}
	fputs("</div>\n", out);
}

static void put_head(FILE *out, const json_t *doc)
{
	fputs("<header>\n<p class=\"eyebrow\">Azimuth lab report</p>\n<h1>Stock and patched drivers"
	      " on Linux ", out);
	html_text(out, html_str(doc, "base"));
	fputs("</h1>\n", out);
	put_lead(out, doc);
	if (verdicts(doc, "better"))
		put_key_figures(out, doc);
	fputs("</header>\n", out);
}

/* Place of a ratio on a scale from a quarter to four times, in percent. */
static double scale(double ratio)
{
	double place = 50 + 25 * log2(ratio);

	return fmin(100, fmax(0, place));
}

static const char *verdict_class(const json_t *metric)
{
	const char *verdict = html_str(metric, "verdict");

	if (!strcmp(verdict, "better") || !strcmp(verdict, "worse"))
		return verdict;
	return "same";
}

static void put_metric(FILE *out, const json_t *metric)
{
	double ratio = html_num(metric, "ratio"), place = ratio > 0 ? scale(ratio) : 50;
	double spread = fmax(html_num(metric, "stock_spread"),
			     html_num(metric, "patched_spread"));
	const char *unit = html_str(metric, "unit"), *class = verdict_class(metric);
	char text[32];

	fputs("<tr><th scope=\"row\">", out);
	html_text(out, html_str(metric, "help"));
	fputs("<code>", out);
	html_text(out, html_str(metric, "name"));
	fprintf(out, "%s</code></th><td data-label=\"stock\">%s</td>",
		strcmp(html_str(metric, "better"), "higher") ? "" : ", higher is better",
		html_value(text, html_num(metric, "stock"), unit));
	fprintf(out, "<td data-label=\"patched\">%s</td>",
		html_value(text, html_num(metric, "patched"), unit));
	fprintf(out, "<td data-label=\"change\" class=\"%s\">%s<i class=\"bar\"><i style=\"left:"
		"%.1f%%;width:%.1f%%\"></i></i></td>", class, change(text, metric),
		fmin(place, 50), fabs(place - 50));
	fprintf(out, "<td data-label=\"spread\">%.2f%%</td><td data-label=\"runs\">%zu+%zu</td>",
		100 * spread, json_array_size(json_object_get(metric, "stock_runs")),
		json_array_size(json_object_get(metric, "patched_runs")));
	fprintf(out, "<td class=\"verdict %s\">", class);
	html_text(out, html_str(metric, "verdict"));
	fputs("</td></tr>\n", out);
}

static void put_metrics(FILE *out, const json_t *doc)
{
	const json_t *metric;
	size_t i;

	fputs("<section>\n<h2>Metrics</h2>\n<table class=\"metrics\">\n<thead><tr><th>metric</th>"
	      "<th><i class=\"dot stock\"></i>stock</th>"
	      "<th><i class=\"dot patched\"></i>patched</th>"
	      "<th>change</th><th>spread</th><th>runs</th><th>verdict</th></tr></thead>\n<tbody>\n",
	      out);
	json_array_foreach(json_object_get(doc, "metrics"), i, metric)
		put_metric(out, metric);
	fputs("</tbody></table>\n<p class=\"note\">Medians over runs; lower is better where"
	      " nothing else is said. The bar below a change reaches from a quarter to four times."
	      " Spread is the range of the runs over their median, of the arm where it is wider. A"
	      " verdict needs a 95% bootstrap interval over runs without zero in it, and a change"
	      " above 0.5%.</p>\n</section>\n", out);
}

static void put_outcome(FILE *out, const json_t *fault, const char *arm, const char *proof)
{
	const char *outcome = html_str(fault, arm);
	int known = !strcmp(outcome, "ok") || !strcmp(outcome, "hang") || !strcmp(outcome, "splat");

	fprintf(out, "<div class=\"outcome %s\"><span class=\"arm\">%s</span><b>",
		known ? outcome : "", arm);
	html_text(out, outcome);
	fputs("</b>", out);
	if (*html_str(fault, proof)) {
		fputs("<pre>", out);
		html_text(out, html_str(fault, proof));
		fputs("</pre>", out);
	}
	fputs("</div>\n", out);
}

static void put_faults(FILE *out, const json_t *doc)
{
	const json_t *faults = json_object_get(doc, "faults"), *fault;
	size_t i;

	if (!json_array_size(faults))
		return;
	fputs("<section>\n<h2>Faults</h2>\n", out);
	json_array_foreach(faults, i, fault) {
		fputs("<div class=\"fault\"><h3>", out);
		html_text(out, html_str(fault, "name"));
		fputs("</h3>\n", out);
		put_outcome(out, fault, "stock", "stock_proof");
		put_outcome(out, fault, "patched", "patched_proof");
		fputs("</div>\n", out);
	}
	fputs("</section>\n", out);
}

static void put_fact(FILE *out, const char *name, const char *value)
{
	if (!*value)
		return;
	fprintf(out, "<dt>%s</dt><dd>", name);
	html_text(out, value);
	fputs("</dd>\n", out);
}

static void put_left_out(FILE *out, const json_t *doc)
{
	const json_t *list = json_object_get(doc, "left_out"), *run;
	size_t i;

	if (!json_array_size(list))
		return;
	fputs("<h3>Runs that are left out</h3>\n<ul>\n", out);
	json_array_foreach(list, i, run) {
		fputs("<li>", out);
		html_text(out, html_str(run, "run"));
		fputs(": ", out);
		html_text(out, html_str(run, "reason"));
		fputs("</li>\n", out);
	}
	fputs("</ul>\n", out);
}

static void put_conditions(FILE *out, const json_t *doc)
{
	const json_t *env = json_object_get(doc, "env");
	const json_t *stock = json_object_get(json_object_get(doc, "stock"), "guest");
	const json_t *patched = json_object_get(json_object_get(doc, "patched"), "guest");
	const char *mode = html_str(doc, "mode");
	size_t i;

	fputs("<section class=\"conditions\">\n<h2>Conditions</h2>\n<p class=\"warn\"><b>None of"
	      " this ran on Azure.</b> The guest is a real kernel; its host is azhost, a"
	      " simulation. ", out);
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(modes[i].name, mode))
			fputs(modes[i].text, out);
	fputs("</p>\n<dl>\n", out);
	put_fact(out, "Lab mode", mode);
	put_fact(out, "Base", html_str(doc, "base"));
	put_fact(out, "Guest kernel", html_str(stock, "kernel"));
	put_fact(out, "Stock netvsc", html_str(stock, "netvsc_srcversion"));
	put_fact(out, "Patched netvsc", html_str(patched, "netvsc_srcversion"));
	put_fact(out, "Patch queue", html_str(patched, "queue"));
	put_fact(out, "Made on", html_str(env, "cpu_model"));
	put_fact(out, "Kernel there", html_str(env, "kernel"));
	put_fact(out, "Date", html_str(env, "date"));
	put_fact(out, "azimuth", html_str(env, "tool_version"));
	fputs("</dl>\n", out);
	put_left_out(out, doc);
	fputs("</section>\n", out);
}

void report_lab_html(FILE *out, const json_t *doc)
{
	report_page_start(out, "Azimuth lab report, Linux ", html_str(doc, "base"));
	put_head(out, doc);
	put_metrics(out, doc);
	fputs("<section>\n<h2>Distributions and counts</h2>\n<p class=\"legend\">"
	      "<i class=\"dot stock\"></i>stock <i class=\"dot patched\"></i>patched</p>\n"
	      "<div class=\"plots\">\n", out);
	report_lab_latency(out, doc, "udp_rtt", "UDP round trip by percentile");
	report_lab_latency(out, doc, "read4k", "4 KiB random read by percentile");
	report_lab_runs(out, doc);
	report_lab_counts(out, doc);
	fputs("</div>\n</section>\n", out);
	put_faults(out, doc);
	put_conditions(out, doc);
	report_page_end(out);
}
