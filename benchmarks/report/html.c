// SPDX-License-Identifier: GPL-2.0-only
#include "benchmarks/report/html.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "benchmarks/compare/series.h"

/* Length of the UTF-8 sequence at @s, 0 when it is none (RFC 3629). */
static size_t utf8_length(const unsigned char *s)
{
	static const struct {
		unsigned char end;
		size_t len;
	} leads[] = { { 0x80, 1 }, { 0xc2, 0 }, { 0xe0, 2 }, { 0xf0, 3 }, { 0xf5, 4 } };
	size_t len = 0, i;

	for (i = 0; i < sizeof(leads) / sizeof(leads[0]); i++)
		if (*s < leads[i].end) {
			len = leads[i].len;
			break;
		}
	for (i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
	    (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

static const char *entity(unsigned char c)
{
	switch (c) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '"':
		return "&quot;";
	default:
		return NULL;
	}
}

void html_text(FILE *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)(text ? text : "unknown");
	size_t len;

	for (; *s; s += len ? len : 1) {
		len = utf8_length(s);
		if (!len)
			fputs("\xef\xbf\xbd", out);
		else if (entity(*s))
			fputs(entity(*s), out);
		else if (*s >= ' ' && *s != 0x7f)
			fwrite(s, 1, len, out);
	}
}

void html_tag(FILE *out, const char *tag, const char *text)
{
	fprintf(out, "<%s>", tag);
	html_text(out, text);
	fprintf(out, "</%s>", tag);
}

void html_table(FILE *out, const char *class, const char *heading)
{
	/* What scrolls must be reachable by the keyboard. */
	fprintf(out, "<div class=\"scroll\" tabindex=\"0\"><table class=\"%s\">\n<thead><tr>"
		"<th>%s</th>", class, heading);
}

const char *html_str(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

double html_num(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

const char *html_value(char *buf, double value, const char *unit)
{
	char plain[24], *micro;

	if (!strcmp(unit, "1/s") && value >= 9999.5) {
		snprintf(buf, 32, value < 1e6 ? "%.3gk" : "%.3gM",
			 value / (value < 1e6 ? 1e3 : 1e6));
		return buf;
	}
	series_format(plain, value, unit);
	micro = strstr(plain, " us");
	if (micro)
		snprintf(buf, 32, "%.*s µs", (int)(micro - plain), plain);
	else
		snprintf(buf, 32, "%s", plain);
	return buf;
}

const char *html_change(char *buf, double ratio)
{
	if (!isfinite(ratio))
		snprintf(buf, 16, "–");
	else if (fabs(ratio - 1) < 0.0005)
		snprintf(buf, 16, "±0%%");
	else if (ratio >= 2)
		snprintf(buf, 16, "×%.1f", ratio);
	else
		snprintf(buf, 16, "%s%.*f%%", ratio < 1 ? "−" : "+",
			 fabs(ratio - 1) < 0.1 ? 1 : 0, 100 * fabs(ratio - 1));
	return buf;
}

const char *html_number_word(size_t n)
{
	static const char *const words[] = {
		"none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
		"ten", "eleven", "twelve"
	};
	static char digits[24];

	if (n < sizeof(words) / sizeof(words[0]))
		return words[n];
	snprintf(digits, sizeof(digits), "%zu", n);
	return digits;
}

char *html_json_text(const json_t *value)
{
	char number[32];

	if (json_is_string(value))
		return strdup(json_string_value(value));
	if (!value)
		return strdup("–");
	if (json_is_real(value)) {
		snprintf(number, sizeof(number), "%.9g", json_real_value(value));
		return strdup(number);
	}
	return json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS |
			  JSON_REAL_PRECISION(6));
}
