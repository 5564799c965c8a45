/* Unit tests of DNS lists: the names that are asked, what answers say, pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "checks/dnsbl.h"

static const struct list_code codes[] = {
	{.from = 0x7f000002, .to = 0x7f000002, .mask = UINT32_MAX},
	{.from = 0x7f000004, .to = 0x7f000007, .mask = UINT32_MAX},
	{.from = 0x7f000009, .to = 0x7f000009, .mask = UINT32_MAX, .error = true},
};
static const struct action actions[] = {{ACTION_SCORE, 100}, {ACTION_SCORE, 300}, {ACTION_OFF, 0}};
static const struct dnsbl_list list = {.zone = STR_INIT("bl.example"),
	.ipv4 = true,
	.ipv6 = true,
	.lookup = STR_INIT("https://x/?q={address}&a=b"),
	.codes = {COUNT(codes), codes},
	.action = actions};

static void
assert_name(struct str got, const char *want)
{
	if (!str_eq(got, str_of(want)))
		fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(got), want);
}

#define ZEROS "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."

static void
test_questions(void **state)
{
	struct dnsbl_list six = list, domains = list;
	struct arena a;
	struct ip ip;

	six.ipv4 = false;
	domains.domains = true;
	arena_init(&a, 4096, SIZE_MAX);
	assert_true(ip_parse(STR("192.0.2.99"), &ip));
	assert_name(dnsbl_ip_question(&a, &list, &ip), "99.2.0.192.bl.example");
	assert_true(ip_parse(STR("2001:db8::1"), &ip));
	assert_name(
		dnsbl_ip_question(&a, &list, &ip), "1." ZEROS "0.0.0.8.b.d.0.1.0.0.2.bl.example");
	assert_name(dnsbl_entry_question(&a, &list, STR("127.0.0.2")), "2.0.0.127.bl.example");
	assert_name(dnsbl_entry_question(&a, &six, STR("127.0.0.2")),
		"2.0.0.0.0.0.f.7.f.f.f.f." ZEROS "bl.example");
	assert_name(dnsbl_entry_question(&a, &domains, STR("TEST")), "test.bl.example");
	assert_name(dnsbl_entry_question(&a, &list, STR("")), "");
	/* What does not fit into a name is not asked. */
	char longest[255];
	memset(longest, 'a', sizeof(longest));
	for (size_t i = 60; i < sizeof(longest); i += 61)
		longest[i] = '.';
	struct str name;
	assert_true(dns_name_parse(&a, str_from(longest, 250), &name));
	assert_name(dnsbl_name_question(&a, &domains, name), "");
	assert_int_equal(dnsbl_name_question(&a, &domains, str_slice(name, 0, 242)).n, 253);
	arena_done(&a);
}

static void
test_canaries(void **state)
{
	struct dnsbl_list other = list, domains = list;
	struct arena a;

	other.zone = STR("b2.example");
	domains.domains = true;
	arena_init(&a, 4096, SIZE_MAX);
	struct str one = dnsbl_canary(&a, &list, false, 1);
	assert_true(str_has_suffix(one, STR(".127.bl.example")));
	assert_true(str_eq(one, dnsbl_canary(&a, &list, false, 1))); /* records are replayed */
	assert_false(str_eq(one, dnsbl_canary(&a, &list, false, 2)));
	assert_true(str_has_suffix(
		dnsbl_canary(&a, &list, true, 1), STR(".f.7.f.f.f.f." ZEROS "bl.example")));
	assert_true(
		str_has_suffix(dnsbl_canary(&a, &domains, false, 1), STR(".invalid.bl.example")));
	/* Neither a test entry nor the same as another list's. */
	for (uint64_t i = 1; i < 2000; i++) {
		struct str c = dnsbl_canary(&a, &list, false, i);
		struct str d = dnsbl_canary(&a, &other, false, i);
		assert_false(str_has_prefix(c, STR("2.0.0.127.")));
		assert_false(str_has_prefix(c, STR("1.0.0.127.")));
		assert_false(str_eq(
			str_slice(c, 0, c.n - list.zone.n), str_slice(d, 0, d.n - other.zone.n)));
	}
	arena_done(&a);
}

static void
test_answers(void **state)
{
	static const struct {
		const char *answers; /* blank-separated */
		int code;	     /* -1: none */
		enum dnsbl_wrong wrong;
	} cases[] = {
		{"127.0.0.2", 0, DNSBL_FINE},
		{"127.0.0.2 127.0.0.5", 1, DNSBL_FINE},
		{"127.0.0.5 127.0.0.2", 1, DNSBL_FINE},
		{"203.0.113.1 127.0.0.2", 0, DNSBL_FINE},
		{"127.0.0.77", -1, DNSBL_FINE},
		{"127.0.0.1", -1, DNSBL_BROKEN},
		{"203.0.113.1", -1, DNSBL_BROKEN},
		{"127.0.0.9", -1, DNSBL_REFUSED},
		{"127.255.255.254", -1, DNSBL_REFUSED},
		{"203.0.113.1 127.255.255.254", -1, DNSBL_REFUSED},
		{"127.255.255.254 203.0.113.1", -1, DNSBL_REFUSED},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct dns_rr rr[4] = {{.preference = 0}};
		struct dns_answer answer = {.status = DNS_OK, .rr = rr};
		struct str rest = str_of(cases[i].answers), word;
		enum dnsbl_wrong wrong;
		while (str_word(&rest, &word))
			assert_true(ip_parse(word, &rr[answer.n++].ip));
		const struct list_code *code = dnsbl_read(&list, &answer, &wrong);
		if ((code ? (int)(code - codes) : -1) != cases[i].code || wrong != cases[i].wrong)
			fail_msg("%s: code %d, wrong %d", cases[i].answers,
				code ? (int)(code - codes) : -1, wrong);
	}
}

static void
test_pages(void **state)
{
	struct dnsbl_list l = list;
	struct arena a;

	arena_init(&a, 1024, SIZE_MAX);
	assert_name(dnsbl_lookup(&a, &l, STR("192.0.2.1")), "https://x/?q=192.0.2.1&a=b");
	l.lookup = STR("https://x/");
	assert_name(dnsbl_lookup(&a, &l, STR("192.0.2.1")), "https://x/");
	l.lookup = STR("https://x/{dom");
	assert_name(dnsbl_lookup(&a, &l, STR("192.0.2.1")), "https://x/{dom");
	l.lookup = STR("");
	assert_name(dnsbl_lookup(&a, &l, STR("192.0.2.1")), "");
	arena_done(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_questions),
		cmocka_unit_test(test_canaries),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
