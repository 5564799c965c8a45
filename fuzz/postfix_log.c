/* Fuzz target: a mail log.  Whatever it holds, what is read are slices of its line, what is rebuilt
 * has a client, and no more is kept than was allowed. */
#include <stdint.h>

#include "mail/postfix_track.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long told;

static bool
is_inside(struct str part, struct str whole)
{
	return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void
attempt(void *ctx, const struct postfix_attempt *a)
{
	const struct str parts[] = {a->helo, a->from, a->rcpt};

	told++;
	must(a->client.len == 4 || a->client.len == 16);
	must(!ip_is_loopback(&a->client) && a->name.n);
	must(a->outcome != POSTFIX_ACCEPTED || !a->code);
	must(a->outcome != POSTFIX_REFUSED || a->code >= 500);
	must(a->reason.n <= 100);
	for (size_t i = 0; i < COUNT(parts); i++)
		must(parts[i].n <= POSTFIX_ADDRESS_MAX && (parts[i].p || !parts[i].n));
}

static void
check_line(const struct syslog_line *l, struct str line)
{
	struct postfix_line p;

	must(is_inside(l->host, line) && is_inside(l->program, line) && is_inside(l->text, line));
	must(l->pid.n && l->time.month <= 12 && l->time.day <= 31);
	must(l->time.absolute || (l->time.seconds >= 0 && l->time.seconds <= 86400));
	(void)postfix_log_parse(l, &p);
	const struct str parts[] = {p.queue, p.name, p.reply, p.from, p.to, p.orig_to, p.helo};
	for (size_t i = 0; i < COUNT(parts); i++)
		must(is_inside(parts[i], l->text));
	if (p.what == POSTFIX_DELIVERY || p.what == POSTFIX_QUEUED || p.what == POSTFIX_REMOVED)
		must(p.queue.p || str_has_prefix(l->text, STR("NOQUEUE")));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = str_from((const char *)data, size), line;
	struct arena a;
	const struct postfix_track_options o = {.sessions = 3, .messages = 3, .attempt = attempt};
	int64_t now = 1700000000;

	if (size == 0 || size > 16384)
		return 0;
	told = 0;
	arena_init(&a, 4096, SIZE_MAX);
	struct postfix_track *t = postfix_track_new(&a, &o);
	while (str_split(&rest, '\n', &line)) {
		struct syslog_line l;
		if (!syslog_line_parse(line, &l))
			continue;
		check_line(&l, line);
		postfix_track_line(t, &l, l.time.absolute ? l.time.seconds : now++);
	}
	postfix_track_end(t);
	struct postfix_counts c = postfix_track_counts(t);
	must(c.attempts == told && c.helo_known <= told && c.postfix <= c.lines);
	arena_done(&a);
	return 0;
}
