// SPDX-License-Identifier: GPL-2.0-only
/* One HTML file that needs nothing beside it, from a result.json. */
#include "benchmarks/report/report.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "lib/log.h"
#include "lib/opts.h"
#include "lib/result.h"

static void put_start(FILE *out, const json_t *doc)
{
	fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n"
	      "<title>Azimuth lab report, Linux ", out);
	report_text(out, report_str(doc, "base"));
	fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n%s<main>\n", report_style,
		report_marker);
}

static int put_page(FILE *out, const json_t *doc)
{
	int ret;

	put_start(out, doc);
	report_head(out, doc);
	report_metrics(out, doc);
	fputs("<section>\n<h2>Distributions and counts</h2>\n<p class=\"legend\">"
	      "<i class=\"dot stock\"></i>stock <i class=\"dot patched\"></i>patched</p>\n"
	      "<div class=\"plots\">\n", out);
	ret = report_plot_latency(out, doc, "udp_rtt", "UDP round trip, µs by percentile");
	ret = ret ? ret : report_plot_latency(out, doc, "read4k",
					      "4 KiB random read, µs by percentile");
	ret = ret ? ret : report_plot_runs(out, doc);
	ret = ret ? ret : report_plot_counts(out, doc);
	fputs("</div>\n</section>\n", out);
	report_faults(out, doc);
	report_conditions(out, doc);
	fputs("</main>\n</body>\n</html>\n", out);
	return ret;
}

static int check_input(const json_t *doc, const char *path)
{
	if (json_integer_value(json_object_get(doc, "schema")) != AZ_RESULT_SCHEMA)
		return az_usage("%s: schema %d is wanted", path, AZ_RESULT_SCHEMA);
	if (!json_is_string(json_object_get(doc, "base")) ||
	    !json_array_size(json_object_get(doc, "metrics")))
		return az_usage("%s: not a result.json of azimuth summary", path);
	return 0;
}

/* The page is finished before the file is touched. */
static int write_page(const char *page, size_t len, const char *path)
{
	char tmp[4096];
	FILE *file;
	int bad;

	if (!strcmp(path, "-"))
		return fwrite(page, 1, len, stdout) == len && !fflush(stdout) ?
			0 : az_env("cannot write to standard output: %s", strerror(errno));
	if (snprintf(tmp, sizeof(tmp), "%s.tmp", path) >= (int)sizeof(tmp))
		return az_usage("%s: the name is too long", path);
	file = fopen(tmp, "we");
	if (!file)
		return az_env("cannot create %s: %s", tmp, strerror(errno));
	bad = fwrite(page, 1, len, file) != len;
	bad |= fclose(file);
	if (!bad && !rename(tmp, path))
		return 0;
	bad = az_env("cannot write %s: %s", path, strerror(errno));
	unlink(tmp);
	return bad;
}

static int make_report(const char *input, const char *output)
{
	json_t *doc = az_json_read(input);
	char *page = NULL;
	size_t len = 0;
	FILE *out;
	int ret;

	if (!doc)
		return AZ_EXIT_USAGE;
	ret = check_input(doc, input);
	if (!ret && !report_have_gnuplot())
		ret = az_env("gnuplot is not installed; the report's plots need it (package"
			     " gnuplot-nox)");
	if (ret)
		goto out;
	out = open_memstream(&page, &len);
	if (!out) {
		ret = az_env("out of memory");
		goto out;
	}
	ret = put_page(out, doc) ? AZ_EXIT_ENV : 0;
	if (fclose(out) && !ret)
		ret = az_env("out of memory");
	if (!ret)
		ret = write_page(page, len, output);
out:
	free(page);
	json_decref(doc);
	return ret;
}

int az_cmd_report(int argc, char **argv)
{
	const char *output = "report.html";
	const struct az_opt table[] = {
		AZ_OPT(STRING, "output", 'o', "FILE", "the page (default report.html, - is"
		       " standard output)", &output),
		AZ_OPT_DONE
	};
	const struct az_opts opts = {
		argv[0], "RESULT.json", "Make one self-contained HTML page from result.json.",
		NULL, table
	};
	int first, ret = az_opts_parse(&opts, argc, argv, &first);

	if (ret)
		return az_opts_exit(ret);
	if (first + 1 != argc)
		return az_usage("one result.json is wanted, as azimuth summary writes it");
	/* gnuplot may end before it has read all of a script. */
	signal(SIGPIPE, SIG_IGN);
	return make_report(argv[first], output);
}
