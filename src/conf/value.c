/* conf/value: see value.h. */
#include <inttypes.h>

#include "conf/value.h"

/* A value in an error is cut to this many bytes. */
#define SHOWN	80
#define SHOW(s) (int)((s).n < SHOWN ? (s).n : SHOWN), (s).p

struct unit {
	const char *name;
	int64_t factor;
};

/* Both tables: the largest unit first, the smallest last. */
static const struct unit durations[] = {
	{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
static const struct unit sizes[] = {
	{"G", (int64_t)1 << 30}, {"M", (int64_t)1 << 20}, {"K", (int64_t)1 << 10}, {"", 1}};

bool
points_parse(struct str s, int32_t *out)
{
	bool negative = s.n && s.p[0] == '-';
	uint64_t whole, part = 0;

	if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
		s = str_skip(s, 1);
	size_t dot = str_find(s, '.');
	struct str decimals = str_skip(s, dot + 1);
	if (!str_to_u64(str_slice(s, 0, dot), POINTS_LIMIT, &whole))
		return false;
	if (dot < s.n && (decimals.n > 2 || !str_to_u64(decimals, 99, &part)))
		return false;
	if (decimals.n == 1)
		part *= 10;
	if (whole * 100 + part > POINTS_LIMIT * 100)
		return false;
	*out = (int32_t)(whole * 100 + part) * (negative ? -1 : 1);
	return true;
}

void
points_print(int32_t hundredths, bool sign, struct buf *out)
{
	uint32_t abs = (uint32_t)(hundredths < 0 ? -(int64_t)hundredths : hundredths);

	if (hundredths < 0)
		buf_putc(out, '-');
	else if (sign)
		buf_putc(out, '+');
	buf_putu(out, abs / 100);
	if (abs % 100 == 0)
		return;
	buf_putc(out, '.');
	buf_putc(out, (char)('0' + abs / 10 % 10));
	if (abs % 10)
		buf_putc(out, (char)('0' + abs % 10));
}

static bool
parse_integer(struct str s, int64_t *out)
{
	bool negative = s.n && s.p[0] == '-';
	uint64_t v;

	if (!str_to_u64(str_skip(s, negative), INT64_MAX, &v))
		return false;
	*out = negative ? -(int64_t)v : (int64_t)v;
	return true;
}

/* A number with one of the units, the longest that fits; 0 needs none. */
static bool
parse_units(struct str s, const struct unit *units, size_t n, int64_t *out)
{
	size_t digits = 0;
	uint64_t v;

	while (digits < s.n && chr_is_digit(s.p[digits]))
		digits++;
	struct str unit = str_skip(s, digits);
	for (size_t i = 0; i < n; i++) {
		if (!str_eq_nocase(unit, str_of(units[i].name)))
			continue;
		if (!str_to_u64(
			    str_slice(s, 0, digits), (uint64_t)(INT64_MAX / units[i].factor), &v))
			return false;
		*out = (int64_t)v * units[i].factor;
		return true;
	}
	*out = 0;
	return str_eq(s, STR("0"));
}

static void
print_units(int64_t v, const struct unit *units, size_t n, struct buf *out)
{
	size_t i = 0;

	if (v == 0) {
		buf_putc(out, '0');
		return;
	}
	while (i < n - 1 && v % units[i].factor != 0)
		i++;
	buf_putu(out, (uint64_t)(v / units[i].factor));
	buf_puts(out, units[i].name);
}

static bool
parse_mode(struct str s, int64_t *out)
{
	int64_t mode = 0;

	if (s.n == 0 || s.n > 4)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '7')
			return false;
		mode = mode * 8 + (s.p[i] - '0');
	}
	*out = mode;
	return mode <= 0777;
}

/* The types whose value is one integer with a range. */
static bool
parse_ranged(const struct setting *s, struct str text, int64_t *out)
{
	int32_t points;

	switch (s->type) {
	case SETTING_NUMBER:
		return parse_integer(text, out);
	case SETTING_POINTS:
		if (!points_parse(text, &points))
			return false;
		*out = points;
		return true;
	case SETTING_DURATION:
		return parse_units(text, durations, COUNT(durations), out);
	case SETTING_SIZE:
		return parse_units(text, sizes, COUNT(sizes), out);
	case SETTING_MODE:
		return parse_mode(text, out);
	case SETTING_BOOL:
	case SETTING_STRING:
	case SETTING_CHOICE:
	case SETTING_WORDS:
	case SETTING_NETS:
		break;
	}
	must(false);
}

static void
print_ranged(const struct setting *s, int64_t v, struct buf *out)
{
	if (s->type == SETTING_POINTS)
		points_print((int32_t)v, false, out);
	else if (s->type == SETTING_DURATION)
		print_units(v, durations, COUNT(durations), out);
	else if (s->type == SETTING_SIZE)
		print_units(v, sizes, COUNT(sizes), out);
	else if (s->type == SETTING_MODE)
		buf_printf(out, "%" PRIo64, (uint64_t)v);
	else
		buf_printf(out, "%" PRId64, v);
}

static bool
has_range(const struct setting *s)
{
	return s->min != 0 || s->max != 0;
}

static bool
read_ranged(const struct setting *s, struct str text, int64_t *out, struct errbuf *e)
{
	/* One place for all forms, so that the manual can say the same. */
	static const char *const forms[] = {
		[SETTING_NUMBER] = "a whole number",
		[SETTING_POINTS] = "a number of points, such as 4 or -0.5",
		[SETTING_DURATION] = "a duration with its unit, such as 500ms, 8s, 10m, 4h or 7d",
		[SETTING_SIZE] = "a size in bytes, such as 4096, 32K, 64M or 1G",
		[SETTING_MODE] = "the permissions of a file in octal, such as 660",
	};
	char room[96];
	struct buf range = BUF(room);
	int64_t v;

	if (!parse_ranged(s, text, &v))
		return err(e, "%s = %.*s: it has to be %s", s->name, SHOW(text), forms[s->type]);
	if (has_range(s) && (v < s->min || v > s->max)) {
		setting_print_range(s, &range);
		return err(e, "%s = %.*s is out of range: %.*s", s->name, SHOW(text),
			STR_ARG(buf_str(&range)));
	}
	*out = v;
	return true;
}

static bool
read_bool(const struct setting *s, struct str text, bool *out, struct errbuf *e)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {{"yes", true}, {"no", false}, {"true", true}, {"false", false}, {"on", true},
		{"off", false}};

	for (size_t i = 0; i < COUNT(words); i++) {
		if (str_eq_nocase(text, str_of(words[i].word))) {
			*out = words[i].value;
			return true;
		}
	}
	return err(e, "%s = %.*s: it has to be yes or no", s->name, SHOW(text));
}

static size_t
count_choices(const struct setting *s)
{
	size_t n = 0;

	while (s->choices[n])
		n++;
	return n;
}

static bool
read_choice(const struct setting *s, struct str text, int *out, struct errbuf *e)
{
	char room[256];
	struct buf range = BUF(room);
	size_t n = count_choices(s);

	for (size_t i = 0; i < n; i++) {
		if (str_eq_nocase(text, str_of(s->choices[i]))) {
			*out = (int)i;
			return true;
		}
	}
	const char *near = nearest_name(text, s->choices, n);
	setting_print_range(s, &range);
	return err(e, "%s = %.*s: %s%s%sit has to be %.*s", s->name, SHOW(text),
		near ? "did you mean \"" : "", near ? near : "", near ? "\"? " : "",
		STR_ARG(buf_str(&range)));
}

static bool
is_separator(char c)
{
	return c == ' ' || c == '\t' || c == ',';
}

static bool
next_word(struct str *rest, struct str *word)
{
	size_t from = 0, to;

	while (from < rest->n && is_separator(rest->p[from]))
		from++;
	for (to = from; to < rest->n && !is_separator(rest->p[to]);)
		to++;
	*word = str_slice(*rest, from, to);
	*rest = str_skip(*rest, to);
	return word->n > 0;
}

static size_t
count_words(struct str text)
{
	struct str word;
	size_t n = 0;

	while (next_word(&text, &word))
		n++;
	return n;
}

static struct words
read_words(struct str text, struct arena *a)
{
	struct str *list = arena_calloc(a, count_words(text), sizeof(*list)), word;
	size_t n = 0;

	text = arena_str(a, text);
	while (next_word(&text, &word))
		list[n++] = word;
	return (struct words){n, list};
}

static bool
read_nets(const struct setting *s, struct str text, struct arena *a, struct nets *out,
	struct errbuf *e)
{
	struct ip_net *list = arena_calloc(a, count_words(text), sizeof(*list));
	struct str word;
	size_t n = 0;

	while (next_word(&text, &word))
		if (!ip_net_parse(word, &list[n++]))
			return err(e, "%s: \"%.*s\" is no address and no network", s->name,
				SHOW(word));
	*out = (struct nets){n, list};
	return true;
}

bool
setting_parse(const struct setting *s, struct str text, void *section_struct, struct arena *a,
	struct errbuf *e)
{
	void *place = (char *)section_struct + s->offset;
	int64_t v;

	if (text.n == 0 && s->type != SETTING_STRING && s->type != SETTING_WORDS &&
		s->type != SETTING_NETS)
		text = str_of(s->fallback);
	switch (s->type) {
	case SETTING_BOOL:
		return read_bool(s, text, place, e);
	case SETTING_CHOICE:
		return read_choice(s, text, place, e);
	case SETTING_STRING:
		*(struct str *)place = arena_str(a, text);
		return true;
	case SETTING_WORDS:
		*(struct words *)place = read_words(text, a);
		return true;
	case SETTING_NETS:
		return read_nets(s, text, a, place, e);
	case SETTING_POINTS:
		if (!read_ranged(s, text, &v, e))
			return false;
		*(int32_t *)place = (int32_t)v;
		return true;
	case SETTING_NUMBER:
	case SETTING_DURATION:
	case SETTING_SIZE:
	case SETTING_MODE:
		return read_ranged(s, text, place, e);
	}
	must(false);
}

static void
print_words(const struct words *w, struct buf *out)
{
	for (size_t i = 0; i < w->n; i++) {
		buf_puts(out, i ? " " : "");
		buf_put(out, w->word[i]);
	}
}

static void
print_nets(const struct nets *nets, struct buf *out)
{
	for (size_t i = 0; i < nets->n; i++) {
		buf_puts(out, i ? " " : "");
		ip_net_print(&nets->net[i], out);
	}
}

void
setting_print(const struct setting *s, const void *section_struct, struct buf *out)
{
	const void *place = (const char *)section_struct + s->offset;

	switch (s->type) {
	case SETTING_BOOL:
		buf_puts(out, *(const bool *)place ? "yes" : "no");
		return;
	case SETTING_CHOICE:
		buf_puts(out, s->choices[*(const int *)place]);
		return;
	case SETTING_STRING:
		buf_put(out, *(const struct str *)place);
		return;
	case SETTING_WORDS:
		print_words(place, out);
		return;
	case SETTING_NETS:
		print_nets(place, out);
		return;
	case SETTING_POINTS:
		print_ranged(s, *(const int32_t *)place, out);
		return;
	case SETTING_NUMBER:
	case SETTING_DURATION:
	case SETTING_SIZE:
	case SETTING_MODE:
		print_ranged(s, *(const int64_t *)place, out);
		return;
	}
	must(false);
}

static void
print_choices(const struct setting *s, struct buf *out)
{
	size_t n = count_choices(s);

	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s%s", i == 0 ? "" : i == n - 1 ? " or " : ", ", s->choices[i]);
}

void
setting_print_range(const struct setting *s, struct buf *out)
{
	if (s->type == SETTING_BOOL) {
		buf_puts(out, "yes or no");
	} else if (s->type == SETTING_CHOICE) {
		print_choices(s, out);
	} else if (has_range(s)) {
		print_ranged(s, s->min, out);
		buf_puts(out, " to ");
		print_ranged(s, s->max, out);
	}
}

bool
words_to_bits(const struct words *w, const char *key, const char *const *names, size_t n,
	unsigned *out, struct errbuf *e)
{
	unsigned bits = 0;

	for (size_t i = 0; i < w->n; i++) {
		size_t k = 0;
		while (k < n && !str_eq_nocase(w->word[i], str_of(names[k])))
			k++;
		if (k == n) {
			const char *near = nearest_name(w->word[i], names, n);
			return err(e, "%s: unknown word \"%.*s\"%s%s%s", key, STR_ARG(w->word[i]),
				near ? ": did you mean \"" : "", near ? near : "",
				near ? "\"?" : "");
		}
		bits |= 1U << k;
	}
	*out = bits;
	return true;
}
