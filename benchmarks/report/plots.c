// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plots by gnuplot, as SVG within the page. gnuplot gets one fixed colour for
 * each role, and the style sheet turns it into the colour of the reader's theme.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/report/report.h"
#include "lib/hist.h"
#include "lib/log.h"

#define WIDTH	460
#define AXIS	"#010101"
#define INK	"#020202"
#define STOCK	"#030303"
#define PATCHED	"#040404"
#define GRID	"#050505"

static const char *const arms[] = { "stock", "patched" };

int report_have_gnuplot(void)
{
	return !system("command -v gnuplot >/dev/null 2>&1");
}

/* ---- one plot ------------------------------------------------------------ */

static FILE *begin_plot(const char *name, int height, const char *file)
{
	FILE *gp = popen("gnuplot", "w");

	if (!gp)
		return NULL;
	fprintf(gp, "set encoding utf8\n"
		"set term svg size %d,%d dynamic noenhanced font 'sans-serif,13' name '%s'\n"
		"set output '%s'\n"
		"unset key\n"
		"set style line 1 lc rgb '" STOCK "' lw 4.5\n"
		"set style line 2 lc rgb '" PATCHED "' lw 1.8\n"
		"set border 1 lc rgb '" AXIS "'\n"
		"set tics nomirror scale 0.4 textcolor rgb '" INK "'\n", WIDTH, height, name, file);
	return gp;
}

/*
 * Copies gnuplot's SVG without its prolog and its definitions of markers, which
 * would repeat identifiers within one page.
 */
static void copy_svg(FILE *out, FILE *svg, const char *name)
{
	char line[65536];
	int inside = 0, defs = 0;

	while (fgets(line, sizeof(line), svg)) {
		if (!inside && !strstr(line, "<svg"))
			continue;
		inside = 1;
		if (strstr(line, "<defs>"))
			defs = 1;
		if (!defs && !strstr(line, "<title>") && !strstr(line, "<desc>") &&
		    !strstr(line, "gnuplot_canvas") && *line != '\n')
			fputs(line, out);
		else if (strstr(line, "gnuplot_canvas"))
			fprintf(out, "<g id=\"%s_canvas\">\n", name);
		if (strstr(line, "</defs>"))
			defs = 0;
	}
}

/*
 * Runs @script into a temporary file and puts the figure on @out. The caption
 * says what the eye should find, @alt the same for a screen reader.
 */
static int put_plot(FILE *out, const char *name, int height, const char *caption,
		    void (*script)(FILE *gp, const void *ctx), const void *ctx)
{
	char file[] = "/tmp/azimuth-plot-XXXXXX";
	int fd = mkstemp(file), ret = -EIO;
	FILE *gp, *svg = NULL;

	if (fd < 0) {
		az_err("cannot create %s: %s", file, strerror(errno));
		return -errno;
	}
	gp = begin_plot(name, height, file);
	if (!gp) {
		az_err("cannot start gnuplot: %s", strerror(errno));
		goto out;
	}
	script(gp, ctx);
	if (pclose(gp)) {
		az_err("gnuplot refused the plot '%s'", name);
		goto out;
	}
	svg = fdopen(fd, "re");
	if (!svg)
		goto out;
	fd = -1;
	fputs("<figure><figcaption>", out);
	report_text(out, caption);
	fputs("</figcaption>\n<div class=\"plot\" role=\"img\" aria-label=\"", out);
	report_text(out, caption);
	fputs("\">\n", out);
	copy_svg(out, svg, name);
	fputs("</div></figure>\n", out);
	ret = 0;
out:
	if (svg)
		fclose(svg);
	if (fd >= 0)
		close(fd);
	unlink(file);
	return ret;
}

/* ---- latency by percentile ----------------------------------------------- */

struct latency {
	struct az_hist arm[2];
};

/* Percentiles on an axis of nines: 90% is 1, 99% is 2; the last sample ends it. */
static double nines(uint64_t rank, uint64_t count)
{
	return rank >= count ? log10((double)count) :
			       -log10(1 - (double)rank / (double)count);
}

static void put_steps(FILE *gp, const struct az_hist *h, const char *name)
{
	uint64_t seen = 0, value;
	unsigned int i;

	fprintf(gp, "$%s << EOD\n", name);
	for (i = 0; i < AZ_HIST_BUCKETS; i++) {
		if (!h->bucket[i])
			continue;
		value = az_hist_bucket_low(i) + az_hist_bucket_width(i) / 2;
		fprintf(gp, "%.6f %.4f\n", nines(seen, h->count), (double)value / 1000);
		seen += h->bucket[i];
		fprintf(gp, "%.6f %.4f\n", nines(seen, h->count), (double)value / 1000);
	}
	fputs("EOD\n", gp);
}

static void latency_script(FILE *gp, const void *ctx)
{
	const struct latency *l = ctx;
	uint64_t most = l->arm[0].count > l->arm[1].count ? l->arm[0].count : l->arm[1].count;
	double top = (double)(l->arm[0].max > l->arm[1].max ? l->arm[0].max : l->arm[1].max);
	double low = (double)(l->arm[0].min < l->arm[1].min ? l->arm[0].min : l->arm[1].min);

	put_steps(gp, &l->arm[0], arms[0]);
	put_steps(gp, &l->arm[1], arms[1]);
	/* A long tail on a linear axis would press the rest of the curve flat. */
	if (top > 10 * low)
		fputs("set logscale y\n", gp);
	fprintf(gp, "set xrange [0:%.3f]\nset yrange [%s:%.4f]\n", log10((double)most) + 0.05,
		top > 10 * low ? "*" : "0", top * 1.08 / 1000);
	fputs("set xtics ('0' 0, '50' 0.30103, '90' 1, '99' 2, '99.9' 3, '99.99' 4, '99.999' 5)\n"
	      "set grid y lc rgb '" GRID "' lt 1 lw 1\n"
	      "set tmargin 0.8\nset bmargin 2\nset rmargin 1.5\n"
	      "set format y '%g'\n"
	      /* The wide line stays visible where both arms coincide. */
	      "plot $stock with lines ls 1, $patched with lines ls 2\n", gp);
}

int report_plot_latency(FILE *out, const json_t *doc, const char *result, const char *title)
{
	struct latency *l = calloc(1, sizeof(*l));
	const json_t *json;
	int i, ret = 0;

	if (!l)
		return -ENOMEM;
	for (i = 0; i < 2; i++) {
		json = json_object_get(json_object_get(json_object_get(doc, arms[i]),
						       "histograms"), result);
		if (!json || az_hist_from_json(&l->arm[i], json) || !l->arm[i].count)
			goto out;
	}
	ret = put_plot(out, result, 250, title, latency_script, l);
out:
	free(l);
	return ret;
}

/* ---- every run ----------------------------------------------------------- */

/* Metrics whose stock runs allow a percentage. */
static int usable(const json_t *metric)
{
	return json_array_size(json_object_get(metric, "stock_runs")) &&
	       json_array_size(json_object_get(metric, "patched_runs")) &&
	       report_num(metric, "stock") > 0;
}

static size_t count_usable(const json_t *doc)
{
	const json_t *metric;
	size_t i, n = 0;

	json_array_foreach(json_object_get(doc, "metrics"), i, metric)
		n += (size_t)usable(metric);
	return n;
}

/* A gnuplot string in single quotes; what could end it is left out. */
static void put_label(FILE *gp, const char *text)
{
	fputc('\'', gp);
	for (; *text; text++)
		if (*text != '\'' && *text != '\\' && (unsigned char)*text >= ' ')
			fputc(*text, gp);
	fputc('\'', gp);
}

static double put_dots(FILE *gp, const json_t *doc, const char *arm, double lift)
{
	const json_t *metric, *run;
	double row = (double)count_usable(doc), top = 0, percent;
	char key[32];
	size_t i, j;

	snprintf(key, sizeof(key), "%s_runs", arm);
	fprintf(gp, "$%s << EOD\n", arm);
	json_array_foreach(json_object_get(doc, "metrics"), i, metric) {
		if (!usable(metric))
			continue;
		row--;
		json_array_foreach(json_object_get(metric, key), j, run) {
			percent = 100 * json_number_value(run) / report_num(metric, "stock");
			top = fmax(top, percent);
			fprintf(gp, "%.4f %.3f\n", percent, row + lift);
		}
	}
	fputs("EOD\n", gp);
	return top;
}

static void runs_script(FILE *gp, const void *ctx)
{
	const json_t *doc = ctx, *metric;
	double row = (double)count_usable(doc), top;
	size_t i;

	fprintf(gp, "set yrange [-0.5:%.1f]\n", row - 0.3);
	top = put_dots(gp, doc, arms[0], 0.1);
	top = fmax(top, put_dots(gp, doc, arms[1], -0.1));
	json_array_foreach(json_object_get(doc, "metrics"), i, metric) {
		if (!usable(metric))
			continue;
		row--;
		fprintf(gp, "set arrow from 0,%.2f to graph 1, first %.2f nohead lc rgb '" GRID
			"' lw 1 back\nset label ", row, row);
		put_label(gp, report_str(metric, "name"));
		fprintf(gp, " at 0,%.2f left tc rgb '" INK "' font ',12'\n", row + 0.42);
	}
	fprintf(gp, "set xrange [0:%.1f]\nunset ytics\nset format x '%%g%%%%'\n"
		"set lmargin 2\nset rmargin 2.5\nset tmargin 0.4\nset bmargin 2\n"
		"set arrow from 100, graph 0 to 100, graph 1 nohead lc rgb '" AXIS "' lw 1 back\n"
		"plot $stock with points pt 7 ps 0.75 lc rgb '" STOCK "',"
		" $patched with points pt 7 ps 0.75 lc rgb '" PATCHED "'\n",
		fmax(110, top * 1.05));
}

int report_plot_runs(FILE *out, const json_t *doc)
{
	size_t rows = count_usable(doc);

	if (!rows)
		return 0;
	return put_plot(out, "runs", 36 + 46 * (int)rows,
			"Every run, in percent of the stock median", runs_script, doc);
}

/* ---- counts -------------------------------------------------------------- */

static int is_count(const json_t *metric)
{
	return !strcmp(report_str(metric, "unit"), "ratio");
}

static void put_bars(FILE *gp, const json_t *doc, int arm, double rows)
{
	const json_t *metric;
	size_t i;

	fprintf(gp, "$%s << EOD\n", arms[arm]);
	json_array_foreach(json_object_get(doc, "metrics"), i, metric)
		if (is_count(metric)) {
			rows--;
			fprintf(gp, "%.6g %.3f\n", report_num(metric, arms[arm]),
				rows + (arm ? -0.17 : 0.09));
		}
	fputs("EOD\n", gp);
}

static void counts_script(FILE *gp, const void *ctx)
{
	const json_t *doc = ctx, *metric;
	double rows = 0, top = 0, row;
	size_t i;

	json_array_foreach(json_object_get(doc, "metrics"), i, metric)
		if (is_count(metric)) {
			rows++;
			top = fmax(top, fmax(report_num(metric, "stock"),
					     report_num(metric, "patched")));
		}
	put_bars(gp, doc, 0, rows);
	put_bars(gp, doc, 1, rows);
	row = rows;
	json_array_foreach(json_object_get(doc, "metrics"), i, metric)
		if (is_count(metric)) {
			fputs("set label ", gp);
			put_label(gp, report_str(metric, "name"));
			fprintf(gp, " at 0,%.2f left tc rgb '" INK "' font ',12'\n", --row + 0.4);
		}
	fprintf(gp, "set xrange [0:%.4f]\nset yrange [-0.5:%.2f]\nunset ytics\nunset xtics\n"
		"set border 0\nset lmargin 0.2\nset rmargin 1\nset tmargin 0.2\nset bmargin 0.2\n"
		"set style fill solid 1 noborder\n"
		"bar(y) = y + 0.11\nfoot(y) = y - 0.11\n", top > 0 ? top * 1.18 : 1, rows - 0.4);
	fputs("plot $stock using 1:2:(0):1:(foot($2)):(bar($2)) with boxxyerror lc rgb '" STOCK "',"
	      " $patched using 1:2:(0):1:(foot($2)):(bar($2)) with boxxyerror lc rgb '" PATCHED "',"
	      " $stock using 1:2:(sprintf('%.3g', $1)) with labels left offset 0.6,0"
	      " tc rgb '" INK "' font ',12',"
	      " $patched using 1:2:(sprintf('%.3g', $1)) with labels left offset 0.6,0"
	      " tc rgb '" INK "' font ',12'\n", gp);
}

int report_plot_counts(FILE *out, const json_t *doc)
{
	const json_t *metric;
	int rows = 0;
	size_t i;

	json_array_foreach(json_object_get(doc, "metrics"), i, metric)
		rows += is_count(metric);
	if (!rows)
		return 0;
	return put_plot(out, "counts", 12 + 84 * rows, "Host counts for each skb of a burst",
			counts_script, doc);
}
