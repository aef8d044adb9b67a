// SPDX-License-Identifier: GPL-2.0-only
/* How a fault ended, from the guest's log and azhost's exit code. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "benchmarks/labrun/labrun.h"
#include "lib/log.h"
#include "lib/result.h"

/* Exit codes of azhost, see azhost(1). */
enum { HOST_OFF = 0, HOST_RESET = 10, HOST_PANIC = 11, HOST_TRIPLE = 12, HOST_WATCHDOG = 13 };

static const char *const hang_words[] = {
	"soft lockup", "hard LOCKUP", "self-detected stall", "detected stalls",
	"detected expedited stalls", "blocked for more than", NULL
};

static const char *const splat_words[] = {
	"BUG:", "WARNING: possible", "Oops:", "KASAN:", "UBSAN:",
	"general protection fault", "Kernel panic", "Unable to handle kernel",
	"refcount_t:", "double fault", NULL
};

/*
 * A WARN() names its place: "WARNING: CPU: 0 PID: 1 at net/core/dev.c:5" or, in
 * later kernels, "WARNING: net/core/dev.c:5 at function". Advice about the
 * processor's bugs is printed as a WARNING as well, and is none.
 */
static bool is_warn(const char *line)
{
	const char *text = strstr(line, "WARNING: ");
	unsigned int number;

	return text && (sscanf(text, "WARNING: CPU: %u", &number) == 1 ||
			sscanf(text, "WARNING: %*[^: ]:%u at", &number) == 1);
}

static bool has_word(const char *line, const char *const *words)
{
	for (; *words; words++)
		if (strstr(line, *words))
			return true;
	return false;
}

/* Keeps @line, without the end of line, when @proof is still empty. */
static void keep(char *proof, size_t len, const char *line)
{
	if (!*proof)
		snprintf(proof, len, "%.*s", (int)strcspn(line, "\r\n"), line);
}

static int scan_console(const char *dir, char *hang, char *splat, size_t len)
{
	char path[4096], *line = NULL;
	size_t size = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/console.txt", dir);
	file = fopen(path, "re");
	if (!file) {
		az_err("cannot read %s: %s", path, strerror(errno));
		return -errno;
	}
	while (getline(&line, &size, file) > 0) {
		/* A soft lockup says "BUG:" as well: hang comes first. */
		if (has_word(line, hang_words))
			keep(hang, len, line);
		else if (is_warn(line) || has_word(line, splat_words))
			keep(splat, len, line);
	}
	free(line);
	fclose(file);
	return 0;
}

static int read_exit(const char *dir, int *code)
{
	char path[4096];
	const json_t *value;
	json_t *status;
	bool known;

	snprintf(path, sizeof(path), "%s/status.json", dir);
	status = az_json_read(path);
	if (!status)
		return -EINVAL;
	value = json_object_get(status, "exit");
	*code = (int)json_integer_value(value);
	known = json_is_integer(value);
	json_decref(status);
	if (known)
		return 0;
	az_err("%s: no exit code in it", path);
	return -EINVAL;
}

const char *labrun_outcome(const char *dir, char *proof, size_t len)
{
	char hang[256] = "", splat[256] = "";
	int code;

	proof[0] = '\0';
	if (read_exit(dir, &code) || scan_console(dir, hang, splat, sizeof(hang)))
		return NULL;
	if (code == HOST_WATCHDOG || *hang) {
		snprintf(proof, len, "%s", *hang ? hang : "watchdog of the host expired");
		return "hang";
	}
	if (code == HOST_RESET || code == HOST_PANIC || code == HOST_TRIPLE || *splat) {
		snprintf(proof, len, "%s", splat);
		return "splat";
	}
	if (code == HOST_OFF)
		return "ok";
	az_err("%s: the host failed with exit code %d, so the run tells nothing", dir, code);
	return NULL;
}
