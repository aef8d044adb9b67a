// SPDX-License-Identifier: GPL-2.0-only
#include "lib/opts.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"

#define AZ_NAMES_MAX	64
#define AZ_WORD_MAX	48
#define HELP_COLUMN	28
#define HELP_WIDTH	80

struct unit {
	const char *suffix;
	uint64_t factor;
};

static const struct unit size_units[] = {
	{ "", 1 }, { "K", 1ull << 10 }, { "M", 1ull << 20 }, { "G", 1ull << 30 },
	{ "k", 1ull << 10 }, { "m", 1ull << 20 }, { "g", 1ull << 30 },
	{ "KiB", 1ull << 10 }, { "MiB", 1ull << 20 }, { "GiB", 1ull << 30 },
	{ NULL, 0 }
};

static const struct unit time_units[] = {
	{ "", 1000000000 }, { "ns", 1 }, { "us", 1000 }, { "ms", 1000000 },
	{ "s", 1000000000 }, { "m", 60ull * 1000000000 }, { NULL, 0 }
};

static const struct unit no_units[] = { { "", 1 }, { NULL, 0 } };

/* ---- numbers ------------------------------------------------------------ */

static const struct unit *units_of(enum az_opt_type type)
{
	if (type == AZ_OPT_SIZE)
		return size_units;
	return type == AZ_OPT_TIME ? time_units : no_units;
}

static const struct unit *find_unit(const struct unit *units, const char *suffix)
{
	for (; units->suffix; units++)
		if (!strcmp(units->suffix, suffix))
			return units;
	return NULL;
}

/* Only times may have a fraction ("1.5s"): of a byte or a packet there is none. */
static int parse_fraction(const char *text, uint64_t *out)
{
	const struct unit *unit;
	double value;
	char *end;

	value = strtod(text, &end);
	unit = find_unit(time_units, end);
	if (end == text || !unit)
		return -EINVAL;
	value = rint(value * (double)unit->factor);
	if (!(value >= 0 && value < 18446744073709551616.0))
		return -ERANGE;
	*out = (uint64_t)value;
	return 0;
}

int az_parse_number(const char *text, enum az_opt_type type, uint64_t *out)
{
	const struct unit *unit;
	unsigned long long value;
	bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	char *end;

	/* strtoull() would take a sign and leading blanks. */
	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, hex ? 16 : 10);
	if (type == AZ_OPT_TIME && !hex && *end == '.')
		return parse_fraction(text, out);
	unit = find_unit(units_of(type), end);
	if (!unit)
		return -EINVAL;
	if (errno == ERANGE || value > UINT64_MAX / unit->factor)
		return -ERANGE;
	value *= unit->factor;
	if (type == AZ_OPT_U32 && value > UINT_MAX)
		return -ERANGE;
	*out = value;
	return 0;
}

static int parse_double(const char *text, double *out)
{
	char *end;
	double value;

	value = strtod(text, &end);
	if (end == text || *end || isspace((unsigned char)*text) || !isfinite(value))
		return -EINVAL;
	*out = value;
	return 0;
}

static const char *type_wants(enum az_opt_type type)
{
	switch (type) {
	case AZ_OPT_SIZE:
		return "a size such as 4096, 64K or 1G";
	case AZ_OPT_TIME:
		return "a time such as 250us, 10ms or 1.5s";
	case AZ_OPT_DOUBLE:
		return "a number";
	default:
		return "a whole number";
	}
}

/*
 * Parses and stores one scalar for an option or a sub-option. @name is how the
 * user wrote it, for the message in @err.
 */
static int store_number(const char *name, const char *value, enum az_opt_type type,
			uint64_t min, uint64_t max, void *dst, char *err, size_t errlen)
{
	uint64_t number = 0;
	double real = 0;
	bool low, high;
	int ret;

	if (type == AZ_OPT_DOUBLE) {
		ret = parse_double(value, &real);
		low = real < (double)min;
		high = max && real > (double)max;
	} else {
		ret = az_parse_number(value, type, &number);
		low = !ret && number < min;
		high = ret == -ERANGE || (max && number > max);
	}
	if (ret == -EINVAL) {
		snprintf(err, errlen, "%s: '%s' is not %s", name, value, type_wants(type));
		return ret;
	}
	if (low || high) {
		if (max)
			snprintf(err, errlen, "%s: %s is out of range, %llu to %llu", name, value,
				 (unsigned long long)min, (unsigned long long)max);
		else if (low)
			snprintf(err, errlen, "%s: %s is too small, at least %llu", name, value,
				 (unsigned long long)min);
		else
			snprintf(err, errlen, "%s: %s is too large", name, value);
		return -EINVAL;
	}
	if (type == AZ_OPT_DOUBLE)
		*(double *)dst = real;
	else if (type == AZ_OPT_U32)
		*(unsigned int *)dst = (unsigned int)number;
	else
		*(uint64_t *)dst = number;
	return 0;
}

/* ---- nearest name ------------------------------------------------------- */

static unsigned int edit_distance(const char *a, const char *b)
{
	unsigned int row[AZ_WORD_MAX + 1], diagonal, above, i, j;
	size_t la = strlen(a), lb = strlen(b);

	if (la > AZ_WORD_MAX || lb > AZ_WORD_MAX)
		return UINT_MAX;
	for (j = 0; j <= lb; j++)
		row[j] = j;
	for (i = 1; i <= la; i++) {
		diagonal = row[0];
		row[0] = i;
		for (j = 1; j <= lb; j++) {
			above = row[j];
			row[j] = diagonal + (a[i - 1] != b[j - 1]);
			if (above + 1 < row[j])
				row[j] = above + 1;
			if (row[j - 1] + 1 < row[j])
				row[j] = row[j - 1] + 1;
			diagonal = above;
		}
	}
	return row[lb];
}

const char *az_nearest(const char *word, const char *const *names, size_t count)
{
	unsigned int best = UINT_MAX, distance;
	const char *nearest = NULL;
	size_t i;

	for (i = 0; i < count; i++) {
		distance = edit_distance(word, names[i]);
		if (distance < best) {
			best = distance;
			nearest = names[i];
		}
	}
	/* Beyond about a third of the word, a guess only confuses. */
	return best <= (strlen(word) + 1) / 3 ? nearest : NULL;
}

/* ---- options ------------------------------------------------------------ */

static const struct az_opt *find_long(const struct az_opt *table, const char *name, size_t len)
{
	for (; table->type != AZ_OPT_END; table++)
		if (strlen(table->name) == len && !memcmp(table->name, name, len))
			return table;
	return NULL;
}

static const struct az_opt *find_short(const struct az_opt *table, char name)
{
	for (; table->type != AZ_OPT_END; table++)
		if (table->short_name == name)
			return table;
	return NULL;
}

static int unknown_option(const struct az_opts *opts, const char *word)
{
	const char *names[AZ_NAMES_MAX] = { NULL }, *near = NULL;
	char name[AZ_WORD_MAX + 1];
	size_t count = 0, len;

	if (word[1] == '-') {
		len = strcspn(word + 2, "=");
		for (; opts->table[count].type != AZ_OPT_END && count < AZ_NAMES_MAX; count++)
			names[count] = opts->table[count].name;
		snprintf(name, sizeof(name), "%.*s", (int)len, word + 2);
		near = az_nearest(name, names, count);
	}
	if (near)
		az_err("unknown option '%s', did you mean --%s?", word, near);
	else
		az_err("unknown option '%s', see '%s --help'", word, opts->command);
	return -EINVAL;
}

static int store(const struct az_opt *opt, const char *value)
{
	char name[AZ_WORD_MAX], err[256];
	int ret;

	switch (opt->type) {
	case AZ_OPT_FLAG:
		*(bool *)opt->dst = true;
		return 0;
	case AZ_OPT_STRING:
		*(const char **)opt->dst = value;
		return 0;
	case AZ_OPT_CALL:
	case AZ_OPT_LIST:
		return opt->call(opt->dst, value) ? -EINVAL : 0;
	default:
		snprintf(name, sizeof(name), "--%s", opt->name);
		ret = store_number(name, value, opt->type, opt->min, opt->max, opt->dst,
				   err, sizeof(err));
		if (ret)
			az_err("%s", err);
		return ret;
	}
}

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1];
}

/*
 * Handles the option at argv[at]. Returns how many arguments it took, 0 for
 * help, or -EINVAL.
 */
static int take_option(const struct az_opts *opts, int argc, char **argv, int at)
{
	const char *word = argv[at], *value = NULL;
	const struct az_opt *opt;
	int used = 1, ret;
	size_t len;

	if (!strcmp(word, "--help") || !strcmp(word, "-h"))
		return 0;
	if (word[1] == '-') {
		len = strcspn(word + 2, "=");
		opt = find_long(opts->table, word + 2, len);
		value = word[2 + len] ? word + 3 + len : NULL;
	} else {
		opt = find_short(opts->table, word[1]);
		value = word[2] ? word + 2 : NULL;
	}
	if (!opt)
		return unknown_option(opts, word);
	if (opt->type == AZ_OPT_FLAG && value) {
		az_err("--%s takes no value", opt->name);
		return -EINVAL;
	}
	if (opt->type != AZ_OPT_FLAG && !value) {
		/* "-" alone is a file name; a value may start with '-' only after '='. */
		if (at + 1 >= argc || is_option(argv[at + 1])) {
			az_err("--%s needs a value: --%s %s", opt->name, opt->name,
			       opt->arg ? opt->arg : "VALUE");
			return -EINVAL;
		}
		value = argv[at + used++];
	}
	ret = store(opt, value);
	while (!ret && opt->type == AZ_OPT_LIST && at + used < argc && !is_option(argv[at + used]))
		ret = store(opt, argv[at + used++]);
	return ret ? ret : used;
}

/* Moves argv[from..from+count) down to argv[to], keeping the order of the rest. */
static void move_down(char **argv, int to, int from, int count)
{
	char *word;
	int i, j;

	for (i = 0; i < count; i++) {
		word = argv[from + i];
		for (j = from + i; j > to + i; j--)
			argv[j] = argv[j - 1];
		argv[to + i] = word;
	}
}

int az_opts_parse(const struct az_opts *opts, int argc, char **argv, int *first_operand)
{
	int at = 1, options_end = 1, used;
	bool ended = false;

	while (at < argc) {
		if (ended || !is_option(argv[at])) {
			at++;
			continue;
		}
		if (!strcmp(argv[at], "--")) {
			ended = true;
			used = 1;
		} else {
			used = take_option(opts, argc, argv, at);
		}
		if (!used) {
			az_opts_help(opts);
			return 1;
		}
		if (used < 0)
			return used;
		move_down(argv, options_end, at, used);
		options_end += used;
		at += used;
	}
	if (!opts->operands && options_end < argc) {
		az_err("unexpected argument '%s', see '%s --help'", argv[options_end],
		       opts->command);
		return -EINVAL;
	}
	if (first_operand)
		*first_operand = options_end;
	return 0;
}

int az_opts_exit(int rc)
{
	return rc > 0 ? AZ_EXIT_OK : AZ_EXIT_USAGE;
}

/* ---- help --------------------------------------------------------------- */

/* Prints words of @text up to the width, later lines indented like the first. */
static void put_wrapped(const char *text, int indent)
{
	int column = indent, len;

	while (*text) {
		len = (int)strcspn(text, " ");
		if (column > indent && column + 1 + len > HELP_WIDTH) {
			printf("\n%*s", indent, "");
			column = indent;
		}
		if (column > indent)
			column += printf(" ");
		column += printf("%.*s", len, text);
		text += len;
		while (*text == ' ')
			text++;
	}
	putchar('\n');
}

static void put_option(const struct az_opt *opt)
{
	char left[96], short_name[8] = "    ";
	int len;

	if (opt->short_name)
		snprintf(short_name, sizeof(short_name), "-%c, ", opt->short_name);
	len = snprintf(left, sizeof(left), "  %s--%s%s%s%s", short_name, opt->name,
		       opt->arg ? " " : "", opt->arg ? opt->arg : "",
		       opt->type == AZ_OPT_LIST ? "..." : "");
	if (len < HELP_COLUMN - 1)
		printf("%-*s", HELP_COLUMN, left);
	else
		printf("%s\n%*s", left, HELP_COLUMN, "");
	put_wrapped(opt->help, HELP_COLUMN);
}

void az_opts_help(const struct az_opts *opts)
{
	static const struct az_opt help =
		AZ_OPT(FLAG, "help", 'h', NULL, "print this text", NULL);
	const struct az_opt *opt;

	printf("Usage: %s [OPTION]...%s%s\n", opts->command, opts->operands ? " " : "",
	       opts->operands ? opts->operands : "");
	if (opts->summary)
		put_wrapped(opts->summary, 0);
	printf("\nOptions:\n");
	for (opt = opts->table; opt->type != AZ_OPT_END; opt++)
		put_option(opt);
	put_option(&help);
	if (opts->epilog)
		printf("\n%s\n", opts->epilog);
}

/* ---- sub-options -------------------------------------------------------- */

static const struct az_kv *find_kv(const struct az_kv *table, const char *key)
{
	for (; table->type != AZ_OPT_END; table++)
		if (!strcmp(table->key, key))
			return table;
	return NULL;
}

static int unknown_key(const struct az_kv *table, const char *key, char *err, size_t errlen)
{
	const char *names[AZ_NAMES_MAX] = { NULL }, *near;
	size_t count = 0, used = 0, i;

	for (; table->type != AZ_OPT_END && count < AZ_NAMES_MAX; table++)
		if (*table->key)
			names[count++] = table->key;
	near = az_nearest(key, names, count);
	if (near) {
		snprintf(err, errlen, "unknown key '%s', did you mean '%s'?", key, near);
		return -EINVAL;
	}
	used = (size_t)snprintf(err, errlen, "unknown key '%s', known:", key);
	for (i = 0; i < count && used < errlen; i++)
		used += (size_t)snprintf(err + used, errlen - used, " %s", names[i]);
	return -EINVAL;
}

static int store_kv_string(char **dst, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	free(*dst);
	*dst = copy;
	return 0;
}

static int store_kv(const struct az_kv *kv, const char *key, const char *value,
		    char *err, size_t errlen)
{
	if (kv->seen)
		*kv->seen = true;
	if (kv->type == AZ_OPT_FLAG) {
		if (value && strcmp(value, "0") && strcmp(value, "1")) {
			snprintf(err, errlen, "%s: '%s' is neither 0 nor 1", key, value);
			return -EINVAL;
		}
		*(bool *)kv->dst = !value || *value == '1';
		return 0;
	}
	if (!value || !*value) {
		snprintf(err, errlen, "%s needs a value: %s=...", key, key);
		return -EINVAL;
	}
	if (kv->type == AZ_OPT_STRING)
		return store_kv_string(kv->dst, value);
	return store_number(key, value, kv->type, kv->min, kv->max, kv->dst, err, errlen);
}

static int take_item(char *item, bool first, const struct az_kv *table, char *err, size_t errlen)
{
	const struct az_kv *kv;
	char *value = strchr(item, '=');

	if (value)
		*value++ = '\0';
	if (!*item) {
		snprintf(err, errlen, "empty item, a key=value is wanted");
		return -EINVAL;
	}
	kv = find_kv(table, item);
	if (first && !value && (!kv || kv->type != AZ_OPT_FLAG)) {
		const struct az_kv *bare = find_kv(table, "");

		if (bare)
			return store_kv(bare, item, item, err, errlen);
	}
	if (!kv)
		return unknown_key(table, item, err, errlen);
	return store_kv(kv, item, value, err, errlen);
}

int az_kv_parse(const char *text, const struct az_kv *table, char *err, size_t errlen)
{
	char *copy = strdup(text), *rest = copy, *item;
	bool first = true;
	int ret = 0;

	if (!copy)
		return -ENOMEM;
	err[0] = '\0';
	while (!ret && (item = strsep(&rest, ","))) {
		ret = take_item(item, first, table, err, errlen);
		first = false;
	}
	free(copy);
	return ret;
}
