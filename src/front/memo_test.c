/* Unit tests of the memo: what may be used again, for how long, for whom, and how much of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "front/memo.h"

#define CHUNK (8 << 10)

/* What the source answers. */
static enum dns_status status;
static uint64_t expires_ms;
static uint32_t ttl;
/* And that of histories; expires_ms 0: no cache. */
static enum history_status history;
static uint64_t history_expires_ms;

static enum check_status
run(struct ask *q, struct findings *out)
{
	const struct str *from = ask_env(q, ENV_MAIL_FROM);

	if (!from || !ask_dns(q, DNS_A, STR("a.example")) ||
		!ask_history(q, HISTORY_CLIENT, STR("192.0.2.1")))
		return CHECK_WAIT;
	return CHECK_DONE;
}

static const struct check check = {.name = "c", .run = run};
static const struct check *const checks[] = {&check};
static const void *const no_settings[] = {NULL};
static const struct check_set set = {1, checks, no_settings};
static const struct dns_rr rr = {.ip = {.len = 4}};

static struct answer *
lookup(struct source *s, struct str name, enum dns_type type, uint64_t hash)
{
	struct answer *a = answer_new();

	a->dns =
		(struct dns_answer){.status = status, .ttl = ttl, .n = status == DNS_OK, .rr = &rr};
	a->expires_ms = expires_ms;
	return a;
}

static struct answer *
lookup_history(struct history_source *s, struct str name, enum history_kind what, uint64_t hash)
{
	struct answer *a = answer_history(&(struct history){.status = history});

	a->expires_ms = history_expires_ms;
	return a;
}

static struct source source = {.lookup = lookup};
static struct history_source histories = {.lookup = lookup_history};
static struct arena scratch;

static struct memo_key
key_of(const char *ip, const char *helo, const char *from)
{
	struct memo_key key = {.helo = str_of(helo), .from = str_of(from)};

	assert_true(ip_parse(str_of(ip), &key.client));
	return key;
}

/* A finished transaction of this key, with one reference. */
static struct kept *
made(struct memo *m, const struct memo_key *key)
{
	struct kept *k = memo_fresh(m);

	k->txn = transaction_begin(&(struct transaction_options){.checks = &set,
					   .source = &source,
					   .history = &histories,
					   .arena = &k->arena,
					   .scratch = &scratch,
					   .skip = key->skip,
					   .lists = {.suspended = key->suspended}},
		&key->client);
	transaction_env(k->txn, ENV_HELO, key->helo);
	transaction_env(k->txn, ENV_MAIL_FROM, key->from);
	transaction_run(k->txn);
	return k;
}

/* Is it found again at this time, having been made at 1000? */
static bool
found_again(const struct memo_key *key, uint64_t until_ms, uint64_t at_ms)
{
	struct memo *m = memo_new(10 * CHUNK);
	struct kept *k = made(m, key);

	memo_put(m, k, key, until_ms, 1000);
	memo_release(m, k);
	k = memo_get(m, key, at_ms);
	if (k)
		memo_release(m, k);
	memo_free(m);
	return k;
}

static void
good_source(void)
{
	status = DNS_OK;
	expires_ms = 5000;
	ttl = 3;
	history = HISTORY_UNKNOWN;
	history_expires_ms = 0;
}

static int
setup(void **state)
{
	good_source();
	arena_init(&scratch, 1024, SIZE_MAX);
	return 0;
}

static int
teardown(void **state)
{
	arena_done(&scratch);
	return 0;
}

static void
test_holds_as_long_as_its_answers(void **state)
{
	struct memo_key key = key_of("192.0.2.1", "h", "a@b");

	assert_true(found_again(&key, 9000, 4999));
	assert_false(found_again(&key, 9000, 5000));
	assert_false(found_again(&key, 4000, 4000)); /* the canary's time is over */
	assert_true(found_again(&key, 4000, 3999));
	expires_ms = 0; /* an answer that no cache has: its TTL counts from now */
	assert_true(found_again(&key, 9000, 3999));
	assert_false(found_again(&key, 9000, 4000));
	status = DNS_NONE;
	assert_true(found_again(&key, 9000, 3999));
}

static void
test_trouble_is_not_kept(void **state)
{
	struct memo_key key = key_of("192.0.2.1", "h", "a@b");

	status = DNS_FAIL;
	assert_false(found_again(&key, 9000, 1001));
	status = DNS_STALE;
	assert_false(found_again(&key, 9000, 1001));
}

static void
test_for_the_same_only(void **state)
{
	struct memo *m = memo_new(10 * CHUNK);
	const struct memo_key key = key_of("192.0.2.1", "h.example", "a@b.example");
	struct memo_key other[] = {key_of("192.0.2.2", "h.example", "a@b.example"),
		key_of("192.0.2.1", "H.example", "a@b.example"),
		key_of("192.0.2.1", "h.example", "A@b.example"),
		key_of("192.0.2.1", "h.example", ""), key, key};
	struct kept *k = made(m, &key);

	other[4].skip = 1;
	other[5].suspended = 2;
	memo_put(m, k, &key, 9000, 1000);
	for (size_t i = 0; i < COUNT(other); i++)
		assert_null(memo_get(m, &other[i], 1001));
	assert_ptr_equal(memo_get(m, &key, 1001), k);
	memo_release(m, k);
	memo_release(m, k);
	memo_clear(m, 10 * CHUNK);
	assert_null(memo_get(m, &key, 1001));
	memo_free(m);
}

static void
test_bounded(void **state)
{
	struct memo *m = memo_new(3 * CHUNK);
	struct memo_key key[5];
	static const char *const names[] = {"a", "b", "c", "d", "e"};

	for (size_t i = 0; i < COUNT(key); i++) {
		key[i] = key_of("192.0.2.1", names[i], "a@b");
		struct kept *k = made(m, &key[i]);
		memo_put(m, k, &key[i], 9000, 1000);
		memo_release(m, k);
		if (i >= 1) { /* "a" is used all the time */
			k = memo_get(m, &key[0], 1000);
			assert_non_null(k);
			memo_release(m, k);
		}
	}
	assert_null(memo_get(m, &key[1], 1000));
	assert_null(memo_get(m, &key[2], 1000));
	for (size_t i = 3; i < COUNT(key); i++) {
		struct kept *k = memo_get(m, &key[i], 1000);
		assert_non_null(k);
		memo_release(m, k);
	}
	memo_free(m);
	m = memo_new(0);
	struct kept *k = made(m, &key[0]);
	memo_put(m, k, &key[0], 9000, 1000);
	memo_release(m, k);
	assert_null(memo_get(m, &key[0], 1000));
	memo_free(m);
}

static void
test_histories(void **state)
{
	struct memo_key key = key_of("192.0.2.1", "h", "a@b");

	/* Where nobody keeps any, they hold for ever. */
	assert_true(found_again(&key, 9000, 4999));
	history = HISTORY_OK;
	history_expires_ms = 3000;
	assert_true(found_again(&key, 9000, 2999));
	assert_false(found_again(&key, 9000, 3000));
	history = HISTORY_NONE;
	assert_true(found_again(&key, 9000, 2999));
	assert_false(found_again(&key, 9000, 3000));
	/* The store was away. */
	history = HISTORY_FAIL;
	assert_false(found_again(&key, 9000, 1000));
}

/* Whoever is at it goes on, whatever the memo does meanwhile. */
static void
test_in_use_while_dropped(void **state)
{
	struct memo *m = memo_new(1 * CHUNK);
	struct memo_key key = key_of("192.0.2.1", "h", "a@b");
	struct kept *k = made(m, &key);

	memo_put(m, k, &key, 9000, 1000);
	memo_clear(m, CHUNK);
	assert_true(transaction_is_done(k->txn));
	assert_int_equal(transaction_facts(k->txn), 2);
	assert_true(str_eq(transaction_env_get(k->txn, ENV_HELO), STR("h")));
	memo_release(m, k);
	memo_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_holds_as_long_as_its_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_trouble_is_not_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_for_the_same_only, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_histories, setup, teardown),
		cmocka_unit_test_setup_teardown(test_in_use_while_dropped, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
