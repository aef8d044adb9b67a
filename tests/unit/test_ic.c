// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <time.h>

#include "fakeguest.h"
#include "ic/ic.h"
#include "proto/ic.h"

/* A guest that has one service open, and the last packet that came from it. */
struct guest {
	struct fakeguest *fg;
	struct vmbus_device *dev;
	struct fg_channel *ch;
	uint64_t trans_id;
	uint32_t len;
	struct {
		struct ic_pipe_header pipe;
		struct ic_header ic;
		uint8_t body[4096];
	} __attribute__((packed)) msg;
};

static void start(struct guest *g, const char *service, const char *fault)
{
	memset(g, 0, sizeof(*g));
	g->fg = fg_new(16, 1);
	assert_int_equal(faults_register(g->fg->faults, ic_faults), 0);
	if (fault)
		fg_fault(g->fg, fault);
	assert_int_equal(ic_add_all(g->fg->bus), 0);
	assert_int_equal(fg_connect(g->fg, VMBUS_VERSION_5_3), 0);
	assert_int_equal(fg_request_offers(g->fg), 4);
	g->dev = vmbus_find_device(g->fg->bus, service);
	assert_non_null(g->dev);
}

static void open_channel(struct guest *g)
{
	g->ch = fg_open(g->fg, g->dev, 0, 4, 4, NULL, 0);
}

static void finish(struct guest *g)
{
	if (g->ch)
		fg_close(g->ch);
	fg_free(g->fg);
}

/* A command to the service; its error, with the reply in *@out when that is wanted. */
static int command(struct guest *g, const char *text, json_t **out)
{
	json_t *args = json_loads(text, 0, NULL), *reply = json_object();
	int ret;

	assert_non_null(args);
	ret = vmbus_device_command(g->fg->bus, g->dev->name,
				   json_string_value(json_object_get(args, "cmd")), args, reply);
	json_decref(args);
	if (ret)
		assert_true(json_is_string(json_object_get(reply, "error")));
	if (out)
		*out = reply;
	else
		json_decref(reply);
	return ret;
}

static json_t *status(struct guest *g)
{
	json_t *reply;

	assert_int_equal(command(g, "{\"cmd\":\"ic-status\"}", &reply), 0);
	return reply;
}

struct wanted {
	struct guest *g;
	const char *key, *text;
	json_int_t least;
};

static bool is_so(void *ctx)
{
	struct wanted *w = ctx;
	json_t *s = status(w->g), *value = json_object_get(s, w->key);
	bool so;

	/* A text may not be there yet, as the value of a search that runs. */
	if (w->text)
		so = value && !strcmp(json_string_value(value), w->text);
	else
		so = json_integer_value(value) >= w->least;
	json_decref(s);
	return so;
}

static void wait_text(struct guest *g, const char *key, const char *text)
{
	struct wanted w = { g, key, text, 0 };

	fg_wait(g->fg, is_so, &w);
}

static void wait_count(struct guest *g, const char *key, json_int_t least)
{
	struct wanted w = { g, key, NULL, least };

	fg_wait(g->fg, is_so, &w);
}

static json_int_t number(struct guest *g, const char *key)
{
	json_t *s = status(g);
	json_int_t n;

	assert_true(json_is_integer(json_object_get(s, key)));
	n = json_integer_value(json_object_get(s, key));
	json_decref(s);
	return n;
}

/* Take the host's next packet and check what all have in common. */
static void receive(struct guest *g, uint16_t type)
{
	struct ring_packet pkt;

	fg_recv(g->ch, &pkt);
	assert_int_equal(pkt.type, VMBUS_PKT_DATA_INBAND);
	assert_in_range(pkt.payload_len, IC_HEADERS, sizeof(g->msg));
	memcpy(&g->msg, pkt.payload, pkt.payload_len);
	g->len = pkt.payload_len;
	g->trans_id = pkt.trans_id;
	assert_int_equal(g->msg.ic.type, type);
	assert_int_equal(g->msg.ic.flags, IC_FLAG_TRANSACTION | IC_FLAG_REQUEST);
	assert_true(g->msg.pipe.size + sizeof(g->msg.pipe) <= g->len);
	assert_int_equal(g->msg.pipe.size, sizeof(g->msg.ic) + g->msg.ic.size);
}

static void answer(struct guest *g)
{
	g->msg.ic.flags = IC_FLAG_TRANSACTION | IC_FLAG_RESPONSE;
	assert_int_equal(fg_send_inband(g->ch, &g->msg, g->len, g->trans_id, false), 0);
}

/* Choose the last of each list, as the newest. */
static void choose(struct guest *g)
{
	struct ic_negotiate *n = (struct ic_negotiate *)g->msg.body;
	struct ic_version frame, message;

	assert_true(n->frame_count > 0 && n->message_count > 0);
	frame = n->version[n->frame_count - 1];
	message = n->version[n->frame_count + n->message_count - 1];
	n->frame_count = 1;
	n->message_count = 1;
	n->version[0] = frame;
	n->version[1] = message;
}

static void negotiate(struct guest *g)
{
	receive(g, IC_NEGOTIATE);
	choose(g);
	answer(g);
	wait_text(g, "state", "ready");
}

static void test_all_negotiate(void **state)
{
	static const struct {
		const char *name, *version;
	} t[] = {
		{ "heartbeat", "3.0" }, { "shutdown", "3.2" }, { "timesync", "3.0" },
		{ "kvp", "4.0" },
	};
	struct guest g;
	json_t *s;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		start(&g, t[i].name, NULL);
		s = status(&g);
		assert_string_equal(json_string_value(json_object_get(s, "state")), "closed");
		json_decref(s);
		open_channel(&g);
		wait_text(&g, "state", "negotiating");
		negotiate(&g);
		s = status(&g);
		assert_string_equal(json_string_value(json_object_get(s, "version")), t[i].version);
		assert_string_equal(json_string_value(json_object_get(s, "framework")), "3.0");
		json_decref(s);
		finish(&g);
	}
}

static void test_refused_versions(void **state)
{
	static const struct ic_negotiate bad[] = {
		{ .frame_count = 0, .message_count = 0 },
		{ .frame_count = 2, .message_count = 1 },
		{ .frame_count = 1, .message_count = 65535 },
		{ .frame_count = 1, .message_count = 1 },	/* 9.9, which nobody offered */
	};
	struct ic_negotiate *n;
	struct guest g;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		start(&g, "shutdown", NULL);
		open_channel(&g);
		receive(&g, IC_NEGOTIATE);
		n = (struct ic_negotiate *)g.msg.body;
		n->frame_count = bad[i].frame_count;
		n->message_count = bad[i].message_count;
		n->version[0] = (struct ic_version){ 9, 9 };
		n->version[1] = (struct ic_version){ 3, 0 };
		answer(&g);
		wait_text(&g, "state", "refused");
		assert_int_equal(command(&g, "{\"cmd\":\"shutdown\"}", NULL), -ENOTCONN);
		finish(&g);
	}
}

static void beat(struct guest *g, uint64_t expected)
{
	struct ic_heartbeat *hb = (struct ic_heartbeat *)g->msg.body;

	receive(g, IC_HEARTBEAT);
	assert_int_equal(hb->sequence, expected);
	hb->sequence++;
	answer(g);
}

static void test_heartbeat(void **state)
{
	struct ring_packet pkt;
	struct guest g;

	start(&g, "heartbeat", NULL);
	assert_int_equal(command(&g, "{\"cmd\":\"heartbeat\",\"period_ms\":2}", NULL), 0);
	open_channel(&g);
	negotiate(&g);
	beat(&g, 0);
	beat(&g, 2);
	beat(&g, 4);
	wait_count(&g, "answers", 3);
	assert_int_equal(number(&g, "wrong"), 0);

	/* A guest that does not answer is asked no more, and is asked again when it does. */
	receive(&g, IC_HEARTBEAT);
	wait_count(&g, "missed", 3);
	assert_false(fg_try_recv(g.ch, &pkt));
	assert_int_equal(number(&g, "requests"), 4);
	answer(&g);
	wait_count(&g, "wrong", 1);
	beat(&g, 8);

	assert_int_equal(command(&g, "{\"cmd\":\"heartbeat\",\"period_ms\":-1}", NULL), -EINVAL);
	assert_int_equal(command(&g, "{\"cmd\":\"heartbeat\",\"period_ms\":3600001}", NULL),
			 -EINVAL);
	assert_int_equal(command(&g, "{\"cmd\":\"heartbeat\"}", NULL), -EINVAL);
	assert_int_equal(number(&g, "period_ms"), 2);
	finish(&g);
}

static void test_heartbeat_silent(void **state)
{
	struct ring_packet pkt;
	struct guest g;

	start(&g, "heartbeat", NULL);
	assert_int_equal(command(&g, "{\"cmd\":\"heartbeat\",\"period_ms\":0}", NULL), 0);
	open_channel(&g);
	negotiate(&g);
	assert_false(fg_try_recv(g.ch, &pkt));
	assert_int_equal(number(&g, "requests"), 0);
	assert_int_equal(command(&g, "{\"cmd\":\"heartbeat\",\"period_ms\":1}", NULL), 0);
	beat(&g, 0);
	finish(&g);
}

static void test_shutdown(void **state)
{
	static const struct {
		const char *command;
		uint32_t flags;
	} t[] = {
		{ "{\"cmd\":\"shutdown\"}", 0 },
		{ "{\"cmd\":\"shutdown\",\"device\":\"shutdown\",\"reboot\":true}", 2 },
		{ "{\"cmd\":\"shutdown\",\"force\":true}", 1 },
		{ "{\"cmd\":\"shutdown\",\"force\":true,\"reboot\":true}", 3 },
	};
	struct ic_shutdown *sd;
	struct guest g;
	size_t i;

	start(&g, "shutdown", NULL);
	assert_int_equal(command(&g, "{\"cmd\":\"shutdown\"}", NULL), -ENOTCONN);
	open_channel(&g);
	negotiate(&g);
	assert_int_equal(command(&g, "{\"cmd\":\"shutdown\",\"rebot\":true}", NULL), -EINVAL);
	assert_int_equal(number(&g, "last_status"), -1);
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(command(&g, t[i].command, NULL), 0);
		receive(&g, IC_SHUTDOWN);
		sd = (struct ic_shutdown *)g.msg.body;
		assert_int_equal(sd->flags, t[i].flags);
		assert_int_equal(g.msg.ic.size, sizeof(*sd));
		assert_int_equal(g.msg.ic.message.major, 3);
		assert_int_equal(g.msg.ic.message.minor, 2);
		g.msg.ic.status = i == 3 ? IC_E_FAIL : IC_S_OK;
		answer(&g);
		wait_count(&g, "answers", i + 1);
		assert_int_equal(number(&g, "last_status"), i == 3 ? IC_E_FAIL : IC_S_OK);
	}
	finish(&g);
}

static void test_timesync(void **state)
{
	uint64_t now = (time(NULL) + 11644473600ull) * 10000000;
	struct ic_timesync *ts;
	struct ring_packet pkt;
	struct guest g;

	start(&g, "timesync", NULL);
	open_channel(&g);
	negotiate(&g);
	receive(&g, IC_TIMESYNC);
	ts = (struct ic_timesync *)g.msg.body;
	assert_int_equal(ts->flags, IC_TIMESYNC_SYNC);
	assert_in_range(ts->parent_time, now - 10000000, now + 36000000000ull);
	answer(&g);
	assert_int_equal(command(&g, "{\"cmd\":\"timesync\",\"send\":\"sample\"}", NULL), 0);
	receive(&g, IC_TIMESYNC);
	assert_int_equal(ts->flags, IC_TIMESYNC_SAMPLE);
	assert_int_equal(command(&g, "{\"cmd\":\"timesync\",\"send\":\"x\"}", NULL), -EINVAL);
	assert_int_equal(command(&g, "{\"cmd\":\"timesync\"}", NULL), -EINVAL);

	assert_int_equal(command(&g, "{\"cmd\":\"timesync\",\"on_open\":false}", NULL), 0);
	fg_close(g.ch);
	open_channel(&g);
	negotiate(&g);
	assert_false(fg_try_recv(g.ch, &pkt));
	finish(&g);
}

static void put_utf16(uint8_t *out, uint32_t *size, const uint16_t *text, unsigned int n)
{
	memset(out, 0, 2 * n + 2);
	memcpy(out, text, 2 * n);
	*size = 2 * n + 2;
}

#define UTF16(text) (text), sizeof(text) / sizeof(uint16_t) - 1

static void give_pair(struct guest *g, uint32_t index, const uint16_t *key, unsigned int key_n,
		      const uint16_t *value, unsigned int value_n)
{
	struct ic_kvp_enumerate *kvp = (struct ic_kvp_enumerate *)g->msg.body;
	uint32_t size;

	receive(g, IC_KVP);
	assert_int_equal(kvp->operation, IC_KVP_ENUMERATE);
	assert_int_equal(kvp->pool, IC_KVP_AUTO);
	assert_int_equal(kvp->index, index);
	put_utf16(kvp->key, &size, key, key_n);
	kvp->key_size = size;
	put_utf16(kvp->value, &size, value, value_n);
	kvp->value_size = size;
	answer(g);
}

static void test_kvp_found(void **state)
{
	static const uint16_t name[] = u"OSName", value[] = u"Z\u00fcrich \u2603 \U0001f600";
	struct guest g;
	json_t *s;

	start(&g, "kvp", NULL);
	assert_int_equal(command(&g, "{\"cmd\":\"kvp-get\",\"key\":\"OSName\"}", NULL), -ENOTCONN);
	open_channel(&g);
	negotiate(&g);
	assert_int_equal(command(&g, "{\"cmd\":\"kvp-get\",\"key\":\"OSName\"}", NULL), 0);
	give_pair(&g, 0, UTF16(u"OSNam"), UTF16(u"no"));
	assert_int_equal(command(&g, "{\"cmd\":\"kvp-get\",\"key\":\"x\"}", NULL), -EBUSY);
	give_pair(&g, 1, UTF16(name), UTF16(value));
	wait_text(&g, "search", "found");
	s = status(&g);
	assert_string_equal(json_string_value(json_object_get(s, "value")),
			    "Z\u00fcrich \u2603 \U0001f600");
	json_decref(s);

	/* Half a surrogate pair, once before text and once at the end. */
	assert_int_equal(command(&g, "{\"cmd\":\"kvp-get\",\"key\":\"OSName\"}", NULL), 0);
	give_pair(&g, 0, UTF16(name), (const uint16_t[]){ 0xd800, 'a', 0xdc00, 0xdbff }, 4);
	wait_text(&g, "value", "\ufffda\ufffd\ufffd");
	finish(&g);
}

static void test_kvp_not_found(void **state)
{
	struct ic_kvp_enumerate *kvp;
	struct guest g;

	start(&g, "kvp", NULL);
	open_channel(&g);
	negotiate(&g);
	kvp = (struct ic_kvp_enumerate *)g.msg.body;
	assert_int_equal(command(&g, "{\"cmd\":\"kvp-get\",\"key\":\"\"}", NULL), -EINVAL);
	assert_int_equal(command(&g, "{\"cmd\":\"kvp-get\",\"key\":\"a\",\"pool\":\"b\"}", NULL),
			 -EINVAL);
	assert_int_equal(command(&g, "{\"cmd\":\"kvp-get\",\"key\":\"a\"}", NULL), 0);
	receive(&g, IC_KVP);
	g.msg.ic.status = IC_S_CONT;
	answer(&g);
	wait_text(&g, "search", "absent");

	/* Sizes that reach beyond the message. */
	assert_int_equal(command(&g, "{\"cmd\":\"kvp-get\",\"key\":\"a\"}", NULL), 0);
	receive(&g, IC_KVP);
	kvp->key_size = 0xfffffffe;
	answer(&g);
	wait_text(&g, "search", "failed");
	assert_int_equal(number(&g, "malformed"), 1);

	/* An answer that is too short for what it has to hold. */
	assert_int_equal(command(&g, "{\"cmd\":\"kvp-get\",\"key\":\"a\"}", NULL), 0);
	wait_text(&g, "search", "running");
	receive(&g, IC_KVP);
	g.len = IC_HEADERS + 8;
	answer(&g);
	wait_text(&g, "search", "failed");

	assert_int_equal(command(&g, "{\"cmd\":\"kvp-get\",\"key\":\"a\"}", NULL), 0);
	receive(&g, IC_KVP);
	fg_close(g.ch);
	g.ch = NULL;
	wait_text(&g, "search", "failed");
	finish(&g);
}

static void test_nonsense_is_counted(void **state)
{
	struct guest g;
	uint8_t byte = 0;

	start(&g, "shutdown", NULL);
	open_channel(&g);
	receive(&g, IC_NEGOTIATE);

	fg_send_inband(g.ch, &byte, 1, 0, false);
	wait_count(&g, "malformed", 1);
	fg_send(g.ch, VMBUS_PKT_COMPLETION, 0, g.trans_id, NULL, 0, &g.msg, g.len);
	wait_count(&g, "malformed", 2);

	/* Not an answer; an answer to another message; of another type. */
	fg_send_inband(g.ch, &g.msg, g.len, g.trans_id, false);
	wait_count(&g, "unexpected", 1);
	g.msg.ic.transaction++;
	answer(&g);
	wait_count(&g, "unexpected", 2);
	g.msg.ic.transaction--;
	g.msg.ic.type = IC_SHUTDOWN;
	answer(&g);
	wait_count(&g, "unexpected", 3);
	g.msg.ic.type = IC_NEGOTIATE;
	choose(&g);
	answer(&g);
	wait_text(&g, "state", "ready");
	/* The same answer again. */
	answer(&g);
	wait_count(&g, "unexpected", 4);
	assert_int_equal(fg_counter(g.fg, g.dev, 0, "protocol_errors"), 6);
	assert_int_equal(fg_counter(g.fg, g.dev, 0, "unexpected"), 4);
	finish(&g);
}

static void test_fault_withhold(void **state)
{
	struct ring_packet pkt;
	struct guest g;

	start(&g, "shutdown", "shutdown:withhold,msg=shutdown");
	open_channel(&g);
	negotiate(&g);
	assert_int_equal(command(&g, "{\"cmd\":\"shutdown\"}", NULL), 0);
	wait_count(&g, "withheld", 1);
	assert_false(fg_try_recv(g.ch, &pkt));
	assert_int_equal(command(&g, "{\"cmd\":\"shutdown\"}", NULL), 0);
	receive(&g, IC_SHUTDOWN);
	finish(&g);

	start(&g, "kvp", "kvp:withhold,msg=kvp");
	open_channel(&g);
	negotiate(&g);
	assert_int_equal(command(&g, "{\"cmd\":\"kvp-get\",\"key\":\"a\"}", NULL), 0);
	wait_text(&g, "search", "failed");
	finish(&g);
}

static void test_fault_delay(void **state)
{
	struct ring_packet pkt;
	struct guest g;

	start(&g, "heartbeat", "heartbeat:delay,msg=negotiate,us=2000");
	open_channel(&g);
	negotiate(&g);
	assert_int_equal(number(&g, "delayed"), 1);
	finish(&g);

	/* Closed while a message waits. */
	start(&g, "heartbeat", "heartbeat:delay,us=60000000");
	open_channel(&g);
	wait_count(&g, "delayed", 1);
	assert_false(fg_try_recv(g.ch, &pkt));
	finish(&g);
}

static void test_fault_malformed(void **state)
{
	struct ic_negotiate *n;
	struct guest g;

	start(&g, "heartbeat", "heartbeat:malformed-negotiation");
	open_channel(&g);
	receive(&g, IC_NEGOTIATE);
	n = (struct ic_negotiate *)g.msg.body;
	assert_int_equal(n->frame_count, 65535);
	/* What Linux answers to that: nothing fits (vmbus_prep_negotiate_resp()). */
	n->frame_count = 0;
	n->message_count = 0;
	answer(&g);
	wait_text(&g, "state", "refused");
	/* The fault is spent: the next time all is well. */
	fg_close(g.ch);
	open_channel(&g);
	negotiate(&g);
	finish(&g);

	start(&g, "kvp", "kvp:malformed-negotiation,kind=truncated");
	open_channel(&g);
	receive(&g, IC_NEGOTIATE);
	assert_int_equal(g.msg.ic.size, sizeof(struct ic_negotiate));
	finish(&g);

	start(&g, "kvp", "kvp:malformed-negotiation,kind=versions");
	open_channel(&g);
	receive(&g, IC_NEGOTIATE);
	choose(&g);
	answer(&g);
	wait_text(&g, "state", "refused");
	finish(&g);

	start(&g, "kvp", "kvp:malformed-negotiation,kind=none");
	open_channel(&g);
	receive(&g, IC_NEGOTIATE);
	assert_int_equal(((struct ic_negotiate *)g.msg.body)->frame_count, 0);
	finish(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_negotiate),
		cmocka_unit_test(test_refused_versions),
		cmocka_unit_test(test_heartbeat),
		cmocka_unit_test(test_heartbeat_silent),
		cmocka_unit_test(test_shutdown),
		cmocka_unit_test(test_timesync),
		cmocka_unit_test(test_kvp_found),
		cmocka_unit_test(test_kvp_not_found),
		cmocka_unit_test(test_nonsense_is_counted),
		cmocka_unit_test(test_fault_withhold),
		cmocka_unit_test(test_fault_delay),
		cmocka_unit_test(test_fault_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
