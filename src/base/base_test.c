/* Unit tests of the toolkit: strings, arenas, buffers, cursors, addresses, nearest names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/errbuf.h"
#include "base/fifo.h"
#include "base/hash.h"
#include "base/ip.h"
#include "base/list.h"
#include "base/str.h"

static void
assert_str(struct str got, const char *want)
{
	if (!str_eq(got, str_of(want)))
		fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(got), want);
}

/* Every byte at every place, against the plain way. */
static void
test_printable(void **state)
{
	static const char stops[] = {'\\', '%', '\0', 'a'};
	char text[19];

	for (size_t k = 0; k < sizeof(stops); k++) {
		for (unsigned c = 0; c < 256; c++) {
			for (size_t at = 0; at < sizeof(text); at++) {
				size_t want = 0;
				memset(text, 'b', sizeof(text));
				text[at] = (char)c;
				while (want < sizeof(text) && chr_is_print(text[want]) &&
					text[want] != stops[k])
					want++;
				assert_int_equal(
					str_printable(str_from(text, sizeof(text)), stops[k]),
					want);
			}
		}
	}
	assert_int_equal(str_printable(STR(""), '%'), 0);
}

static void
test_split(void **state)
{
	struct str rest = STR("a,,b,"), part;

	assert_true(str_split(&rest, ',', &part));
	assert_str(part, "a");
	assert_true(str_split(&rest, ',', &part));
	assert_str(part, "");
	assert_true(str_split(&rest, ',', &part));
	assert_str(part, "b");
	assert_true(str_split(&rest, ',', &part));
	assert_str(part, "");
	assert_false(str_split(&rest, ',', &part));
}

static void
test_words_and_trim(void **state)
{
	struct str rest = STR("  one\ttwo  "), word;

	assert_true(str_word(&rest, &word));
	assert_str(word, "one");
	assert_true(str_word(&rest, &word));
	assert_str(word, "two");
	assert_false(str_word(&rest, &word));
	assert_str(str_trim(STR(" \tx y\r\n")), "x y");
	assert_str(str_trim(STR("  ")), "");
}

static void
test_utf8(void **state)
{
	static const struct {
		const char *text;
		size_t n;
	} cases[] = {
		{"", 0},
		{"a\x80", 1},
		{"\xc2\x80", 2},
		{"\xdf\xbf\xbf", 2},
		{"\xe0\xa0\x80", 3},
		{"\xed\x9f\xbf", 3},
		{"\xef\xbf\xbf", 3},
		{"\xf0\x90\x80\x80", 4},
		{"\xf4\x8f\xbf\xbf", 4},
		{"\x80", 0},
		{"\xc1\xbf", 0}, /* not the shortest */
		{"\xe0\x9f\xbf", 0},
		{"\xf0\x8f\xbf\xbf", 0},
		{"\xed\xa0\x80", 0},	 /* a surrogate */
		{"\xf4\x90\x80\x80", 0}, /* above U+10FFFF */
		{"\xf5\x80\x80\x80", 0},
		{"\xc3", 0}, /* cut */
		{"\xe2\x82", 0},
		{"\xc3(", 0},
		{"\xe2\x82(", 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(utf8_length(str_of(cases[i].text)), cases[i].n);
}

static void
test_sorted(void **state)
{
	struct str list[] = {STR("b"), STR(""), STR("ab"), STR("a"), STR("b\0"), STR("a")};

	str_sort(list, COUNT(list));
	for (size_t i = 1; i < COUNT(list); i++)
		assert_true(str_cmp(list[i - 1], list[i]) <= 0);
	assert_true(str_is_in(list, COUNT(list), STR("")));
	assert_true(str_is_in(list, COUNT(list), STR("b\0")));
	assert_false(str_is_in(list, COUNT(list), STR("b\0\0")));
	assert_false(str_is_in(list, 0, STR("a")));
	str_sort(NULL, 0);
}

static void
test_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		bool ok;
		uint64_t value;
	} cases[] = {
		{"0", 10, true, 0},
		{"10", 10, true, 10},
		{"11", 10, false, 0},
		{"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
		{"18446744073709551616", UINT64_MAX, false, 0},
		{"", 10, false, 0},
		{"-1", 10, false, 0},
		{"1 ", 10, false, 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t v = 0;
		assert_int_equal(str_to_u64(str_of(cases[i].text), cases[i].max, &v), cases[i].ok);
		assert_int_equal(v, cases[i].value);
	}
}

static void
test_affixes(void **state)
{
	assert_true(str_has_prefix_nocase(STR("IPv6:::1"), STR("ipv6:")));
	assert_false(str_has_prefix(STR("IPv6"), STR("ipv6")));
	assert_true(str_has_suffix(STR("mx.example"), STR(".example")));
	assert_false(str_has_suffix(STR("x"), STR("xx")));
	assert_true(str_contains(STR("abc"), STR("bc")));
	assert_true(str_cmp(STR("a"), STR("ab")) < 0);
	assert_int_equal(str_rfind(STR("a.b.c"), '.'), 3);
	assert_int_equal(str_find(STR("abc"), '.'), 3);
}

static void
test_arena_limit(void **state)
{
	struct arena a;

	arena_init(&a, 64, 1000);
	assert_null(a.chunks); /* nothing is taken before it is needed */
	for (int i = 0; i < 9; i++)
		memset(arena_alloc(&a, 64), 'x', 64);
	assert_false(arena_is_over(&a));
	for (int i = 0; i < 20; i++)
		memset(arena_alloc(&a, 64), 'y', 64);
	assert_true(arena_is_over(&a));
	arena_reset(&a);
	assert_false(arena_is_over(&a));
	assert_str(arena_printf(&a, "%d-%s", 7, "x"), "7-x");
	assert_str(arena_lower(&a, STR("MX.Example")), "mx.example");
	assert_string_equal(arena_z(&a, STR("z")), "z");
	arena_done(&a);
	arena_done(&a); /* twice is harmless */
}

static void
test_buf_bounds(void **state)
{
	char room[8];
	struct buf b = BUF(room);

	buf_puts(&b, "12345");
	buf_putu(&b, 678);
	assert_false(buf_is_cut(&b));
	buf_putc(&b, '9');
	assert_true(buf_is_cut(&b));
	assert_str(buf_str(&b), "12345678");
	buf_reset(&b);
	buf_printf(&b, "%s", "1234567890");
	assert_true(buf_is_cut(&b));
	assert_true(buf_str(&b).n < sizeof(room));
}

static void
test_buf_escape(void **state)
{
	char room[64];
	struct buf b = BUF(room);

	buf_put_escaped(&b, str_from("a\n\\\0\xff z", 7), 100);
	assert_str(buf_str(&b), "a\\010\\092\\000\\255 z");
	buf_reset(&b);
	buf_put_escaped(&b, STR("abcdef"), 3);
	assert_str(buf_str(&b), "abc...");
}

static void
test_excerpt(void **state)
{
	static const struct {
		const char *text;
		size_t max;
		const char *shown;
	} cases[] = {
		{"as it is", 8, "as it is"},
		{"one two three", 12, "one two..."},
		{"one two three", 10, "one two..."},
		{"one two three", 9, "one..."},
		{"one   two three", 9, "one..."},
		{"a blank ", 7, "a..."},
		{"oneword", 6, "one..."},
		{"oneword", 3, "..."},
		{"oneword", 2, ""},
		{"oneword", 0, ""},
		{" oneword", 6, " on..."},
		{"ab\\092cd", 7, "ab..."},
		{"ab\\092cdef", 9, "ab\\092..."},
		{"ab%C3cde", 7, "ab..."},
		{"ab%C3cdef", 8, "ab%C3..."},
		{"", 0, ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char room[64];
		struct buf b = BUF(room);
		buf_put_excerpt(&b, str_of(cases[i].text), cases[i].max);
		assert_str(buf_str(&b), cases[i].shown);
		assert_false(buf_is_cut(&b));
		/* What room is left is a limit too. */
		char small[4 + 64] = "1234";
		struct buf c = {.p = small, .n = 4, .max = 4 + cases[i].max};
		buf_put_excerpt(&c, str_of(cases[i].text), 100);
		assert_str(str_skip(buf_str(&c), 4), cases[i].shown);
	}
}

static void
test_cursor(void **state)
{
	struct cursor c = cursor_on(str_from("\x01\x02\x03\x04\x05\x06\x07hi\0rest", 14));

	assert_int_equal(cursor_u8(&c), 1);
	assert_int_equal(cursor_u16(&c), 0x0203);
	assert_int_equal(cursor_u32(&c), 0x04050607);
	assert_str(cursor_z(&c), "hi");
	assert_str(cursor_rest(&c), "rest");
	assert_true(cursor_ok(&c));
	assert_int_equal(cursor_u8(&c), 0);
	assert_false(cursor_ok(&c));
	cursor_seek(&c, 0);
	assert_int_equal(cursor_u8(&c), 0); /* the error stays */
	c = cursor_on(STR("no nul"));
	assert_int_equal(cursor_z(&c).n, 0);
	assert_false(cursor_ok(&c));
}

static void
test_ip_parse(void **state)
{
	static const struct {
		const char *text, *want; /* want NULL: refused */
	} cases[] = {
		{"192.0.2.1", "192.0.2.1"},
		{"192.0.2.01", NULL},
		{"192.0.2", NULL},
		{"192.0.2.256", NULL},
		{"0.0.0.0", "0.0.0.0"},
		{"255.255.255.255", "255.255.255.255"},
		{"192.0.2.1.", NULL},
		{"192.0.2.1 ", NULL},
		{" 192.0.2.1", NULL},
		{"192.0..1", NULL},
		{"192.0.2.0001", NULL},
		{"1.2.3.4.5", NULL},
		{"1.2.3.-4", NULL},
		{"::1", "::1"},
		{"2001:DB8::A", "2001:db8::a"},
		{"::ffff:192.0.2.7", "192.0.2.7"},
		{"::FFFF:c000:207", "192.0.2.7"},
		{"2001:db8:::1", NULL},
		{"fe80::1%eth0", NULL},
		{"[::1]", NULL},
		{"", NULL},
		{"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb", NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ip ip;
		char text[IP_TEXT_MAX];
		bool ok = ip_parse(str_of(cases[i].text), &ip);
		if (ok != (cases[i].want != NULL))
			fail_msg("%s: %d", cases[i].text, ok);
		if (ok)
			assert_string_equal(ip_text(&ip, text), cases[i].want);
	}
}

static void
test_ip_nets(void **state)
{
	static const struct {
		const char *net, *ip;
		bool in;
	} cases[] = {
		{"192.0.2.0/24", "192.0.2.255", true},
		{"192.0.2.0/24", "192.0.3.0", false},
		{"192.0.2.77/25", "192.0.2.1", true},
		{"0.0.0.0/0", "255.1.2.3", true},
		{"0.0.0.0/0", "2001:db8::1", false},
		{"2001:db8::/33", "2001:db8:7fff::1", true},
		{"2001:db8::/33", "2001:db8:8000::1", false},
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"192.0.2.0/31", "192.0.2.1", true},
		{"192.0.2.0/31", "192.0.2.2", false},
		{"::/0", "2001:db8::1", true},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ip_net net;
		struct ip ip;
		assert_true(ip_net_parse(str_of(cases[i].net), &net));
		assert_true(ip_parse(str_of(cases[i].ip), &ip));
		assert_int_equal(ip_net_has(&net, &ip), cases[i].in);
	}
	struct ip_net net;
	assert_false(ip_net_parse(STR("192.0.2.0/33"), &net));
	assert_false(ip_net_parse(STR("192.0.2.0/"), &net));
	assert_false(ip_net_parse(STR("x/8"), &net));
}

static void
test_ip_net_print(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"192.0.2.77/25", "192.0.2.0/25"},
		{"192.0.2.1/32", "192.0.2.1"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"2001:DB8::1/32", "2001:db8::/32"},
		{"::1", "::1"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char room[64];
		struct buf b = BUF(room);
		struct ip_net net;
		assert_true(ip_net_parse(str_of(cases[i].text), &net));
		ip_net_print(&net, &b);
		assert_str(buf_str(&b), cases[i].want);
	}
}

static void
test_ip_private(void **state)
{
	static const struct {
		const char *ip;
		bool private;
	} cases[] = {
		{"10.1.2.3", true},
		{"172.16.0.1", true},
		{"172.32.0.1", false},
		{"100.64.1.1", true},
		{"192.168.9.9", true},
		{"127.0.0.1", true},
		{"169.254.3.4", true},
		{"192.0.2.1", false},
		{"::1", true},
		{"::", true},
		{"fd00::1", true},
		{"fe80::1", true},
		{"2001:db8::1", false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ip ip;
		assert_true(ip_parse(str_of(cases[i].ip), &ip));
		assert_int_equal(ip_is_private(&ip), cases[i].private);
	}
}

static void
test_errbuf(void **state)
{
	static const char *const names[] = {"reject_at", "defer_at", "profile"};
	struct errbuf e = {0};
	char line[200];

	errbuf_at(&e, "mxward.conf", 7);
	assert_false(err(&e, "unknown key %s", "x"));
	errbuf_at(&e, "other", 9);
	assert_false(err(&e, "second"));
	errbuf_print(&e, line, sizeof(line));
	assert_string_equal(line, "mxward.conf:7: unknown key x");
	assert_int_equal(e.count, 2);

	assert_string_equal(nearest_name(STR("rejct_at"), names, 3), "reject_at");
	assert_string_equal(nearest_name(STR("porfile"), names, 3), "profile");
	assert_null(nearest_name(STR("zzzzzz"), names, 3));
}

/* The published vectors of SipHash-2-4-128: key 00..0f, input 00, 01, ... */
static void
test_hash_keyed(void **state)
{
	static const struct {
		size_t n;
		const char *hex;
	} cases[] = {
		{0, "a3817f04ba25a8e66df67214c7550293"},
		{1, "da87c1d86b99af44347659119b22fc45"},
		{2, "8177228da4a45dc7fca38bdef60affe4"},
		{3, "9c70b60c5267a94e5f33b6b02985ed51"},
		{15, "5493e99933b0a8117e08ec0f97cfc3d9"},
	};
	uint8_t key[HASH_KEYED_SIZE], input[16];

	for (uint8_t i = 0; i < sizeof(key); i++)
		key[i] = input[i] = i;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t out[HASH_KEYED_SIZE];
		char room[33];
		struct buf b = BUF(room);
		hash_keyed(key, str_from((const char *)input, cases[i].n), out);
		for (size_t k = 0; k < sizeof(out); k++)
			buf_printf(&b, "%02x", out[k]);
		assert_true(str_eq(buf_str(&b), str_of(cases[i].hex)));
	}
}

static void
test_hash(void **state)
{
	uint64_t a = hash_str(STR("mx.example")), b = hash_str(STR("mx.examplf"));

	assert_true(a != b);
	assert_true(hash_str(STR("mx.example")) == a);
	assert_true(hash_str_with(STR("mx.example"), 1) != a);
	hash_seed();
	assert_true(hash_str(STR("mx.example")) != a); /* fails once in 2^64 runs */
}

static void
test_list(void **state)
{
	struct item {
		int n;
		struct list link;
	} items[3];
	struct list all;
	int order = 0;

	list_init(&all);
	assert_true(list_is_empty(&all));
	for (int i = 0; i < 3; i++) {
		items[i].n = i;
		list_add_last(&all, &items[i].link);
	}
	list_remove(&items[0].link);
	assert_true(list_is_empty(&items[0].link));
	list_remove(&items[0].link); /* harmless */
	list_add_last(&all, &items[0].link);
	for (struct list *l = all.next; l != &all; l = l->next)
		order = order * 10 + LIST_ELEMENT(l, struct item, link)->n;
	assert_int_equal(order, 120);
	for (int i = 0; i < 3; i++)
		list_remove(&items[i].link);
	assert_true(list_is_empty(&all));
}

static void
test_clock_text(void **state)
{
	char room[CLOCK_TEXT_MAX];

	assert_string_equal(clock_text(0, room), "1970-01-01T00:00:00Z");
	assert_string_equal(clock_text(1767323045, room), "2026-01-02T03:04:05Z");
	assert_string_equal(clock_text(INT64_MAX, room), "");
}

/* What goes in comes out in order, whatever the sizes, and an empty one is small again. */
static void
test_fifo(void **state)
{
	struct fifo f = {0};
	unsigned in = 0, out = 0, seed = 7;
	size_t most = 0;

	for (int round = 0; round < 20000; round++) {
		seed = seed * 1103515245 + 12345;
		size_t n = seed >> 16 & 511;
		if (seed & 1 << 8) {
			char *room = fifo_room(&f, n);
			for (size_t i = 0; i < n; i++)
				room[i] = (char)in++;
			fifo_added(&f, n);
		} else {
			struct str s = str_slice(fifo_bytes(&f), 0, n);
			for (size_t i = 0; i < s.n; i++)
				if (s.p[i] != (char)out++)
					fail_msg("byte %u", out);
			fifo_use(&f, s.n);
		}
		assert_int_equal(fifo_size(&f), in - out);
		if (fifo_size(&f) > most)
			most = fifo_size(&f);
		assert_true(f.max <= 4 * most + 1024);
	}
	assert_true(out > 1000000);
	fifo_put(&f, str_from(fifo_room(&f, 1 << 20), 0));
	fifo_use(&f, fifo_size(&f));
	assert_true(f.max <= 1 << 16);
	fifo_done(&f);
}

static void
quiet(const struct must_failure *f)
{
}

static void
fail_here(void *ctx)
{
	*(int *)ctx = 1;
	must(1 + 1 == 3);
	*(int *)ctx = 2;
}

static void
fail_held(void *ctx)
{
	struct containment *held = must_hold();

	fail_here(ctx);
	must_resume(held);
}

static void
fail_inside_and_go_on(void *ctx)
{
	struct must_failure why;
	int n = 0;

	if (!must_contain(fail_here, &n, &why))
		*(int *)ctx = 10 + n;
	must_resume(must_hold());
	must(why.line == 0);
}

/* Does it end a process? */
static bool
is_deadly(void (*run)(void *ctx), bool contain)
{
	int status, n = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct must_failure why;

		signal(SIGABRT, SIG_DFL);
		must_hook(quiet);
		must_containment(contain);
		_exit(must_contain(run, &n, &why));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void
test_containment(void **state)
{
	struct must_failure why;
	int n = 0;

	assert_true(is_deadly(fail_here, false));
	assert_true(is_deadly(fail_held, true));
	assert_false(is_deadly(fail_here, true));
	must_hook(quiet);
	must_containment(true);
	assert_false(must_contain(fail_here, &n, &why));
	assert_int_equal(n, 1);
	assert_string_equal(why.cond, "1 + 1 == 3");
	assert_true(why.line > 0 && strstr(why.file, "base_test.c") && why.contained);
	assert_false(must_contain(fail_inside_and_go_on, &n, &why));
	assert_int_equal(n, 11);
	assert_string_equal(why.cond, "why.line == 0");
	must_containment(false);
	must_hook(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_printable),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_words_and_trim),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_sorted),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_affixes),
		cmocka_unit_test(test_arena_limit),
		cmocka_unit_test(test_buf_bounds),
		cmocka_unit_test(test_buf_escape),
		cmocka_unit_test(test_excerpt),
		cmocka_unit_test(test_cursor),
		cmocka_unit_test(test_ip_parse),
		cmocka_unit_test(test_ip_nets),
		cmocka_unit_test(test_ip_net_print),
		cmocka_unit_test(test_ip_private),
		cmocka_unit_test(test_errbuf),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_hash_keyed),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_fifo),
		cmocka_unit_test(test_clock_text),
		cmocka_unit_test(test_containment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
