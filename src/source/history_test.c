/* Unit tests of the source of histories, before a store in memory: what is asked once, for how long
 * an answer holds, and that what this process adds is known at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/hash.h"
#include "source/history.h"
#include "store/registration.h"

#define FACTS 8

struct bed {
	struct loop *loop;
	struct store *store;
	struct store_client *client;
	struct source_history *source;
	struct fact fact[FACTS];
	struct answer *got[FACTS];
	size_t n_got;
	size_t give_up; /* with the first answer this fact is given up, unless 0 */
};

static struct bed *bed;

static void
answered(struct fact *f, struct answer *a)
{
	struct bed *b = bed;

	b->got[f - b->fact] = a;
	b->n_got++;
	if (b->give_up) {
		struct history_source *s = source_history_source(b->source);
		s->cancel(s, &b->fact[b->give_up]);
		b->give_up = 0;
	}
}

static void
bed_init(struct bed *b, const struct source_history_options *with)
{
	const struct store_options plain = {0};
	struct source_history_options o = *with;

	*b = (struct bed){.loop = loop_new()};
	bed = b;
	b->store = store_open_memory(&plain);
	b->client = store_client_on(b->loop, b->store, NULL);
	o.loop = b->loop;
	o.store = b->client;
	o.answered = answered;
	b->source = source_history_new(&o);
}

static void
bed_done(struct bed *b)
{
	for (size_t i = 0; i < FACTS; i++)
		answer_unref(b->got[i]);
	source_history_free(b->source);
	store_client_free(b->client);
	loop_free(b->loop);
}

/* As a transaction does it: known at once, or started. */
static struct answer *
ask(struct bed *b, size_t i, enum history_kind what, const char *name)
{
	struct history_source *s = source_history_source(b->source);
	struct fact *f = &b->fact[i];

	*f = (struct fact){.name = str_of(name),
		.kind = FACT_HISTORY,
		.history = what,
		.hash = history_hash(str_of(name), what)};
	struct answer *a = s->lookup(s, f->name, what, f->hash);
	if (a) {
		answer_unref(b->got[i]);
		b->got[i] = a;
	} else {
		s->start(s, f);
	}
	return a;
}

static void
wait_for(struct bed *b, size_t n)
{
	while (b->n_got < n)
		loop_once(b->loop);
	assert_int_equal(b->n_got, n);
}

/* Accepted messages, by whoever else writes. */
static void
write_accepted(struct bed *b, enum history_kind what, const char *name, int64_t n)
{
	char room[HISTORY_NAME_MAX + 2];
	struct buf key = BUF(room);
	struct store_op op = {.op = STORE_ADD, .add = {n}, .score = n * HISTORY_POINT};

	op.table = history_key(what, str_of(name), &key);
	op.key = buf_str(&key);
	assert_true(store_client_write(b->client, &op));
	assert_int_equal(store_sync(b->store), STORE_OK);
}

static void
test_keys(void **state)
{
	static const struct {
		enum history_kind what;
		enum store_table table;
		const char *key;
	} cases[] = {
		{HISTORY_CLIENT, STORE_HISTORY, "c:192.0.2.1"},
		{HISTORY_REFUSALS, STORE_COUNTER, "n:192.0.2.1"},
		{HISTORY_SENDER, STORE_HISTORY, "s:192.0.2.1"},
		{HISTORY_DOMAIN, STORE_HISTORY, "d:192.0.2.1"},
		{HISTORY_RESETS, STORE_COUNTER, "r:192.0.2.1"},
		{HISTORY_COMMANDS, STORE_COUNTER, "u:192.0.2.1"},
		{HISTORY_RECIPIENTS, STORE_COUNTER, "b:192.0.2.1"},
		{HISTORY_EMPTY, STORE_COUNTER, "e:192.0.2.1"},
		{HISTORY_SEEN, STORE_SEEN, "d:192.0.2.1"},
		{HISTORY_REGISTERED, STORE_SEEN, "r:192.0.2.1"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char room[32];
		struct buf b = BUF(room);
		assert_int_equal(history_key(cases[i].what, STR("192.0.2.1"), &b), cases[i].table);
		assert_true(str_eq(buf_str(&b), str_of(cases[i].key)));
	}
}

static void
test_answers(void **state)
{
	struct bed b;

	bed_init(&b, &(struct source_history_options){0});
	write_accepted(&b, HISTORY_CLIENT, "192.0.2.1", 12);
	assert_null(ask(&b, 0, HISTORY_CLIENT, "192.0.2.1"));
	assert_null(ask(&b, 1, HISTORY_SENDER, "192.0.2.1"));
	assert_null(ask(&b, 2, HISTORY_CLIENT, "192.0.2.1")); /* the same: asked once */
	wait_for(&b, 3);
	assert_int_equal(b.got[0]->history.status, HISTORY_OK);
	assert_int_equal(b.got[0]->history.n[HISTORY_ACCEPTED], 12);
	assert_int_equal(b.got[0]->history.score, 12000);
	assert_int_equal(b.got[1]->history.status, HISTORY_NONE);
	assert_int_equal(b.got[2]->history.n[HISTORY_ACCEPTED], 12);
	assert_int_equal(source_history_stats(b.source).asked, 2);
	/* And then it is known without the store. */
	assert_non_null(ask(&b, 3, HISTORY_CLIENT, "192.0.2.1"));
	assert_non_null(ask(&b, 4, HISTORY_SENDER, "192.0.2.1"));
	assert_int_equal(source_history_stats(b.source).asked, 2);
	assert_true(b.got[3]->expires_ms > 0);
	bed_done(&b);
}

/* What one has just done is known when he comes again, and what was told stays as it was. */
static void
test_own_additions(void **state)
{
	const struct history more = {.n = {[HISTORY_REFUSED] = 1}, .score = -HISTORY_POINT};
	struct str name = STR("192.0.2.1");
	struct history before;
	struct bed b;

	bed_init(&b, &(struct source_history_options){0});
	assert_false(source_history_add(b.source, HISTORY_CLIENT, name, &more, &before));
	ask(&b, 0, HISTORY_CLIENT, "192.0.2.1");
	wait_for(&b, 1);
	assert_true(source_history_add(b.source, HISTORY_CLIENT, name, &more, &before));
	assert_int_equal(before.status, HISTORY_NONE);
	assert_true(source_history_add(b.source, HISTORY_CLIENT, name, &more, &before));
	assert_int_equal(before.n[HISTORY_REFUSED], 1);
	assert_int_equal(b.got[0]->history.status, HISTORY_NONE);
	assert_non_null(ask(&b, 1, HISTORY_CLIENT, "192.0.2.1"));
	assert_int_equal(b.got[1]->history.status, HISTORY_OK);
	assert_int_equal(b.got[1]->history.n[HISTORY_REFUSED], 2);
	assert_int_equal(b.got[1]->history.score, -2000);
	assert_int_equal(b.got[1]->expires_ms, b.got[0]->expires_ms); /* no longer than before */
	bed_done(&b);
}

static void
stop(void *ctx)
{
	loop_stop(ctx);
}

/* After its time the store is asked again. */
static void
test_holds_for_a_time(void **state)
{
	struct bed b;

	bed_init(&b, &(struct source_history_options){.keep_ms = 30});
	ask(&b, 0, HISTORY_DOMAIN, "example.org");
	wait_for(&b, 1);
	assert_int_equal(b.got[0]->history.status, HISTORY_NONE);
	write_accepted(&b, HISTORY_DOMAIN, "example.org", 3);
	struct timer *t = timer_new(b.loop, stop, b.loop);
	timer_set(t, 60);
	loop_run(b.loop);
	timer_free(t);
	assert_null(ask(&b, 1, HISTORY_DOMAIN, "example.org"));
	wait_for(&b, 2);
	assert_int_equal(b.got[1]->history.n[HISTORY_ACCEPTED], 3);
	bed_done(&b);
}

static void
test_given_up(void **state)
{
	struct history_source *s;
	struct bed b;

	bed_init(&b, &(struct source_history_options){0});
	s = source_history_source(b.source);
	ask(&b, 0, HISTORY_CLIENT, "192.0.2.1");
	s->cancel(s, &b.fact[0]);
	/* While the others are told, one of them is given up. */
	ask(&b, 1, HISTORY_CLIENT, "192.0.2.1");
	ask(&b, 2, HISTORY_CLIENT, "192.0.2.1");
	b.give_up = 2;
	wait_for(&b, 1);
	assert_non_null(b.got[1]);
	assert_null(b.got[2]);
	/* The end comes while something is asked for. */
	ask(&b, 3, HISTORY_CLIENT, "192.0.2.2");
	s->cancel(s, &b.fact[3]);
	bed_done(&b);
}

static void
never(void *ctx, enum store_status status, const struct store_record *r)
{
	fail();
}

/* More than the store will be asked at once: a failure, later, and never from inside start(). */
static void
test_too_many(void **state)
{
	struct history_source *s;
	struct bed b;
	size_t n = 0;

	bed_init(&b, &(struct source_history_options){0});
	s = source_history_source(b.source);
	/* The store's own limit is reached at some time. */
	while (store_client_get(b.client, STORE_CASE, STR("x"), never, &b))
		assert_true(++n < 1000000);
	b.fact[0] = (struct fact){.name = STR("192.0.2.1"),
		.kind = FACT_HISTORY,
		.hash = history_hash(STR("192.0.2.1"), HISTORY_CLIENT)};
	s->start(s, &b.fact[0]);
	assert_int_equal(b.n_got, 0);
	store_client_forget(b.client, &b);
	wait_for(&b, 1);
	assert_int_equal(b.got[0]->history.status, HISTORY_FAIL);
	/* Which is not none: nothing is added to it, and nobody is told that he is new. */
	struct history h = {.status = HISTORY_OK};
	assert_false(source_history_add(b.source, HISTORY_CLIENT, STR("192.0.2.1"), &h, &h));
	bed_done(&b);
}

static void
test_bounded(void **state)
{
	char name[16];
	struct bed b;

	bed_init(&b, &(struct source_history_options){.bytes = 16 << 10});
	for (size_t i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "n%zu", i);
		answer_unref(b.got[0]);
		b.got[0] = NULL;
		assert_null(ask(&b, 0, HISTORY_CLIENT, name));
		wait_for(&b, i + 1);
	}
	struct source_history_stats stats = source_history_stats(b.source);
	assert_true(stats.bytes <= 16 << 10);
	assert_true(stats.entries > 10 && stats.entries < 200);
	assert_int_equal(stats.evicted + stats.entries, 1000);
	/* What was used last is there. */
	assert_non_null(ask(&b, 1, HISTORY_CLIENT, "n999"));
	bed_done(&b);
}

/* --- registrations --- */

static void
on_wanted(void *ctx, struct str domain)
{
	unsigned *n = ctx;

	assert_true(str_eq(domain, STR("sender.test")));
	++*n;
}

static void
write_registration(struct bed *b, const char *key, const int64_t *date)
{
	char room[32];
	struct buf value = BUF(room);
	const struct store_op op = registration_op(str_of(key), date, &value);

	assert_true(store_client_write(b->client, &op));
	assert_int_equal(store_sync(b->store), STORE_OK);
}

/* What is not known is wanted, and is known when it stands in the store; that there is no date is
 * known too. */
static void
test_registrations(void **state)
{
	unsigned wanted = 0;
	int64_t date = clock_wall() - 7200;
	struct bed b;

	bed_init(&b, &(struct source_history_options){
			     .fail_ms = 1, .wanted = on_wanted, .ctx = &wanted});
	ask(&b, 0, HISTORY_REGISTERED, "sender.test");
	wait_for(&b, 1);
	assert_int_equal(b.got[0]->history.status, HISTORY_UNKNOWN);
	assert_int_equal(wanted, 1);
	write_registration(&b, "r:sender.test", &date);
	write_registration(&b, "r:none.test", NULL);
	write_registration(&b, "r:early.test", &(int64_t){clock_wall() + 3600});
	uint64_t until = clock_ms() + 5;
	while (clock_ms() < until) /* it was kept for a moment */
		;
	ask(&b, 1, HISTORY_REGISTERED, "sender.test");
	ask(&b, 2, HISTORY_REGISTERED, "none.test");
	ask(&b, 3, HISTORY_REGISTERED, "early.test");
	wait_for(&b, 4);
	assert_int_equal(b.got[1]->history.status, HISTORY_OK);
	assert_in_range(b.got[1]->history.age_s, 7200, 7300);
	assert_int_equal(b.got[2]->history.status, HISTORY_NONE);
	assert_int_equal(b.got[3]->history.status, HISTORY_OK);
	assert_int_equal(b.got[3]->history.age_s, 0);
	assert_int_equal(wanted, 1);
	bed_done(&b);
}

/* A date outlives the day for which there was none; what is no date is as good as nothing. */
static void
test_registration_values(void **state)
{
	static const struct {
		const char *text;
		enum registration what;
	} cases[] = {{"0", REGISTRATION_DATE}, {"808372800", REGISTRATION_DATE},
		{"none", REGISTRATION_NONE}, {"", REGISTRATION_UNREADABLE},
		{"-1", REGISTRATION_UNREADABLE}, {"1x", REGISTRATION_UNREADABLE},
		{"99999999999999999999", REGISTRATION_UNREADABLE}};
	char room[32];
	struct buf value = BUF(room);
	int64_t date = 808372800;

	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t t;
		assert_int_equal(
			registration_parse(str_of(cases[i].text), &t), cases[i].what);
	}
	assert_true(registration_op(STR("r:a"), &date, &value).keep_s >
		registration_op(STR("r:a"), NULL, &value).keep_s);
	assert_int_equal(registration_op(STR("r:a"), NULL, &value).keep_s, 86400);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_own_additions),
		cmocka_unit_test(test_holds_for_a_time),
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_registrations),
		cmocka_unit_test(test_registration_values),
		cmocka_unit_test(test_bounded),
	};

	hash_seed();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
