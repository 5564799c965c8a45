/* Unit tests of the words of a case, and of what the store may know of recipients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/case_words.h"

static struct arena a;

static struct str
kept(const char *mode, const char *rcpt)
{
	struct errbuf e = {0};
	struct config *c = config_load_text("test",
		arena_printf(&a,
			"[privacy]\nrecipients = %s\nsecret = 000102030405060708090A0b0c0d0e0f\n",
			mode),
		&e);
	char room[400];
	struct buf b = BUF(room);

	assert_non_null(c);
	privacy_put_rcpt(&c->privacy, str_of(rcpt), &b);
	config_free(c);
	return arena_str(&a, buf_str(&b));
}

static void
assert_kept(const char *mode, const char *rcpt, const char *want)
{
	struct str got = kept(mode, rcpt);

	if (!str_eq(got, str_of(want)))
		fail_msg("%s, %s: %.*s, not %s", mode, rcpt, STR_ARG(got), want);
}

static void
test_privacy(void **state)
{
	assert_kept("plain", "Joe@Example.ORG", "joe@example.org");
	assert_kept("none", "Joe@Example.ORG", "@example.org");
	assert_kept("none", "joe", "");
	/* SipHash-2-4-128 of "joe@example.org" by OpenSSL. */
	assert_kept("hashed", "Joe@Example.ORG", "7b5f0f1bbcee1295d66c0af8897b6914@example.org");
	assert_kept("hashed", "Postmaster@Example.ORG", "postmaster@example.org");
	assert_kept("none", "abuse@example.org", "abuse@example.org");
	assert_kept("hashed", "postmaster", "postmaster");
	assert_false(str_eq(kept("hashed", "a@example.org"), kept("hashed", "b@example.org")));
}

static void
test_privacy_settings(void **state)
{
	static const struct {
		const char *text, *says; /* NULL: it is right */
	} cases[] = {
		{"[privacy]\nrecipients = hashed\n", "needs a secret"},
		{"[privacy]\nrecipients = hashed\nsecret = 1234\n", "4 characters"},
		{"[privacy]\nsecret = 0123456789abcdef0123456789abcdeg\n", "no hexadecimal"},
		{"[privacy]\nrecipients = hash\n", "hashed"},
		{"[privacy]\nrecipients = none\n", NULL},
		{"[store]\ncases = some\n", "cases"},
		{"[store]\ncases = refused\n", NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct errbuf e = {0};
		struct config *c = config_load_text("test", str_of(cases[i].text), &e);
		if (!c != !!cases[i].says || (!c && !strstr(e.text, cases[i].says)))
			fail_msg("%s: %s", cases[i].text, e.text);
		config_free(c);
	}
}

static bool
is_in(const char *net, const char *client)
{
	struct ip_net n, one;

	assert_true(ip_net_parse(str_of(net), &n) && ip_net_parse(str_of(client), &one));
	struct store_range range = case_client_range(&a, &n), word = case_client_range(&a, &one);
	assert_true(str_eq(word.from, word.to));
	assert_int_equal(word.from.n, 34);
	return str_cmp(range.from, word.from) <= 0 && str_cmp(word.from, range.to) <= 0;
}

/* A network is a range of words. */
static void
test_networks(void **state)
{
	assert_true(is_in("192.0.2.0/24", "192.0.2.0"));
	assert_true(is_in("192.0.2.0/24", "192.0.2.255"));
	assert_false(is_in("192.0.2.0/24", "192.0.1.255"));
	assert_false(is_in("192.0.2.0/24", "192.0.3.0"));
	assert_true(is_in("192.0.2.8/29", "192.0.2.15"));
	assert_false(is_in("192.0.2.8/29", "192.0.2.16"));
	assert_true(is_in("0.0.0.0/0", "255.255.255.255"));
	assert_false(is_in("0.0.0.0/0", "2001:db8::1"));
	assert_true(is_in("2001:db8::/32", "2001:db8:ffff::1"));
	assert_false(is_in("2001:db8::/32", "2001:db9::"));
	assert_true(is_in("2001:db8::1", "2001:db8::1"));
}

static void
test_words(void **state)
{
	static char longest[400];
	struct store_op op = {.op = STORE_PUT};

	memset(longest, 'X', sizeof(longest));
	assert_int_equal(case_word(&a, 's', str_from(longest, sizeof(longest))).n, STORE_WORD_MAX);
	assert_true(str_eq(case_word(&a, 's', STR("Joe@X")), STR("s:joe@x")));
	case_words_add(&op, STR("s:")); /* says nothing */
	case_words_add(&op, STR("s:a"));
	case_words_add(&op, STR("s:a"));
	assert_int_equal(op.n_words, 1);
	for (unsigned i = 0; i < 40; i++)
		case_words_add(&op, arena_printf(&a, "f:%u", i));
	assert_int_equal(op.n_words, STORE_WORDS_MAX);
	assert_true(str_eq(address_domain(STR("\"a@b\"@c.example")), STR("c.example")));
	assert_true(str_eq(address_domain(STR("postmaster")), STR("")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_privacy),
		cmocka_unit_test(test_privacy_settings),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_words),
	};

	arena_init(&a, 4096, (size_t)1 << 20);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_done(&a);
	return failed;
}
