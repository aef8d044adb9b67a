// SPDX-License-Identifier: GPL-2.0-only
/* azimuth report: a page, a mail or a table from results. */
#include "benchmarks/report/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "lib/log.h"
#include "lib/opts.h"

static const char epilog[] =
	"A PATH is a result file, a directory of them (an arm with its runs), or what\n"
	"azimuth bench suite left. Each PATH is an arm; the first one is the reference.\n"
	"A result.json of azimuth summary is reported alone; one file of azimuth compare\n"
	"--json may stand with the runs, and its verdicts are taken.\n"
	"Exit codes: 0 good, 2 usage or a damaged file, 3 cannot write.";

static const struct format {
	const char *name, *output;
	int (*make)(FILE *out, const struct report_input *in);
} formats[] = {
	{ "html", "report.html", report_html },
	{ "md", "-", report_markdown },
	{ "csv", "-", report_csv },
};

#define FORMATS	(sizeof(formats) / sizeof(formats[0]))

/* What an option adds to: az_opt.call gets no more than this and the value. */
struct into {
	struct report_input *in;
	const char *arm;	/* "A" and "B" of --a and --b */
	char name[64];		/* of the last --arm */
	int ret;		/* exit code of what failed */
};

static int add_to(void *ctx, const char *path)
{
	struct into *into = ctx;

	into->ret = report_input_add(into->in, into->arm, path);
	return into->ret ? -EINVAL : 0;
}

/* "NAME=PATH" begins an arm, "PATH" goes on with it. A '=' behind a '/' is the path's. */
static int add_to_arm(void *ctx, const char *value)
{
	struct into *into = ctx;
	size_t len = strcspn(value, "=/");

	if (value[len] == '=') {
		if (!len || len >= sizeof(into->name)) {
			into->ret = az_usage("--arm: '%s' is not NAME=PATH with a NAME of up to %zu"
					     " bytes", value, sizeof(into->name) - 1);
			return -EINVAL;
		}
		snprintf(into->name, sizeof(into->name), "%.*s", (int)len, value);
		value += len + 1;
	} else if (!*into->name) {
		into->ret = az_usage("--arm: '%s' is not NAME=PATH", value);
		return -EINVAL;
	}
	into->ret = report_input_add(into->in, into->name, value);
	return into->ret ? -EINVAL : 0;
}

/* The report is finished before the file is touched. */
static int write_all(const char *text, size_t len, const char *path)
{
	char tmp[4096];
	FILE *file;
	int bad;

	if (!strcmp(path, "-"))
		return fwrite(text, 1, len, stdout) == len && !fflush(stdout) ?
			0 : az_env("cannot write to standard output: %s", strerror(errno));
	if (snprintf(tmp, sizeof(tmp), "%s.tmp", path) >= (int)sizeof(tmp))
		return az_usage("%s: the name is too long", path);
	file = fopen(tmp, "we");
	if (!file)
		return az_env("cannot create %s: %s", tmp, strerror(errno));
	bad = fwrite(text, 1, len, file) != len;
	bad |= fclose(file);
	if (!bad && !rename(tmp, path))
		return 0;
	bad = az_env("cannot write %s: %s", path, strerror(errno));
	unlink(tmp);
	return bad;
}

static int make_report(const struct report_input *in, const struct format *format,
		       const char *output)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int ret;

	if (!out)
		return az_env("out of memory");
	ret = format->make(out, in);
	ret |= fclose(out);
	if (ret)
		ret = az_env("out of memory");
	else
		ret = write_all(text, len, output ? output : format->output);
	free(text);
	return ret;
}

static const struct format *find_format(const char *name)
{
	size_t i;

	for (i = 0; i < FORMATS; i++)
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	az_usage("--format: '%s' is none of html, md, csv", name);
	return NULL;
}

int az_cmd_report(int argc, char **argv)
{
	struct report_input in = { 0 };
	struct into a = { .in = &in, .arm = "A" }, b = { .in = &in, .arm = "B" };
	struct into arm = { .in = &in }, operand = { .in = &in };
	const char *output = NULL, *name = "html";
	const struct az_opt table[] = {
		AZ_OPT(LIST, "arm", 0, "NAME=PATH", "runs of arm NAME", &arm, .call = add_to_arm),
		AZ_OPT(LIST, "a", 'a', "PATH", "runs of arm A", &a, .call = add_to),
		AZ_OPT(LIST, "b", 'b', "PATH", "runs of arm B", &b, .call = add_to),
		AZ_OPT(STRING, "format", 'f', "FORMAT", "html (default), md for a mail, csv",
		       &name),
		AZ_OPT(STRING, "output", 'o', "FILE", "the report (default report.html; of md and"
		       " csv standard output, -)", &output),
		AZ_OPT_DONE
	};
	const struct az_opts opts = {
		argv[0], "PATH...", "Make a report from results.", epilog, table
	};
	const struct format *format;
	int first, ret = az_opts_parse(&opts, argc, argv, &first);

	if (ret) {
		ret = az_opts_exit(ret);
		/* What an option's file lacked was memory or a permission, not a better option. */
		if (a.ret || b.ret || arm.ret)
			ret = a.ret | b.ret | arm.ret;
		goto out;
	}
	format = find_format(name);
	ret = format ? 0 : AZ_EXIT_USAGE;
	for (; !ret && first < argc; first++)
		ret = add_to(&operand, argv[first]) ? operand.ret : 0;
	ret = ret ? ret : report_input_check(&in);
	ret = ret ? ret : make_report(&in, format, output);
out:
	report_input_free(&in);
	return ret;
}
