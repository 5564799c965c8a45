/* cli/case_query: see case_query.h. */
#include <sysexits.h>

#include "base/clock.h"
#include "cli/case_query.h"
#include "cli/cli.h"
#include "conf/value.h"
#include "daemon/case_words.h"
#include "mail/syslog_line.h"

bool
case_query_option(struct case_query *q, int option, const char *value)
{
	const char **const places[] = {&q->client, &q->sender, &q->rcpt, &q->helo, &q->finding,
		&q->verdict, &q->queue, &q->since, &q->until};

	if (option < OPT_Q_CLIENT || option > OPT_Q_UNTIL)
		return false;
	*places[option - OPT_Q_CLIENT] = value;
	return true;
}

/* "2026-01-31", as seconds since 1970; its beginning in UTC. */
static bool
date_parse(struct str s, int64_t *out)
{
	uint64_t year, month, day;

	if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-' ||
		!str_to_u64(str_slice(s, 0, 4), 9999, &year) ||
		!str_to_u64(str_slice(s, 5, 7), 12, &month) ||
		!str_to_u64(str_slice(s, 8, 10), 31, &day) || !month || !day)
		return false;
	*out = 86400 * days_of_date((int64_t)year, (unsigned)month, (unsigned)day);
	return true;
}

/* Seconds ago, at least 1. */
static int
read_time(const char *command, const char *option, const char *text, int64_t *out)
{
	static const struct setting duration = {.name = "time",
		.type = SETTING_DURATION,
		.fallback = "1s",
		.min = 1000,
		.max = 3650 * 86400000LL};
	struct errbuf e = {0};
	struct arena a;
	int64_t ms = 0, date;

	if (!text)
		return EX_OK;
	if (date_parse(str_of(text), &date)) {
		*out = clock_wall() - date;
		*out = *out > 1 ? *out : 1;
		return EX_OK;
	}
	arena_init(&a, 256, 4096);
	bool ok = *text && setting_parse(&duration, str_of(text), &ms, &a, &e);
	arena_done(&a);
	if (!ok)
		return cli_usage(command, "%s %s: a time such as 12h, 7d or 2026-01-31 is expected",
			option, text);
	*out = ms / 1000;
	return EX_OK;
}

static int
add_word(const char *command, struct store_query *q, struct store_range range)
{
	if (q->n_words == STORE_QUERY_WORDS)
		return cli_usage(command, "at most %d conditions at once", STORE_QUERY_WORDS);
	q->word[q->n_words++] = range;
	return EX_OK;
}

static int
add_text(const char *command, struct arena *a, struct store_query *q, char kind, struct str value)
{
	struct str word = case_word(a, kind, value);

	return add_word(command, q, (struct store_range){word, word});
}

static int
add_client(const char *command, const char *client, struct arena *a, struct store_query *q)
{
	struct ip_net net;

	if (!client)
		return EX_OK;
	if (!ip_net_parse(str_of(client), &net))
		return cli_usage(command, "--client %s is no address or network", client);
	return add_word(command, q, case_client_range(a, &net));
}

/* Without < > around it, but for the null sender. */
static struct str
bare(const char *text)
{
	struct str s = str_of(text);

	if (s.n > 2 && s.p[0] == '<' && s.p[s.n - 1] == '>')
		s = str_slice(s, 1, s.n - 1);
	return s.n ? s : STR(CASE_NULL_SENDER);
}

static int
add_sender(const char *command, const char *sender, struct arena *a, struct store_query *q)
{
	if (!sender)
		return EX_OK;
	struct str s = bare(sender);
	return s.p[0] == '@' ? add_text(command, a, q, 'S', str_skip(s, 1))
			     : add_text(command, a, q, 's', s);
}

static int
add_rcpt(const char *command, const char *rcpt, const struct privacy_settings *p, struct arena *a,
	struct store_query *q)
{
	char room[PRIVACY_RCPT_MAX + 64];
	struct buf b = BUF(room);

	if (!rcpt)
		return EX_OK;
	struct str s = bare(rcpt);
	if (s.p[0] == '@')
		return add_text(command, a, q, 'R', str_skip(s, 1));
	privacy_put_rcpt(p, s, &b);
	if (!b.n || b.p[0] == '@')
		return cli_fail(EX_CONFIG,
			"recipients are not kept ([privacy] recipients = none); only --rcpt "
			"@DOMAIN "
			"can be found");
	return add_text(command, a, q, 'r', buf_str(&b));
}

static int
add_verdict(const char *command, const char *verdict, struct arena *a, struct store_query *q)
{
	if (!verdict)
		return EX_OK;
	for (int v = VERDICT_ACCEPT; v <= VERDICT_REJECT; v++)
		if (str_eq_nocase(str_of(verdict), str_of(verdict_name((enum verdict_kind)v))))
			return add_text(command, a, q, 'v', str_of(verdict));
	return cli_usage(command,
		"--verdict %s: it is one of accept, tag, quarantine, defer, reject", verdict);
}

int
case_query_make(const char *command, const struct case_query *q, const struct config *c,
	struct arena *a, struct store_query *out)
{
	int status;

	*out = (struct store_query){.table = STORE_CASE};
	if ((status = read_time(command, "--since", q->since, &out->since_s)) != EX_OK ||
		(status = read_time(command, "--until", q->until, &out->until_s)) != EX_OK ||
		(status = add_client(command, q->client, a, out)) != EX_OK ||
		(status = add_sender(command, q->sender, a, out)) != EX_OK ||
		(status = add_rcpt(command, q->rcpt, &c->privacy, a, out)) != EX_OK ||
		(status = add_verdict(command, q->verdict, a, out)) != EX_OK)
		return status;
	if (q->helo)
		status = add_text(command, a, out, 'h', str_of(q->helo));
	if (q->finding && status == EX_OK)
		status = add_text(command, a, out, 'f', str_of(q->finding));
	if (q->queue && status == EX_OK)
		status = add_text(command, a, out, 'q', str_of(q->queue));
	return status;
}
