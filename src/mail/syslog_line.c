/* mail/syslog_line: see syslog_line.h. */
#include "base/must.h"

#include "mail/syslog_line.h"

#define DAY_S	  86400
#define WORDS_MAX 4 /* before the program's name: host, perhaps facility and priority */

int64_t
days_of_date(int64_t year, unsigned month, unsigned day)
{
	/* The year begins in March, so that the leap day is its last. */
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* Exactly n digits at the beginning, which are cut off. */
static bool
take_digits(struct str *s, size_t n, uint64_t max, uint64_t *out)
{
	if (s->n < n || !str_to_u64(str_slice(*s, 0, n), max, out))
		return false;
	*s = str_skip(*s, n);
	return true;
}

static bool
take_chr(struct str *s, char c)
{
	if (!s->n || s->p[0] != c)
		return false;
	*s = str_skip(*s, 1);
	return true;
}

/* ".123456", ",123456" */
static void
skip_fraction(struct str *s)
{
	size_t i = 1;

	if (!s->n || (s->p[0] != '.' && s->p[0] != ','))
		return;
	while (i < s->n && chr_is_digit(s->p[i]))
		i++;
	*s = str_skip(*s, i);
}

static bool
take_clock(struct str *s, struct syslog_time *out)
{
	uint64_t h, m, sec;

	if (!take_digits(s, 2, 23, &h) || !take_chr(s, ':') || !take_digits(s, 2, 59, &m) ||
		!take_chr(s, ':') || !take_digits(s, 2, 60, &sec))
		return false;
	out->seconds = (int64_t)(h * 3600 + m * 60 + sec);
	skip_fraction(s);
	return true;
}

static void
make_absolute(struct syslog_time *t, int64_t east)
{
	t->seconds += days_of_date(t->year, t->month, t->day) * DAY_S - east;
	t->absolute = true;
}

/* "Z", "+01:00", "+0100", or nothing; " UTC" as journalctl has it. */
static bool
take_zone(struct str *s, struct syslog_time *t)
{
	uint64_t h, m;

	if (take_chr(s, 'Z')) {
		make_absolute(t, 0);
	} else if (str_has_prefix(*s, STR(" UTC "))) {
		*s = str_skip(*s, 4);
		make_absolute(t, 0);
	} else if (s->n && (s->p[0] == '+' || s->p[0] == '-')) {
		int64_t sign = s->p[0] == '-' ? -1 : 1;
		*s = str_skip(*s, 1);
		if (!take_digits(s, 2, 23, &h))
			return false;
		take_chr(s, ':');
		if (!take_digits(s, 2, 59, &m))
			return false;
		make_absolute(t, sign * (int64_t)(h * 3600 + m * 60));
	}
	return true;
}

/* "2026-11-06T01:02:03.123456+01:00" */
static bool
take_iso(struct str *s, struct syslog_time *t)
{
	uint64_t year, month, day;

	if (!take_digits(s, 4, 9999, &year) || !take_chr(s, '-') ||
		!take_digits(s, 2, 12, &month) || !take_chr(s, '-') ||
		!take_digits(s, 2, 31, &day) || (!take_chr(s, 'T') && !take_chr(s, ' ')))
		return false;
	if (year < 1970 || month == 0 || day == 0)
		return false;
	t->year = (uint16_t)year;
	t->month = (uint8_t)month;
	t->day = (uint8_t)day;
	return take_clock(s, t) && take_zone(s, t);
}

/* "Nov  6 01:02:03", "Nov 06 01:02:03.123456" */
static bool
take_traditional(struct str *s, struct syslog_time *t)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	uint64_t day;
	uint8_t month = 0;

	if (s->n < 3)
		return false;
	for (const char *m = months; month < 12; m += 3, month++)
		if (m[0] == s->p[0] && m[1] == s->p[1] && m[2] == s->p[2])
			break;
	*s = str_skip(*s, 3);
	if (month == 12 || !take_chr(s, ' '))
		return false;
	if (!take_digits(s, take_chr(s, ' ') ? 1 : 2, 31, &day) || day == 0 || !take_chr(s, ' '))
		return false;
	t->month = (uint8_t)(month + 1);
	t->day = (uint8_t)day;
	return take_clock(s, t);
}

/* "1762390923.123456" */
static bool
take_unix(struct str *s, struct syslog_time *t)
{
	uint64_t seconds;

	if (!take_digits(s, 10, UINT32_MAX, &seconds) || !s->n || s->p[0] != '.')
		return false;
	skip_fraction(s);
	t->seconds = (int64_t)seconds;
	t->absolute = true;
	return true;
}

/* "Fri " */
static void
skip_weekday(struct str *s)
{
	static const struct str days = STR_INIT("Mon Tue Wed Thu Fri Sat Sun ");

	if (s->n > 8 && s->p[3] == ' ' && chr_is_digit(s->p[4]) && chr_is_digit(s->p[7]) &&
		str_contains(days, str_slice(*s, 0, 4)))
		*s = str_skip(*s, 4);
}

bool
syslog_time_parse(struct str line, struct syslog_time *out, struct str *rest)
{
	struct syslog_time t = {.absolute = false};
	struct str s = line;
	uint64_t ignored;

	/* "<22>": the priority, where a log was kept as it came. */
	if (take_chr(&s, '<')) {
		size_t n = str_find(s, '>');
		if (!str_to_u64(str_slice(s, 0, n), 191, &ignored))
			return false;
		s = str_skip(s, n + 1);
	}
	skip_weekday(&s);
	if (!s.n)
		return false;
	bool ok;
	if (!chr_is_digit(s.p[0]))
		ok = take_traditional(&s, &t);
	else if (s.n > 4 && s.p[4] == '-')
		ok = take_iso(&s, &t);
	else
		ok = take_unix(&s, &t);
	if (!ok || !s.n || s.p[0] != ' ')
		return false;
	*out = t;
	*rest = s;
	return true;
}

/* "postfix/smtpd[123]:" */
static bool
is_tag(struct str word, struct syslog_line *out)
{
	uint64_t ignored;
	size_t open = str_rfind(word, '[');

	if (word.n < 5 || open == 0 || !str_has_suffix(word, STR("]:")) || open + 3 > word.n)
		return false;
	out->program = str_slice(word, 0, open);
	out->pid = str_slice(word, open + 1, word.n - 2);
	return str_to_u64(out->pid, UINT32_MAX, &ignored);
}

/* syslogd's "message repeated 2 times: [ text]" */
static struct str
unwrap(struct str text)
{
	static const struct str before = STR_INIT("message repeated "),
				after = STR_INIT("times: [");
	struct str rest = str_skip(text, before.n), number;
	uint64_t ignored;

	if (!str_has_prefix(text, before) || !str_word(&rest, &number) ||
		!str_to_u64(number, UINT32_MAX, &ignored))
		return text;
	rest = str_trim(rest);
	if (!str_has_prefix(rest, after))
		return text;
	rest = str_skip(rest, after.n);
	if (rest.n && rest.p[rest.n - 1] == ']')
		rest.n--;
	return str_trim(rest);
}

bool
syslog_line_parse(struct str line, struct syslog_line *out)
{
	struct syslog_line l = {.host = {"", 0}};
	struct str rest, word;

	if (!syslog_time_parse(line, &l.time, &rest))
		return false;
	for (int i = 0; i < WORDS_MAX && str_word(&rest, &word); i++) {
		if (is_tag(word, &l)) {
			l.text = unwrap(str_trim(rest));
			*out = l;
			return true;
		}
		l.host = word;
	}
	return false;
}
