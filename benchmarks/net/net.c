// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/net/net.h"

#include <stdlib.h>
#include <string.h>

#include "benchmarks/net/hooks.h"
#include "lib/log.h"

void net_describe_config(const struct net_bench *net, json_t *result)
{
	az_result_config_str(result, "mode", net->mode);
	az_result_config_int(result, "size", net->sizes.lo);
	if (net->sizes.hi != net->sizes.lo)
		az_result_config_int(result, "size_max", net->sizes.hi);
}

json_t *net_result(const struct net_bench *net, const char *benchmark)
{
	json_t *result = az_result_new(benchmark);

	net_describe_config(net, result);
	az_result_config_int(result, "count", net->bench.count);
	return result;
}

static const struct {
	const char *name;
	int (*run)(struct net_bench *net);
} modes[] = {
	{ "rtt", net_rtt }, { "burst", net_burst }, { "tcp", net_tcp }, { "serve", net_serve },
};

int bench_net(int argc, char **argv)
{
	struct net_bench net = {
		.bench = { .count = UINT64_MAX, .seed = 1, .warmup_count = UINT64_MAX },
		.load = LOAD_SPEC_DEFAULT,
		.hooks = &net_probe_hooks,
		.mode = "rtt", .proto_name = "udp", .wait_name = "block", .timeout = 1000000000,
		.burst = 64, .bytes = 1 << 20, .depth = 1, .fanout = 1, .reply_every = 1,
		.ramp_step = 2000000000, .settle = 200000000,
	};
	size_t i;
	int ret;

	ret = net_options(&net, argc, argv);
	if (!ret)
		ret = bench_begin(&net.bench, net.mode);
	for (i = 0; !ret && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(modes[i].name, net.mode)) {
			ret = modes[i].run(&net);
			break;
		}
	free(net.peers);
	return ret == NET_HELP ? AZ_EXIT_OK : ret;
}
