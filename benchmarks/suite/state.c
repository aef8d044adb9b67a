// SPDX-License-Identifier: GPL-2.0-only
/* DIR/state.json: what a killed suite has left to undo. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/suite/suite.h"
#include "lib/log.h"
#include "lib/result.h"

void suite_boot_id(char *boot)
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	boot[0] = '\0';
	if (!file)
		return;
	if (fscanf(file, "%39s", boot) != 1)
		boot[0] = '\0';
	fclose(file);
}

/* proc(5): the second field, in brackets, may hold anything; the 22nd is the start. */
struct suite_pid suite_pid_of(pid_t pid)
{
	struct suite_pid known = { pid, 0 };
	char name[40], line[1024];
	unsigned long long start;
	const char *text;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%d/stat", (int)pid);
	file = pid > 0 ? fopen(name, "re") : NULL;
	if (!file)
		return known;
	text = fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	if (text && sscanf(text + 1, " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"
			   " %*s %*s %*s %*s %*s %llu", &start) == 1)
		known.start = start;
	fclose(file);
	return known;
}

static json_t *pid_json(const struct suite_pid *pid)
{
	if (!pid->start)
		return json_null();
	return json_pack("{s:i, s:I}", "pid", (int)pid->pid, "start", (json_int_t)pid->start);
}

static struct suite_pid pid_from(const json_t *json)
{
	return (struct suite_pid){
		(pid_t)json_integer_value(json_object_get(json, "pid")),
		(uint64_t)json_integer_value(json_object_get(json, "start")),
	};
}

int suite_state_write(const struct suite_state *state, const char *dir)
{
	char path[4096], hash[24];
	json_t *json;
	int ret;

	snprintf(path, sizeof(path), "%s/state.json", dir);
	snprintf(hash, sizeof(hash), "%016" PRIx64, state->hash);
	json = json_pack("{s:i, s:s, s:s, s:s, s:b, s:s, s:o, s:s, s:o}", "schema",
			 AZ_RESULT_SCHEMA, "kind", "suite-state", "hash", hash, "boot", state->boot,
			 "set_up", state->set_up, "arm", state->arm,
			 "child", pid_json(&state->child), "server_end", state->server_end,
			 "server", pid_json(&state->server));
	if (!json)
		return az_env("out of memory");
	ret = az_json_write(json, path);
	json_decref(json);
	return ret;
}

int suite_state_read(struct suite_state *state, const char *dir)
{
	const char *hash, *boot, *arm, *end;
	char path[4096];
	json_t *json;
	int ret = 0;

	snprintf(path, sizeof(path), "%s/state.json", dir);
	if (access(path, F_OK))
		return -ENOENT;
	json = az_json_read(path);
	if (!json)
		return -EINVAL;
	hash = json_string_value(json_object_get(json, "hash"));
	boot = json_string_value(json_object_get(json, "boot"));
	arm = json_string_value(json_object_get(json, "arm"));
	end = json_string_value(json_object_get(json, "server_end"));
	if (!hash || !boot || !arm || !end || strlen(boot) >= sizeof(state->boot) ||
	    strlen(arm) >= sizeof(state->arm) || strlen(end) >= sizeof(state->server_end)) {
		az_err("%s: not the state of a suite", path);
		ret = -EINVAL;
	} else {
		*state = (struct suite_state){
			.hash = strtoull(hash, NULL, 16),
			.set_up = json_is_true(json_object_get(json, "set_up")),
			.child = pid_from(json_object_get(json, "child")),
			.server = pid_from(json_object_get(json, "server")),
		};
		strcpy(state->boot, boot);
		strcpy(state->arm, arm);
		strcpy(state->server_end, end);
	}
	json_decref(json);
	return ret;
}
