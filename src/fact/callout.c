/* fact/callout: see callout.h.  Seven lines, then the dialogue. */
#include "fact/callout.h"

#define VERSION	       "1"
#define WORD_MAX       255
#define TRANSCRIPT_MAX 3200

static const char *const names[CALLOUT_STATUSES] = {[CALLOUT_UNKNOWN] = "unknown",
	[CALLOUT_OK] = "ok",
	[CALLOUT_REFUSED] = "refused",
	[CALLOUT_ACCEPT_ALL] = "accept_all",
	[CALLOUT_NULL_REFUSED] = "null_refused",
	[CALLOUT_UNVERIFIABLE] = "unverifiable"};

const char *
callout_status_name(enum callout_status s)
{
	return names[s];
}

bool
callout_status_parse(struct str s, enum callout_status *out)
{
	for (unsigned i = 0; i < CALLOUT_STATUSES; i++) {
		if (!str_eq(s, str_of(names[i])))
			continue;
		*out = (enum callout_status)i;
		return true;
	}
	return false;
}

static bool
is_plain(struct str s, bool lines)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < ' ' || s.p[i] > '~') && !(lines && s.p[i] == '\n'))
			return false;
	return true;
}

static bool
is_word(struct str s)
{
	return s.n <= WORD_MAX && is_plain(s, false);
}

static void
put_line(struct buf *out, struct str s)
{
	must(is_plain(s, false));
	buf_put(out, str_slice(s, 0, WORD_MAX));
	buf_putc(out, '\n');
}

void
callout_print(const struct callout *c, struct buf *out)
{
	buf_puts(out, VERSION " ");
	buf_puts(out, names[c->status]);
	buf_putc(out, ' ');
	buf_putu(out, c->code);
	buf_putc(out, '\n');
	put_line(out, c->stage);
	put_line(out, c->reason);
	put_line(out, c->said);
	put_line(out, c->mx);
	if (c->ip.len)
		ip_print(&c->ip, out);
	buf_putc(out, '\n');
	must(is_plain(c->transcript, true));
	buf_put(out, str_slice(c->transcript, 0, TRANSCRIPT_MAX));
}

/* The next line; p NULL: there is none. */
static struct str
next_line(struct str *rest)
{
	size_t end = str_find(*rest, '\n');
	struct str line = str_slice(*rest, 0, end);

	if (end == rest->n)
		return (struct str){NULL, 0};
	*rest = str_skip(*rest, end + 1);
	return line;
}

static bool
parse_head(struct str line, struct callout *out)
{
	size_t first = str_find(line, ' '), second = str_rfind(line, ' ');
	uint64_t code;

	if (first >= second || second >= line.n ||
		!str_eq(str_slice(line, 0, first), STR(VERSION)) ||
		!callout_status_parse(str_slice(line, first + 1, second), &out->status) ||
		!str_to_u64(str_skip(line, second + 1), 599, &code))
		return false;
	out->code = (unsigned)code;
	return true;
}

bool
callout_parse(struct str s, struct callout *out)
{
	struct callout c = {.status = CALLOUT_UNKNOWN};
	struct str head = next_line(&s), ip;

	c.stage = next_line(&s);
	c.reason = next_line(&s);
	c.said = next_line(&s);
	c.mx = next_line(&s);
	ip = next_line(&s);
	c.transcript = s;
	if (!ip.p || !parse_head(head, &c) || (ip.n && !ip_parse(ip, &c.ip)))
		return false;
	if (!is_word(c.stage) || !is_word(c.reason) || !is_word(c.said) || !is_word(c.mx) ||
		!is_plain(c.transcript, true) || c.transcript.n > TRANSCRIPT_MAX)
		return false;
	*out = c;
	return true;
}
