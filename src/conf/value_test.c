/* Unit tests of typed values: what each type reads, how it prints, and what its errors say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "conf/value.h"

static const char *const colours[] = {"red", "green", "blue", NULL};

/* One value of each type; each row of the tables below uses one of these settings. */
struct all {
	bool flag;
	int64_t number, free, duration, size, mode;
	int32_t points;
	struct str string;
	int choice;
	struct words words;
	struct nets nets;
};

#define ROW(kind, member) \
	.name = #member, .type = SETTING_##kind, .offset = offsetof(struct all, member)

static const struct setting flag = {ROW(BOOL, flag), .fallback = "yes"};
static const struct setting number = {ROW(NUMBER, number), .fallback = "7", .min = -5, .max = 10};
static const struct setting free_number = {ROW(NUMBER, free), .fallback = "0"};
static const struct setting duration = {
	ROW(DURATION, duration), .fallback = "8s", .min = 100, .max = 7 * 86400000LL};
static const struct setting size = {ROW(SIZE, size), .fallback = "4K", .max = (int64_t)4 << 30};
static const struct setting mode = {ROW(MODE, mode), .fallback = "660"};
static const struct setting points = {ROW(POINTS, points), .fallback = "8"};
static const struct setting string = {ROW(STRING, string), .fallback = "x"};
static const struct setting choice = {ROW(CHOICE, choice), .fallback = "red", .choices = colours};
static const struct setting words = {ROW(WORDS, words), .fallback = "x"};
static const struct setting nets = {ROW(NETS, nets), .fallback = "::1"};

static const struct {
	const struct setting *setting;
	const char *text;
	const char *printed; /* NULL: an error ... */
	const char *word;    /* ... that says this */
} cases[] = {
	{&flag, "Yes", "yes", NULL},
	{&flag, "true", "yes", NULL},
	{&flag, "on", "yes", NULL},
	{&flag, "no", "no", NULL},
	{&flag, "false", "no", NULL},
	{&flag, "off", "no", NULL},
	{&flag, "", "yes", NULL},
	{&flag, "1", NULL, "flag = 1: it has to be yes or no"},

	{&number, "-5", "-5", NULL},
	{&number, "10", "10", NULL},
	{&number, "", "7", NULL},
	{&number, "11", NULL, "number = 11 is out of range: -5 to 10"},
	{&number, "-6", NULL, "out of range"},
	{&number, "1.5", NULL, "a whole number"},
	{&number, "0x1", NULL, "a whole number"},
	{&number, "-", NULL, "a whole number"},
	{&number, "7 8", NULL, "a whole number"},
	{&free_number, "9223372036854775807", "9223372036854775807", NULL},
	{&free_number, "9223372036854775808", NULL, "a whole number"},

	{&duration, "500ms", "500ms", NULL},
	{&duration, "1500MS", "1500ms", NULL},
	{&duration, "90s", "90s", NULL},
	{&duration, "120s", "2m", NULL},
	{&duration, "4h", "4h", NULL},
	{&duration, "7d", "7d", NULL},
	{&duration, "", "8s", NULL},
	{&duration, "0", NULL, "out of range: 100ms to 7d"},
	{&duration, "8d", NULL, "duration = 8d is out of range: 100ms to 7d"},
	{&duration, "8", NULL, "with its unit, such as 500ms"},
	{&duration, "s", NULL, "with its unit"},
	{&duration, "1.5s", NULL, "with its unit"},
	{&duration, "8 s", NULL, "with its unit"},
	{&duration, "99999999999999999999d", NULL, "with its unit"},
	{&duration, "9223372036854775807d", NULL, "with its unit"},

	{&size, "0", "0", NULL},
	{&size, "4096", "4K", NULL},
	{&size, "4097", "4097", NULL},
	{&size, "64m", "64M", NULL},
	{&size, "4G", "4G", NULL},
	{&size, "5G", NULL, "size = 5G is out of range: 0 to 4G"},
	{&size, "1T", NULL, "32K, 64M or 1G"},
	{&size, "-1", NULL, "a size in bytes"},

	{&mode, "660", "660", NULL},
	{&mode, "0600", "600", NULL},
	{&mode, "0", "0", NULL},
	{&mode, "1777", NULL, "octal"},
	{&mode, "689", NULL, "octal"},
	{&mode, "rw-", NULL, "octal"},

	{&points, "8", "8", NULL},
	{&points, "-0.5", "-0.5", NULL},
	{&points, "+2.25", "2.25", NULL},
	{&points, "0.05", "0.05", NULL},
	{&points, "1000", "1000", NULL},
	{&points, "", "8", NULL},
	{&points, "1000.01", NULL, "a number of points"},
	{&points, "1.234", NULL, "a number of points"},
	{&points, "5.", NULL, "a number of points"},
	{&points, ".5", NULL, "a number of points"},
	{&points, "lots", NULL, "points = lots: it has to be a number of points"},

	{&string, "a b", "a b", NULL},
	{&string, "", "", NULL},

	{&choice, "blue", "blue", NULL},
	{&choice, "GREEN", "green", NULL},
	{&choice, "gren", NULL, "did you mean \"green\"? it has to be red, green or blue"},
	{&choice, "x", NULL, "choice = x: it has to be red, green or blue"},

	{&words, "a, b,c\td ,", "a b c d", NULL},
	{&words, "", "", NULL},

	{&nets, "192.0.2.1, 2001:db8::1/32", "192.0.2.1 2001:db8::/32", NULL},
	{&nets, "", "", NULL},
	{&nets, "192.0.2.1 192.0.2.0/33", NULL, "nets: \"192.0.2.0/33\" is no address"},
};

static void
print(const struct setting *s, const struct all *all, const char *want)
{
	char room[256];
	struct buf b = BUF(room);

	setting_print(s, all, &b);
	if (!str_eq(buf_str(&b), str_of(want)))
		fail_msg("%s: got \"%.*s\", want \"%s\"", s->name, STR_ARG(buf_str(&b)), want);
}

static void
test_values(void **state)
{
	struct arena a;

	arena_init(&a, 1024, SIZE_MAX);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct setting *s = cases[i].setting;
		struct all all, again;
		struct errbuf e = {0};
		memset(&all, 0, sizeof(all));
		bool ok = setting_parse(s, str_of(cases[i].text), &all, &a, &e);
		if (ok != !e.count || ok != (cases[i].printed != NULL))
			fail_msg("%s = %s: %s", s->name, cases[i].text, e.text);
		if (!ok) {
			if (!strstr(e.text, cases[i].word))
				fail_msg("%s: \"%s\"", e.text, cases[i].word);
			memset(&again, 0, sizeof(again));
			assert_memory_equal(&all, &again, sizeof(all)); /* untouched */
			continue;
		}
		print(s, &all, cases[i].printed);
		memset(&again, 0, sizeof(again));
		assert_true(setting_parse(s, str_of(cases[i].printed), &again, &a, &e));
		print(s, &again, cases[i].printed);
	}
	arena_done(&a);
}

static void
test_words_to_bits(void **state)
{
	static const char *const names[] = {"client", "rdns", "helo"};
	const struct str good[] = {STR_INIT("HELO"), STR_INIT("client"), STR_INIT("helo")};
	const struct str bad[] = {STR_INIT("client"), STR_INIT("heloo")};
	struct errbuf e = {0};
	unsigned bits = 99;

	assert_true(words_to_bits(&(struct words){3, good}, "match", names, 3, &bits, &e));
	assert_int_equal(bits, 5);
	assert_true(words_to_bits(&(struct words){0, NULL}, "match", names, 3, &bits, &e));
	assert_int_equal(bits, 0);
	bits = 99;
	assert_false(words_to_bits(&(struct words){2, bad}, "match", names, 3, &bits, &e));
	assert_int_equal(bits, 99);
	assert_string_equal(e.text, "match: unknown word \"heloo\": did you mean \"helo\"?");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_words_to_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
