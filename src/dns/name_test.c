/* Unit tests of domain names: one canonical form, its limits, hostile compression. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dns/name.h"

static struct arena arena;

static int
setup(void **state)
{
	arena_init(&arena, 4096, 1 << 20);
	return 0;
}

static int
teardown(void **state)
{
	arena_done(&arena);
	return 0;
}

static void
assert_str(struct str got, const char *want)
{
	if (!str_eq(got, str_of(want)))
		fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(got), want);
}

#define L63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg"
#define L61 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffg"

static void
test_parse(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: refused */
	} cases[] = {
		{"example.com", "example.com"},
		{"Example.COM.", "example.com"},
		{".", "."},
		{"", NULL},
		{"..", NULL},
		{"a..b", NULL},
		{".a", NULL},
		{"a.b..", NULL},
		{"a b", "a\\032b"},
		{"a\\.b.c", "a\\046b.c"},
		{"a\\046b.c", "a\\046b.c"},
		{"a\\\\b", "a\\092b"},
		{"\\065", "a"}, /* an escaped letter is a letter */
		{"\\255.x", "\\255.x"},
		{"\\256.x", NULL},
		{"\\25", NULL},
		{"\\2", NULL},
		{"a\\", NULL},
		{"a\\.", "a\\046"}, /* that dot is no trailing one */
		{"_dmarc.x/y:z", "_dmarc.x/y:z"},
		{"\xc3\xa4.x", "\\195\\164.x"},
		{L63 ".x", L63 ".x"},
		{L63 "a.x", NULL},
		{L63 "." L63 "." L63 "." L61, L63 "." L63 "." L63 "." L61}, /* 255 bytes */
		{L63 "." L63 "." L63 "." L61 ".", L63 "." L63 "." L63 "." L61},
		{L63 "." L63 "." L63 "." L61 "g", NULL},
		{L63 "." L63 "." L63 "." L61 ".a", NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct str got = {0};
		bool ok = dns_name_parse(&arena, str_of(cases[i].text), &got);
		if (ok != (cases[i].want != NULL))
			fail_msg("%s: %s", cases[i].text, ok ? "taken" : "refused");
		if (ok)
			assert_str(got, cases[i].want);
	}
	struct str got;
	assert_true(dns_name_parse(&arena, str_from("a\0b", 3), &got));
	assert_str(got, "a\\000b");
}

/* Whatever label bytes there are: text to wire to text changes nothing. */
static void
test_all_bytes(void **state)
{
	for (unsigned byte = 0; byte < 256; byte++) {
		char wire[] = {3, 'x', (char)byte, 'y', 2, 'u', 'v', 0};
		char room[300];
		struct buf out = BUF(room);
		struct str name, again;
		struct cursor c = cursor_on(str_from(wire, sizeof(wire)));

		assert_true(dns_name_read(&arena, &c, &name));
		assert_int_equal(c.at, sizeof(wire));
		assert_true(dns_name_parse(&arena, name, &again));
		assert_true(str_eq(name, again));
		assert_true(dns_name_write(name, &out));
		assert_true(str_eq_nocase(buf_str(&out), str_from(wire, sizeof(wire))));
		assert_int_equal(dns_name_labels(name), 2);
	}
}

static void
test_longest_text(void **state)
{
	char wire[255];
	size_t n = 0;

	for (int label = 0; label < 4; label++) {
		uint8_t len = label < 3 ? 63 : 61;
		wire[n++] = (char)len;
		memset(wire + n, 0xff, len);
		n += len;
	}
	wire[n++] = 0;
	assert_int_equal(n, 255);
	struct cursor c = cursor_on(str_from(wire, n));
	struct str name, again;
	assert_true(dns_name_read(&arena, &c, &name));
	assert_int_equal(name.n, 1003);
	assert_true(dns_name_parse(&arena, name, &again));
	assert_true(str_eq(name, again));
}

static void
test_read(void **state)
{
	static const struct {
		struct str message;
		size_t at;
		const char *want; /* NULL: refused */
		size_t end;
	} cases[] = {
		{STR_INIT("\1A\0"), 0, "a", 3}, {STR_INIT("\0"), 0, ".", 1},
		{STR_INIT("\1b\0\1a\xc0\0"), 3, "a.b", 7},
		{STR_INIT("\1c\0\1b\xc0\0\1a\xc0\3"), 7, "a.b.c", 11},
		{STR_INIT("\0\xc0\0\xc0\1"), 3, ".", 5},	  /* a pointer to a pointer */
		{STR_INIT("\xc0\0"), 0, NULL, 0},		  /* to itself */
		{STR_INIT("\1a\xc0\0"), 0, NULL, 0},		  /* into itself */
		{STR_INIT("\xc0\2\1a\0"), 0, NULL, 0},		  /* forwards */
		{STR_INIT("\xc0\2\xc0\0"), 2, NULL, 0},		  /* round */
		{STR_INIT("\1b\xc0\6\0\0\1a\xc0\0"), 6, NULL, 0}, /* back, then forwards */
		{STR_INIT("\1a\xc0"), 0, NULL, 0},		  /* cut */
		{STR_INIT("\5ab"), 0, NULL, 0}, {STR_INIT("\1a"), 0, NULL, 0},
		{STR_INIT(""), 0, NULL, 0},
		{STR_INIT("\x41\1\0"), 0, NULL, 0}, /* other kinds of label */
		{STR_INIT("\x80\1\0"), 0, NULL, 0},
		{STR_INIT("\0\xc1\0"), 1, NULL, 0}, /* past the end */
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cursor c = cursor_on(cases[i].message);
		struct str got = {0};
		cursor_seek(&c, cases[i].at);
		bool ok = dns_name_read(&arena, &c, &got);
		if (ok != (cases[i].want != NULL))
			fail_msg("case %zu: %s", i, ok ? "taken" : "refused");
		assert_int_equal(cursor_ok(&c), ok);
		if (ok) {
			assert_str(got, cases[i].want);
			assert_int_equal(c.at, cases[i].end);
		}
	}
}

/* Pointers that add up to a name of more than 255 bytes, and more pointers than any name needs. */
static void
test_read_limits(void **state)
{
	static char message[1000];
	struct str name;
	size_t n = 1; /* the root at 0 */

	for (size_t i = 0, last = 0; i < 5; i++) { /* each: a label of 63 and a pointer */
		size_t at = n;
		message[n++] = 63;
		memset(message + n, 'a', 63);
		n += 63;
		message[n++] = (char)0xc0;
		message[n++] = (char)last;
		last = at;
		struct cursor c = cursor_on(str_from(message, n));
		cursor_seek(&c, at);
		assert_int_equal(dns_name_read(&arena, &c, &name), i < 3);
	}
	n = 1;
	for (size_t i = 0; i < 300; i++, n += 2) {
		size_t to = i ? n - 2 : 0;
		message[n] = (char)(0xc0 | to >> 8);
		message[n + 1] = (char)(to & 0xff);
		struct cursor c = cursor_on(str_from(message, n + 2));
		cursor_seek(&c, n);
		assert_int_equal(dns_name_read(&arena, &c, &name), i < 127);
	}
}

static void
test_write(void **state)
{
	char room[255];
	struct buf out = BUF(room), small = buf_on(room, 4);

	assert_true(dns_name_write(STR("."), &out));
	assert_true(str_eq(buf_str(&out), STR("\0")));
	buf_reset(&out);
	assert_true(dns_name_write(STR("a.b\\000c"), &out));
	assert_true(str_eq(buf_str(&out), STR("\1a\3b\0c\0")));
	assert_false(dns_name_write(STR("a..b"), &out));
	assert_false(dns_name_write(STR("abc.d"), &small));
}

static void
test_reverse(void **state)
{
	static const struct {
		const char *ip, *want;
	} cases[] = {
		{"192.0.2.5", "5.2.0.192.in-addr.arpa"},
		{"::ffff:192.0.2.5", "5.2.0.192.in-addr.arpa"},
		{"255.255.255.255", "255.255.255.255.in-addr.arpa"},
		{"2001:db8::12ab",
			"b.a.2.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
			"8.b.d.0.1.0.0.2.ip6.arpa"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ip ip;
		assert_true(ip_parse(str_of(cases[i].ip), &ip));
		assert_str(dns_reverse_name(&arena, &ip), cases[i].want);
	}
}

static void
test_questions_of_names(void **state)
{
	assert_int_equal(dns_name_labels(STR(".")), 0);
	assert_int_equal(dns_name_labels(STR("a")), 1);
	assert_int_equal(dns_name_labels(STR("a\\046b.c")), 2);

	assert_true(dns_name_is_under(STR("a.b"), STR("a.b")));
	assert_true(dns_name_is_under(STR("x.a.b"), STR("a.b")));
	assert_true(dns_name_is_under(STR("x"), STR(".")));
	assert_true(dns_name_is_under(STR("."), STR(".")));
	assert_false(dns_name_is_under(STR("xa.b"), STR("a.b")));
	assert_false(dns_name_is_under(STR("b"), STR("a.b")));

	assert_true(dns_name_is_hostname(STR("3com.example")));
	assert_true(dns_name_is_hostname(STR("a-b.c")));
	assert_false(dns_name_is_hostname(STR("a_b.c")));
	assert_false(dns_name_is_hostname(STR("-a.c")));
	assert_false(dns_name_is_hostname(STR("a-.c")));
	assert_false(dns_name_is_hostname(STR("a\\032b.c")));
	assert_false(dns_name_is_hostname(STR(".")));
	assert_false(dns_name_is_hostname(STR("")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_parse, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_longest_text, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_write, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reverse, setup, teardown),
		cmocka_unit_test(test_questions_of_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
