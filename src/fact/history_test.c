/* Unit tests of the names under which histories are kept, and of the limits of their numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fact/history.h"

static void
test_client(void **state)
{
	static const struct {
		const char *ip, *name;
	} cases[] = {
		{"192.0.2.1", "192.0.2.1"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		{"2001:db8:1:2::", "2001:db8:1:2::/64"},
		{"2001:db8::1", "2001:db8::/64"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char room[HISTORY_NAME_MAX];
		struct buf b = BUF(room);
		struct ip ip;
		assert_true(ip_parse(str_of(cases[i].ip), &ip));
		history_client_name(&ip, &b);
		if (!str_eq(buf_str(&b), str_of(cases[i].name)))
			fail_msg("%s: %.*s", cases[i].ip, STR_ARG(buf_str(&b)));
	}
}

static void
test_sender(void **state)
{
	static const struct {
		const char *sender, *name, *domain; /* NULL: none */
	} cases[] = {
		{"User@Mail.Example.ORG", "user@mail.example.org", "example.org"},
		{"a@b.one.co.uk", "a@b.one.co.uk", "one.co.uk"},
		{"a@co.uk", "a@co.uk", NULL},
		{"\"A B\"@example.org", "\"a b\"@example.org", "example.org"},
		{"", NULL, NULL},
		{"user", NULL, NULL},
		{"a b@example.org", NULL, NULL},
		{"a@[192.0.2.1]", NULL, NULL},
		{"a@b\xc3\xbcro.example", NULL, NULL},
		{"j\xc3\xb6@example.org", NULL, NULL},
		{"j\xff@example.org", NULL, NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char room[2][HISTORY_NAME_MAX + 1];
		struct buf b[2] = {BUF(room[0]), BUF(room[1])};
		struct str sender = str_of(cases[i].sender);
		bool has[2] = {
			history_sender_name(sender, &b[0]), history_domain_name(sender, &b[1])};
		const char *const want[2] = {cases[i].name, cases[i].domain};
		for (int k = 0; k < 2; k++)
			if (has[k] != (want[k] != NULL) ||
				(has[k] && !str_eq(buf_str(&b[k]), str_of(want[k]))))
				fail_msg("%s: %.*s", cases[i].sender, STR_ARG(buf_str(&b[k])));
	}
}

static void
test_long(void **state)
{
	char text[HISTORY_NAME_MAX + 32], room[HISTORY_NAME_MAX + 1];
	struct buf b = BUF(room);

	memset(text, 'a', sizeof(text));
	memcpy(text + 60, "@example.org", 12);
	assert_true(history_sender_name(str_from(text, 72), &b));
	memset(text + 60, 'a', 12);
	memcpy(text + sizeof(text) - 12, "@example.org", 12);
	assert_false(history_sender_name(str_from(text, sizeof(text)), &b));
	assert_false(history_domain_name(str_from(text, sizeof(text)), &b));
}

/* What a damaged store says must not make sums overflow. */
static void
test_clamp(void **state)
{
	struct history h = {.status = HISTORY_OK,
		.n = {-1, INT64_MAX, 7, INT64_MIN, 0, HISTORY_MAX},
		.score = INT64_MIN,
		.age_s = INT64_MAX,
		.idle_s = -5};

	history_clamp(&h);
	assert_int_equal(h.n[HISTORY_ACCEPTED], 0);
	assert_int_equal(h.n[HISTORY_REFUSED], HISTORY_MAX);
	assert_int_equal(h.n[HISTORY_DEFERRED], 7);
	assert_int_equal(h.n[HISTORY_BAD_RCPTS], 0);
	assert_int_equal(h.n[HISTORY_HAM], HISTORY_MAX);
	assert_int_equal(h.score, -HISTORY_MAX);
	assert_int_equal(h.age_s, HISTORY_MAX);
	assert_int_equal(h.idle_s, 0);
}

static void
test_kinds(void **state)
{
	for (unsigned i = 0; i < HISTORY_KINDS; i++) {
		enum history_kind what = HISTORY_KINDS;
		const char *name = history_kind_name((enum history_kind)i);
		assert_true(history_kind_parse(str_of(name), &what));
		assert_int_equal(what, i);
	}
	enum history_kind what;
	assert_false(history_kind_parse(STR("Client"), &what));
	assert_false(history_kind_parse(STR(""), &what));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client),
		cmocka_unit_test(test_sender),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_clamp),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
