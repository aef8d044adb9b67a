// SPDX-License-Identifier: GPL-2.0-only
/* "azimuth trace exporter": tracers that run, for Prometheus and what reads its formats. */
#include <errno.h>
#include <string.h>

#include "bpf/core/trace.h"
#include "bpf/export/http.h"
#include "bpf/export/metrics.h"
#include "lib/log.h"

#define TYPE	"application/openmetrics-text; version=1.0.0; charset=utf-8"

struct exporter {
	struct bench bench;
	const char *listen;
	bool ready;
	struct trace_run runs[AZT_TOOLS];
	unsigned int count;
};

static char *text(void *ctx, size_t *len)
{
	const struct exporter *e = ctx;

	return trace_metrics(e->runs, e->count, len);
}

static int parse(struct exporter *e, int argc, char **argv, int *first)
{
	const struct az_opt table[] = {
		AZ_OPT(STRING, "listen", 'l', "ADDR:PORT",
		       "127.0.0.1:9433 unless given; port 0: any that is free", &e->listen),
		AZ_OPT(FLAG, "verbose", 'v', NULL, "show what libbpf and the verifier say",
		       &trace_verbose),
		AZ_OPT(FLAG, "ready", 0, NULL, "print 'serving PORT' when all is attached",
		       &e->ready),
		AZ_OPT_DONE
	};
	const struct az_opts opts = {
		.command = argv[0], .operands = "TRACER...", .table = table,
		.summary = "Serves what tracers see as OpenMetrics text at /metrics.",
		.epilog = "TRACER is a name of 'azimuth trace --help'; its own options stand\n"
			  "behind it, in one word: 'netvsc --dev eth0'.",
	};

	return az_opts_parse(&opts, argc, argv, first);
}

static int open_server(struct exporter *e, struct http **http)
{
	bool beyond = false;
	int rc = http_open(http, e->listen, &beyond, TYPE, HTTP_TIME_NS, text, e);

	if (rc == -EINVAL)
		return az_usage("--listen: '%s' is not an address and a port such as "
				"127.0.0.1:9433 or [::1]:9433", e->listen);
	if (rc)
		return az_env("--listen: cannot listen at %s: %s", e->listen, strerror(-rc));
	if (beyond)
		az_warn("%s can be reached from other machines, and asks nobody who they are",
			e->listen);
	return 0;
}

int trace_exporter(int argc, char **argv)
{
	static struct exporter e = { .listen = "127.0.0.1:9433" };
	struct http *http = NULL;
	unsigned int i;
	int first, ret = parse(&e, argc, argv, &first);

	if (ret)
		return az_opts_exit(ret);
	ret = trace_choose(e.runs, &e.count, argc - first, argv + first);
	if (!ret)
		ret = open_server(&e, &http);
	if (!ret)
		ret = trace_start_all(e.runs, e.count, &e.bench, "exporter");
	if (!ret && e.ready) {
		printf("serving %u\n", http_port(http));
		fflush(stdout);
	}
	while (!ret && !bench_stopped())
		if (http_serve(http, 1000))
			ret = az_env("cannot wait for clients: %s", strerror(errno));
	if (http)
		http_close(http);
	for (i = 0; i < e.count; i++)
		trace_free(&e.runs[i]);
	return ret;
}
