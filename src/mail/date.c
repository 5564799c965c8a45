/*
 * mail/date: see date.h.
 *
 * The parts are told apart by what they are (a number with a colon is a time, four digits are a
 * year), wherever they stand; a letter for each is written down in the order met, and that row of
 * letters says whether the form was right.
 */
#include "mail/date.h"
#include "mail/token.h"

#define YEAR_MIN 1900 /* RFC 5322 3.3 */
#define YEAR_MAX 9999
#define ZONE_MAX (14 * 60) /* minutes, the farthest that any place has */
#define NONE	 (-1)

struct number {
	size_t digits;
	int value; /* 99999 at most */
};

struct reader {
	struct mail_date *d;
	struct token_reader r;
	int weekday, day, month, year, hour, minute, second;
	size_t weekday_at, day_at;
	bool pm, am;
	char order[16]; /* W , D M Y T Z, and x for anything else */
	size_t order_at[16];
	size_t n;
};

const char *
date_fault_text(enum date_fault f)
{
	static const char *const text[DATE_FAULTS] = {
		[DATE_EMPTY] = "is empty",
		[DATE_UNREADABLE] = "has an impossible byte or an open comment",
		[DATE_NO_DAY] = "has no day of the month",
		[DATE_DAY] = "names a day that this month does not have",
		[DATE_NO_MONTH] = "has no month",
		[DATE_MONTH] = "names a month that does not exist",
		[DATE_NO_YEAR] = "has no year",
		[DATE_YEAR] = "has an impossible year",
		[DATE_NO_TIME] = "has no time of day",
		[DATE_HOUR] = "has an hour over 23",
		[DATE_MINUTE] = "has a minute over 59",
		[DATE_SECOND] = "has a second over 60",
		[DATE_ZONE] = "has a time zone that no place on Earth has",
		[DATE_NO_ZONE] = "has no time zone",
		[DATE_ZONE_FORM] = "has a time zone that is not written as +0100",
		[DATE_ZONE_NAME] = "has a time zone by a name that mail does not know",
		[DATE_WEEKDAY] = "names another day of the week than that date's",
		[DATE_WEEKDAY_NAME] = "names a day of the week that does not exist",
		[DATE_DIGITS] = "has one digit where two have to be",
		[DATE_FORM] = "is not written as \"Thu, 22 Aug 2002 12:36:23 +0100\"",
	};

	return text[f];
}

static void
fault(struct reader *p, enum date_fault f, size_t at)
{
	if (!(p->d->faults & 1u << f))
		p->d->at[f] = at;
	p->d->faults |= 1u << f;
}

static void
note(struct reader *p, char part, size_t at)
{
	if (p->n == sizeof(p->order))
		return;
	p->order[p->n] = part;
	p->order_at[p->n++] = at;
}

/* The byte at hand, 0 at the end. */
static char
byte(const struct reader *p)
{
	return p->r.at < p->r.text.n ? p->r.text.p[p->r.at] : '\0';
}

static bool
skip_blanks(struct reader *p)
{
	if (!token_skip_blanks(&p->r))
		return true;
	fault(p, DATE_UNREADABLE, p->r.at);
	return false;
}

static struct str
take_letters(struct reader *p)
{
	size_t from = p->r.at;

	while (chr_is_alpha(byte(p)) || (uint8_t)byte(p) > 0x7f)
		p->r.at++;
	return str_slice(p->r.text, from, p->r.at);
}

static struct number
take_number(struct reader *p)
{
	struct number n = {0, 0};

	for (; chr_is_digit(byte(p)); p->r.at++, n.digits++)
		n.value = n.value < 10000 ? n.value * 10 + (byte(p) - '0') : 99999;
	return n;
}

/* Where it stands among the names, of which it has at least the first three letters; *is_short: no
 * more than these. */
static int
find_name(struct str word, const char *const *names, size_t n, bool *is_short)
{
	for (size_t i = 0; i < n && word.n >= 3; i++)
		if (str_has_prefix_nocase(str_of(names[i]), word)) {
			*is_short = word.n == 3;
			return (int)i;
		}
	return NONE;
}

static int
month_of(struct str word, bool *is_short)
{
	static const char *const names[] = {"January", "February", "March", "April", "May", "June",
		"July", "August", "September", "October", "November", "December"};

	return find_name(word, names, COUNT(names), is_short);
}

static int
weekday_of(struct str word, bool *is_short)
{
	static const char *const names[] = {
		"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

	return find_name(word, names, COUNT(names), is_short);
}

/* RFC 5322 4.3: those of North America and UTC, and the letters of the military, which mean nothing
 * certain because RFC 822 had their signs wrong.  Then names that real mail has. */
static bool
zone_of(struct str word, int *minutes, bool *of_mail)
{
	static const struct {
		const char *name;
		int hours;
		bool of_mail;
	} zones[] = {
		{"GMT", 0, true},
		{"UT", 0, true},
		{"Z", 0, true},
		{"EST", -5, true},
		{"EDT", -4, true},
		{"CST", -6, true},
		{"CDT", -5, true},
		{"MST", -7, true},
		{"MDT", -6, true},
		{"PST", -8, true},
		{"PDT", -7, true},
		{"UTC", 0, false},
		{"CET", 1, false},
		{"CEST", 2, false},
		{"MET", 1, false},
		{"MEST", 2, false},
		{"WET", 0, false},
		{"WEST", 1, false},
		{"EET", 2, false},
		{"EEST", 3, false},
		{"MSK", 3, false},
		{"JST", 9, false},
		{"KST", 9, false},
		{"HKT", 8, false},
		{"SGT", 8, false},
		{"AEST", 10, false},
		{"NZST", 12, false},
		{"NZDT", 13, false},
	};

	for (size_t i = 0; i < COUNT(zones); i++)
		if (str_eq_nocase(word, str_of(zones[i].name))) {
			*minutes = zones[i].hours * 60;
			*of_mail = zones[i].of_mail;
			return true;
		}
	return false;
}

static void
set_zone(struct reader *p, int minutes)
{
	p->d->zone = minutes;
	p->d->zone_known = true;
}

/* "+0100", the sign at hand. */
static void
take_offset(struct reader *p)
{
	size_t at = p->r.at++;
	bool west = p->r.text.p[at] == '-';
	struct number n = take_number(p);
	int hours = n.value / 100, minutes = n.value % 100;

	if (n.digits != 4)
		fault(p, DATE_ZONE_FORM, at);
	if (byte(p) == ':' && n.digits && n.digits <= 2) { /* "+01:00" */
		p->r.at++;
		hours = n.value;
		n = take_number(p);
		minutes = n.value;
	} else if (n.digits && n.digits <= 2) { /* "+1" */
		hours = n.value;
		minutes = 0;
	}
	if (n.digits > 4 || minutes > 59 || hours * 60 + minutes > ZONE_MAX)
		fault(p, DATE_ZONE, at);
	else if (n.digits)
		set_zone(p, west ? -(hours * 60 + minutes) : hours * 60 + minutes);
}

/* "GMT", "CET", "GMT+0100"; the word is read, what follows it is not. */
static void
take_zone_name(struct reader *p, struct str word, size_t at)
{
	bool of_mail = false;
	int minutes;

	if (byte(p) == '+' || byte(p) == '-') {
		fault(p, DATE_ZONE_FORM, at);
		take_offset(p);
	} else if (zone_of(word, &minutes, &of_mail)) {
		set_zone(p, minutes);
	} else {
		/* military */
		of_mail = word.n == 1 && chr_is_alpha(word.p[0]) && chr_lower(word.p[0]) != 'j';
	}
	if (!of_mail && !(p->d->faults & 1u << DATE_ZONE_FORM))
		fault(p, DATE_ZONE_NAME, at);
}

static bool
in_order(const struct reader *p, char part)
{
	return str_find(str_from(p->order, p->n), part) < p->n;
}

static void
take_word(struct reader *p)
{
	size_t at = p->r.at;
	struct str word = take_letters(p);
	bool is_short = true;
	int which;

	if (str_eq_nocase(word, STR("AM")) || str_eq_nocase(word, STR("PM"))) {
		p->pm = chr_lower(word.p[0]) == 'p';
		p->am = !p->pm;
		note(p, 'x', at);
	} else if (p->weekday == NONE && (which = weekday_of(word, &is_short)) != NONE) {
		p->weekday = which;
		p->weekday_at = at;
		note(p, is_short ? 'W' : 'x', at);
	} else if (p->month == NONE && (which = month_of(word, &is_short)) != NONE) {
		p->month = which;
		note(p, is_short ? 'M' : 'x', at);
	} else if (p->hour != NONE && !in_order(p, 'Z')) {
		take_zone_name(p, word, at);
		note(p, 'Z', at);
	} else if (p->n == 0) {
		fault(p, DATE_WEEKDAY_NAME, at);
		note(p, 'W', at);
	} else if (p->month == NONE && p->day != NONE && p->hour == NONE) {
		fault(p, DATE_MONTH, at);
		note(p, 'M', at);
	} else {
		note(p, 'x', at);
	}
}

static int
two_digits(struct reader *p, struct number n, size_t at, int max, enum date_fault over)
{
	if (n.digits != 2)
		fault(p, DATE_DIGITS, at);
	if (n.value > max)
		fault(p, over, at);
	return n.value;
}

/* A blank or comment may stand between (RFC 5322 4.3), as before ":" and behind. */
static bool
take_colon(struct reader *p, char colon)
{
	struct reader before = *p;

	if (skip_blanks(p) && byte(p) == colon) {
		p->r.at++;
		if (skip_blanks(p) && chr_is_digit(byte(p)))
			return true;
	}
	p->r = before.r;
	return false;
}

/* The hour is read, a colon follows, or a full stop in its place. */
static void
take_time(struct reader *p, struct number hour, size_t at, char colon)
{
	size_t minute_at = p->r.at;

	p->hour = two_digits(p, hour, at, 23, DATE_HOUR);
	p->minute = two_digits(p, take_number(p), minute_at, 59, DATE_MINUTE);
	note(p, colon == ':' ? 'T' : 'x', at);
	if (!take_colon(p, colon))
		return;
	size_t second_at = p->r.at;
	p->second = two_digits(p, take_number(p), second_at, 60, DATE_SECOND);
	if (byte(p) == '.') { /* of seconds: ISO 8601 */
		p->r.at++;
		(void)take_number(p);
		note(p, 'x', at);
	}
}

/* RFC 5322 4.3 */
static int
full_year(struct number n)
{
	if (n.digits == 2)
		return n.value + (n.value < 50 ? 2000 : 1900);
	return n.digits == 3 ? n.value + 1900 : n.value;
}

static void
take_year(struct reader *p, struct number n, size_t at)
{
	p->year = full_year(n);
	if (p->year < YEAR_MIN || p->year > YEAR_MAX)
		fault(p, DATE_YEAR, at);
	if (p->year >= 100 && p->year < 200) /* "0102": somebody counts from 1900 */
		p->year += 1900;
	note(p, 'Y', at);
}

static void
take_digits(struct reader *p)
{
	size_t at = p->r.at;
	struct number n = take_number(p);
	bool dated = p->day != NONE && p->month != NONE;

	if (p->hour == NONE && n.digits <= 2 && take_colon(p, ':')) {
		take_time(p, n, at, ':');
	} else if (p->hour == NONE && dated && n.digits <= 2 && p->year != NONE &&
		take_colon(p, '.')) {
		take_time(p, n, at, '.');
	} else if (n.digits > 2 && p->year == NONE) {
		take_year(p, n, at);
	} else if (n.digits <= 2 && p->year != NONE && p->month == NONE && p->day == NONE &&
		n.value >= 1 && n.value <= 12) {
		p->month = n.value - 1; /* ISO 8601: 2002-08-22 */
		note(p, 'x', at);
	} else if (n.digits <= 2 && p->day == NONE) {
		p->day = n.value;
		p->day_at = at;
		note(p, 'D', at);
	} else if (n.digits == 2 && p->year == NONE) {
		take_year(p, n, at);
	} else {
		note(p, 'x', at);
	}
}

/* False at the end of what can be read. */
static bool
take_part(struct reader *p)
{
	size_t before = p->r.at;

	if (!skip_blanks(p) || p->r.at == p->r.text.n)
		return false;
	size_t at = p->r.at;
	char c = byte(p);
	if (chr_is_digit(c)) {
		take_digits(p);
	} else if (chr_is_alpha(c) || (uint8_t)c > 0x7f) {
		take_word(p);
	} else if ((c == '+' || c == '-') && p->hour != NONE && !in_order(p, 'Z')) {
		take_offset(p);
		note(p, 'Z', at);
		if (at == before) /* RFC 5322 3.3: a blank stands before it */
			fault(p, DATE_FORM, at);
	} else if (!chr_is_print(c)) {
		fault(p, DATE_UNREADABLE, at);
		return false;
	} else {
		note(p, c == ',' ? ',' : 'x', at);
		p->r.at++;
	}
	return true;
}

/* Where the row of parts leaves the right one; what is missing at its end is another fault. */
static void
judge_form(struct reader *p)
{
	const char *right = "W,DMYTZ";
	size_t from = p->n && p->order[0] == 'W' ? 0 : 2;

	for (size_t i = 0; i < p->n; i++)
		if (from + i >= strlen(right) || p->order[i] != right[from + i]) {
			fault(p, DATE_FORM, p->order_at[i]);
			return;
		}
}

static void
judge_missing(struct reader *p)
{
	size_t end = p->r.text.n;

	if (p->day == NONE)
		fault(p, DATE_NO_DAY, end);
	if (p->month == NONE && !(p->d->faults & 1u << DATE_MONTH))
		fault(p, DATE_NO_MONTH, end);
	if (p->year == NONE)
		fault(p, DATE_NO_YEAR, end);
	if (p->hour == NONE)
		fault(p, DATE_NO_TIME, end);
	else if (!in_order(p, 'Z'))
		fault(p, DATE_NO_ZONE, end);
}

static bool
is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int
days_in(int month, int year)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month] + (month == 1 && is_leap(year));
}

/* From 1970-01-01; year: YEAR_MIN or later. */
static int64_t
days_since_1970(int year, int month, int day)
{
	int64_t days = day - 1;

	for (int m = 0; m < month; m++)
		days += days_in(m, year);
	int64_t y = year - 1; /* whole years since the year 1 */
	return days + y * 365 + y / 4 - y / 100 + y / 400 - 719162;
}

/* Noon is 12 PM, midnight 12 AM. */
static int
hour_of_24(const struct reader *p)
{
	if (p->hour > 12 || !(p->am || p->pm))
		return p->hour;
	return p->hour % 12 + (p->pm ? 12 : 0);
}

#define BIT(f) (1u << DATE_##f)
/* With one of these nobody knows when it was. */
#define SENSELESS                                                                             \
	(BIT(EMPTY) | BIT(UNREADABLE) | BIT(NO_DAY) | BIT(DAY) | BIT(NO_MONTH) | BIT(MONTH) | \
		BIT(NO_YEAR) | BIT(NO_TIME) | BIT(HOUR) | BIT(MINUTE) | BIT(SECOND))

static void
compute(struct reader *p)
{
	bool dated =
		p->day != NONE && p->month != NONE && p->year >= YEAR_MIN && p->year <= YEAR_MAX;

	if (dated && (p->day < 1 || p->day > days_in(p->month, p->year)))
		fault(p, DATE_DAY, p->day_at);
	else if (p->day == 0 || p->day > 31)
		fault(p, DATE_DAY, p->day_at);
	if (dated && !(p->d->faults & BIT(DAY))) {
		int64_t days = days_since_1970(p->year, p->month, p->day);
		/* 1970 began on a Thursday. */
		if (p->weekday != NONE && p->weekday != (int)(((days + 4) % 7 + 7) % 7))
			fault(p, DATE_WEEKDAY, p->weekday_at);
		p->d->time = days * 86400;
	}
	p->d->known = dated && !(p->d->faults & SENSELESS);
	if (p->d->known)
		p->d->time += hour_of_24(p) * 3600 + p->minute * 60 + p->second - p->d->zone * 60;
	else
		p->d->time = 0;
}

void
mail_date_parse(struct str text, struct mail_date *out)
{
	struct reader p = {.d = out,
		.r = token_reader_on(text, TOKEN_MAIL),
		.weekday = NONE,
		.day = NONE,
		.month = NONE,
		.year = NONE,
		.hour = NONE};

	*out = (struct mail_date){.faults = 0};
	while (take_part(&p))
		;
	if (p.n == 0) {
		if (!out->faults)
			fault(&p, DATE_EMPTY, 0);
		return;
	}
	judge_form(&p);
	judge_missing(&p);
	compute(&p);
}
