// SPDX-License-Identifier: GPL-2.0-only
/* Plots of the report: that what is drawn is where it should be, and text stays text. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "benchmarks/report/curve.h"
#include "benchmarks/report/html.h"
#include "benchmarks/report/plot.h"
#include "lib/hist.h"

/* ---- plots --------------------------------------------------------------------- */

static void test_places(void **state)
{
	struct plot p = { .width = 120, .height = 70, .left = 10, .right = 10, .top = 10,
			  .bottom = 10, .x = { .high = 50 }, .y = { .log = true, .low = 1,
			  .high = 100 } };

	assert_true(plot_x(&p, 0) == 10);
	assert_true(plot_x(&p, 50) == 110);
	assert_true(plot_x(&p, 25) == 60);
	assert_true(plot_x(&p, 70) == 110);
	assert_true(plot_y(&p, 1) == 60);
	assert_true(fabs(plot_y(&p, 10) - 35) < 1e-9);
	assert_true(plot_y(&p, 100) == 10);
	assert_true(plot_y(&p, 0) == 60);
	p.x = (struct plot_axis){ .low = 5, .high = 5 };
	assert_true(plot_x(&p, 5) == 10);
	p.x = (struct plot_axis){ .high = INFINITY };
	assert_true(plot_x(&p, INFINITY) == 10);
}

static void check_ticks(struct plot_axis axis, unsigned int most, size_t n, double first,
			double last)
{
	double ticks[PLOT_TICKS];
	size_t got = plot_ticks(&axis, most, ticks);

	if (got != n)
		fail_msg("%g to %g: %zu ticks, not %zu", axis.low, axis.high, got, n);
	assert_true(fabs(ticks[0] - first) < 1e-9 * fabs(first) + 1e-12);
	assert_true(fabs(ticks[n - 1] - last) < 1e-9 * fabs(last));
}

static void test_ticks(void **state)
{
	check_ticks((struct plot_axis){ .high = 100 }, 5, 6, 0, 100);
	check_ticks((struct plot_axis){ .high = 0.07 }, 5, 4, 0, 0.06);
	check_ticks((struct plot_axis){ .low = 95, .high = 105 }, 6, 5, 96, 104);
	check_ticks((struct plot_axis){ .log = true, .low = 900, .high = 11000 }, 6, 4, 1000,
		    10000);
	check_ticks((struct plot_axis){ .log = true, .low = 1, .high = 1e9 }, 6, 5, 1, 1e8);
	/* Less than a factor of two has no round power in it. */
	check_ticks((struct plot_axis){ .log = true, .low = 210, .high = 290 }, 4, 4, 220, 280);
	check_ticks((struct plot_axis){ .log = true, .low = 1e-3, .high = 1 }, 4, 4, 1e-3, 1);
}

static void test_tick_of_nothing(void **state)
{
	double ticks[PLOT_TICKS];
	const struct plot_axis axis = { .low = 5, .high = 5 };

	assert_int_equal(plot_ticks(&axis, 5, ticks), 0);
}

static void test_labels(void **state)
{
	char buf[24];

	assert_string_equal(plot_label(buf, 0, "ns"), "0");
	assert_string_equal(plot_label(buf, 500, "ns"), "500 ns");
	assert_string_equal(plot_label(buf, 2500, "ns"), "2.5 µs");
	assert_string_equal(plot_label(buf, 1e9, "ns"), "1 s");
	assert_string_equal(plot_label(buf, 6e10, "ns"), "60 s");
	assert_string_equal(plot_label(buf, 20000, "1/s"), "20k");
	assert_string_equal(plot_label(buf, 40, "%"), "40%");
}

/* The path of 90 samples of 100 ns and 10 of 450 ns. */
static void test_curve(void **state)
{
	static struct az_hist h;
	char *text = NULL;
	size_t len;
	struct plot p = { .out = open_memstream(&text, &len), .width = 230, .height = 120,
			  .left = 10, .right = 20, .top = 10, .bottom = 10 };
	int i;

	az_hist_reset(&h);
	for (i = 0; i < 100; i++)
		az_hist_record(&h, i < 90 ? 100 : 450);
	p.x = (struct plot_axis){ .high = 4 };
	p.y = (struct plot_axis){ .high = 500 };
	curve_line(&p, &h, "ln a0");
	fclose(p.out);
	/* 90% is one nine, a quarter of the axis; a hundred samples reach to the second. */
	assert_string_equal(text, "<path class=\"ln a0\" d=\"M10 90L60 90L60 20L110 20\"/>\n");
	free(text);
}

/* ---- text ------------------------------------------------------------------------ */

static void check_text(const char *in, const char *want)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	html_text(out, in);
	fclose(out);
	assert_string_equal(text, want);
	free(text);
}

static void test_text(void **state)
{
	check_text("a<b>&\"c\"", "a&lt;b&gt;&amp;&quot;c&quot;");
	check_text("a\033[31mb\nc\x7f", "a[31mbc");
	check_text("\xc3\xa4\xff" "z", "\xc3\xa4\xef\xbf\xbdz");
	check_text("\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd");
	check_text("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	check_text(NULL, "unknown");
}

static void test_change(void **state)
{
	char buf[16];

	assert_string_equal(html_change(buf, 1), "±0%");
	assert_string_equal(html_change(buf, 0.25), "−75%");
	assert_string_equal(html_change(buf, 1.012), "+1.2%");
	assert_string_equal(html_change(buf, 2.4), "×2.4");
	assert_string_equal(html_change(buf, NAN), "–");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_ticks),
		cmocka_unit_test(test_tick_of_nothing),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_curve),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
