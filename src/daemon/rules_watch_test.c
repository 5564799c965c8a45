/* Unit tests of the rules of the store: what is taken from an image, what a reload keeps, and that
 * no number of them holds up the loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "base/clock.h"
#include "daemon/log.h"
#include "daemon/rules_watch.h"
#include "net/loop.h"

static struct bed {
	struct loop *loop;
	struct timer *end;
	struct rules_watch *watch;
	struct generation *now; /* borrowed */
	unsigned renewals;
} bed;

static void
renewed(void *ctx, struct generation *next)
{
	bed.now = next;
	bed.renewals++;
	loop_stop(bed.loop);
}

static void
stop(void *ctx)
{
	loop_stop(bed.loop);
}

/* Until there is a new generation, or for so long. */
static bool
renews(uint64_t ms)
{
	unsigned before = bed.renewals;

	timer_set(bed.end, ms);
	loop_run(bed.loop);
	timer_clear(bed.end);
	return bed.renewals != before;
}

static struct config *
config_of(const char *text)
{
	struct errbuf e = {0};
	struct config *c = config_load_text("test", str_of(text), &e);

	if (!c)
		fail_msg("%s", e.text);
	return c;
}

static struct config *
begin(const char *text, bool wait)
{
	struct config *c = config_of(text);

	c->generation.number = 1;
	bed.loop = loop_new();
	bed.end = timer_new(bed.loop, stop, NULL);
	bed.watch = rules_watch_new(bed.loop, wait, renewed, NULL);
	bed.now = rules_watch_use(bed.watch, c, config_generation(c));
	bed.renewals = 0;
	return c;
}

static void
finish(struct config *c)
{
	rules_watch_free(bed.watch);
	timer_free(bed.end);
	config_free(c);
	loop_free(bed.loop);
}

/* --- images --- */

struct table {
	struct arena arena;
	struct store_image image;
	const struct store_record **list;
};

static struct table *
table_new(size_t room)
{
	struct table *t = heap_calloc(1, sizeof(*t));

	arena_init(&t->arena, 4096, (size_t)1 << 30);
	t->list = heap_calloc(room + 1, sizeof(*t->list));
	t->image = (struct store_image){.status = STORE_OK, .record = t->list};
	return t;
}

/* In the order of their keys. */
static void
put(struct table *t, struct str key, struct str value, int64_t left_s)
{
	struct store_record *r = arena_new(&t->arena, struct store_record);

	*r = (struct store_record){.key = arena_str(&t->arena, key),
		.value = arena_str(&t->arena, value),
		.left_s = left_s};
	t->list[t->image.n++] = r;
}

/* As the store's client does when the next one is there. */
static void
table_free(struct table *t)
{
	arena_done(&t->arena);
	heap_free(t->list);
	heap_free(t);
}

static struct table *
table_of(const char *const (*rows)[2], size_t n)
{
	struct table *t = table_new(n);

	for (size_t i = 0; i < n; i++)
		put(t, str_of(rows[i][0]), str_of(rows[i][1]), 0);
	return t;
}

/* --- what holds --- */

static uint64_t
skipped(const struct generation *g, const char *client)
{
	struct exempted e;
	struct ip ip;

	assert_true(ip_parse(str_of(client), &ip));
	return policy_skip(&g->policy, &ip, clock_ms(), &e);
}

static bool
has_switches(const struct generation *g, const char *rcpt)
{
	struct mailbox_found found;

	return mailboxes_find(g->policy.mailboxes, str_of(rcpt), g->policy.delimiters, &found);
}

static const char *const some[][2] = {
	{"192.0.2.1", "{\"checks\":[\"rdns\"]}"},
	{"192.0.2.2", "no JSON"},
	{"192.0.2.3/24", "{\"checks\":[\"rdns\"]}"}, /* a key that nobody could name again */
	{"example.org", "{\"checks\":[\"rdns\"]}"},
};
static const char *const boxes[][2] = {
	{"@example.org", "{\"refuse\":\"tag\"}"},
	{"User@example.net", "{\"refuse\":\"tag\"}"},
	{"user@example.com", "{}"},
};

static void
test_images(void **state)
{
	struct config *c = begin("[exempt]\n198.51.100.1 = helo\n", true);
	struct generation *before = generation_ref(bed.now);
	struct table *exempt = table_of(some, COUNT(some));
	struct table *mailbox = table_of(boxes, COUNT(boxes));

	assert_true(rules_watch_waits(bed.watch) && bed.now->policy.rules_unknown);
	rules_watch_image(bed.watch, STORE_EXEMPT, &exempt->image);
	assert_true(renews(5000));
	assert_true(rules_watch_waits(bed.watch) && bed.now->policy.rules_unknown);
	assert_true(skipped(bed.now, "192.0.2.1") && skipped(bed.now, "198.51.100.1"));
	assert_false(skipped(bed.now, "192.0.2.2") || skipped(bed.now, "192.0.2.3"));
	rules_watch_image(bed.watch, STORE_MAILBOX, &mailbox->image);
	assert_true(renews(5000));
	assert_false(rules_watch_waits(bed.watch) || bed.now->policy.rules_unknown);
	assert_true(has_switches(bed.now, "user@example.org"));
	assert_false(has_switches(bed.now, "user@example.net"));
	assert_int_equal(bed.now->number, 3);
	/* Whoever began before goes on with what there was. */
	assert_false(skipped(before, "192.0.2.1") || has_switches(before, "user@example.org"));
	assert_true(skipped(before, "198.51.100.1") != 0);
	generation_unref(before);
	assert_false(renews(50));
	table_free(exempt);
	table_free(mailbox);
	finish(c);
}

static void
test_the_newest_image_counts(void **state)
{
	static const char *const later[][2] = {{"192.0.2.9", "{\"checks\":[\"rdns\"]}"}};
	struct config *c = begin("", false);
	struct table *first = table_of(some, COUNT(some));
	struct table *second = table_of(later, COUNT(later)), *none = table_new(0);

	rules_watch_image(bed.watch, STORE_EXEMPT, &first->image);
	table_free(first); /* the next one follows at once, before it was read */
	rules_watch_image(bed.watch, STORE_EXEMPT, &second->image);
	assert_true(renews(5000));
	assert_true(skipped(bed.now, "192.0.2.9") && !skipped(bed.now, "192.0.2.1"));
	/* An image is borrowed only until the next. */
	table_free(second);
	rules_watch_image(bed.watch, STORE_EXEMPT, &none->image);
	assert_true(renews(5000));
	assert_false(skipped(bed.now, "192.0.2.9"));
	/* What could not be loaded changes nothing. */
	const struct store_image failed = {.status = STORE_FAIL};
	rules_watch_image(bed.watch, STORE_EXEMPT, &failed);
	assert_false(renews(50));
	table_free(none);
	finish(c);
}

static void
test_reload_keeps_them(void **state)
{
	struct config *c = begin("[exempt]\n198.51.100.1 = helo\n", false);
	struct table *exempt = table_of(some, COUNT(some));
	struct table *mailbox = table_of(boxes, COUNT(boxes));

	rules_watch_image(bed.watch, STORE_EXEMPT, &exempt->image);
	assert_true(renews(5000));
	rules_watch_image(bed.watch, STORE_MAILBOX, &mailbox->image);
	assert_true(renews(5000));
	struct config *next = config_of("[exempt]\n198.51.100.2 = helo\n");
	next->generation.number = c->generation.number + 1;
	bed.now = rules_watch_use(bed.watch, next, config_generation(next));
	config_free(c);
	assert_true(skipped(bed.now, "192.0.2.1") && skipped(bed.now, "198.51.100.2"));
	assert_false(skipped(bed.now, "198.51.100.1"));
	assert_true(has_switches(bed.now, "user@example.org"));
	assert_int_equal(bed.now->number, next->generation.number);
	/* A reload in the middle of reading: the rest is read under the new settings. */
	rules_watch_image(bed.watch, STORE_EXEMPT, &exempt->image);
	struct config *last = config_of("");
	bed.now = rules_watch_use(bed.watch, last, config_generation(last));
	config_free(next);
	assert_true(renews(5000));
	assert_true(skipped(bed.now, "192.0.2.1") && !skipped(bed.now, "198.51.100.2"));
	table_free(exempt);
	table_free(mailbox);
	finish(last);
}

static void
test_they_end(void **state)
{
	struct config *c = begin("", false);
	struct table *t = table_new(1);
	struct exempted e;
	struct ip ip;

	put(t, STR("192.0.2.1"), STR("{\"checks\":[\"rdns\"]}"), 60);
	rules_watch_image(bed.watch, STORE_EXEMPT, &t->image);
	assert_true(renews(5000));
	assert_true(ip_parse(STR("192.0.2.1"), &ip));
	uint64_t now = clock_ms();
	assert_true(policy_skip(&bed.now->policy, &ip, now + 58000, &e) != 0);
	assert_false(policy_skip(&bed.now->policy, &ip, now + 60000, &e));
	table_free(t);
	finish(c);
}

/* --- many --- */

#define MANY STORE_IMAGE_MAX

static struct table *
many(bool mailboxes, size_t changed)
{
	struct table *t = table_new(MANY);

	for (size_t i = 0; i < MANY; i++) {
		char key[64], value[160];
		if (mailboxes)
			snprintf(key, sizeof(key), "user%06zu@example.org", i);
		else
			snprintf(key, sizeof(key), "host%06zu.example.org", i);
		snprintf(value, sizeof(value),
			mailboxes ? "{\"skip\":[\"rdns\"],\"refuse\":\"tag\"}"
				  : "{\"checks\":[\"rdns\",\"helo\"],\"reason\":\"ticket %d\","
				    "\"owner\":\"somebody\",\"by\":\"root\"}",
			i == changed);
		put(t, str_of(key), str_of(value), 0);
	}
	return t;
}

/* Of this process only: what else the machine does is not counted. */
static uint64_t
cpu_us(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* The longest that the loop was held, in microseconds; *whole: until it was in force. */
static uint64_t
longest_turn(uint64_t *whole)
{
	uint64_t longest = 0, began = cpu_us();
	unsigned before = bed.renewals;

	while (bed.renewals == before) {
		uint64_t turn = cpu_us();
		loop_once(bed.loop);
		uint64_t took = cpu_us() - turn;
		longest = took > longest ? took : longest;
	}
	*whole = cpu_us() - began;
	return longest;
}

static void
test_many(void **state)
{
	struct config *c = begin("", false);
	struct table *t[] = {many(false, MANY), many(false, 7), many(true, MANY)};
	static const char *const what[] = {"exemptions", "one of them changed", "mailboxes"};

	for (size_t i = 0; i < COUNT(t); i++) {
		uint64_t whole, turn;
		rules_watch_image(bed.watch, i == 2 ? STORE_MAILBOX : STORE_EXEMPT, &t[i]->image);
		turn = longest_turn(&whole);
		print_message("%d %s: in force after %llu ms of CPU, at most %llu us at once\n",
			MANY, what[i], (unsigned long long)whole / 1000, (unsigned long long)turn);
		/* Far above what is measured: sanitizers, and a machine with other work. */
		assert_true(whole < 10000000 && turn < 200000);
	}
	assert_true(has_switches(bed.now, "user099999@example.org"));
	struct exempted e = {.skip = 0};
	exempts_by_name(&bed.now->policy.exempts, STR("a.host000007.example.org"), STR(""), 0, &e);
	assert_true(e.n == 1 && str_eq(e.by[0]->reason, STR("ticket 1")));
	for (size_t i = 0; i < COUNT(t); i++)
		table_free(t[i]);
	finish(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_images),
		cmocka_unit_test(test_the_newest_image_counts),
		cmocka_unit_test(test_reload_keeps_them),
		cmocka_unit_test(test_they_end),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
