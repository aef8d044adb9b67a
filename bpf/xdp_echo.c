// SPDX-License-Identifier: GPL-2.0-only
/*
 * "azimuth xdp echo". The program is there as long as the link's file descriptor: however this
 * process ends, the kernel takes it off the interface.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/bench.h"
#include "bpf/shared/xdp_echo.h"
#include "bpf/xdp.h"
#include "bpf/xdp_echo.skel.h"
#include "cli/cli.h"
#include "lib/clock.h"
#include "lib/log.h"

struct echo {
	struct bench bench;
	const char *dev, *mode, *checksum;
	unsigned int port;
	bool ready;

	unsigned int ifindex;
	bool native;			/* how it is attached */
	struct xdp_echo_bpf *bpf;
	int link;
};

static const struct {
	const char *name, *what;
} verdicts[XDP_ECHO_VERDICTS] = {
	[XDP_ECHO_SENT] = { "echoed", "sent back" },
	[XDP_ECHO_OTHER] = { "other", "to the stack: not UDP to this port" },
	[XDP_ECHO_FRAGMENT] = { "fragment", "to the stack: a fragment" },
	[XDP_ECHO_GROUP] = { "group", "to the stack: to a group or to all" },
	[XDP_ECHO_LOOP] = { "loop", "to the stack: from this port, would never end" },
	[XDP_ECHO_SHORT] = { "short", "to the stack: too short, or too long for a checksum" },
};

static int parse(struct echo *e, int argc, char **argv)
{
	const struct az_opt table[] = {
		AZ_OPT(STRING, "dev", 0, "IF", "the interface; needed", &e->dev),
		AZ_OPT(U32, "port", 'p', "N", "UDP port that is echoed; needed", &e->port,
		       .min = 1, .max = 65535),
		AZ_OPT(STRING, "mode", 'm', "MODE",
		       "auto (native, or generic where the driver cannot), native, generic",
		       &e->mode),
		AZ_OPT(STRING, "checksum", 0, "HOW", "of UDP: keep (default) or compute",
		       &e->checksum),
		AZ_OPT(TIME, "duration", 'd', "TIME", "stop after this time; else at Ctrl-C",
		       &e->bench.duration),
		AZ_OPT(STRING, "json", 0, "FILE", "write the result here, - for standard output",
		       &e->bench.sink.json),
		AZ_OPT(STRING, "json-line", 0, "NAME",
		       "print the result as one line '@json NAME {...}'", &e->bench.sink.line),
		AZ_OPT(FLAG, "ready", 0, NULL, "print 'echoing' when it is attached", &e->ready),
		AZ_OPT_DONE
	};
	const struct az_opts opts = {
		.command = argv[0], .table = table,
		.summary = "Sends UDP to a port back from within the driver, past the stack.",
	};
	int first;

	return az_opts_parse(&opts, argc, argv, &first);
}

static int check(struct echo *e)
{
	if (!e->dev)
		return az_usage("no interface is given: --dev IF");
	if (!e->port)
		return az_usage("no port is given: --port N");
	if (strcmp(e->mode, "auto") && strcmp(e->mode, "native") && strcmp(e->mode, "generic"))
		return az_usage("--mode: '%s' is none of auto, native and generic", e->mode);
	if (strcmp(e->checksum, "keep") && strcmp(e->checksum, "compute"))
		return az_usage("--checksum: '%s' is neither keep nor compute", e->checksum);
	e->ifindex = if_nametoindex(e->dev);
	return e->ifindex ? 0 : az_usage("--dev: there is no interface '%s'", e->dev);
}

static int silent(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return 0;
}

static int load(struct echo *e)
{
	const struct xdp_echo_config cfg = {
		.port = htons((uint16_t)e->port), .compute = !strcmp(e->checksum, "compute"),
	};
	int rc;

	libbpf_set_print(silent);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	e->bpf = xdp_echo_bpf__open();
	if (!e->bpf)
		return az_env("cannot open the BPF program: %s", strerror(errno));
	memcpy((void *)&e->bpf->rodata->echo_cfg, &cfg, sizeof(cfg));
	rc = xdp_echo_bpf__load(e->bpf);
	if (rc == -EPERM)
		return az_env("not permitted: run as root, or with CAP_BPF and CAP_NET_ADMIN");
	return rc ? az_env("the kernel refuses the program: %s", strerror(-rc)) : 0;
}

static int attach_as(struct echo *e, unsigned int flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);

	e->link = bpf_link_create(bpf_program__fd(e->bpf->progs.xdp_echo), (int)e->ifindex,
				  BPF_XDP, &opts);
	return e->link < 0 ? e->link : 0;
}

static int attach(struct echo *e)
{
	int rc = strcmp(e->mode, "generic") ? attach_as(e, XDP_FLAGS_DRV_MODE) : 0;

	e->native = e->link >= 0;
	if (e->native)
		return 0;
	if (rc == -EBUSY || rc == -EEXIST)
		return az_env("%s has an XDP program already: 'ip link show %s' names it", e->dev,
			      e->dev);
	if (!strcmp(e->mode, "native"))
		return az_env("%s: its driver cannot run XDP programs as it is set up: %s", e->dev,
			      strerror(-rc));
	if (rc)
		az_warn("%s: its driver cannot run XDP programs as it is set up (%s): generic "
			"mode, behind the driver, copies each packet", e->dev, strerror(-rc));
	rc = attach_as(e, XDP_FLAGS_SKB_MODE);
	if (rc == -EBUSY || rc == -EEXIST)
		return az_env("%s has an XDP program already: 'ip link show %s' names it", e->dev,
			      e->dev);
	return rc ? az_env("%s: cannot attach: %s", e->dev, strerror(-rc)) : 0;
}

static void wait_until_over(const struct echo *e)
{
	uint64_t end = e->bench.duration ? az_clock_ns() + e->bench.duration : UINT64_MAX, now;
	uint64_t left;

	while (!bench_stopped() && (now = az_clock_ns()) < end) {
		left = end - now < AZ_NSEC_PER_SEC ? end - now : AZ_NSEC_PER_SEC;
		poll(NULL, 0, (int)(left / 1000000) + 1);
	}
}

static uint64_t count_of(const struct echo *e, uint32_t verdict)
{
	int cpus = libbpf_num_possible_cpus(), i;
	uint64_t *each = calloc((size_t)cpus, sizeof(*each)), sum = 0;

	if (each && !bpf_map_lookup_elem(bpf_map__fd(e->bpf->maps.verdicts), &verdict, each))
		for (i = 0; i < cpus; i++)
			sum += each[i];
	free(each);
	return sum;
}

static int show(struct echo *e)
{
	json_t *result = az_result_new("xdp-echo");
	uint32_t i;
	uint64_t n;

	az_result_config_str(result, "dev", e->dev);
	az_result_config_int(result, "port", e->port);
	az_result_config_str(result, "mode", e->native ? "native" : "generic");
	az_result_config_str(result, "checksum", e->checksum);
	for (i = 0; i < XDP_ECHO_VERDICTS; i++) {
		n = count_of(e, i);
		az_result_count(result, verdicts[i].name, n);
		if (n || i == XDP_ECHO_SENT)
			bench_say(&e->bench, "%-52s %12llu", verdicts[i].what,
				  (unsigned long long)n);
	}
	return bench_end(&e->bench, result, AZ_EXIT_OK);
}

int xdp_echo(int argc, char **argv)
{
	struct echo e = { .mode = "auto", .checksum = "keep", .link = -1 };
	int ret = parse(&e, argc, argv);

	if (ret)
		return az_opts_exit(ret);
	ret = check(&e);
	if (!ret)
		ret = load(&e);
	if (!ret)
		ret = bench_begin(&e.bench, "echo");
	if (!ret)
		ret = attach(&e);
	if (!ret) {
		bench_say(&e.bench, "%s: UDP port %u is echoed, %s mode", e.dev, e.port,
			  e.native ? "native" : "generic");
		if (e.ready) {
			puts("echoing");
			fflush(stdout);
		}
		wait_until_over(&e);
		close(e.link);
		ret = show(&e);
	}
	xdp_echo_bpf__destroy(e.bpf);
	return ret;
}
