/* Unit tests of mail/header: faults and their places, the same from a milter and from a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "mail/header.h"

#define F(f) (1u << HEADER_##f)

static struct arena arena;

static int
setup(void **state)
{
	arena_init(&arena, 4096, 64 << 20);
	return 0;
}

static int
teardown(void **state)
{
	arena_done(&arena);
	return 0;
}

static struct headers
read_section(struct str text)
{
	struct headers h;

	headers_init(&h, &arena);
	(void)headers_read(&h, text);
	return h;
}

static void
test_names(void **state)
{
	assert_int_equal(header_id_of(STR("MESSAGE-id \t")), HEADER_MESSAGE_ID);
	assert_int_equal(header_id_of(STR("Message_Id")), HEADER_OTHER);
	assert_int_equal(header_id_of(STR("")), HEADER_OTHER);
	assert_true(header_is_single(HEADER_DATE));
	assert_false(header_is_single(HEADER_RECEIVED));
	for (size_t i = 1; i < HEADER_IDS; i++)
		assert_int_equal(header_id_of(header_name((enum header_id)i)), i);
	for (size_t i = 0; i < HEADER_FAULTS; i++)
		assert_non_null(header_fault_text((enum header_fault)i));
}

static void
test_faults(void **state)
{
	static const struct {
		struct str name, value;
		uint32_t faults;
		enum header_fault first;
		size_t at;
	} cases[] = {
		{STR_INIT("Subject"), STR_INIT("plain"), 0, 0, 0},
		{STR_INIT("Subject "), STR_INIT("  blanks before the colon"), 0, 0, 0},
		{STR_INIT("X-!#$%&'*+-/=?^_`{|}~."), STR_INIT(""), 0, 0, 0},
		{STR_INIT("Subject"), STR_INIT("a\n\tb\r\n c\r\n"), 0, 0, 0},
		{STR_INIT(""), STR_INIT("x"), F(BAD_NAME), HEADER_BAD_NAME, 0},
		{STR_INIT("Sub ject"), STR_INIT("x"), F(BAD_NAME), HEADER_BAD_NAME, 3},
		{STR_INIT("Sub\xfc"), STR_INIT("x"), F(BAD_NAME), HEADER_BAD_NAME, 3},
		{STR_INIT("a:b"), STR_INIT("x"), F(BAD_NAME), HEADER_BAD_NAME, 1},
		{STR_INIT("S"), STR_INIT("a\rb\r"), F(BARE_CR), HEADER_BARE_CR, 1},
		{STR_INIT("S"), STR_INIT("a\r\r\n b"), F(BARE_CR), HEADER_BARE_CR, 1},
		{STR_INIT("S"), STR_INIT("a\nb"), F(BARE_LF), HEADER_BARE_LF, 1},
		{STR_INIT("S"), STR_INIT("a\r\nBcc: b"), F(BARE_LF), HEADER_BARE_LF, 2},
		{STR_INIT("S"), STR_INIT("a\0b\0"), F(NUL), HEADER_NUL, 1},
		{STR_INIT("S"), STR_INIT("a\tb\033c\177"), F(CONTROL), HEADER_CONTROL, 3},
		{STR_INIT("S"), STR_INIT("a\xc3\xbc"), F(UTF8), HEADER_UTF8, 1},
		{STR_INIT("S"), STR_INIT("\xe2\x82\xac \xf0\x9f\x98\x80"), F(UTF8), HEADER_UTF8, 0},
		{STR_INIT("S"), STR_INIT("a\xc3\xbc\xfc"), F(8BIT), HEADER_8BIT, 3},
		{STR_INIT("S"), STR_INIT("a\xc3"), F(8BIT), HEADER_8BIT, 1},
		{STR_INIT("S"), STR_INIT("\xc0\xaf"), F(8BIT), HEADER_8BIT, 0},
		{STR_INIT("S"), STR_INIT("\xe0\x9f\xbf"), F(8BIT), HEADER_8BIT, 0},
		{STR_INIT("S"), STR_INIT("\xed\xa0\x80"), F(8BIT), HEADER_8BIT, 0},
		{STR_INIT("S"), STR_INIT("\xf0\x8f\xbf\xbf"), F(8BIT), HEADER_8BIT, 0},
		{STR_INIT("S"), STR_INIT("\xf4\x90\x80\x80"), F(8BIT), HEADER_8BIT, 0},
		{STR_INIT("S"), STR_INIT("\x80"), F(8BIT), HEADER_8BIT, 0},
		{STR_INIT("S"), STR_INIT("\xff"), F(8BIT), HEADER_8BIT, 0},
		{STR_INIT("S"), STR_INIT("a\n \n b"), F(BLANK_LINE), HEADER_BLANK_LINE, 2},
		{STR_INIT("S"), STR_INIT("a\n \t"), F(BLANK_LINE), HEADER_BLANK_LINE, 2},
		{STR_INIT("S"), STR_INIT("\n b"), 0, 0, 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct header_field f;
		header_field_scan(cases[i].name, cases[i].value, &f);
		if (f.faults != cases[i].faults ||
			(f.faults && f.at[cases[i].first] != cases[i].at))
			fail_msg("case %zu: faults %#x at %zu", i, f.faults, f.at[cases[i].first]);
	}
}

static void
test_long_line(void **state)
{
	char value[1200];
	struct header_field f;

	memset(value, 'x', sizeof(value));
	header_field_scan(STR("Subject"), str_from(value, 989), &f);
	assert_int_equal(f.faults, 0);
	header_field_scan(STR("Subject"), str_from(value, 990), &f);
	assert_int_equal(f.faults, F(LONG_LINE));
	assert_int_equal(f.at[HEADER_LONG_LINE], 989);
	value[100] = '\n';
	value[101] = ' ';
	header_field_scan(STR("Subject"), str_from(value, 101 + 998), &f);
	assert_int_equal(f.faults, 0);
	header_field_scan(STR("Subject"), str_from(value, 101 + 999), &f);
	assert_int_equal(f.at[HEADER_LONG_LINE], 101 + 998);
	assert_int_equal(header_place_of(f.value, 101 + 998).line, 2);
	assert_int_equal(header_place_of(f.value, 101 + 998).byte, 999);
	header_field_scan(str_from(value, 99), str_from(value, 0), &f);
	assert_int_equal(f.faults, 0);
}

static void
test_section(void **state)
{
	struct headers h = read_section(STR("From a@b.example  Thu Aug 22 12:36:23 2002\n"
					    "Received: from x\n\tby y; 1 Jan 2002 00:00 GMT\n"
					    "Received: second\n"
					    "From:   A <a@b.example>\n"
					    "Subject: one\n"
					    "SUBJECT : two\n"
					    "Message-ID: <x@y.example>\n"
					    "Message-ID: <x@y.example>\n"
					    "\n"
					    "Date: in the body\n"));

	assert_int_equal(h.end, HEADER_END_EMPTY_LINE);
	assert_int_equal(h.fields, 7);
	assert_int_equal(h.known[HEADER_RECEIVED].count, 2);
	assert_true(str_eq(
		h.known[HEADER_RECEIVED].value, STR("from x\n\tby y; 1 Jan 2002 00:00 GMT")));
	assert_true(str_eq(h.known[HEADER_FROM].value, STR("A <a@b.example>")));
	assert_int_equal(h.known[HEADER_FROM].number, 3);
	assert_int_equal(h.known[HEADER_SUBJECT].count, 2);
	assert_int_equal(h.known[HEADER_SUBJECT].second, 5);
	assert_true(h.known[HEADER_SUBJECT].differs);
	assert_int_equal(h.known[HEADER_MESSAGE_ID].count, 2);
	assert_false(h.known[HEADER_MESSAGE_ID].differs);
	assert_int_equal(h.known[HEADER_DATE].count, 0);
	for (size_t i = 0; i < HEADER_FAULTS; i++)
		assert_int_equal(h.fault[i].count, 0);
}

static void
test_ends(void **state)
{
	static const struct {
		struct str text;
		enum header_end end;
		size_t used;
		unsigned fields;
	} cases[] = {
		{STR_INIT(""), HEADER_END_OF_TEXT, 0, 0},
		{STR_INIT("A: b"), HEADER_END_OF_TEXT, 4, 1},
		{STR_INIT("A: b\r\n"), HEADER_END_OF_TEXT, 6, 1},
		{STR_INIT("A: b\n\nx"), HEADER_END_EMPTY_LINE, 6, 1},
		{STR_INIT("A: b\r\n\r\nx"), HEADER_END_EMPTY_LINE, 8, 1},
		{STR_INIT("\nA: b"), HEADER_END_EMPTY_LINE, 1, 0},
		{STR_INIT("A: b\nHello\nC: d\n"), HEADER_END_NO_FIELD, 5, 1},
		{STR_INIT("A: b\n \n c\n\nx"), HEADER_END_EMPTY_LINE, 11, 1},
		{STR_INIT("From x\nA: b\n\nx"), HEADER_END_EMPTY_LINE, 13, 1},
		{STR_INIT("From x"), HEADER_END_OF_TEXT, 6, 0},
		{STR_INIT("From \t: x\n\n"), HEADER_END_EMPTY_LINE, 11, 1},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct headers h;
		headers_init(&h, &arena);
		size_t used = headers_read(&h, cases[i].text);
		if (used != cases[i].used || h.end != cases[i].end || h.fields != cases[i].fields)
			fail_msg("case %zu: used %zu, end %d, %u fields", i, used, (int)h.end,
				h.fields);
	}
}

/* The first field that has a fault, and where. */
static void
test_met(void **state)
{
	struct headers h = read_section(STR("A: x\nSubject: ab\n\tc\xfc\nX: \xfc\nY: a\rb\n\n"));
	const struct header_met *m = &h.fault[HEADER_8BIT];

	assert_int_equal(m->count, 2);
	assert_int_equal(m->number, 2);
	assert_true(str_eq(m->name, STR("Subject")));
	assert_int_equal(m->place.line, 2);
	assert_int_equal(m->place.byte, 3);
	assert_int_equal(m->byte, 0xfc);
	assert_int_equal(h.fault[HEADER_BARE_CR].number, 4);
	/* A file whose lines end in CR LF: the same places, and an LF alone is one. */
	h = read_section(STR("A: x\r\nSubject: ab\r\n\tc\xfc\r\nY: a\n b\r\n\r\n"));
	assert_int_equal(h.fault[HEADER_8BIT].place.line, 2);
	assert_int_equal(h.fault[HEADER_8BIT].place.byte, 3);
	assert_int_equal(h.fault[HEADER_BARE_LF].number, 3);
	assert_int_equal(h.fault[HEADER_BARE_CR].count, 0);
	h = read_section(STR("A: x\nY: a\n b\n\n"));
	assert_int_equal(h.fault[HEADER_BARE_LF].count, 0);
}

static void
test_limits(void **state)
{
	struct headers h;
	char value[HEADER_VALUE_KEPT + 1];

	headers_init(&h, &arena);
	headers_add(&h, STR("A"), STR("b\n c\n d"));
	assert_int_equal(h.bytes, strlen("A: b\r\n c\r\n d\r\n"));
	for (size_t i = 1; i < HEADER_FIELDS_MAX; i++)
		headers_add(&h, STR("A"), STR("b"));
	assert_false(h.too_big);
	headers_add(&h, STR("From"), STR("\xfc"));
	assert_true(h.too_big);
	assert_int_equal(h.known[HEADER_FROM].count, 0);
	assert_int_equal(h.fault[HEADER_8BIT].count, 0);
	assert_int_equal(h.fields, HEADER_FIELDS_MAX + 1);

	headers_init(&h, &arena);
	memset(value, 'x', sizeof(value));
	while (h.bytes + sizeof(value) + 5 <= HEADER_BYTES_MAX)
		headers_add(&h, STR("A"), str_from(value, sizeof(value)));
	assert_false(h.too_big);
	headers_add(&h, STR("A"), str_from(value, sizeof(value)));
	assert_true(h.too_big);

	memset(value, 'x', sizeof(value));
	headers_init(&h, &arena);
	headers_add(&h, STR("From"), str_from(value, sizeof(value) - 1));
	assert_false(h.known[HEADER_FROM].cut);
	headers_add(&h, STR("Date"), str_from(value, sizeof(value)));
	assert_true(h.known[HEADER_DATE].cut);
	assert_int_equal(h.known[HEADER_DATE].value.n, HEADER_VALUE_KEPT);
	headers_add(&h, STR("Date"), str_from(value, sizeof(value)));
	assert_true(h.known[HEADER_DATE].differs); /* nobody compared the rest */
}

/* What is kept does not grow with what is sent. */
static void
test_bounded(void **state)
{
	struct headers h;
	uint64_t began = clock_ms();

	headers_init(&h, &arena);
	size_t before = arena.used;
	for (size_t i = 0; i < 1000000; i++)
		headers_add(&h, STR("X-\xfc"), STR("\r\n\t\r\n\x80"));
	assert_int_equal(h.fields, 1000000);
	assert_true(h.too_big);
	assert_true(arena.used - before < 16384);
	assert_true(clock_ms() - began < 5000);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_section),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_met),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
