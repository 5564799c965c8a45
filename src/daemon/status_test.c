/* Unit tests of the answer to `status`: a real gate and resolver, no network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "daemon/resolver.h"
#include "daemon/status.h"

#define SETTINGS                                                                              \
	"[dns]\nresolver = none\n[policy]\nprofile = strict\n[actions]\nrdns_none = reject\n" \
	"[networks]\nours = 127.0.0.0/8\n"

static struct loop *loop;
static struct config *config;
static struct gate *gate;
static struct tally tally;

static void
decided(void *ctx, const struct decision *d)
{
	tally_add(ctx, d);
}

static void
alarmed(void *ctx, const struct health_alarm *a)
{
}

static int
setup(void **state)
{
	struct errbuf e = {0};

	loop = loop_new();
	config = config_load_text("test", STR(SETTINGS), &e);
	if (!config || !resolver_attach(config, NULL, loop, &e))
		return -1;
	config->generation.number = 3;
	gate = gate_new(
		&(struct gate_options){
			.loop = loop, .decided = decided, .alarm = alarmed, .ctx = &tally},
		config_generation(config));
	return 0;
}

static int
teardown(void **state)
{
	gate_free(gate);
	config_free(config);
	loop_free(loop);
	return 0;
}

static void
done(void *ctx, const struct verdict *v)
{
}

/* One message to n recipients; the visit stays open. */
static struct visit *
visit(const char *address, unsigned n)
{
	struct visit_client client = {.way = "test"};

	assert_true(ip_parse(str_of(address), &client.ip));
	struct visit *v = visit_new(gate, &client);
	visit_env(v, ENV_HELO, STR("192.0.2.1"));
	visit_env(v, ENV_MAIL_FROM, STR("ann@example"));
	for (unsigned i = 0; i < n; i++)
		visit_judge(v, STR("bob@example.org"), STR(""), done, NULL);
	return v;
}

static struct status
status_now(void)
{
	return (struct status){.path = "/etc/x\033[2J\xc3\xa9.conf",
		.worker = 2,
		.workers = 4,
		.started = 1767323045,
		.started_ms = clock_ms() - 61000,
		.streams = 5,
		.tally = &tally,
		.config = config,
		.gate = gate};
}

static void
assert_number(const json_t *o, const char *key, json_int_t want)
{
	const json_t *v = json_object_get(o, key);

	if (!json_is_integer(v) || json_integer_value(v) != want)
		fail_msg("%s is %lld", key, (long long)json_integer_value(v));
}

static void
test_counts(void **state)
{
	struct visit *ours = visit("127.0.0.1", 3), *stranger = visit("192.0.2.1", 2);
	const struct status s = status_now();
	json_t *o = status_json(&s);
	const json_t *decisions = json_object_get(o, "decisions");
	const json_t *findings = json_object_get(o, "findings");

	assert_number(decisions, "accept", 3); /* never checked: no findings */
	assert_number(decisions, "reject", 2);
	assert_number(decisions, "tag", 0);
	assert_number(decisions, "quarantine", 0);
	assert_number(decisions, "defer", 0);
	assert_number(findings, "rdns_none", 2); /* one for each recipient, as in the log */
	assert_number(findings, "helo_bare_ip", 2);
	assert_null(json_object_get(findings, "rdns_ok"));
	assert_number(json_object_get(o, "rules"), "exempted", 0);
	assert_number(json_object_get(o, "rules"), "switched", 0);
	assert_number(o, "visits", 2);
	json_decref(o);
	visit_end(ours);
	visit_end(stranger);
	o = status_json(&s);
	assert_number(o, "visits", 0);
	json_decref(o);
}

static void
test_rules(void **state)
{
	static const struct exemption partner = {.what = {"192.0.2.0/24", 12}};
	static const struct verdict verdicts[] = {{.exemption = &partner},
		{.mailbox = {"@example.org refuse=tag", 23}}, {.kind = VERDICT_ACCEPT},
		{.exemption = &partner, .mailbox = {"@example.org refuse=tag", 23}}};
	struct tally t = {.exempted = 0};

	for (size_t i = 0; i < COUNT(verdicts); i++)
		tally_add(&t, &(struct decision){.verdict = &verdicts[i]});
	assert_int_equal(t.exempted, 2);
	assert_int_equal(t.switched, 2);
}

static void
test_the_rest(void **state)
{
	const struct status s = status_now();
	json_t *o = status_json(&s);
	const json_t *health = json_object_get(o, "health");

	assert_string_equal(json_string_value(json_object_get(o, "version")), MXWARD_VERSION);
	assert_string_equal(
		json_string_value(json_object_get(o, "settings")), "/etc/x\\027[2J\\195\\169.conf");
	assert_string_equal(
		json_string_value(json_object_get(o, "started")), "2026-01-02T03:04:05Z");
	assert_number(o, "uptime_s", 61);
	assert_number(o, "worker", 2);
	assert_number(o, "workers", 4);
	assert_number(o, "streams", 5);
	assert_number(o, "generation", 3);
	assert_number(o, "log_dropped", 0);
	assert_true(json_is_false(json_object_get(health, "client_address_lost")));
	assert_int_equal(json_array_size(json_object_get(health, "suspended")), 0);
	assert_int_equal(json_array_size(json_object_get(json_object_get(o, "dns"), "servers")), 0);
	assert_true(json_is_array(json_object_get(o, "lists")));
	assert_int_equal(json_array_size(json_object_get(o, "lists")), 0);
	json_decref(o);
}

static void
put_list(void *ctx, json_t *array)
{
	assert_int_equal(json_array_append_new(array, json_pack("{s:s}", "list", ctx)), 0);
}

static void
test_lists(void **state)
{
	struct status s = status_now();
	char name[] = "zen.example";

	s.lists = put_list;
	s.lists_ctx = name;
	s.path = NULL;
	json_t *o = status_json(&s);
	const json_t *lists = json_object_get(o, "lists");
	assert_int_equal(json_array_size(lists), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(lists, 0), "list")),
		"zen.example");
	assert_true(json_is_null(json_object_get(o, "settings")));
	json_decref(o);
}

/* How the store is, as its client knows it; null without one. */
static void
test_store(void **state)
{
	const struct store_op op = {.op = STORE_PUT,
		.table = STORE_EXEMPT,
		.key = STR("192.0.2.1"),
		.value = STR("{}")};
	struct status s = status_now();
	json_t *o = status_json(&s);

	assert_true(json_is_null(json_object_get(o, "store")));
	json_decref(o);
	struct store_client *client = store_client_on(loop, store_open_memory(NULL), NULL);
	assert_true(store_client_write(client, &op));
	s.store = client;
	o = status_json(&s);
	const json_t *store = json_object_get(o, "store");
	assert_true(json_is_true(json_object_get(store, "usable")));
	assert_number(store, "changes", 1);
	assert_number(store, "waiting", 1);
	assert_number(store, "exempt", 0);
	assert_true(json_is_null(json_object_get(store, "keeper")));
	json_decref(o);
	for (int i = 0; i < 100 && store_client_image(client, STORE_EXEMPT)->n == 0; i++)
		loop_once(loop);
	o = status_json(&s);
	store = json_object_get(o, "store");
	assert_number(store, "waiting", 0);
	assert_number(store, "exempt", 1);
	json_decref(o);
	store_client_free(client);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_the_rest),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_store),
	};

	return cmocka_run_group_tests_name("daemon/status", tests, setup, teardown);
}
