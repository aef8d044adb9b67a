// SPDX-License-Identifier: GPL-2.0-only
/* "azimuth samples": the raw samples of a run as text. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "lib/log.h"
#include "lib/opts.h"
#include "lib/samples.h"

static const char epilog[] =
	"One line a sample: at_ns (intended time since the start of the timeline), ns\n"
	"(latency, empty when lost), thread, path (empty when not known). The samples of\n"
	"a thread are in order; those of several come in blocks.\n"
	"Exit codes: 0 good, 1 the file was cut off or damaged (what was whole is\n"
	"printed), 2 no such file or not a file of samples, 3 output could not be\n"
	"written.";

struct cmd {
	bool head, count;
	const char *file;
};

/* Names of paths come from a file: only what cannot end the field is printed. */
static const char *path_name(const json_t *paths, unsigned int path, char *buf, size_t len)
{
	const char *name = json_string_value(json_array_get(paths, path - 1));

	if (path && name && !strpbrk(name, ",\"\n\r"))
		return name;
	if (!path)
		return "";
	snprintf(buf, len, "%u", path);
	return buf;
}

static void print_sample(const struct az_sample *s, const json_t *paths)
{
	char buf[16];

	printf("%llu,", (unsigned long long)s->at);
	if (!s->lost)
		printf("%llu", (unsigned long long)s->ns);
	printf(",%u,%s\n", s->thread, path_name(paths, s->path, buf, sizeof(buf)));
}

static int print_all(const struct cmd *cmd, struct az_samples_reader *reader)
{
	const json_t *paths = json_object_get(az_samples_head(reader), "paths");
	unsigned long long count = 0;
	struct az_sample sample;
	const char *why;
	int rc;

	if (!cmd->count)
		printf("at_ns,ns,thread,path\n");
	while ((rc = az_samples_next(reader, &sample, &why)) > 0) {
		count++;
		if (!cmd->count)
			print_sample(&sample, paths);
		if (ferror(stdout))
			break;
	}
	if (cmd->count)
		printf("%llu\n", count);
	if (fflush(stdout) || ferror(stdout))
		return az_env("cannot write standard output: %s", strerror(errno));
	if (!rc)
		return AZ_EXIT_OK;
	if (rc == -ENODATA)
		az_err("%s: cut off after %llu samples: the run did not end", cmd->file, count);
	else
		az_err("%s: after %llu samples: %s", cmd->file, count,
		       rc == -EINVAL ? why : strerror(-rc));
	return AZ_EXIT_FAILED;
}

static int print_head(const struct az_samples_reader *reader)
{
	if (json_dumpf(az_samples_head(reader), stdout, JSON_INDENT(1)) || putchar('\n') == EOF ||
	    fflush(stdout))
		return az_env("cannot write standard output: %s", strerror(errno));
	return AZ_EXIT_OK;
}

int az_cmd_samples(int argc, char **argv)
{
	struct cmd cmd = { false };
	const struct az_opt table[] = {
		AZ_OPT(FLAG, "head", 0, NULL, "print what the file says about the run", &cmd.head),
		AZ_OPT(FLAG, "count", 'n', NULL, "print the number of samples only", &cmd.count),
		AZ_OPT_DONE
	};
	const struct az_opts opts = {
		argv[0], "FILE", "Prints a file of --samples as CSV.", epilog, table
	};
	struct az_samples_reader *reader;
	const char *why = "";
	int first, ret = az_opts_parse(&opts, argc, argv, &first);

	if (ret)
		return az_opts_exit(ret);
	if (argc - first != 1)
		return az_usage("one FILE is needed");
	cmd.file = argv[first];
	ret = az_samples_open(&reader, cmd.file, &why);
	if (ret)
		return az_usage("%s: %s", cmd.file, ret == -EINVAL ? why : strerror(-ret));
	ret = cmd.head ? print_head(reader) : print_all(&cmd, reader);
	az_samples_free(reader);
	return ret;
}
