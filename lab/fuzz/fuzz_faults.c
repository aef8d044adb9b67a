// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fault grammar: each line of the input is one --fault, and then every
 * point of the table gets some chances. A refused line must come with exactly
 * one line of explanation, an accepted one must show up in the report.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/faults.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const msg_keys[] = { "msg", NULL };
static const char *const keys[] = { "us#", "op", "kind=short|long", "channel#", NULL };
static const struct fault_kind kinds[] = {
	{ .device_type = "net", .what = "delay", .keys = keys },
	{ .device_type = "vmbus", .what = "withhold", .keys = msg_keys },
	{ .device_type = "*", .what = "rescind", .timed = true },
	{ .what = NULL },
};

static void add(struct faults *f, const char *spec, size_t *accepted)
{
	struct fault *fault = NULL;
	char err[200] = "";

	if (faults_add(f, spec, err, sizeof(err), &fault)) {
		if (!*err || strchr(err, '\n') || fault)
			abort();
		return;
	}
	++*accepted;
	if (*err || !fault || !*fault_device(fault) || !*fault_what(fault))
		abort();
	fault_u64(fault, "us", 0);
	fault_str(fault, "kind", "short");
	if (fault_is_timed(fault))
		fault_performed(f, fault);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct faults *f = faults_create(size);
	char *text = malloc(size + 1), *rest = text, *line;
	size_t accepted = 0;
	json_t *report;
	int i;

	memcpy(text, data, size);
	text[size] = '\0';
	faults_register(f, kinds);
	while ((line = strsep(&rest, "\n")))
		add(f, line, &accepted);
	for (i = 0; i < 8; i++) {
		fault_fires(f, "net0", "delay", i & 1 ? "read" : NULL);
		fault_fires(f, "vmbus", "withhold", "open");
		fault_fires(f, "net0", "rescind", NULL);
	}
	report = faults_report(f);
	if (json_array_size(report) != accepted)
		abort();
	json_decref(report);
	faults_free(f);
	free(text);
	return 0;
}
