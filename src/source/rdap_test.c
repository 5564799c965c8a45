/* Unit tests of asking registries: whom, how often, and what is made of what they say.  Pages are
 * fetched by the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/clock.h"
#include "source/rdap.h"

#define GOOD(name, date)                                                                         \
	"{\"objectClassName\":\"domain\",\"ldhName\":\"" name "\",\"events\":[{\"eventAction\":" \
	"\"registration\",\"eventDate\":\"" date "\"}]}"
#define BOOTSTRAP                                                                  \
	"{\"version\":\"1.0\",\"services\":[[[\"one\"],[\"https://one.example/v1/" \
	"\"]],[[\"two\"],["                                                        \
	"\"https://two.example/\"]],[[\"three\"],[\"https://three.example/\"]]]}"

struct bed {
	struct loop *loop;
	struct source_rdap *source;
	struct arena a;
	struct rdap_bootstrap bootstrap;
	struct timer *over;
	/* the last of each */
	char url[1200], answered[64], failed[128];
	bool anywhere, is_over;
	unsigned slot, n_fetched, n_answered, n_failed;
	int64_t date; /* -1: none */
};

static void
on_fetch(void *ctx, const struct rdap_fetch *f)
{
	struct bed *b = ctx;

	snprintf(b->url, sizeof(b->url), "%s", f->url);
	b->anywhere = f->anywhere;
	b->slot = f->slot;
	b->n_fetched++;
}

static void
on_answered(void *ctx, struct str domain, const int64_t *date)
{
	struct bed *b = ctx;

	snprintf(b->answered, sizeof(b->answered), "%.*s", STR_ARG(domain));
	b->date = date ? *date : -1;
	b->n_answered++;
}

static void
on_failed(void *ctx, struct str domain, const char *url, const char *why)
{
	struct bed *b = ctx;

	snprintf(b->failed, sizeof(b->failed), "%.*s: %s", STR_ARG(domain), why);
	b->n_failed++;
}

static void
on_over(void *ctx)
{
	((struct bed *)ctx)->is_over = true;
}

static void
bed_init(struct bed *b, unsigned rate, unsigned rate_all)
{
	static const struct rdap_server servers[] = {
		{STR_INIT("two"), STR_INIT("http://127.0.0.1:8080/")},
		{STR_INIT("no.two"), STR_INIT("")}};
	struct errbuf e = {0};

	*b = (struct bed){.loop = loop_new()};
	arena_init(&b->a, 4096, SIZE_MAX);
	assert_true(rdap_bootstrap_parse(&b->a, STR(BOOTSTRAP), &b->bootstrap, &e));
	b->over = timer_new(b->loop, on_over, b);
	b->source = source_rdap_new(&(struct source_rdap_options){.loop = b->loop,
		.bootstrap = &b->bootstrap,
		.n_servers = 2,
		.server = servers,
		.rate = rate,
		.rate_all = rate_all,
		.fetch = on_fetch,
		.answered = on_answered,
		.failed = on_failed,
		.ctx = b});
}

static void
bed_done(struct bed *b)
{
	source_rdap_free(b->source);
	timer_free(b->over);
	arena_done(&b->a);
	loop_free(b->loop);
}

/* Let time pass, at most so much, until so many pages have been asked for. */
static void
run(struct bed *b, uint64_t ms, unsigned n)
{
	b->is_over = false;
	timer_set(b->over, ms);
	while (!b->is_over && b->n_fetched < n)
		loop_once(b->loop);
	timer_clear(b->over);
}

static void
fetched(struct bed *b, unsigned code, const char *body)
{
	const struct rdap_page page = {
		.code = code, .body = str_of(body), .location = STR(""), .retry_after_s = -1};

	source_rdap_fetched(b->source, b->slot, &page);
}

static void
moved(struct bed *b, const char *location)
{
	const struct rdap_page page = {
		.code = 302, .location = str_of(location), .retry_after_s = -1};

	source_rdap_fetched(b->source, b->slot, &page);
}

static void
want(struct bed *b, const char *domain)
{
	unsigned n = b->n_fetched;

	source_rdap_want(b->source, str_of(domain));
	run(b, 1000, n + 1);
}

static void
test_answers(void **state)
{
	struct bed b;

	bed_init(&b, 600, 6000);
	want(&b, "sender.one");
	assert_string_equal(b.url, "https://one.example/v1/domain/sender.one");
	assert_false(b.anywhere);
	fetched(&b, 200, GOOD("SENDER.ONE", "1995-08-14T04:00:00Z"));
	assert_string_equal(b.answered, "sender.one");
	assert_int_equal(b.date, 808372800);
	want(&b, "none.one");
	fetched(&b, 404, "");
	assert_string_equal(b.answered, "none.one");
	assert_int_equal(b.date, -1);
	want(&b, "other.one");
	fetched(&b, 200, GOOD("sender.one", "1995-08-14T04:00:00Z"));
	assert_string_equal(b.failed, "other.one: it is about another domain");
	want(&b, "page.one");
	fetched(&b, 200, "<html>");
	assert_string_equal(b.failed, "page.one: it is no JSON");
	want(&b, "no.one");
	fetched(&b, 403, "");
	assert_string_equal(b.failed, "no.one: it answers 403");
	assert_int_equal(b.n_answered, 2);
	bed_done(&b);
}

static void
test_whom(void **state)
{
	struct bed b;

	bed_init(&b, 600, 6000);
	/* The settings go before the file, the longer name before the shorter. */
	want(&b, "sender.two");
	assert_string_equal(b.url, "http://127.0.0.1:8080/domain/sender.two");
	assert_true(b.anywhere);
	fetched(&b, 404, "");
	source_rdap_want(b.source, STR("sender.no.two"));
	assert_string_equal(b.answered, "sender.no.two");
	assert_int_equal(b.date, -1);
	/* A registry that nobody knows is not looked for. */
	source_rdap_want(b.source, STR("sender.four"));
	assert_string_equal(b.answered, "sender.four");
	assert_int_equal(b.n_fetched, 1);
	bed_done(&b);
}

static void
test_redirects(void **state)
{
	struct bed b;

	bed_init(&b, 600, 6000);
	want(&b, "sender.one");
	moved(&b, "https://a.example/domain/sender.one");
	assert_string_equal(b.url, "https://a.example/domain/sender.one");
	moved(&b, "https://b.example/domain/sender.one");
	moved(&b, "https://c.example/domain/sender.one?x=1");
	assert_string_equal(b.url, "https://c.example/domain/sender.one?x=1");
	assert_int_equal(b.n_fetched, 4);
	moved(&b, "https://d.example/domain/sender.one");
	assert_int_equal(b.n_fetched, 4);
	assert_string_equal(b.failed, "sender.one: it sends to where nobody goes");
	/* Not in the clear, unless the settings did so, nor elsewhere. */
	static const char *const wrong[] = {"http://a.example/", "", "file:///etc/passwd",
		"https://user@a.example/", "/relative"};
	for (size_t i = 0; i < COUNT(wrong); i++) {
		char name[16];
		snprintf(name, sizeof(name), "w%zu.one", i);
		want(&b, name);
		moved(&b, wrong[i]);
		assert_int_equal(b.n_failed, i + 2);
	}
	want(&b, "sender.two");
	moved(&b, "http://127.0.0.2/domain/sender.two");
	assert_string_equal(b.url, "http://127.0.0.2/domain/sender.two");
	assert_true(b.anywhere);
	bed_done(&b);
}

/* One at a time, and no more in a minute than is allowed; another registry does not wait. */
static void
test_rate(void **state)
{
	struct bed b;

	bed_init(&b, 300, 6000); /* every 200 ms */
	source_rdap_want(b.source, STR("a.one"));
	source_rdap_want(b.source, STR("b.one"));
	run(&b, 1000, 1);
	uint64_t began = clock_ms();
	run(&b, 300, 2);
	assert_int_equal(b.n_fetched, 1); /* a.one is still under way */
	unsigned slot = b.slot;
	want(&b, "a.three");
	assert_string_equal(b.url, "https://three.example/domain/a.three");
	b.slot = slot;
	fetched(&b, 404, "");
	run(&b, 1000, 3);
	assert_string_equal(b.url, "https://one.example/v1/domain/b.one");
	fetched(&b, 404, "");
	source_rdap_want(b.source, STR("c.one"));
	run(&b, 1000, 4);
	assert_true(clock_ms() - began >= 400);
	bed_done(&b);
}

static void
test_rate_of_all(void **state)
{
	struct bed b;

	bed_init(&b, 600, 300); /* every 200 ms */
	source_rdap_want(b.source, STR("a.one"));
	source_rdap_want(b.source, STR("a.three"));
	run(&b, 1000, 1);
	uint64_t began = clock_ms();
	run(&b, 1000, 2);
	assert_true(clock_ms() - began >= 190);
	bed_done(&b);
}

static void
test_let_alone(void **state)
{
	struct bed b;
	struct rdap_page busy = {.code = 429, .retry_after_s = 1};

	bed_init(&b, 600, 6000);
	want(&b, "a.one");
	source_rdap_fetched(b.source, b.slot, &busy);
	uint64_t began = clock_ms();
	run(&b, 3000, 2);
	assert_true(clock_ms() - began >= 990);
	assert_string_equal(b.url, "https://one.example/v1/domain/a.one");
	/* It does not say for how long: for a while that grows. */
	busy.retry_after_s = -1;
	source_rdap_fetched(b.source, b.slot, &busy);
	run(&b, 300, 3);
	assert_int_equal(b.n_fetched, 2);
	/* Others are asked meanwhile. */
	want(&b, "a.three");
	assert_int_equal(b.n_fetched, 3);
	busy.code = 503;
	busy.retry_after_s = 0;
	for (unsigned i = 0; i < 2; i++) {
		source_rdap_fetched(b.source, b.slot, &busy);
		run(&b, 1000, 4 + i);
	}
	assert_int_equal(b.n_failed, 0);
	source_rdap_fetched(b.source, b.slot, &busy);
	assert_string_equal(b.failed, "a.three: it wants to be let alone");
	bed_done(&b);
}

/* Whoever does not answer is not asked for the next at once. */
static void
test_silence(void **state)
{
	struct bed b;
	const struct rdap_page silence = {.why = "no answer in time", .retry_after_s = -1};

	bed_init(&b, 600, 6000);
	want(&b, "a.one");
	source_rdap_fetched(b.source, b.slot, &silence);
	assert_string_equal(b.failed, "a.one: no answer in time");
	source_rdap_want(b.source, STR("b.one"));
	run(&b, 300, 2);
	assert_int_equal(b.n_fetched, 1);
	bed_done(&b);
}

static void
test_bounds(void **state)
{
	struct bed b;
	char name[32];

	bed_init(&b, 1, 6000);
	want(&b, "a.one");
	source_rdap_want(b.source, STR("a.one")); /* is under way */
	assert_int_equal(source_rdap_stats(b.source).wanted, 1);
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "n%d.one", i);
		source_rdap_want(b.source, str_of(name));
	}
	struct source_rdap_stats s = source_rdap_stats(b.source);
	assert_int_equal(s.waiting, 1000);
	assert_true(s.dropped >= 3999);
	assert_int_equal(b.n_fetched, 1);
	/* Those of one registry keep nobody from asking another. */
	want(&b, "a.three");
	assert_string_equal(b.url, "https://three.example/domain/a.three");
	assert_int_equal(source_rdap_stats(b.source).waiting, 999);
	bed_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_whom),
		cmocka_unit_test(test_redirects),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_rate_of_all),
		cmocka_unit_test(test_let_alone),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
