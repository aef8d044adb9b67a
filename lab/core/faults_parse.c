// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/faults_impl.h"
#include "lib/opts.h"

#define MAX_SPEC	512
#define MAX_NAMES	64	/* considered for "did you mean" */

/* One parse: the fault that is built and where the explanation goes. */
struct parse {
	struct faults *f;
	struct fault *fault;
	size_t type_len;	/* of the device's name, without its number */
	char *err;
	unsigned int err_len;
};

static int refuse(struct parse *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static int refuse(struct parse *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->err, p->err_len, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

struct names {
	const char *name[MAX_NAMES];
	unsigned int n;
};

static void add_name(struct names *names, const char *name)
{
	unsigned int i;

	for (i = 0; i < names->n; i++)
		if (!strcmp(names->name[i], name))
			return;
	if (names->n < MAX_NAMES)
		names->name[names->n++] = name;
}

/* ": did you mean 'x'?" or "; known: a, b, c", in @buf. */
static const char *hint(const char *word, const struct names *names, char *buf, size_t len)
{
	const char *near = az_nearest(word, names->name, names->n);
	size_t at;
	unsigned int i;

	if (near) {
		snprintf(buf, len, ": did you mean '%s'?", near);
		return buf;
	}
	at = snprintf(buf, len, "; known: %s", names->n ? "" : "none");
	for (i = 0; i < names->n && at < len; i++)
		at += snprintf(buf + at, len - at, "%s%s", i ? ", " : "", names->name[i]);
	return buf;
}

static bool is_any(const struct fault_kind *k)
{
	return !strcmp(k->device_type, "*");
}

static bool type_is(const struct fault_kind *k, const char *device, size_t type_len)
{
	return strlen(k->device_type) == type_len && !memcmp(k->device_type, device, type_len);
}

size_t fault_type_length(const char *device)
{
	size_t len = strlen(device);

	while (len && device[len - 1] >= '0' && device[len - 1] <= '9')
		len--;
	return len;
}

#define for_each_kind(f, i, k) \
	for (i = 0; i < (f)->n_tables; i++) \
		for (k = (f)->tables[i]; k->what; k++)

static int find_kind(struct parse *p, const char *what)
{
	struct names types = { .n = 0 }, whats = { .n = 0 };
	const char *device = p->fault->device;
	const struct fault_kind *k;
	bool known = false;
	unsigned int i;
	char buf[256];

	for_each_kind(p->f, i, k) {
		if (is_any(k))
			continue;
		add_name(&types, k->device_type);
		known |= type_is(k, device, p->type_len);
	}
	if (!known)
		return refuse(p, "fault '%s': unknown device '%s'%s", p->fault->spec, device,
			      hint(device, &types, buf, sizeof(buf)));
	for_each_kind(p->f, i, k) {
		if (!is_any(k) && !type_is(k, device, p->type_len))
			continue;
		if (!strcmp(k->what, what)) {
			p->fault->kind = k;
			return 0;
		}
		add_name(&whats, k->what);
	}
	return refuse(p, "fault '%s': '%s' has no fault '%s'%s", p->fault->spec, device, what,
		      hint(what, &whats, buf, sizeof(buf)));
}

static int parse_u64(struct parse *p, const char *key, const char *value, uint64_t *out)
{
	if (az_parse_number(value, AZ_OPT_U64, out))
		return refuse(p, "fault '%s': %s=%s is not a whole number", p->fault->spec, key,
			      value);
	return 0;
}

static int parse_prob(struct parse *p, const char *value)
{
	char *end;

	p->fault->prob = strtod(value, &end);
	if (*end || strspn(value, "0123456789.") != strlen(value) || p->fault->prob > 1)
		return refuse(p, "fault '%s': prob=%s is not a probability, 0 to 1",
			      p->fault->spec, value);
	return 0;
}

/* A key that decides when the fault fires: 0, -EINVAL, or -ENOENT when it is none. */
static int common_key(struct parse *p, const char *key, const char *value)
{
	struct fault *fault = p->fault;
	bool prob = !strcmp(key, "prob");
	uint64_t *to;

	if (!strcmp(key, "at_ms"))
		to = &fault->at_ms;
	else if (!strcmp(key, "after"))
		to = &fault->after;
	else if (!strcmp(key, "every"))
		to = &fault->every;
	else if (!strcmp(key, "count"))
		to = &fault->count;
	else if (prob)
		to = NULL;
	else
		return -ENOENT;

	if (fault->kind->timed && to != &fault->at_ms)
		return refuse(p, "fault '%s': %s fires by time, so at_ms= is right and %s= is not",
			      fault->spec, fault->kind->what, key);
	if (!fault->kind->timed && to == &fault->at_ms)
		return refuse(p, "fault '%s': %s fires by chance, so at_ms= does not apply",
			      fault->spec, fault->kind->what);
	if (prob)
		return parse_prob(p, value);
	if (parse_u64(p, key, value, to))
		return -EINVAL;
	if (!fault->every)
		return refuse(p, "fault '%s': every=0 never fires, use 1 or more", fault->spec);
	return 0;
}

static bool narrows(const char *key)
{
	return !strcmp(key, "op") || !strcmp(key, "msg") || !strcmp(key, "channel");
}

/* @value is one of the words "a|b|c". */
static bool one_of(const char *value, const char *words)
{
	size_t len = strlen(value);

	for (;; words++) {
		if (strcspn(words, "|") == len && !memcmp(words, value, len))
			return true;
		words = strchr(words, '|');
		if (!words)
			return false;
	}
}

/* @form is what follows the key's name in the table. */
static int check_value(struct parse *p, const char *key, const char *form, const char *value)
{
	uint64_t number;

	if (*form == '#')
		return parse_u64(p, key, value, &number);
	if (*form == '=' && !one_of(value, form + 1))
		return refuse(p, "fault '%s': %s=%s is none of %s", p->fault->spec, key, value,
			      form + 1);
	return 0;
}

/* A key of the fault itself: 0, -EINVAL, or -ENOENT when the fault has no such key. */
static int own_key(struct parse *p, const char *key, const char *value)
{
	struct fault *fault = p->fault;
	const char *const *k = fault->kind->keys;
	size_t len = strlen(key);

	for (; k && *k; k++)
		if (strcspn(*k, "#=") == len && !memcmp(*k, key, len))
			break;
	if (!k || !*k)
		return -ENOENT;
	if (check_value(p, key, *k + len, value))
		return -EINVAL;
	if (fault->n_own == MAX_OWN_KEYS)
		return refuse(p, "fault '%s': more than %d keys", fault->spec, MAX_OWN_KEYS);
	if (narrows(key) && fault->tag)
		return refuse(p, "fault '%s': only one of op=, msg= and channel= can be given",
			      fault->spec);
	if (narrows(key))
		fault->tag = value;
	fault->own[fault->n_own++] = (struct own_key){ key, value };
	return 0;
}

static int unknown_key(struct parse *p, const char *key)
{
	static const char *const by_chance[] = { "after", "every", "count", "prob" };
	const struct fault_kind *kind = p->fault->kind;
	struct names names = { .n = 0 };
	char own[MAX_OWN_KEYS][24], buf[256];
	unsigned int i;

	for (i = 0; i < MAX_OWN_KEYS && kind->keys && kind->keys[i]; i++) {
		snprintf(own[i], sizeof(own[i]), "%.*s", (int)strcspn(kind->keys[i], "#="),
			 kind->keys[i]);
		add_name(&names, own[i]);
	}
	if (kind->timed)
		add_name(&names, "at_ms");
	for (i = 0; !kind->timed && i < sizeof(by_chance) / sizeof(by_chance[0]); i++)
		add_name(&names, by_chance[i]);
	return refuse(p, "fault '%s': %s has no key '%s'%s", p->fault->spec, kind->what, key,
		      hint(key, &names, buf, sizeof(buf)));
}

/* "key=value,key=value": cut up in place. */
static int parse_keys(struct parse *p, char *rest)
{
	struct names seen = { .n = 0 };
	char *item, *value;
	unsigned int n;
	int ret;

	while ((item = strsep(&rest, ","))) {
		value = strchr(item, '=');
		if (!value || value == item || !value[1])
			return refuse(p, "fault '%s': '%s' is not of the form key=value",
				      p->fault->spec, item);
		*value++ = '\0';
		n = seen.n;
		add_name(&seen, item);
		if (seen.n == n)
			return refuse(p, "fault '%s': %s= is given twice", p->fault->spec, item);
		ret = common_key(p, item, value);
		if (ret == -ENOENT)
			ret = own_key(p, item, value);
		if (ret == -ENOENT)
			ret = unknown_key(p, item);
		if (ret)
			return ret;
	}
	return 0;
}

/* The text goes into messages and JSON: one line of ASCII. */
static int check_text(struct parse *p, const char *spec)
{
	size_t i;

	for (i = 0; spec[i]; i++)
		if (spec[i] < ' ' || spec[i] > '~')
			return refuse(p, "a fault holds a byte that is not printable ASCII");
	if (i >= MAX_SPEC)
		return refuse(p, "a fault of %zu bytes is too long: %d at most", i, MAX_SPEC - 1);
	return 0;
}

int fault_parse(struct faults *f, struct fault *fault, const char *spec,
		char *err, unsigned int err_len)
{
	struct parse p = { .f = f, .fault = fault, .err = err, .err_len = err_len };
	char *what, *rest;
	int ret;

	ret = check_text(&p, spec);
	if (ret)
		return ret;
	fault->spec = strdup(spec);
	fault->text = strdup(spec);
	if (!fault->spec || !fault->text)
		return refuse(&p, "out of memory");
	fault->every = 1;
	fault->count = 1;
	fault->prob = 1;
	rest = fault->text;
	what = strsep(&rest, ",");
	fault->device = strsep(&what, ":");
	if (!what || !*what || !*fault->device)
		return refuse(&p, "fault '%s': not of the form DEVICE:WHAT[,key=value]...", spec);
	p.type_len = fault_type_length(fault->device);
	ret = find_kind(&p, what);
	if (!ret && f->is_there && !f->is_there(f->ctx, fault->device))
		return refuse(&p, "fault '%s': there is no device '%s'", spec, fault->device);
	return ret ? ret : parse_keys(&p, rest);
}
