/* Unit tests of the answer cache, with a clock of their own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "fact/cache.h"

#define DAY UINT64_C(86400000)

static struct answer *
answer(enum dns_status status, uint32_t ttl, const char *text)
{
	struct answer *a = answer_new();
	struct dns_rr *rr = arena_calloc(&a->arena, 1, sizeof(*rr));

	rr->text = arena_str(&a->arena, str_of(text));
	a->dns = (struct dns_answer){.status = status, .ttl = ttl, .rr = rr, .alias = STR("")};
	a->dns.n = status == DNS_OK;
	a->dns.reason = status == DNS_FAIL ? "servfail" : NULL;
	return a;
}

static void
put(struct cache *c, const char *name, enum dns_status status, uint32_t ttl, const char *text,
	uint64_t now)
{
	struct answer *a = answer(status, ttl, text);

	cache_put(c, str_of(name), DNS_PTR, question_hash(str_of(name), DNS_PTR), a, now);
	answer_unref(a);
}

static struct answer *
get(struct cache *c, const char *name, uint64_t now)
{
	return cache_get(c, str_of(name), DNS_PTR, question_hash(str_of(name), DNS_PTR), now);
}

static void
assert_status(struct cache *c, const char *name, uint64_t now, enum dns_status want)
{
	struct answer *a = get(c, name, now);

	assert_non_null(a);
	assert_int_equal(a->dns.status, want);
	answer_unref(a);
}

static void
test_ttl(void **state)
{
	struct cache *c = cache_new(1 << 20, DAY);

	put(c, "a.example", DNS_OK, 60, "x.example", 1000);
	put(c, "b.example", DNS_NONE, 30, "", 1000);
	assert_status(c, "a.example", 1000, DNS_OK);
	assert_status(c, "a.example", 60999, DNS_OK);
	assert_null(get(c, "a.example", 61000)); /* expired: to be asked anew */
	assert_status(c, "b.example", 30999, DNS_NONE);
	assert_null(get(c, "b.example", 31000));
	assert_null(get(c, "c.example", 1000));
	/* The type is part of the question. */
	assert_null(cache_get(
		c, STR("a.example"), DNS_A, question_hash(STR("a.example"), DNS_A), 1000));
	cache_free(c);
}

static void
test_failure_is_short_and_stale_helps(void **state)
{
	struct cache *c = cache_new(1 << 20, DAY);

	put(c, "a.example", DNS_FAIL, 0, "", 1000);
	assert_status(c, "a.example", 1000 + CACHE_FAIL_MS - 1, DNS_FAIL);
	assert_null(get(c, "a.example", 1000 + CACHE_FAIL_MS));

	put(c, "b.example", DNS_OK, 60, "x.example", 1000);
	uint64_t late = 1000 + 70000;
	assert_null(get(c, "b.example", late));
	put(c, "b.example", DNS_FAIL, 0, "", late);
	struct answer *a = get(c, "b.example", late + 10);
	assert_int_equal(a->dns.status, DNS_STALE);
	assert_true(str_eq(a->dns.rr[0].text, STR("x.example")));
	answer_unref(a);
	/* Not for ever. */
	put(c, "b.example", DNS_FAIL, 0, "", 61000 + DAY);
	assert_status(c, "b.example", 61000 + DAY, DNS_FAIL);
	/* Negative answers never serve as stale. */
	put(c, "n.example", DNS_NONE, 10, "", 1000);
	put(c, "n.example", DNS_FAIL, 0, "", 20000);
	assert_status(c, "n.example", 20001, DNS_FAIL);
	/* A later success counts at once. */
	put(c, "n.example", DNS_OK, 10, "y.example", 20002);
	assert_status(c, "n.example", 20003, DNS_OK);
	cache_free(c);
}

static void
test_answers_outlive_the_cache(void **state)
{
	struct cache *c = cache_new(1 << 20, DAY);

	put(c, "a.example", DNS_OK, 60, "x.example", 0);
	struct answer *a = get(c, "a.example", 1);
	cache_free(c);
	assert_true(str_eq(a->dns.rr[0].text, STR("x.example")));
	answer_unref(a);
}

static void
test_bounded(void **state)
{
	struct cache *c = cache_new(200000, DAY);
	char name[40];

	put(c, "often.example", DNS_OK, 3600, "x.example", 0);
	for (unsigned i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "n%u.example", i);
		put(c, name, DNS_OK, 3600, "x.example", i);
		assert_status(c, "often.example", i, DNS_OK); /* what is used stays */
		assert_true(cache_stats(c).bytes <= 200000);
	}
	struct cache_stats s = cache_stats(c);
	assert_true(s.entries > 100 && s.evicted > 19000);
	assert_status(c, "n19999.example", 20000, DNS_OK);
	assert_null(get(c, "n5.example", 20000));
	cache_free(c);
}

static void
test_no_memory_no_cache(void **state)
{
	struct cache *c = cache_new(0, DAY);

	put(c, "a.example", DNS_OK, 60, "x.example", 0);
	assert_null(get(c, "a.example", 1));
	assert_int_equal(cache_stats(c).entries, 0);
	cache_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ttl),
		cmocka_unit_test(test_failure_is_short_and_stale_helps),
		cmocka_unit_test(test_answers_outlive_the_cache),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_no_memory_no_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
