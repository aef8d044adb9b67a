// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/netvsc_view.h"

#include <bpf/btf.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/netvsc_types.h"
#include "lib/clock.h"
#include "lib/result.h"

static uint64_t mean(uint64_t sum, uint64_t n)
{
	return n ? sum / n : 0;
}

/* ---- queues ----------------------------------------------------------------------- */

static bool queue_of(const struct trace_run *run, unsigned int id, struct netvsc_queue *q)
{
	return !trace_stats(run, "netvsc_queues", id, q, sizeof(*q)) &&
	       (q->tx | q->tx_vf | q->tx_done | q->rx | q->rx_vf | q->interrupts | q->polls);
}

static void add(struct netvsc_queue *all, const struct netvsc_queue *q)
{
	all->tx += q->tx;
	all->tx_batched += q->tx_batched;
	all->tx_vf += q->tx_vf;
	all->tx_done += q->tx_done;
	all->signals += q->signals;
	all->interrupts += q->interrupts;
	all->polls += q->polls;
	all->rx += q->rx;
	all->rx_vf += q->rx_vf;
	all->rx_socket += q->rx_socket;
}

static void show_queue(FILE *out, unsigned int id, const struct netvsc_queue *q)
{
	char a[16], b[16], c[16], d[16];

	fprintf(out, "%-10.10s %2u %8llu %8llu %8llu %7s %7s %8llu %8llu %8llu %7s %7s\n",
		netvsc_device_name(id >> NETVSC_QUEUE_BITS), id & ((1u << NETVSC_QUEUE_BITS) - 1),
		q->tx, q->tx_done, q->signals,
		bench_time(a, (double)mean(q->tx_sum, q->tx_done)),
		bench_time(b, (double)q->tx_max),
		q->interrupts, q->polls, q->rx,
		bench_time(c, (double)mean(q->rx_sum, q->rx_socket)),
		bench_time(d, (double)q->rx_max));
}

static void show_share(FILE *out, const char *what, uint64_t vf, uint64_t synthetic)
{
	if (vf)
		fprintf(out, "%-50s %11.1f%%\n", what,
			100 * (double)vf / (double)(vf + synthetic));
}

static void show_queues(const struct trace_run *run, FILE *out)
{
	struct netvsc_queue all = { 0 }, q;
	unsigned int id;

	fprintf(out, "%-10s %2s %8s %8s %8s %7s %7s %8s %8s %8s %7s %7s\n", "device", "q", "tx",
		"done", "signals", "mean", "max", "intr", "polls", "rx", "mean", "max");
	for (id = 0; id < NETVSC_QUEUES; id++) {
		if (!queue_of(run, id, &q))
			continue;
		show_queue(out, id, &q);
		add(&all, &q);
	}
	if (all.tx_batched)
		fprintf(out, "%-50s %12llu\n", "frames sent in the packet of a later one",
			all.tx_batched);
	show_share(out, "share of the VF, to the host", all.tx_vf, all.tx + all.tx_batched);
	show_share(out, "share of the VF, from the host", all.rx_vf, all.rx);
}

static json_t *queue_json(unsigned int id, const struct netvsc_queue *q)
{
	return json_pack("{s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
			 "device", netvsc_device_name(id >> NETVSC_QUEUE_BITS),
			 "queue", (int)(id & ((1u << NETVSC_QUEUE_BITS) - 1)),
			 "tx", (json_int_t)q->tx, "tx_batched", (json_int_t)q->tx_batched,
			 "tx_done", (json_int_t)q->tx_done, "tx_vf", (json_int_t)q->tx_vf,
			 "tx_mean_ns", (json_int_t)mean(q->tx_sum, q->tx_done),
			 "tx_max_ns", (json_int_t)q->tx_max,
			 "signals", (json_int_t)q->signals,
			 "interrupts", (json_int_t)q->interrupts, "polls", (json_int_t)q->polls,
			 "rx", (json_int_t)q->rx, "rx_vf", (json_int_t)q->rx_vf,
			 "rx_socket", (json_int_t)q->rx_socket);
}

static json_t *queues_json(const struct trace_run *run)
{
	json_t *list = json_array(), *one;
	struct netvsc_queue q;
	unsigned int id;

	for (id = 0; id < NETVSC_QUEUES; id++) {
		one = queue_of(run, id, &q) ? queue_json(id, &q) : NULL;
		if (!one)
			continue;
		json_object_set_new(one, "rx_mean_ns",
				    json_integer((json_int_t)mean(q.rx_sum, q.rx_socket)));
		json_object_set_new(one, "rx_max_ns", json_integer((json_int_t)q.rx_max));
		json_array_append_new(list, one);
	}
	return list;
}

/* ---- with the host now ------------------------------------------------------------ */

struct flight {
	unsigned int count;
	uint64_t oldest;	/* ns: when its packet was written */
};

static void add_flight(const void *entry, void *ctx)
{
	const struct netvsc_tx *t = entry;
	struct flight *flight = ctx;

	if (t->state != NETVSC_RING)
		return;
	if (!flight->count++ || t->last < flight->oldest)
		flight->oldest = t->last;
}

/* Packets that the host has not completed; @age of the oldest, 0 in a replay. */
static unsigned int in_flight(const struct trace_run *run, uint64_t *age)
{
	struct flight flight = { 0 };

	trace_table(run, "netvsc_txs", sizeof(struct netvsc_tx), add_flight, &flight);
	*age = flight.count && !run->replay ? az_clock_ns() - flight.oldest : 0;
	return flight.count;
}

static void show_flight(const struct trace_run *run, FILE *out)
{
	char text[16];
	uint64_t age;
	unsigned int n = in_flight(run, &age);

	if (!n)
		return;
	fprintf(out, "%-50s %12u", "packets with the host", n);
	if (age)
		fprintf(out, ", the oldest for %s", bench_time(text, (double)age));
	fputc('\n', out);
}

/* ---- drops ------------------------------------------------------------------------ */

static uint64_t drops_for(const struct trace_run *run, unsigned int reason)
{
	struct netvsc_reason *each;
	unsigned int cpus, cpu;
	uint64_t sum = 0;

	each = trace_rows(run, "netvsc_reasons", reason, sizeof(*each), &cpus);
	for (cpu = 0; cpu < cpus; cpu++)
		sum += each[cpu].drops;
	free(each);
	return sum;
}

/* The running kernel's name of @reason, without what all have before it; NULL: none. */
static const char *reason_name(const struct btf *btf, unsigned int reason)
{
	int id = btf ? btf__find_by_name_kind(btf, "skb_drop_reason", BTF_KIND_ENUM) : -1;
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
	const struct btf_enum *value = type ? btf_enum(type) : NULL;
	unsigned int i;

	for (i = 0; value && i < btf_vlen(type); i++) {
		const char *name = btf__name_by_offset(btf, value[i].name_off);

		if (value[i].val != (int)reason)
			continue;
		return name && !strncmp(name, "SKB_DROP_REASON_", 16) ? name + 16 : name;
	}
	return NULL;
}

/* Calls @fn for each reason that there was. */
static void each_reason(const struct trace_run *run,
			void (*fn)(void *ctx, const char *name, uint64_t count), void *ctx)
{
	struct btf *btf = NULL;
	const char *name;
	char text[16];
	unsigned int i;
	uint64_t n;

	if (!trace_count(run, NETVSC_N_DROPS))
		return;
	if (!run->replay)
		btf = btf__load_vmlinux_btf();
	for (i = 0; i < NETVSC_REASONS; i++) {
		n = drops_for(run, i);
		if (!n)
			continue;
		snprintf(text, sizeof(text), "%u", i);
		name = i == NETVSC_REASONS - 1 ? "other" : reason_name(btf, i);
		fn(ctx, name ? name : text, n);
	}
	btf__free(btf);
}

static void show_reason(void *ctx, const char *name, uint64_t count)
{
	fprintf(ctx, "  dropped: %-39s %12llu\n", name, (unsigned long long)count);
}

static void reason_json(void *ctx, const char *name, uint64_t count)
{
	json_object_set_new(ctx, name, json_integer((json_int_t)count));
}

/* ---- switches of the data path ---------------------------------------------------- */

static int by_time(const void *a, const void *b)
{
	uint64_t x = ((const struct netvsc_switch *)a)->since;
	uint64_t y = ((const struct netvsc_switch *)b)->since;

	return x < y ? -1 : x > y;
}

/* Those that are over, by time, into @list of NETVSC_SWITCHES. */
static unsigned int switches_of(const struct trace_run *run, struct netvsc_switch *list)
{
	unsigned int i, n = 0;

	for (i = 0; i < NETVSC_SWITCHES; i++) {
		struct netvsc_switch *s = &list[n];

		if (!trace_stats(run, "netvsc_switches", i, s, sizeof(*s)) && s->end)
			n++;
	}
	qsort(list, n, sizeof(list[0]), by_time);
	return n;
}

static void show_switches(const struct trace_run *run, FILE *out)
{
	struct netvsc_switch list[NETVSC_SWITCHES];
	unsigned int n = switches_of(run, list), i;
	char after[16], took[16], quiet[16];

	if (n)
		fprintf(out, "%-10s %-10s %10s %10s %14s\n", "device", "switch to", "after", "took",
			"nothing came");
	for (i = 0; i < n; i++)
		fprintf(out, "%-10.10s %-10s %10s %10s %14s%s\n",
			netvsc_device_name((unsigned int)list[i].device),
			list[i].to_vf ? "VF" : "synthetic",
			bench_time(after, (double)(list[i].since - list[0].since)),
			bench_time(took, (double)(list[i].end - list[i].since)),
			list[i].quiet ? bench_time(quiet, (double)list[i].quiet) : "-",
			list[i].failed ? " failed" : "");
}

static json_t *switches_json(const struct trace_run *run)
{
	struct netvsc_switch list[NETVSC_SWITCHES];
	unsigned int n = switches_of(run, list), i;
	json_t *array = json_array(), *one;

	for (i = 0; i < n; i++) {
		one = json_pack("{s:s, s:b, s:b, s:I, s:I}", "device",
				netvsc_device_name((unsigned int)list[i].device),
				"to_vf", (int)list[i].to_vf, "failed", (int)list[i].failed,
				"at_ns", (json_int_t)list[i].since,
				"took_ns", (json_int_t)(list[i].end - list[i].since));
		if (one && list[i].quiet)
			json_object_set_new(one, "quiet_ns",
					    json_integer((json_int_t)list[i].quiet));
		json_array_append_new(array, one);
	}
	return array;
}

/* ---- all of it -------------------------------------------------------------------- */

void netvsc_show(struct trace_run *run, FILE *out)
{
	show_flight(run, out);
	each_reason(run, show_reason, out);
	show_queues(run, out);
	show_switches(run, out);
}

void netvsc_result(struct trace_run *run, json_t *json)
{
	json_t *drops = json_object();
	uint64_t age;

	az_result_count(json, "in_flight", in_flight(run, &age));
	if (age)
		az_result_count(json, "in_flight_oldest_ns", age);
	each_reason(run, reason_json, drops);
	json_object_set_new(json, "drop_reasons", drops);
	json_object_set_new(json, "queues", queues_json(run));
	json_object_set_new(json, "switches", switches_json(run));
}
