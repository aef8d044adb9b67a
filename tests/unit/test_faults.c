// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "core/faults.h"

static const char *const delay_keys[] = { "us#", "op", "channel", "kind=short|long", NULL };
static const char *const msg_keys[] = { "msg", NULL };
static const struct fault_kind net_kinds[] = {
	{ .device_type = "net", .what = "delay", .keys = delay_keys },
	{ .device_type = "net", .what = "lose-completion" },
	{ .device_type = "vmbus", .what = "withhold", .keys = msg_keys },
	{ .what = NULL },
};
static const struct fault_kind any_kinds[] = {
	{ .device_type = "*", .what = "rescind", .timed = true },
	{ .what = NULL },
};

static struct faults *make(uint64_t seed)
{
	struct faults *f = faults_create(seed);

	assert_non_null(f);
	assert_int_equal(faults_register(f, net_kinds), 0);
	assert_int_equal(faults_register(f, any_kinds), 0);
	return f;
}

static void give(struct faults *f, const char *spec)
{
	char err[256] = "";

	if (faults_add(f, spec, err, sizeof(err), NULL))
		fail_msg("%s", err);
}

/* The chances out of @n at which a fault fires, as a string of '.' and 'x'. */
static const char *pattern(struct faults *f, unsigned int n, const char *tag)
{
	static char text[128];
	unsigned int i;

	for (i = 0; i < n; i++)
		text[i] = fault_fires(f, "net0", "delay", tag) ? 'x' : '.';
	text[n] = '\0';
	return text;
}

static void test_when(void **state)
{
	static const struct {
		const char *spec, *fires;
	} t[] = {
		{ "net0:delay", "x........." },
		{ "net0:delay,after=2", "..x......." },
		{ "net0:delay,count=0", "xxxxxxxxxx" },
		{ "net0:delay,count=3,every=2", ".x.x.x...." },
		{ "net0:delay,after=1,every=3,count=0", "...x..x..x" },
		{ "net0:delay,prob=0,count=0", ".........." },
		{ "net0:delay,prob=1.0,count=2", "xx........" },
		{ "net0:delay,kind=long", "x........." },
		{ "net0:delay,kind=short", "x........." },
		{ "net:delay,count=2", "xx........" },
		{ "net1:delay,count=0", ".........." },
		{ "net0:lose-completion,count=0", ".........." },
		{ "net0:delay,after=18446744073709551615", ".........." },
	};
	struct faults *f;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		f = make(1);
		give(f, t[i].spec);
		assert_string_equal(pattern(f, 10, NULL), t[i].fires);
		faults_free(f);
	}
}

static void test_seed_decides(void **state)
{
	struct faults *a = make(7), *b = make(7), *c = make(8);
	char first[128];

	give(a, "net0:delay,prob=0.5,count=0");
	give(b, "net0:delay,prob=0.5,count=0");
	/* Another fault beside it must not shift the sequence. */
	give(b, "vmbus:withhold,prob=0.5,count=0");
	fault_fires(b, "vmbus", "withhold", NULL);
	give(c, "net0:delay,prob=0.5,count=0");
	strcpy(first, pattern(a, 100, NULL));
	assert_non_null(strchr(first, 'x'));
	assert_non_null(strchr(first, '.'));
	assert_string_equal(pattern(b, 100, NULL), first);
	assert_string_not_equal(pattern(c, 100, NULL), first);
	faults_free(a);
	faults_free(b);
	faults_free(c);
}

static void test_tag(void **state)
{
	struct faults *f = make(1);
	const struct fault *fault;

	give(f, "net0:delay,op=read,us=250,count=0");
	assert_string_equal(pattern(f, 3, NULL), "...");
	assert_string_equal(pattern(f, 3, "write"), "...");
	fault = fault_fires(f, "net0", "delay", "read");
	assert_non_null(fault);
	assert_int_equal(fault_u64(fault, "us", 1), 250);
	assert_int_equal(fault_u64(fault, "op", 5), 5);
	assert_int_equal(fault_u64(fault, "absent", 9), 9);
	assert_string_equal(fault_str(fault, "op", "-"), "read");
	assert_string_equal(fault_str(fault, "channel", "-"), "-");
	assert_string_equal(fault_device(fault), "net0");
	assert_string_equal(fault_what(fault), "delay");
	assert_false(fault_is_timed(fault));
	faults_free(f);
}

static void test_first_given_fires(void **state)
{
	struct faults *f = make(1);

	give(f, "net0:delay,us=1");
	give(f, "net0:delay,us=2,after=1,count=2");
	assert_int_equal(fault_u64(fault_fires(f, "net0", "delay", NULL), "us", 0), 1);
	assert_int_equal(fault_u64(fault_fires(f, "net0", "delay", NULL), "us", 0), 2);
	assert_int_equal(fault_u64(fault_fires(f, "net0", "delay", NULL), "us", 0), 2);
	assert_null(fault_fires(f, "net0", "delay", NULL));
	faults_free(f);
}

static void test_timed(void **state)
{
	struct faults *f = make(1);
	struct fault *fault = NULL;
	json_t *report, *one;
	char err[256];

	assert_int_equal(faults_add(f, "net0:rescind,at_ms=250", err, sizeof(err), &fault), 0);
	assert_true(fault_is_timed(fault));
	assert_int_equal(fault_at_ms(fault), 250);
	assert_null(fault_fires(f, "net0", "rescind", NULL));
	fault_performed(f, fault);
	report = faults_report(f);
	assert_int_equal(json_array_size(report), 1);
	one = json_array_get(report, 0);
	assert_int_equal(json_integer_value(json_object_get(one, "fired")), 1);
	json_decref(report);
	faults_free(f);
}

static void test_report(void **state)
{
	struct faults *f = make(1);
	json_t *report, *one;

	give(f, "net0:delay,count=100");
	give(f, "vmbus:withhold");
	pattern(f, 120, NULL);
	report = faults_report(f);
	one = json_array_get(report, 0);
	assert_string_equal(json_string_value(json_object_get(one, "spec")),
			    "net0:delay,count=100");
	assert_int_equal(json_integer_value(json_object_get(one, "chances")), 120);
	assert_int_equal(json_integer_value(json_object_get(one, "fired")), 100);
	/* The log is bounded, the count is not. */
	assert_int_equal(json_array_size(json_object_get(one, "log_ms")), 64);
	one = json_array_get(report, 1);
	assert_int_equal(json_integer_value(json_object_get(one, "fired")), 0);
	json_decref(report);
	faults_free(f);
}

static void test_refused(void **state)
{
	static const struct {
		const char *spec, *say;
	} bad[] = {
		{ "", "not of the form" }, { "net0", "not of the form" },
		{ "net0:", "not of the form" }, { ":delay", "not of the form" },
		{ "nett0:delay", "did you mean 'net'" }, { "disk0:delay", "known: net, vmbus" },
		{ "0:delay", "unknown device" }, { "net0:dely", "did you mean 'delay'" },
		{ "net0:explode", "known: delay, lose-completion, rescind" },
		{ "vmbus:delay", "has no fault" }, { "*:rescind", "unknown device" },
		{ "net0:delay,", "key=value" }, { "net0:delay,us", "key=value" },
		{ "net0:delay,us=", "key=value" }, { "net0:delay,=1", "key=value" },
		{ "net0:delay,,us=1", "key=value" }, { "net0:delay,us=abc", "whole number" },
		{ "net0:delay,us=-1", "whole number" }, { "net0:delay,after=1.5", "whole number" },
		{ "net0:delay,count=18446744073709551616", "whole number" },
		{ "net0:delay,every=0", "every=0" }, { "net0:delay,prob=1.5", "probability" },
		{ "net0:delay,prob=nan", "probability" }, { "net0:delay,prob=-0.1", "probability" },
		{ "net0:delay,prob=.", "probability" }, { "net0:delay,at_ms=5", "by chance" },
		{ "net0:rescind,count=2", "by time" }, { "net0:delay,us=1,us=2", "given twice" },
		{ "net0:delay,op=a,channel=1", "only one of" },
		{ "net0:delay,ups=1", "did you mean 'us'" },
		{ "net0:delay,foobar=1", "known: us, op, channel, kind, after, every, count," },
		{ "net0:delay,kind=shor", "none of short|long" },
		{ "net0:delay,kind=|", "none of" }, { "net0:delay,us#=1", "has no key" },
		{ "net0:delay,kind=short|long", "none of" },
		{ "net0:lose-completion,us=1", "has no key" }, { "net0:delay\n", "printable" },
		{ "net0:delay,op=\xff", "printable" },
	};
	struct faults *f = make(1);
	json_t *report;
	char err[256];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		strcpy(err, "-");
		assert_int_equal(faults_add(f, bad[i].spec, err, sizeof(err), NULL), -EINVAL);
		if (!strstr(err, bad[i].say) || strchr(err, '\n'))
			fail_msg("'%s' gives '%s'", bad[i].spec, err);
	}
	report = faults_report(f);
	assert_int_equal(json_array_size(report), 0);
	json_decref(report);
	faults_free(f);
}

static bool is_net0(void *ctx, const char *device)
{
	return !strcmp(device, ctx);
}

/* A device that is not there never fires: refused, whatever the fault. */
static void test_absent_device(void **state)
{
	struct faults *f = make(1);
	char err[256];

	faults_set_devices(f, is_net0, (char *)"net0");
	assert_int_equal(faults_add(f, "net0:delay,us=1", err, sizeof(err), NULL), 0);
	assert_int_equal(faults_add(f, "net7:delay,us=1", err, sizeof(err), NULL), -EINVAL);
	assert_non_null(strstr(err, "no device 'net7'"));
	assert_int_equal(faults_add(f, "net7:rescind", err, sizeof(err), NULL), -EINVAL);
	assert_int_equal(faults_add(f, "net7:no-such", err, sizeof(err), NULL), -EINVAL);
	assert_null(strstr(err, "no device"));
	faults_free(f);
}

static void test_limits(void **state)
{
	struct faults *f = make(1);
	char err[64], spec[600];
	unsigned int i;

	memset(spec, 'a', sizeof(spec) - 1);
	spec[sizeof(spec) - 1] = '\0';
	assert_int_equal(faults_add(f, spec, err, sizeof(err), NULL), -EINVAL);
	assert_non_null(strstr(err, "too long"));
	for (i = 0; i < 1024; i++)
		give(f, "net0:delay");
	assert_int_equal(faults_add(f, "net0:delay", err, sizeof(err), NULL), -EINVAL);
	assert_non_null(strstr(err, "1024"));
	faults_free(f);
	faults_free(NULL);
}

static void *chance_thread(void *arg)
{
	unsigned long fired = 0;
	int i;

	for (i = 0; i < 20000; i++)
		fired += !!fault_fires(arg, "net0", "delay", NULL);
	return (void *)fired;
}

/* Faults may come while other threads take chances, and no chance is lost or doubled. */
static void test_threads(void **state)
{
	struct faults *f = make(1);
	unsigned long fired = 0;
	pthread_t t[4];
	void *result;
	int i;

	give(f, "net0:delay,count=1000,after=10");
	for (i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, chance_thread, f);
	for (i = 0; i < 50; i++)
		give(f, "vmbus:withhold");
	for (i = 0; i < 4; i++) {
		pthread_join(t[i], &result);
		fired += (unsigned long)result;
	}
	assert_int_equal(fired, 1000);
	faults_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_when),
		cmocka_unit_test(test_seed_decides),
		cmocka_unit_test(test_tag),
		cmocka_unit_test(test_first_given_fires),
		cmocka_unit_test(test_timed),
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_absent_device),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
