// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/labrun/labrun.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "lib/result.h"

#define NAME_MAX_LEN	48

static json_t *read_part(const char *dir, const char *file)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return az_json_read(path);
}

/* "@json NAME {...}": the object of one line, added to @results. */
static int take_line(json_t *results, const char *line, const char *dir)
{
	char name[NAME_MAX_LEN];
	json_error_t error;
	json_t *result;
	int used = 0;

	if (sscanf(line, "@json %47s %n", name, &used) != 1 || !used)
		return 0;
	result = json_loads(line + used, 0, &error);
	if (!json_is_object(result)) {
		json_decref(result);
		az_err("%s/results.txt: @json %s is broken: %s", dir, name, error.text);
		return -EINVAL;
	}
	return json_object_set_new(results, name, result) ? -ENOMEM : 0;
}

static int read_results(struct labrun *run)
{
	char path[4096], *line = NULL;
	size_t size = 0;
	FILE *file;
	int ret = 0;

	snprintf(path, sizeof(path), "%s/results.txt", run->dir);
	file = fopen(path, "re");
	if (!file) {
		az_err("cannot read %s: %s", path, strerror(errno));
		return -EINVAL;
	}
	run->results = json_object();
	while (!ret && getline(&line, &size, file) > 0)
		ret = take_line(run->results, line, run->dir);
	free(line);
	fclose(file);
	return ret;
}

int labrun_read(struct labrun *run, const char *dir)
{
	*run = (struct labrun){ .dir = dir };
	if (read_results(run))
		return -EINVAL;
	run->counters = read_part(dir, "counters.json");
	if (!run->counters)
		return -EINVAL;
	run->status = read_part(dir, "status.json");
	return run->status ? 0 : -EINVAL;
}

void labrun_free(struct labrun *run)
{
	json_decref(run->results);
	json_decref(run->counters);
	json_decref(run->status);
}

bool labrun_good(const struct labrun *run)
{
	return json_is_true(json_object_get(run->status, "ok"));
}

int labrun_hist(const struct labrun *run, const char *name, const char *hist,
		struct az_hist *out)
{
	const json_t *result = json_object_get(run->results, name);
	const json_t *json = json_object_get(json_object_get(result, "histograms"), hist);

	if (!json || az_hist_from_json(out, json) || !out->count)
		return -ENOENT;
	return 0;
}

static int percentile(const struct labrun *run, const char *name, const char *hist,
		      unsigned int ppm, double *out)
{
	static struct az_hist h;
	int ret = labrun_hist(run, name, hist, &h);

	if (!ret)
		*out = (double)az_hist_percentile(&h, ppm);
	return ret;
}

static int udp_rtt_p50(const struct labrun *run, double *out)
{
	return percentile(run, "udp_rtt", "rtt", 500000, out);
}

static int udp_rtt_p99(const struct labrun *run, double *out)
{
	return percentile(run, "udp_rtt", "rtt", 990000, out);
}

static int read4k_p50(const struct labrun *run, double *out)
{
	return percentile(run, "read4k", "read", 500000, out);
}

static int burst_ns_per_packet(const struct labrun *run, double *out)
{
	const json_t *counts = json_object_get(json_object_get(run->results, "burst"), "counts");
	double busy = json_number_value(json_object_get(counts, "busy_ns"));
	double packets = json_number_value(json_object_get(counts, "packets"));

	if (!(packets > 0))
		return -ENOENT;
	*out = busy / packets;
	return 0;
}

static const json_t *find_mark(const struct labrun *run, const char *name)
{
	const json_t *mark, *marks = json_object_get(run->counters, "marks");
	const char *found;
	size_t i;

	json_array_foreach(marks, i, mark) {
		found = json_string_value(json_object_get(mark, "name"));
		if (found && !strcmp(found, name))
			return mark;
	}
	return NULL;
}

/* Sum of a counter over the channels of network devices in one snapshot. */
static int sum_net(const json_t *mark, const char *group, const char *counter, json_int_t *out)
{
	const json_t *channel, *value;
	const char *type;
	int ret = -ENOENT;
	size_t i;

	*out = 0;
	json_array_foreach(json_object_get(mark, "channels"), i, channel) {
		type = json_string_value(json_object_get(channel, "type"));
		value = json_object_get(json_object_get(channel, group), counter);
		if (!type || strcmp(type, "net") || !json_is_integer(value))
			continue;
		*out += json_integer_value(value);
		ret = 0;
	}
	return ret;
}

/* How much a counter grew between the marks around the burst. */
static int burst_growth(const struct labrun *run, const char *group, const char *counter,
			double *out)
{
	json_int_t begin, end;

	if (sum_net(find_mark(run, "burst-begin"), group, counter, &begin) ||
	    sum_net(find_mark(run, "burst-end"), group, counter, &end))
		return -ENOENT;
	*out = (double)(end - begin);
	return 0;
}

/* An RNDIS data packet is an skb; several may share a VMBus packet (hyperv_net.h). */
static int per_skb(const struct labrun *run, const char *group, const char *counter, double *out)
{
	double skbs, n;

	if (burst_growth(run, "device_counters", "tx_rndis_packets", &skbs) || !(skbs > 0) ||
	    burst_growth(run, group, counter, &n))
		return -ENOENT;
	*out = n / skbs;
	return 0;
}

static int burst_vmbus_packets_per_skb(const struct labrun *run, double *out)
{
	return per_skb(run, "device_counters", "tx_vmbus_packets", out);
}

static int burst_signals_per_skb(const struct labrun *run, double *out)
{
	return per_skb(run, "counters", "signals_received", out);
}

const struct labrun_metric labrun_metrics[] = {
	{ "udp_rtt_p50", "ns", true, "UDP round trip, median", udp_rtt_p50 },
	{ "udp_rtt_p99", "ns", true, "UDP round trip, 99th percentile", udp_rtt_p99 },
	{ "read4k_p50", "ns", true, "4 KiB random read, median", read4k_p50 },
	{ "burst_vmbus_packets_per_skb", "ratio", true,
	  "UDP burst: VMBus packets for each skb", burst_vmbus_packets_per_skb },
	{ "burst_signals_per_skb", "ratio", true,
	  "UDP burst: signals to the host for each skb", burst_signals_per_skb },
	{ "burst_guest_ns_per_packet", "ns", true,
	  "UDP burst: guest time for each packet, with completion", burst_ns_per_packet },
	{ NULL, NULL, false, NULL, NULL }
};
