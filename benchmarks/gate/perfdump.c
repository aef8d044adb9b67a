// SPDX-License-Identifier: GPL-2.0-only
/*
 * The array that LISA's perfdump notifier writes, of its UnifiedPerfMessage: the
 * facts of the machine in each entry, one entry a metric.
 */
#include <string.h>
#include <strings.h>

#include "benchmarks/gate/gate.h"
#include "lib/log.h"
#include "lib/result.h"

static const char *text_of(const json_t *doc, const char *where, const char *key)
{
	const char *text = json_string_value(json_object_get(json_object_get(doc, where), key));

	return text ? text : "";
}

/* LISA's NetworkDataPath, from "rtt@vf_p50". */
static const char *data_path(const char *metric)
{
	const char *at = strchr(metric, '@');

	if (at && !strncmp(at, "@vf", 3))
		return "Sriov";
	return at && !strncmp(at, "@synthetic", 10) ? "Synthetic" : "";
}

static json_t *protocol(const json_t *doc)
{
	const char *keys[] = { "protocol", "proto", "mode" }, *text;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		text = text_of(doc, "config", keys[i]);
		if (strcasestr(text, "tcp"))
			return json_string("TCP");
		if (strcasestr(text, "udp"))
			return json_string("UDP");
	}
	return json_null();
}

static json_t *entry(const struct gate *gate, const json_t *doc, const struct series *series)
{
	const char *sku = text_of(doc, "env", "sku");
	bool azure = *sku && strcmp(sku, "none");

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:f, s:s, s:s}",
			 "tool", "azimuth", "test_case_name", gate_subject(gate),
			 "platform", azure ? "azure" : "", "location",
			 text_of(doc, "env", "location"), "host_version",
			 text_of(doc, "env", "host_version"), "vmsize", azure ? sku : "",
			 "kernel_version", text_of(doc, "env", "kernel"),
			 "data_path", data_path(series->name), "protocol_type", protocol(doc),
			 "role", "client", "metric_name", series->name,
			 "metric_value", az_median(series->values, series->n),
			 "metric_unit", series->unit, "metric_relativity",
			 series->lower_is_better ? "LowerIsBetter" : "HigherIsBetter");
}

int gate_perfdump(const struct gate *gate, const char *path)
{
	const json_t *doc = json_array_get(gate->b.docs, 0);
	json_t *list = json_array();
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < gate->b.series.n; i++)
		if (json_array_append_new(list, entry(gate, doc, &gate->b.series.list[i])))
			ret = az_env("out of memory");
	ret = ret ? ret : az_json_write(list, path);
	json_decref(list);
	return ret;
}
