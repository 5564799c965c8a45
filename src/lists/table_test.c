/* Unit tests of lists in files: what is read, what is found, and what is said of errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "lists/table.h"

#define ALL (TABLE_ADDRESSES | TABLE_NAMES | TABLE_SENDERS)

static struct table *
made(struct str text)
{
	struct errbuf e = {0};
	struct table *t = table_parse("list", ALL, text, &e);

	if (!t)
		fail_msg("line %u: %s", e.line, e.text);
	assert_int_equal(e.count, 0);
	return t;
}

/* Address, sender or name, as what is looked up says by itself. */
static bool
find(const struct table *t, struct str what, struct table_hit *hit)
{
	struct ip ip;

	if (ip_parse(what, &ip))
		return table_find_ip(t, &ip, hit);
	if (str_find(what, '@') < what.n)
		return table_find_sender(t, what, hit);
	return table_find_name(t, what, hit);
}

/* The entry that is found and its comment, or "". */
static void
expect(const struct table *t, const char *what, const char *want)
{
	char room[TABLE_ENTRY_MAX + 64];
	struct buf b = BUF(room);
	struct table_hit hit;

	if (find(t, str_of(what), &hit)) {
		table_print_entry(&hit, &b);
		if (hit.comment.n)
			buf_printf(&b, " %.*s", STR_ARG(hit.comment));
	}
	if (!str_eq(buf_str(&b), str_of(want)))
		fail_msg("%s: got \"%.*s\", want \"%s\"", what, STR_ARG(buf_str(&b)), want);
}

struct look_up {
	const char *what, *entry;
};

static void
expect_all(const char *text, const struct look_up *cases, size_t n)
{
	struct table *t = made(str_of(text));

	for (size_t i = 0; i < n; i++)
		expect(t, cases[i].what, cases[i].entry);
	table_unref(t);
}

static void
test_addresses(void **state)
{
	static const struct look_up cases[] = {
		{"192.0.2.0", "192.0.2.0/24 whole"},
		{"192.0.2.63", "192.0.2.0/24 whole"},
		{"192.0.2.128", "192.0.2.128/25"},
		{"192.0.2.200", "192.0.2.200 one"},
		{"192.0.2.201", "192.0.2.128/25"},
		{"192.0.2.255", "192.0.2.128/25"},
		{"192.0.3.0", "192.0.0.0/16 wide"},
		{"192.0.1.255", "192.0.0.0/16 wide"},
		{"192.0.2.64", ""},
		{"192.0.2.127", ""},
		{"192.0.2.65", ""},
		{"192.0.2.66", "192.0.2.66 after all"},
		{"192.1.0.0", ""},
		{"191.255.255.255", ""},
		{"0.0.0.0", ""},
		{"255.255.255.255", "255.255.255.255"},
		{"::ffff:192.0.2.200", "192.0.2.200 one"}, /* one form of each address */
		{"2001:db8::", "2001:db8::/32 six"},
		{"2001:db8:0:1::1", "2001:db8:0:1::/64"},
		{"2001:db8:0:1::2", ""},
		{"2001:db8:0:2::2", "2001:db8::/32 six"},
		{"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", ""},
		{"2001:db9::", ""},
		{"::", ""},
	};

	expect_all("192.0.2.200 # one\n192.0.2.128/25\r\n192.0.2.0/24 ; whole\n"
		   "192.0.0.0/16 #wide\n!192.0.2.64/26\n192.0.2.66 # after all\n"
		   "255.255.255.255\n\n  2001:db8::/32\t;\tsix\n2001:db8:0:1::/64\n"
		   "!2001:DB8:0:1::2",
		cases, COUNT(cases));
}

static void
test_everything(void **state)
{
	static const struct look_up cases[] = {
		{"0.0.0.0", "0.0.0.0/0"},
		{"203.0.113.1", "0.0.0.0/0"},
		{"::1", "::/0"},
		{"mail.example", ""},
	};

	expect_all("0.0.0.0/0\n::/0\n", cases, COUNT(cases));
}

static void
test_names(void **state)
{
	static const struct look_up cases[] = {
		{"spam.example", "spam.example all of it"},
		{"SPAM.Example.", "spam.example all of it"},
		{"a.spam.example", "spam.example all of it"},
		{"a.b.spam.example", "spam.example all of it"},
		{"notspam.example", ""},
		{"example", ""},
		{"good.spam.example", ""},
		{"x.good.spam.example", ""},
		{"bad.good.spam.example", "bad.good.spam.example"},
		{"below.test", ""},
		{"a.below.test", ".below.test"},
		{"exact.test", "=exact.test"},
		{"a.exact.test", ""},
		{"three.test", "=three.test itself"},
		{"a.three.test", ".three.test below"},
		{"two.test", "=two.test itself"},
		{"a.two.test", "two.test"},
		{"x.top", "top"},
		{"_dmarc.under_score.test", "under_score.test"},
		{"163.com", "163.com"},
		{"a..spam.example", "spam.example all of it"},
		{".spam.example", "spam.example all of it"},
		{"sp\xc3\xa4m.spam.example", "spam.example all of it"},
		{"", ""},
		{".", ""},
		{"..", ""},
	};

	expect_all("spam.example # all of it\n!good.spam.example\nbad.good.Spam.example.\n"
		   ".below.test\n=exact.test\nthree.test # never found\n=three.test # itself\n"
		   ".three.test # below\n=two.test # itself\ntwo.test\ntop\nUnder_Score.test\n"
		   "163.com\n",
		cases, COUNT(cases));
}

static void
test_senders(void **state)
{
	static const struct look_up cases[] = {
		{"joe@spam.example", "joe@spam.example the man"},
		{"JOE@Spam.Example", "joe@spam.example the man"},
		{"joe@spam.example.", "joe@spam.example the man"},
		{"jane@spam.example", "spam.example"},
		{"joe@a.spam.example", "spam.example"},
		{"boss@spam.example", ""},
		{"a@b@other.example", "a@b@other.example"},
		{"b@other.example", ""},
		{"@spam.example", "spam.example"},
		{"@", ""},
	};
	struct table_hit hit;

	expect_all("spam.example\nJoe@spam.example # the man\n!boss@spam.example\n"
		   "a@b@other.example.\n",
		cases, COUNT(cases));
	struct table *t = made(STR("spam.example\njoe@spam.example"));
	assert_false(table_find_sender(t, STR(""), &hit));
	assert_false(table_find_sender(t, STR("spam.example"), &hit));
	/* A name is not a sender, whatever is in it. */
	assert_false(table_find_name(t, STR("joe@spam.example"), &hit));
	table_unref(t);
}

/* Longer than any entry: what can match still does, and nothing else. */
static void
test_long_names(void **state)
{
	char text[2048], name[2048];
	struct table_hit hit;
	struct table *t = made(STR("tail.example\nxx.test"));

	memset(text, 'x', sizeof(text));
	memcpy(name, text, sizeof(name));
	memcpy(name + sizeof(name) - 13, ".tail.example", 13);
	assert_true(table_find_name(t, str_from(name, sizeof(name)), &hit));
	name[0] = '@';
	assert_true(table_find_sender(t, str_from(name, sizeof(name)), &hit));
	/* The end of a label is no label. */
	memcpy(name + sizeof(name) - 5, ".test", 5);
	assert_false(table_find_name(t, str_from(name, sizeof(name)), &hit));
	for (size_t n = 240; n < 270; n++) {
		memset(name, '.', n);
		memcpy(name + n - 7, "xx.test", 7);
		assert_true(table_find_name(t, str_from(name, n), &hit));
		memset(name, 'x', n - 5);
		assert_false(table_find_name(t, str_from(name, n), &hit));
	}
	table_unref(t);
}

static void
test_replies(void **state)
{
	static const struct {
		const char *what;
		unsigned code;
		const char *enhanced, *text, *comment;
	} cases[] = {
		{"192.0.2.1", 553, "5.7.1", "user-defined policy: you know why", "complaint"},
		{"192.0.2.2", 553, "5.7.1", "user-defined policy: you know why", ""},
		{"192.0.2.3", 450, "4.7.1", "come back later", ""},
		{"192.0.2.4", 554, "5.7.1", "", ""},
		{"192.0.2.5", 550, "5.7.123", "", "no text"},
		{"192.0.2.6", 550, "5.7.1", "5 of you have been here", ""},
		{"192.0.2.7", 0, "", "", "only a comment"},
		{"192.0.2.8", 0, "", "", ""},
		{"a.example", 553, "5.7.1", "user-defined policy: you know why", "complaint"},
		{"b.example", 550, "5.7.1", "a#b;c", "d # e ; f"},
	};
	struct table *t =
		made(STR("192.0.2.1 553 5.7.1 user-defined policy: you know why ; complaint\n"
			 "192.0.2.2 553 5.7.1  user-defined policy: you know why\t\n"
			 "192.0.2.3\t450  come back later\n192.0.2.4 554\n"
			 "192.0.2.5 550 5.7.123 # no text\n192.0.2.6 550 5 of you have been here\n"
			 "192.0.2.7 # only a comment\n192.0.2.8 ;\n"
			 "a.example 553 5.7.1 user-defined policy: you know why ; complaint\n"
			 "b.example 550 a#b;c # d # e ; f\n"));

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct table_hit hit;
		assert_true(find(t, str_of(cases[i].what), &hit));
		assert_int_equal(hit.reply.code, cases[i].code);
		assert_true(str_eq(hit.reply.enhanced, str_of(cases[i].enhanced)));
		assert_true(str_eq(hit.reply.text, str_of(cases[i].text)));
		assert_true(str_eq(hit.comment, str_of(cases[i].comment)));
	}
	table_unref(t);
}

static void
test_errors(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *words; /* part of the sentence */
	} cases[] = {
		{"192.0.2.1\n192.0.2.256\n", 2, "\"192.0.2.256\" is no address, network, domain"},
		{"192.0.2.0/33", 1, "the length after \"/\" is a number from 0 to 32"},
		{"192.0.2.0/", 1, "from 0 to 32"},
		{"2001:db8::/129", 1, "from 0 to 128"},
		{"192.0.2.7/24", 1, "192.0.2.0/24 is the network"},
		{"!2001:db8::1/32", 1, "2001:db8::/32 is the network"},
		{"192.0.2", 1, "is no address"},
		{"192.0.2.0-192.0.2.9", 1, "is no address"},
		{"2001:db8:::", 1, "is no address"},
		{"spam..example", 1, "is no address, network, domain or sender"},
		{"*.spam.example", 1, "is no address"},
		{"spam.example#x", 1, "is no address"},
		{"..spam.example", 1, "is no address"},
		{"=", 1, "is no address"},
		{".", 1, "is no address"},
		{"=.spam.example", 1, "is no address"},
		{"b\xc3\xbc\x63her.example", 1, "\"b\\195\\188cher.example\" is no address"},
		{"! spam.example", 1, "right before the entry"},
		{"!!spam.example", 1, "is no address"},
		{"@spam.example", 1, "all senders of a domain"},
		{"=joe@spam.example", 1, "is no sender's address"},
		{".joe@spam.example", 1, "is no sender's address"},
		{"joe@", 1, "is no sender's address"},
		{"joe@192.0.2.1", 1, "is no sender's address"},
		{"joe@[192.0.2.1]", 1, "is no sender's address"},
		{"spam.example REJECT", 1, "\"REJECT\" is no reply"},
		{"spam.example 200 welcome", 1, "is no reply"},
		{"spam.example 600", 1, "is no reply"},
		{"spam.example 560", 1, "is no reply"},
		{"spam.example 55", 1, "is no reply"},
		{"spam.example 5530", 1, "is no reply"},
		{"spam.example 553-5.7.1 x", 1, "is no reply"},
		{"spam.example 421 4.7.0 bye", 1, "would end the SMTP session"},
		{"spam.example 521", 1, "would end the SMTP session"},
		{"spam.example 553 4.7.1 x", 1,
			"\"4.7.1\" is no enhanced code that belongs to 553"},
		{"spam.example 450 5.7.1 x", 1, "belongs to 450: 4.7.1 is"},
		{"spam.example 553 5.7 x", 1, "\"5.7\" is no enhanced code"},
		{"spam.example 553 5.7.1.1 x", 1, "is no enhanced code"},
		{"spam.example 553 5.7.1000 x", 1, "is no enhanced code"},
		{"spam.example 553 sch\xc3\xb6n", 1, "is ASCII"},
		{"ok.example\n\n# x\nspam.example\x01\n", 4, "a control byte (1) in column 13"},
		{"spam.example # a\0b", 1, "a control byte (0)"},
		{"192.0.2.1\n192.0.2.2\n!192.0.2.1", 3, "\"192.0.2.1\" stands in line 1 too"},
		{"!10.0.0.0/8\n10.0.0.0/8", 2, "\"10.0.0.0/8\" stands in line 1 too"},
		{"a.example\n!A.example.", 2, "\"a.example\" stands in line 1 too"},
		{"!a@b.example\nb.example\na@b.example", 3, "\"a@b.example\" stands in line 1 too"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct errbuf e = {0};
		struct str text = str_of(cases[i].text);
		if (str_has_suffix(text, STR("# a")))
			text.n += 2; /* a NUL and what is behind it */
		if (table_parse("my.list", ALL, text, &e))
			fail_msg("taken: %s", cases[i].text);
		assert_true(e.count > 0);
		assert_string_equal(e.file, "my.list");
		if (e.line != cases[i].line ||
			!str_contains(str_of(e.text), str_of(cases[i].words)))
			fail_msg("%s: line %u: %s", cases[i].text, e.line, e.text);
	}
}

/* What could never be found is said to be useless. */
static void
test_kinds(void **state)
{
	static const struct {
		unsigned kinds;
		const char *text, *words;
	} cases[] = {
		{TABLE_NAMES | TABLE_SENDERS, "192.0.2.1", "is an address, but"},
		{TABLE_ADDRESSES, "spam.example", "is a domain, but"},
		{TABLE_ADDRESSES | TABLE_NAMES, "joe@spam.example", "is a sender, but"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct errbuf e = {0};
		assert_null(table_parse("list", cases[i].kinds, str_of(cases[i].text), &e));
		assert_true(str_contains(str_of(e.text), str_of(cases[i].words)));
	}
}

static void
test_limits(void **state)
{
	static char text[2 * TABLE_LINE_MAX + 64];
	struct errbuf e = {0};
	size_t n;

	memset(text, 'x', sizeof(text));
	memcpy(text, "a.example # ", 12);
	struct table *t = made(str_from(text, TABLE_LINE_MAX));
	table_unref(t);
	memcpy(text + TABLE_LINE_MAX, "\r\nb.example", 11); /* a line end is not the line's */
	t = made(str_from(text, TABLE_LINE_MAX + 11));
	assert_int_equal(table_count(t), 2);
	table_unref(t);
	/* ... nor is a byte order mark, in whatever pieces they come. */
	static char marked[TABLE_LINE_MAX + 16] = "\xef\xbb\xbf";
	memcpy(marked + 3, text, TABLE_LINE_MAX + 11);
	struct table_reader *r = table_reader_new("list", ALL);
	for (size_t i = 0; i < TABLE_LINE_MAX + 14; i++)
		assert_true(table_reader_feed(r, str_from(marked + i, 1), &e));
	t = table_reader_done(r, &e);
	assert_int_equal(table_count(t), 2);
	table_unref(t);
	memset(text + TABLE_LINE_MAX, 'x', 11);
	for (n = TABLE_LINE_MAX + 1; n < sizeof(text); n += 300) {
		e = (struct errbuf){0};
		assert_null(table_parse("list", ALL, str_from(text, n), &e));
		assert_true(str_contains(str_of(e.text), STR("a line of more than")));
		assert_int_equal(e.line, 1);
	}
	memcpy(text, "a.example 553 ", 14);
	t = made(str_from(text, 14 + TABLE_REPLY_MAX));
	table_unref(t);
	e = (struct errbuf){0};
	assert_null(table_parse("list", ALL, str_from(text, 14 + TABLE_REPLY_MAX + 1), &e));
	assert_true(str_contains(str_of(e.text), STR("the text of the reply has 301 bytes")));
}

static void
test_repeated(void **state)
{
	struct table *t = made(STR("192.0.2.2 # first\n192.0.2.1 # first\n192.0.2.1 # second\n"
				   "192.0.2.2 # second\na.example # first\nA.EXAMPLE # second\n"));

	assert_int_equal(table_count(t), 3);
	expect(t, "192.0.2.1", "192.0.2.1 first");
	expect(t, "192.0.2.2", "192.0.2.2 first");
	expect(t, "a.example", "a.example first");
	table_unref(t);
}

static void
test_empty(void **state)
{
	static const char *const texts[] = {
		"", "\n", "\r\n", "# nothing\n", "\xef\xbb\xbf", " ; x"};

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct table *t = made(str_of(texts[i]));
		assert_int_equal(table_count(t), 0);
		expect(t, "192.0.2.1", "");
		expect(t, "::1", "");
		expect(t, "a.example", "");
		expect(t, "a@a.example", "");
		table_unref(t);
	}
	struct table *t = made(STR("\xef\xbb\xbf"
				   "a.example"));
	expect(t, "a.example", "a.example");
	table_unref(t);
}

/* However the text is cut into pieces, the table is the same, and so is the error. */
static void
test_pieces(void **state)
{
	static const char text[] = "192.0.2.0/24 # net\r\n!192.0.2.9\r\nspam.example 553 no\n"
				   "joe@other.example";
	for (size_t cut = 1; cut < sizeof(text); cut++) {
		struct table_reader *r = table_reader_new("list", ALL);
		struct str rest = str_of(text);
		struct errbuf e = {0};
		for (; rest.n; rest = str_skip(rest, cut))
			assert_true(table_reader_feed(r, str_slice(rest, 0, cut), &e));
		struct table *t = table_reader_done(r, &e);
		assert_non_null(t);
		assert_int_equal(table_count(t), 4);
		expect(t, "192.0.2.1", "192.0.2.0/24 net");
		expect(t, "192.0.2.9", "");
		expect(t, "spam.example", "spam.example");
		expect(t, "joe@other.example", "joe@other.example");
		table_unref(t);
	}
	struct table_reader *r = table_reader_new("list", ALL);
	struct errbuf e = {0};
	assert_true(table_reader_feed(r, STR("a.example\n192.0."), &e));
	assert_false(table_reader_feed(r, STR("2.0/99\nb.example\n"), &e));
	assert_false(table_reader_feed(r, STR("c.example\n"), &e));
	assert_null(table_reader_done(r, &e));
	assert_int_equal(e.line, 2);
}

static unsigned
random_below(unsigned *seed, unsigned n)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 8) % n;
}

/* Enough prefixes for several levels of search, against looking at each of them. */
static void
test_many(void **state)
{
	enum { N = 6000 };
	static struct ip_net nets[N];
	static char text[N * 24];
	struct buf b = BUF(text);
	unsigned seed = 1;

	for (size_t i = 0; i < N; i++) {
		struct ip ip = {.len = 4, .b = {10}};
		for (size_t k = 1; k < 4; k++)
			ip.b[k] = (uint8_t)random_below(&seed, k == 3 ? 256 : 40);
		nets[i] = ip_net_of(&ip, (uint8_t)(32 - random_below(&seed, 5) * 3));
		ip_net_print(&nets[i], &b);
		buf_putc(&b, '\n');
	}
	struct table *t = made(buf_str(&b));
	for (size_t i = 0; i < 3000; i++) {
		struct ip ip = {.len = 4, .b = {10}};
		struct table_hit hit;
		unsigned longest = 0;
		for (size_t k = 1; k < 4; k++)
			ip.b[k] = (uint8_t)random_below(&seed, k == 3 ? 256 : 41);
		for (size_t k = 0; k < N; k++)
			if (ip_net_has(&nets[k], &ip) && nets[k].bits > longest)
				longest = nets[k].bits;
		assert_int_equal(table_find_ip(t, &ip, &hit), longest > 0);
		assert_true(!longest || hit.net.bits == longest);
	}
	table_unref(t);
}

static void
test_many_names(void **state)
{
	static char text[20000 * 16];
	struct buf b = BUF(text);

	for (int i = 0; i < 20000; i++)
		buf_printf(&b, "%sd%d.test\n", i % 7 ? "" : "!", i);
	struct table *t = made(buf_str(&b));
	assert_int_equal(table_count(t), 20000);
	for (int i = 0; i < 21000; i++) {
		char name[32];
		struct table_hit hit;
		snprintf(name, sizeof(name), "x.d%d.test", i);
		assert_int_equal(table_find_name(t, str_of(name), &hit), i < 20000 && i % 7);
	}
	table_unref(t);
}

/* References: the last one frees (the sanitizers see to it). */
static void
test_references(void **state)
{
	struct table *t = made(STR("a.example # x"));

	assert_ptr_equal(table_ref(t), t);
	table_unref(t);
	expect(t, "a.example", "a.example x");
	assert_true(table_memory(t) > 0);
	table_unref(t);
	table_unref(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_everything),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_senders),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_many_names),
		cmocka_unit_test(test_references),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
