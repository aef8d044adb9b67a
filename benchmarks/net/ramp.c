// SPDX-License-Identifier: GPL-2.0-only
/*
 * The knee: the highest rate at which p99.9, from the intended time, stays under
 * a bound and nothing is lost. Rates double until one fails, then the interval
 * between the last good and the first bad one is halved until it is narrow. Each
 * rate is a run of its own, with a part that is not counted before it.
 */
#include <math.h>
#include <string.h>

#include "benchmarks/net/engine.h"
#include "benchmarks/net/rtt.h"
#include "lib/log.h"

#define NARROW		1.05	/* the knee is known to 5% */
#define STEPS_MAX	64

struct step {
	double rate, sent_rate;
	uint64_t p50, p99, p999, lost, sent, received;
	bool good;
};

struct ramp {
	struct net_bench *net;
	struct net_rtt_run *rtt;
	struct step steps[STEPS_MAX], *now;
	unsigned int n;
	double knee;
	json_t *last;		/* the result at the knee, or of the first rate */
};

static struct ramp *current;	/* of the run under way: load_run has one priv only */

static void take_figures(struct load_run *run, const struct recorder *total)
{
	const struct az_hist *rtt = &total->hist[NET_HIST_RTT];
	struct step *step = current->now;

	step->sent = recorder_counter(total, NET_COUNT_SENT);
	step->received = recorder_counter(total, NET_COUNT_RECEIVED);
	step->lost = recorder_counter(total, NET_COUNT_LOST);
	step->p50 = az_hist_percentile(rtt, 500000);
	step->p99 = az_hist_percentile(rtt, 990000);
	step->p999 = az_hist_percentile(rtt, 999000);
	step->sent_rate = net_send_rate(run, step->sent);
}

/*
 * What belongs to one rate goes into a member of its own: runs whose knees differ have
 * these of different loads, and must not be compared by them.
 */
static void set_apart(json_t *result, double rate)
{
	static const char *const keys[] = { "histograms", "timeline", "stages" };
	json_t *step = json_pack("{s:f}", "rate", rate), *value;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		value = json_object_get(result, keys[i]);
		if (value)
			json_object_set(step, keys[i], value);
		json_object_del(result, keys[i]);
	}
	json_object_set_new(result, "step", step);
	json_object_set_new(result, "metrics", json_array());
}

/* Measures one rate. Returns 0, or the exit code of a run that failed. */
static int measure(struct ramp *ramp, double rate)
{
	struct step *step = &ramp->steps[ramp->n];
	char p999[16];
	json_t *result;
	int ret;

	*step = (struct step){ .rate = rate };
	ramp->now = step;
	ramp->net->load.rate = rate;
	net_rtt_prepare(ramp->net, ramp->rtt);
	ramp->rtt->run.say = take_figures;
	ret = load_measure(&ramp->rtt->run, &result);
	if (ret && !step->sent) {
		json_decref(result);
		return ret;
	}
	ramp->n++;
	step->good = !ret && !step->lost && step->received && step->p999 <= ramp->net->bound;
	bench_say(&ramp->net->bench, "%12.0f/s  p99.9 %-8s  lost %-6llu %s", rate,
		  bench_time(p999, (double)step->p999), (unsigned long long)step->lost,
		  step->good ? "good" : "too much");
	if (step->good || !ramp->last) {
		json_decref(ramp->last);
		ramp->last = json_incref(result);
		set_apart(result, rate);
	}
	json_decref(result);
	return 0;
}

static int search(struct ramp *ramp)
{
	double good = 0, bad = 0, rate = ramp->net->ramp_from;
	int ret = 0;

	while (!ret && !bench_stopped() && ramp->n < STEPS_MAX) {
		ret = measure(ramp, rate);
		if (ret || bench_stopped())
			break;
		if (ramp->steps[ramp->n - 1].good)
			good = rate;
		else
			bad = rate;
		if (!good || good >= ramp->net->ramp_to || (bad && bad <= good * NARROW))
			break;
		rate = bad ? sqrt(good * bad) : fmin(2 * good, ramp->net->ramp_to);
	}
	ramp->knee = good;
	return ret;
}

static json_t *table(const struct ramp *ramp)
{
	json_t *rows = json_array();
	unsigned int i;

	for (i = 0; i < ramp->n; i++)
		json_array_append_new(rows, json_pack("{s:f,s:f,s:I,s:I,s:I,s:I,s:I,s:I,s:b}",
			"rate", ramp->steps[i].rate, "send_rate", ramp->steps[i].sent_rate,
			"p50", (json_int_t)ramp->steps[i].p50,
			"p99", (json_int_t)ramp->steps[i].p99,
			"p99.9", (json_int_t)ramp->steps[i].p999,
			"lost", (json_int_t)ramp->steps[i].lost,
			"sent", (json_int_t)ramp->steps[i].sent,
			"received", (json_int_t)ramp->steps[i].received,
			"good", ramp->steps[i].good));
	return rows;
}

static int report(struct ramp *ramp, int ret)
{
	struct net_bench *net = ramp->net;
	json_t *result = ramp->last;
	bool open_end = ramp->knee >= net->ramp_to;
	char bound[16];

	if (!result)
		return ret;
	json_object_set_new(result, "benchmark", json_string("net-ramp"));
	json_object_set_new(result, "ramp", table(ramp));
	json_object_del(json_object_get(result, "config"), "rate");
	json_object_set_new(json_object_get(result, "config"), "ramp",
			    json_pack("[f,f]", net->ramp_from, net->ramp_to));
	az_result_config_int(result, "bound_ns", net->bound);
	az_result_config_int(result, "step_ns", net->ramp_step);
	az_result_metric(result, "knee_rate", "1/s", false, ramp->knee);
	bench_time(bound, (double)net->bound);
	if (!ramp->knee && !bench_stopped() && !ret) {
		az_err("even %.0f/s, the lowest rate of --ramp, does not stay under %s",
		       net->ramp_from, bound);
		ret = AZ_EXIT_FAILED;
	}
	json_object_set_new(result, "verdict", json_string(
			    !ramp->knee ? "the lowest rate is too much" :
			    open_end ? "the highest rate is still good" : "found"));
	if (ramp->knee)
		bench_say(&net->bench, "knee: %s%.0f/s stay under %s at p99.9",
			  open_end ? "at least " : "", ramp->knee, bound);
	return bench_end(&net->bench, result, ret);
}

int net_ramp(struct net_bench *net, struct net_rtt_run *rtt)
{
	struct ramp ramp = { .net = net, .rtt = rtt };

	current = &ramp;
	net->bench.duration = net->ramp_step;
	net->bench.warmup_ns = net->settle;
	net->bench.warmup_count = 0;
	return report(&ramp, search(&ramp));
}
