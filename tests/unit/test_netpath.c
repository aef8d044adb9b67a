// SPDX-License-Identifier: GPL-2.0-only
/* The data path: by names and counters made up here, by links of a namespace. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "benchmarks/net/path.h"
#include "lib/clock.h"

#define WAIT_NS	(20 * AZ_NSEC_PER_SEC)

/* ---- links that never were ---- */

static struct path_links make_links(const char *own, const char *other, int other_master,
				    bool running)
{
	struct path_links links = { .n = other ? 2 : 1 };

	links.link[0].link = (struct rtnl_link){ .index = 2, .running = true, .name = "eth0" };
	snprintf(links.link[0].driver, sizeof(links.link[0].driver), "%s", own);
	if (other) {
		links.link[1].link = (struct rtnl_link){
			.index = 3, .master = other_master, .running = running, .name = "enP1",
		};
		snprintf(links.link[1].driver, sizeof(links.link[1].driver), "%s", other);
	}
	return links;
}

static void test_judge(void **state)
{
	struct path_links links = make_links("hv_netvsc", "mana", 2, true);
	const struct path_link *vf;

	assert_int_equal(path_judge(&links, &vf), PATH_VF);
	assert_string_equal(vf->link.name, "enP1");
	links = make_links("hv_netvsc", "mlx5_core", 2, false);
	assert_int_equal(path_judge(&links, &vf), PATH_SYNTHETIC);
	assert_string_equal(vf->driver, "mlx5_core");
	links = make_links("hv_netvsc", NULL, 0, false);
	assert_int_equal(path_judge(&links, &vf), PATH_SYNTHETIC);
	assert_null(vf);
	/* A device of the machine that is under a bond is nobody's VF. */
	links = make_links("bonding", "mlx5_core", 2, true);
	assert_int_equal(path_judge(&links, &vf), PATH_DIRECT);
	assert_null(vf);
	/* The route leaves by the VF itself. */
	links = make_links("mana", "hv_netvsc", 0, true);
	links.link[0].link.master = 3;
	assert_int_equal(path_judge(&links, &vf), PATH_VF);
	links = make_links("", NULL, 0, true);
	links.link[0].link.flags = IFF_LOOPBACK;
	assert_int_equal(path_judge(&links, &vf), PATH_LOOPBACK);
	links.n = 0;
	assert_int_equal(path_judge(&links, &vf), PATH_UNKNOWN);
}

static void test_counters(void **state)
{
	static const char names[][32] = {
		"tx_scattered", "vf_rx_packets", "vf_tx_packets", "vf_tx_dropped",
		"tx_queue_0_packets", "tx_queue_0_bytes", "rx_queue_0_packets",
		"tx_queue_11_packets",
	};
	const uint64_t values[] = { 1, 20, 300, 4, 5000, 60000, 700, 8 };
	struct path_counters before, now;

	assert_true(path_counters_from(&before, names, values, 8));
	assert_int_equal(before.vf_tx, 300);
	assert_int_equal(before.vf_rx, 20);
	assert_int_equal(before.tx, 5008);
	assert_int_equal(before.rx, 700);
	assert_false(path_counters_from(&now, names, values, 2));

	now = before;
	assert_int_equal(path_by_counters(&before, &now), PATH_UNKNOWN);
	now.vf_rx += 50;
	assert_int_equal(path_by_counters(&before, &now), PATH_UNKNOWN);
	now.vf_tx += 1000;
	now.tx += 3;
	assert_int_equal(path_by_counters(&before, &now), PATH_VF);
	now.tx += 2000;
	assert_int_equal(path_by_counters(&before, &now), PATH_SYNTHETIC);
}

/* ---- links of the machine ---- */

struct marks {
	_Atomic unsigned int n;
	char text[16][96];
};

static void take_mark(void *ctx, uint64_t at, const char *text)
{
	struct marks *marks = ctx;

	if (marks->n < 16)
		snprintf(marks->text[marks->n], sizeof(marks->text[0]), "%s", text);
	marks->n++;
}

static struct sockaddr_in ipv4(const char *text)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };

	inet_pton(AF_INET, text, &addr.sin_addr);
	return addr;
}

static void test_loopback(void **state)
{
	struct sockaddr_in peer = ipv4("127.0.0.1");
	struct marks marks = { 0 };
	struct path_watch *watch;
	uint32_t ticket;
	json_t *json;

	if (path_watch_start(&watch, (struct sockaddr *)&peer, take_mark, &marks))
		skip();
	ticket = path_ticket(watch);
	assert_int_equal(path_of_sample(watch, ticket), PATH_LOOPBACK);
	assert_string_equal(path_names[PATH_LOOPBACK - 1], "loopback");
	assert_string_equal(path_names[PATH_SWITCHING - 1], "switching");
	json = path_to_json(watch);
	assert_string_equal(json_string_value(json_object_get(json, "interface")), "lo");
	assert_string_equal(json_string_value(json_object_get(json, "start")), "loopback");
	assert_int_equal(json_integer_value(json_object_get(json, "switches")), 0);
	json_decref(json);
	path_watch_stop(watch);
}

static bool wait_for_path(const struct path_watch *watch, enum path path)
{
	uint64_t end = az_clock_ns() + WAIT_NS;

	while (az_clock_ns() < end) {
		if ((path_ticket(watch) & 0xff) == path)
			return true;
		az_sleep_ns(1000000);
	}
	return false;
}

/* A namespace of our own with an interface of each kind, or why not. */
static const char *enter_namespace(void)
{
	if (system("ip -V >/dev/null 2>&1"))
		return "no ip command";
	if (unshare(CLONE_NEWNET))
		return "no right to make a network namespace";
	if (system("ip link set lo up && ip link add va type veth peer name vb &&"
		   " ip addr add 192.0.2.1/24 dev va && ip link set va up && ip link set vb up"
		   " >/dev/null 2>&1"))
		return "no veth";
	return NULL;
}

static void test_links(void **state)
{
	struct sockaddr_in peer = ipv4("192.0.2.2"), nowhere = ipv4("198.51.100.1");
	struct marks marks = { 0 };
	struct path_watch *watch;
	const char *why = enter_namespace();
	uint32_t ticket;

	if (why) {
		print_message("# %s\n", why);
		skip();
	}
	assert_int_equal(path_watch_start(&watch, (struct sockaddr *)&nowhere, take_mark, &marks),
			 -ENETUNREACH);
	assert_int_equal(path_watch_start(&watch, (struct sockaddr *)&peer, take_mark, &marks), 0);
	assert_string_equal(path_ifname(watch), "va");
	assert_true(wait_for_path(watch, PATH_DIRECT));
	ticket = path_ticket(watch);
	/* Another interface is none of our business. */
	assert_int_equal(system("ip link add vc type veth peer name vd && ip link set vc up"), 0);
	az_sleep_ns(50000000);
	assert_int_equal(path_of_sample(watch, ticket), PATH_DIRECT);
	/* The carrier goes with the other end. */
	assert_int_equal(system("ip link set vb down"), 0);
	assert_true(wait_for_path(watch, PATH_SWITCHING));
	assert_int_equal(path_of_sample(watch, ticket), PATH_SWITCHING);
	assert_int_equal(system("ip link set vb up"), 0);
	assert_true(wait_for_path(watch, PATH_DIRECT));
	/* The same path again, but not the same sample. */
	assert_int_equal(path_of_sample(watch, ticket), PATH_SWITCHING);
	assert_int_equal(path_of_sample(watch, path_ticket(watch)), PATH_DIRECT);
	assert_int_equal(system("ip link del va"), 0);
	assert_true(wait_for_path(watch, PATH_SWITCHING));
	path_watch_stop(watch);
	assert_int_equal(marks.n, 3);
	assert_string_equal(marks.text[0], "direct -> unknown (the interface is down)");
	assert_non_null(strstr(marks.text[1], "direct, "));
}

static void test_neighbour(void **state)
{
	struct sockaddr_in peer = ipv4("192.0.2.9");
	struct rtnl_route route;
	uint8_t mac[6];

	if (enter_namespace())
		skip();
	assert_int_equal(rtnl_route((struct sockaddr *)&peer, &route), 0);
	assert_int_equal(ntohl(route.source.in4.sin_addr.s_addr), 0xc0000201);
	assert_int_equal(route.hop.in4.sin_addr.s_addr, peer.sin_addr.s_addr);
	assert_int_equal(rtnl_neighbour(route.ifindex, &route.hop, mac), -ENOENT);
	assert_int_equal(system("ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev va &&"
				" ip route add 203.0.113.0/24 via 192.0.2.9"), 0);
	assert_int_equal(rtnl_neighbour(route.ifindex, &route.hop, mac), 0);
	assert_memory_equal(mac, "\2\0\0\0\0\11", 6);
	peer = ipv4("203.0.113.7");
	assert_int_equal(rtnl_route((struct sockaddr *)&peer, &route), 0);
	assert_int_equal(ntohl(route.hop.in4.sin_addr.s_addr), 0xc0000209);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_loopback),
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_neighbour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
