/* wire/rdap: see rdap.h. */
#include "base/cursor.h"
#include "base/ip.h"
#include "base/json_in.h"
#include "wire/rdap.h"

#define DAY	   INT64_C(86400)
#define DATE_MIN   INT64_C(315532800) /* 1980: there was no DNS */
#define HOST_MAX   253
#define EVENTS_MAX 64

/* --- dates --- */

/* n digits; false for anything else. */
static bool
take_digits(struct str *s, size_t n, int64_t *out)
{
	uint64_t v;

	if (s->n < n || !str_to_u64(str_slice(*s, 0, n), 9999, &v))
		return false;
	*out = (int64_t)v;
	*s = str_skip(*s, n);
	return true;
}

static bool
take(struct str *s, char c)
{
	if (!s->n || s->p[0] != c)
		return false;
	*s = str_skip(*s, 1);
	return true;
}

static int64_t
days_since_1970(int64_t year, int64_t month, int64_t day)
{
	static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
	int64_t y = year - 1;
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return y * 365 + y / 4 - y / 100 + y / 400 - 719162 + before[month - 1] +
		(leap && month > 2) + day - 1;
}

/* "Z", "+01:00", "+0100", or nothing; seconds east of UTC. */
static bool
take_zone(struct str *s, int64_t *out)
{
	int64_t hours, minutes;
	bool west;

	*out = 0;
	if (!s->n || take(s, 'Z') || take(s, 'z'))
		return true;
	west = s->p[0] == '-';
	if (!take(s, '+') && !take(s, '-'))
		return false;
	if (!take_digits(s, 2, &hours))
		return false;
	(void)take(s, ':');
	if (!take_digits(s, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*out = (west ? -1 : 1) * (hours * 3600 + minutes * 60);
	return true;
}

static bool
take_time(struct str *s, int64_t *out)
{
	int64_t hour, minute, second, zone;

	if (!take(s, 'T') && !take(s, 't') && !take(s, ' '))
		return false;
	if (!take_digits(s, 2, &hour) || !take(s, ':') || !take_digits(s, 2, &minute) ||
		!take(s, ':') || !take_digits(s, 2, &second))
		return false;
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	if (take(s, '.'))
		while (s->n && chr_is_digit(s->p[0]))
			*s = str_skip(*s, 1);
	if (!take_zone(s, &zone))
		return false;
	*out = hour * 3600 + minute * 60 + second - zone;
	return true;
}

bool
rdap_date_parse(struct str text, int64_t *out)
{
	int64_t year, month, day, time = 0;

	if (!take_digits(&text, 4, &year) || !take(&text, '-') || !take_digits(&text, 2, &month) ||
		!take(&text, '-') || !take_digits(&text, 2, &day))
		return false;
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	if (text.n && !take_time(&text, &time))
		return false;
	*out = days_since_1970(year, month, day) * DAY + time;
	return text.n == 0;
}

/* --- an answer --- */

static bool
is_registration(struct str action)
{
	return str_eq_nocase(action, STR("registration")) ||
		str_eq_nocase(action, STR("reregistration"));
}

/* The last one; false: there is none. */
static bool
last_registration(const struct json_in *events, int64_t now, int64_t *out)
{
	bool any = false;
	size_t n = 0;

	for (const struct json_in *e = events->first; e && n < EVENTS_MAX; e = e->next, n++) {
		struct str date = json_in_text(e, "eventDate");
		int64_t t;
		if (!is_registration(json_in_text(e, "eventAction")) || !date.p)
			continue;
		if (!rdap_date_parse(date, &t) || t < DATE_MIN || t > now + DAY)
			continue;
		*out = any && *out > t ? *out : t;
		any = true;
	}
	return any;
}

enum rdap_says
rdap_read(struct arena *a, struct str body, struct str domain, int64_t now, int64_t *date_out,
	const char **why)
{
	struct json_in_error e;
	const struct json_in *root = body.n <= RDAP_BODY_MAX ? json_in_parse(a, body, &e) : NULL;
	const struct json_in *events = json_in_get(root, "events");
	struct str class = json_in_text(root, "objectClassName");
	struct str name = json_in_text(root, "ldhName");

	*why = NULL;
	if (str_has_suffix(name, STR(".")))
		name = str_slice(name, 0, name.n - 1);
	if (!root)
		*why = body.n > RDAP_BODY_MAX ? "it is too long" : "it is no JSON";
	else if (root->kind != JSON_IN_OBJECT || json_in_get(root, "errorCode"))
		*why = "it is no object about a domain";
	else if (!str_eq_nocase(class, STR("domain")))
		*why = "it is no object about a domain";
	else if (name.p && !str_eq_nocase(name, domain))
		*why = "it is about another domain";
	if (*why)
		return RDAP_BAD;
	if (!events || events->kind != JSON_IN_LIST || !last_registration(events, now, date_out))
		return RDAP_NONE;
	return RDAP_DATE;
}

/* --- URLs --- */

static bool
is_host(struct str s)
{
	struct ip ip;

	if (!s.n || s.n > HOST_MAX)
		return false;
	if (str_find(s, ':') < s.n)
		return ip_parse(s, &ip);
	for (size_t i = 0; i < s.n; i++)
		if (!chr_is_digit(s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'z') && s.p[i] != '-' &&
			s.p[i] != '.')
			return false;
	return s.p[0] != '.' && s.p[0] != '-';
}

static bool
is_path(struct str s)
{
	static const struct str marks = STR_INIT("-._~/%?&=+,:;@!$'()*");

	for (size_t i = 0; i < s.n; i++)
		if (!chr_is_alnum(s.p[i]) && str_find(marks, s.p[i]) == marks.n)
			return false;
	return true;
}

bool
rdap_url_parse(struct str url, struct rdap_url *out)
{
	struct rdap_url u = {.https = str_has_prefix(url, STR("https://"))};
	struct str rest;
	uint64_t port;

	if (url.n > RDAP_URL_MAX || (!u.https && !str_has_prefix(url, STR("http://"))))
		return false;
	rest = str_skip(url, u.https ? 8 : 7);
	size_t slash = str_find(rest, '/');
	struct str place = str_slice(rest, 0, slash);
	u.path = slash < rest.n ? str_skip(rest, slash) : STR("/");
	u.port = u.https ? 443 : 80;
	u.host = place;
	size_t colon = str_rfind(place, ':');
	if (str_has_prefix(place, STR("["))) {
		size_t end = str_find(place, ']');
		if (end == place.n)
			return false;
		u.host = str_slice(place, 1, end);
		place = str_skip(place, end + 1);
		if (str_find(u.host, ':') == u.host.n || (place.n && place.p[0] != ':'))
			return false;
		colon = 0;
	} else if (str_find(place, ':') != colon) {
		return false; /* an address of IPv6 wants brackets */
	} else if (colon < place.n) {
		u.host = str_slice(place, 0, colon);
	}
	if (colon < place.n) {
		if (!str_to_u64(str_skip(place, colon + 1), 65535, &port) || !port)
			return false;
		u.port = (uint16_t)port;
	}
	if (!is_host(u.host) || !is_path(u.path))
		return false;
	*out = u;
	return true;
}
