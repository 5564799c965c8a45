/*
 * scenario/run: transactions as text, judged without a network.  (style: long, since the words of
 * the language stand here in one place.)
 *
 * Each file holds scenarios separated by lines "---".  Lines:
 *	# title
 *	set [policy] profile = strict        a setting
 *	list NAME block|allow LINE | LINE    a list in a file, with these lines
 *	client 203.0.113.5                   then helo, from: the SMTP dialogue
 *	unsaid helo from                     what of it will never be known
 *	header Subject: a\n\x20b             a line of the message's header (\n \r \xHH \\);
 *	                                     without one such line it is never seen
 *	smtputf8                             its letters beyond ASCII were announced
 *	session resets 3 helo_before NAME    what the client did in its session: mails, messages,
 *	                                     resets, commands, bad_recipients, recipients;
 *	                                     without such a line nobody knows
 *	recipients 3                         so many the message has; told at last
 *	dns NAME TYPE DATA | DATA ...        a fact; instead of data: none, nxdomain, fail;
 *	                                     "stale DATA", "alias NAME DATA" and "alias NAME none"
 *	history WHAT NAME ANSWER             what is known of a client, refusals, sender, domain,
 *	                                     and when one was seen, registered: none, fail,
 *	                                     unknown, or e.g. "accepted 12 refused 3" (also
 *	                                     deferred, bad_recipients, spam, ham, score; a score
 *	                                     that is not said is accepted less refused; age in
 *	                                     hours); with one such line, nothing is known (none)
 *	                                     of others, and not known (unknown) when registered
 *	callout ADDRESS STATUS CODE SAID     what the sender's mail server says about him; with one
 *	                                     such line, others are "unknown"
 *	leave no                             nobody may be asked for this mail
 *	checks rdns helo                     in all scenarios of the file, from here on
 *	canary LIST none|fail|DATA           the list's answer about what nobody can have listed
 *	suspended LIST ...                   DNS lists that are not to be asked
 *	unknown none|nxdomain|fail           every other question (default: nxdomain)
 *	rcpt b@example.net                   begins the expectations for this recipient:
 *	verdict reject 550 5.7.25
 *	first defer|reject                   what becomes of that refusal at the first try
 *	score 9
 *	reply TEXT                           the one line of the reply, without the codes
 *	line 2 TEXT                          of the reply by milter; no TEXT: there is none
 *	because TEXT
 *	exempt WHAT                          by a domain of [exempt]; no WHAT: by none
 *	finding rdns_none +4                 must be there, with this action; "finding x off"
 *	none rdns_ok                         must not be there
 *	only rdns_none helo_bare_ip          exactly these, in this order
 *	evidence rdns_none KEY VALUE
 *	iprev permerror
 *	confirmed NAME
 *	spf_helo pass, spf_mailfrom fail, explanation TEXT
 *	questions 3                          exactly so many
 * Then the same transaction is played ORDERS times with answers arriving one by one in random
 * order and the dialogue going on in between: findings must be the same each time.  At last it is
 * written as a record, read, and judged by that: findings and verdict must be the same once more.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "checks/dnsbl.h"
#include "core/record.h"
#include "core/record_put.h"
#include "core/run.h"
#include "daemon/config.h"
#include "head.h"

#define LINES_MAX 200

static unsigned orders = 2000;
static unsigned passed, failed;

struct scenario {
	const char *file;
	unsigned line_no;
	struct str title, checks; /* checks: those that run, empty: all */
	struct str line[LINES_MAX];
	size_t n;
	struct arena arena, scratch;
	struct record record;
	struct config *config;
	bool no_leave; /* nobody may be asked */
	bool bad;
};

static void
complain(struct scenario *s, const char *what, struct str got, struct str want)
{
	fprintf(stderr, "%s:%u: %.*s\n    %s\n    got  %.*s\n    want %.*s\n", s->file, s->line_no,
		STR_ARG(s->title), what, STR_ARG(got), STR_ARG(want));
	s->bad = true;
}

static struct str
next_word(struct str *rest)
{
	struct str w = STR("");

	(void)str_word(rest, &w);
	*rest = str_trim(*rest);
	return w;
}

static void
must_say(bool ok, struct scenario *s, struct str line, const char *why)
{
	if (ok)
		return;
	fprintf(stderr, "%s:%u: cannot read \"%.*s\": %s\n", s->file, s->line_no, STR_ARG(line),
		why);
	exit(2);
}

#define CANARY 0x1234567890abcdef

/* "LIST ..." of a canary line: the same as a dns line with the name that is asked. */
static struct str
canary_fact(struct scenario *s, struct str rest)
{
	const struct dnsbl_set *set = config_generation(s->config)->site.lists;
	struct str name = next_word(&rest);
	size_t i = 0;

	while (i < set->n && !str_eq(set->list[i].name, name))
		must_say(++i < set->n, s, name, "no such list");
	struct str asked =
		dnsbl_canary(&s->arena, &set->list[i], s->record.client.len == 16, CANARY);
	return arena_printf(&s->arena, "%.*s A %.*s", STR_ARG(asked), STR_ARG(rest));
}

/* "dns NAME TYPE ..." */
static void
read_fact(struct scenario *s, struct str rest, struct record_fact *out)
{
	struct str line = rest, name = next_word(&rest), type = next_word(&rest), data;
	struct answer *a = answer_new();
	struct dns_rr *rr = arena_calloc(&a->arena, 64, sizeof(*rr));
	struct dns_answer *d = &a->dns;

	must_say(dns_name_parse(&s->arena, name, &out->name), s, line, "name");
	must_say(dns_type_parse(type, &out->type), s, line, "type");
	*d = (struct dns_answer){.status = DNS_OK, .ttl = 300, .rr = rr};
	if (str_has_prefix(rest, STR("stale "))) {
		d->status = DNS_STALE;
		(void)next_word(&rest);
	}
	if (str_has_prefix(rest, STR("alias "))) {
		(void)next_word(&rest);
		must_say(dns_name_parse(&a->arena, next_word(&rest), &d->alias), s, line, "alias");
	}
	if (str_eq(rest, STR("none")) || str_eq(rest, STR("nxdomain"))) {
		d->status = DNS_NONE;
		d->nxdomain = rest.n == 8;
	} else if (str_eq(rest, STR("fail"))) {
		d->status = DNS_FAIL;
		d->reason = "servfail";
	} else {
		while (str_split(&rest, '|', &data)) {
			must_say(d->n < 64, s, line, "too many records");
			must_say(dns_rr_parse(&a->arena, out->type, str_trim(data), &rr[d->n++]), s,
				line, "data");
		}
	}
	out->hash = question_hash(out->name, out->type);
	out->answer = a;
}

/* "history client 192.0.2.1 accepted 12 refused 3" */
static void
read_history(struct scenario *s, struct str rest, struct record_fact *out)
{
	struct str line = rest, what = next_word(&rest);
	struct history h = {.status = HISTORY_OK, .score = INT64_MIN};

	must_say(history_kind_parse(what, &out->history), s, line, "whose history");
	out->kind = FACT_HISTORY;
	out->name = next_word(&rest);
	out->hash = history_hash(out->name, out->history);
	for (unsigned i = 0; i <= HISTORY_FAIL; i++)
		if (str_eq(rest, str_of(history_status_name((enum history_status)i))))
			h.status = (enum history_status)i;
	while (rest.n && h.status == HISTORY_OK) {
		struct str word = next_word(&rest), number = next_word(&rest);
		bool less = str_has_prefix(number, STR("-"));
		unsigned i = 0;
		uint64_t n;
		must_say(str_to_u64(str_skip(number, less), HISTORY_MAX, &n), s, line, "number");
		if (str_eq(word, STR("score"))) {
			h.score = (less ? -(int64_t)n : (int64_t)n) * HISTORY_POINT;
			continue;
		}
		if (str_eq(word, STR("age"))) { /* in hours */
			h.age_s = (int64_t)n * 3600;
			continue;
		}
		while (!str_eq(word, str_of(history_number_name((enum history_number)i))))
			must_say(++i < HISTORY_NUMBERS, s, line, "word");
		h.n[i] = (int64_t)n;
	}
	if (h.score == INT64_MIN)
		h.score = (h.n[HISTORY_ACCEPTED] - h.n[HISTORY_REFUSED]) * HISTORY_POINT;
	out->answer = answer_history(&h);
}

static void
read_session(struct scenario *s, struct str rest)
{
	static const char *const session_words[SESSION_NUMBERS] = {[SESSION_MAILS] = "mails",
		[SESSION_MESSAGES] = "messages",
		[SESSION_RESETS] = "resets",
		[SESSION_COMMANDS] = "commands",
		[SESSION_BAD_RCPTS] = "bad_recipients",
		[SESSION_RCPTS] = "recipients"};
	struct session *to = &s->record.session;
	uint64_t n;

	to->known = true;
	to->n[SESSION_MAILS] = 1;
	while (rest.n) {
		struct str word = next_word(&rest), value = next_word(&rest);
		unsigned i = 0;
		if (str_eq(word, STR("helo_before"))) {
			to->helo_before = value;
			continue;
		}
		while (!str_eq(word, str_of(session_words[i])))
			must_say(++i < SESSION_NUMBERS, s, word, "word");
		must_say(str_to_u64(value, INT32_MAX, &n), s, value, "number");
		to->n[i] = (uint32_t)n;
	}
}

/* "callout ann@example.com refused 550 550 5.1.1 who?" */
static void
read_callout(struct scenario *s, struct str rest, struct record_fact *out)
{
	struct str line = rest, address = next_word(&rest), status = next_word(&rest);
	struct callout c = {
		.stage = STR("RCPT TO"), .mx = STR("mx.example"), .transcript = STR("C: RCPT TO")};
	uint64_t code;

	must_say(callout_status_parse(status, &c.status), s, line, "status");
	must_say(str_to_u64(next_word(&rest), 599, &code), s, line, "code");
	must_say(ip_parse(STR("203.0.113.25"), &c.ip), s, line, "address");
	c.code = (unsigned)code;
	*(code ? &c.said : &c.reason) = rest;
	out->kind = FACT_CALLOUT;
	out->what = 0;
	out->name = address;
	out->hash = callout_hash(address);
	out->answer = answer_callout(&c);
}

/* "list NAME KIND LINE | LINE": the file, which is gone once the settings are loaded, and its
 * section. */
static const char *
write_list(struct scenario *s, struct str rest, struct buf *conf)
{
	char path[] = "/tmp/mxward-scenario-XXXXXX";
	struct str whole = rest, name = next_word(&rest), kind = next_word(&rest), line;
	int fd = mkstemp(path);

	must_say(fd >= 0, s, whole, "no temporary file");
	while (str_split(&rest, '|', &line))
		must_say(dprintf(fd, "%.*s\n", STR_ARG(line)) > 0, s, whole, "cannot write");
	close(fd);
	buf_printf(
		conf, "[list %.*s]\nkind = %.*s\nfile = %s\n", STR_ARG(name), STR_ARG(kind), path);
	return arena_z(&s->arena, str_of(path));
}

static void
read_unknown(struct scenario *s, struct str what)
{
	struct record *r = &s->record;

	if (str_eq(what, STR("fail"))) {
		answer_unref(r->unknown);
		r->unknown = answer_fail("servfail");
		return;
	}
	r->unknown->dns.nxdomain = str_eq(what, STR("nxdomain"));
	must_say(r->unknown->dns.nxdomain || str_eq(what, STR("none")), s, what, "answer");
}

static void
read_setup(struct scenario *s)
{
	const char *files[8];
	size_t n_files = 0;
	static char conf_room[8192], head_room[65536];
	struct buf conf = BUF(conf_room), head = BUF(head_room);
	struct record *r = &s->record;
	struct errbuf e = {0};

	*r = (struct record){.fact = arena_calloc(&s->arena, LINES_MAX, sizeof(*r->fact)),
		.has_helo = true,
		.has_from = true};
	r->unknown = answer_new();
	r->unknown->dns = (struct dns_answer){.status = DNS_NONE, .nxdomain = true};
	for (size_t i = 0; i < s->n; i++) {
		struct str rest = s->line[i], word = next_word(&rest);
		if (str_eq(word, STR("set"))) {
			size_t end = str_find(rest, ']');
			buf_put(&conf, str_slice(rest, 0, end + 1));
			buf_puts(&conf, "\n");
			buf_put(&conf, str_skip(rest, end + 1));
			buf_puts(&conf, "\n");
		} else if (str_eq(word, STR("list"))) {
			must_say(n_files < COUNT(files), s, rest, "too many lists");
			files[n_files++] = write_list(s, rest, &conf);
		} else if (str_eq(word, STR("client"))) {
			must_say(ip_parse(rest, &r->client), s, s->line[i], "address");
		} else if (str_eq(word, STR("helo"))) {
			r->helo = rest;
		} else if (str_eq(word, STR("unsaid"))) {
			r->has_helo = !str_contains(rest, STR("helo"));
			r->has_from = !str_contains(rest, STR("from"));
		} else if (str_eq(word, STR("from"))) {
			r->from = rest;
		} else if (str_eq(word, STR("session"))) {
			read_session(s, rest);
		} else if (str_eq(word, STR("recipients"))) {
			uint64_t n = 0;
			must_say(str_to_u64(rest, INT32_MAX, &n), s, rest, "number");
			r->n_rcpts = (unsigned)n;
		} else if (str_eq(word, STR("header"))) {
			must_say(head_add(&head, rest), s, s->line[i], "escape");
		} else if (str_eq(word, STR("smtputf8"))) {
			r->head.smtputf8 = true;
		} else if (str_eq(word, STR("unknown"))) {
			read_unknown(s, rest);
		} else if (str_eq(word, STR("dns"))) {
			read_fact(s, rest, &r->fact[r->n_facts++]);
		} else if (str_eq(word, STR("history"))) {
			read_history(s, rest, &r->fact[r->n_facts++]);
			r->has_history = true;
		} else if (str_eq(word, STR("callout"))) {
			read_callout(s, rest, &r->fact[r->n_facts++]);
			r->has_callout = true;
		} else if (str_eq(word, STR("leave"))) {
			s->no_leave = str_eq(rest, STR("no"));
			must_say(s->no_leave, s, rest, "leave no");
		}
	}
	if (head.n)
		head_read(&s->arena, buf_str(&head), r);
	s->config = config_load_text("scenario", buf_str(&conf), &e);
	while (n_files)
		unlink(files[--n_files]);
	if (!s->config)
		fprintf(stderr, "%s:%u: %s\n", s->file, s->line_no, e.text), exit(2);
	for (size_t i = 0; i < s->n; i++) {
		struct str rest = s->line[i], word = next_word(&rest);
		if (str_eq(word, STR("canary"))) {
			r->canary = CANARY;
			read_fact(s, canary_fact(s, rest), &r->fact[r->n_facts++]);
		} else if (str_eq(word, STR("suspended"))) {
			struct str *names = arena_calloc(&s->arena, 8, sizeof(*names));
			size_t n = 0;
			while (n < 8 && rest.n)
				names[n++] = next_word(&rest);
			r->suspended = (struct words){n, names};
		}
	}
}

/* --- the two ways to be answered --- */

static struct answer *
known(const struct record *r, enum fact_kind kind, unsigned what, struct str name)
{
	for (size_t i = 0; i < r->n_facts; i++)
		if (r->fact[i].kind == kind && r->fact[i].what == what &&
			str_eq(r->fact[i].name, name))
			return answer_ref(r->fact[i].answer);
	if (kind == FACT_HISTORY)
		return answer_history(&(struct history){.status =
				what == HISTORY_REGISTERED ? HISTORY_UNKNOWN : HISTORY_NONE});
	if (kind == FACT_CALLOUT)
		return answer_callout(&(struct callout){.status = CALLOUT_UNKNOWN});
	return answer_ref(r->unknown);
}

struct test_source {
	struct source source;
	struct history_source history;
	struct callout_source callouts;
	const struct record *record;
	bool at_once;
	struct fact *open[FACTS_MAX];
	size_t n;
};

static struct answer *
lookup(struct source *source, struct str name, enum dns_type type, uint64_t hash)
{
	struct test_source *t = (struct test_source *)source;

	return t->at_once ? known(t->record, FACT_DNS, type, name) : NULL;
}

static void
forget(struct test_source *t, struct fact *f)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->open[i] == f)
			t->open[i] = t->open[--t->n];
}

static void
start(struct source *source, struct fact *f)
{
	struct test_source *t = (struct test_source *)source;

	t->open[t->n++] = f;
}

static void
cancel(struct source *source, struct fact *f)
{
	forget((struct test_source *)source, f);
}

static struct test_source *
of_history(struct history_source *h)
{
	return (struct test_source *)(void *)((char *)h - offsetof(struct test_source, history));
}

static struct answer *
lookup_history(struct history_source *h, struct str name, enum history_kind what, uint64_t hash)
{
	const struct test_source *t = of_history(h);

	return t->at_once ? known(t->record, FACT_HISTORY, what, name) : NULL;
}

static void
start_history(struct history_source *h, struct fact *f)
{
	start(&of_history(h)->source, f);
}

static void
cancel_history(struct history_source *h, struct fact *f)
{
	forget(of_history(h), f);
}

static struct test_source *
of_callouts(struct callout_source *c)
{
	return (struct test_source *)(void *)((char *)c - offsetof(struct test_source, callouts));
}

static struct answer *
lookup_callout(struct callout_source *c, struct str address, uint64_t hash)
{
	const struct test_source *t = of_callouts(c);

	return t->at_once ? known(t->record, FACT_CALLOUT, 0, address) : NULL;
}

static void
start_callout(struct callout_source *c, struct fact *f)
{
	start(&of_callouts(c)->source, f);
}

static void
cancel_callout(struct callout_source *c, struct fact *f)
{
	forget(of_callouts(c), f);
}

static struct test_source
test_source(const struct record *r, bool at_once)
{
	return (struct test_source){.source = {lookup, start, cancel},
		.history = {lookup_history, start_history, cancel_history},
		.callouts = {lookup_callout, start_callout, cancel_callout},
		.record = r,
		.at_once = at_once};
}

/* Bit i: check i is not named by the file's "checks" line. */
static uint64_t
unnamed_checks(const struct scenario *s, const struct check_set *checks)
{
	struct str rest = s->checks, word;
	uint64_t named = 0;

	while (str_word(&rest, &word)) {
		size_t i = 0;
		while (i < checks->n && !str_eq(word, str_of(checks->check[i]->name)))
			i++;
		if (i == checks->n)
			fprintf(stderr, "%s: no check \"%.*s\"\n", s->file, STR_ARG(word)), exit(2);
		named |= (uint64_t)1 << i;
	}
	return named ? ~named : 0;
}

static struct transaction *
begin(struct scenario *s, struct test_source *source, struct arena *arena)
{
	struct generation *g = config_generation(s->config);
	const struct ip *client = &s->record.client;
	struct exempted exempted;
	const struct transaction_options o = {.checks = &g->checks,
		.site = &g->site,
		.source = &source->source,
		.history = s->record.has_history ? &source->history : NULL,
		.callouts = s->record.has_callout ? &source->callouts : NULL,
		.leave_later = s->no_leave || s->record.has_callout,
		.head_later = s->record.headers,
		.rcpts_later = s->record.n_rcpts,
		.arena = arena,
		.scratch = &s->scratch,
		.now = 1764000000,
		.lists = {s->record.canary, dnsbl_bits(g->site.lists, &s->record.suspended)},
		.skip = policy_skip(&g->policy, client, 0, &exempted) |
			unnamed_checks(s, &g->checks)};

	return transaction_begin(&o, client);
}

/* Everything that the findings say, as one text to compare. */
static struct str
fingerprint(struct transaction *t, struct arena *a)
{
	static char room[65536];
	struct buf b = BUF(room);
	struct result r = transaction_result(t);

	for (size_t i = 0; i < r.n; i++) {
		const struct finding *f = r.finding[i];
		buf_puts(&b, f->code->id);
		for (size_t k = 0; k < f->n; k++) {
			buf_printf(&b, " %s=", f->evidence[k].key);
			buf_put_escaped(&b, f->evidence[k].value, 500);
		}
		buf_puts(&b, "\n");
	}
	buf_printf(&b, "iprev=%s confirmed=%.*s done=%llx spf=%s %s \"%.*s\"",
		auth_result_name(r.iprev), STR_ARG(r.confirmed), (unsigned long long)r.done,
		auth_result_name(r.spf_helo), auth_result_name(r.spf_mailfrom),
		STR_ARG(r.spf_explanation));
	return arena_str(a, buf_str(&b));
}

static unsigned
draw(unsigned below)
{
	uint32_t r;

	random_bytes(&r, sizeof(r));
	return r % below;
}

static void
tell(const struct scenario *s, struct transaction *t, enum env_item item)
{
	const struct record *r = &s->record;

	if (item == ENV_MAIL_FROM && r->session.known)
		transaction_session(t, &r->session);
	if (item == ENV_HELO ? r->has_helo : r->has_from)
		transaction_env(t, item, item == ENV_HELO ? r->helo : r->from);
	else
		transaction_env_absent(t, item);
}

static void
tell_rcpts(const struct scenario *s, struct transaction *t)
{
	if (s->record.n_rcpts)
		transaction_rcpts(t, s->record.n_rcpts);
}

/* What was certain once is there to the end.  Seen: by check, bits of its codes. */
static void
check_certain(struct scenario *s, struct transaction *t, uint64_t seen[CHECKS_MAX])
{
	const struct check_set *checks = &config_generation(s->config)->checks;
	struct result r = transaction_result(t);
	uint64_t now[CHECKS_MAX] = {0};

	for (size_t i = 0; i < r.n; i++) {
		const struct finding *f = r.finding[i];
		now[f->check] |= (uint64_t)1 << (f->code - checks->check[f->check]->codes);
	}
	for (size_t i = 0; i < checks->n; i++)
		if (seen[i] & ~now[i])
			complain(s, "a finding was taken back", str_of(checks->check[i]->name),
				STR(""));
	memcpy(seen, now, sizeof(now));
}

/* One random order of answers and of the dialogue. */
static struct str
play_shuffled(struct scenario *s, struct arena *a)
{
	struct test_source source = test_source(&s->record, false);
	struct arena arena;
	bool helo_given = false, from_given = false, head_given = !s->record.headers;
	bool rcpts_given = !s->record.n_rcpts;
	uint64_t seen[CHECKS_MAX] = {0};

	arena_init(&arena, 8192, (size_t)1 << 20);
	struct transaction *t = begin(s, &source, &arena);
	transaction_run(t);
	while (source.n || !from_given || !head_given || !rcpts_given ||
		transaction_wants_leave(t)) {
		check_certain(s, t, seen);
		if (transaction_wants_leave(t)) {
			transaction_leave(t, !s->no_leave);
			transaction_run(t);
			continue;
		}
		if (from_given && !rcpts_given && (source.n == 0 || draw(4) == 0)) {
			tell_rcpts(s, t);
			rcpts_given = true;
			transaction_run(t);
			continue;
		}
		if (from_given && !head_given && (source.n == 0 || draw(4) == 0)) {
			head_tell(&s->record, t, &head_given);
			transaction_run(t);
			continue;
		}
		if (!from_given && (source.n == 0 || draw(4) == 0)) {
			tell(s, t, helo_given ? ENV_MAIL_FROM : ENV_HELO);
			from_given = helo_given;
			helo_given = true;
			transaction_run(t);
			continue;
		}
		struct fact *f = source.open[draw((unsigned)source.n)];
		forget(&source, f);
		transaction_answer(f, known(&s->record, f->kind, f->what, f->name));
	}
	check_certain(s, t, seen);
	struct str got = fingerprint(t, a);
	transaction_end(t);
	arena_done(&arena);
	return got;
}

static void
check_orders(struct scenario *s, struct str want)
{
	for (unsigned i = 0; i < orders && !s->bad; i++) {
		struct arena a;
		arena_init(&a, 4096, (size_t)1 << 20);
		struct str got = play_shuffled(s, &a);
		if (!str_eq(got, want))
			complain(s, "findings depend on the order of answers", got, want);
		arena_done(&a);
	}
}

/* --- expectations --- */

/* A slip of the pen in "none" would be fulfilled for ever. */
static void
must_be_finding(struct scenario *s, struct str id)
{
	const struct check_set *checks = &config_generation(s->config)->checks;
	bool known = false;

	for (size_t i = 0; i < checks->n; i++)
		for (size_t k = 0; k < checks->check[i]->n_codes; k++)
			known |= str_eq(id, str_of(checks->check[i]->codes[k].id));
	must_say(known, s, id, "no such finding");
}

static const struct finding *
find(const struct result *r, struct str id)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_eq(str_of(r->finding[i]->code->id), id))
			return r->finding[i];
	return NULL;
}

static struct str
ids(struct scenario *s, const struct result *r)
{
	struct str all = STR("");

	for (size_t i = 0; i < r->n; i++)
		all = arena_printf(
			&s->arena, "%.*s%s%s", STR_ARG(all), i ? " " : "", r->finding[i]->code->id);
	return all;
}

static struct str
verdict_line(struct scenario *s, const struct verdict *v)
{
	if (!v->code)
		return str_of(verdict_name(v->kind));
	return arena_printf(
		&s->arena, "%s %u %.*s", verdict_name(v->kind), v->code, STR_ARG(v->enhanced));
}

static void
expect(struct scenario *s, struct str word, struct str rest, const struct verdict *v,
	const struct result *r, struct transaction *t)
{
	struct generation *g = config_generation(s->config);
	char room[64];
	struct buf b = BUF(room);
	struct str got = STR("?"), want = rest;

	if (str_eq(word, STR("verdict"))) {
		got = verdict_line(s, v);
	} else if (str_eq(word, STR("score"))) {
		points_print(v->score, false, &b);
		got = buf_str(&b);
	} else if (str_eq(word, STR("reply"))) {
		got = v->one_line;
	} else if (str_eq(word, STR("line"))) {
		struct str number = next_word(&want);
		uint64_t n = 0;
		must_say(str_to_u64(number, REPLY_LINES, &n) && n > 0, s, rest, "line 1 to 4");
		got = n <= v->n_lines ? v->line[n - 1] : STR("");
	} else if (str_eq(word, STR("first"))) {
		got = v->kind != VERDICT_REJECT ? STR("no refusal")
			: v->first_defers	? STR("defer")
						: STR("reject");
	} else if (str_eq(word, STR("because"))) {
		got = str_of(v->because);
	} else if (str_eq(word, STR("exempt"))) {
		got = v->exemption ? v->exemption->what : STR("");
	} else if (str_eq(word, STR("iprev"))) {
		got = str_of(auth_result_name(r->iprev));
	} else if (str_eq(word, STR("confirmed"))) {
		got = r->confirmed;
	} else if (str_eq(word, STR("spf_helo"))) {
		got = str_of(auth_result_name(r->spf_helo));
	} else if (str_eq(word, STR("spf_mailfrom"))) {
		got = str_of(auth_result_name(r->spf_mailfrom));
	} else if (str_eq(word, STR("explanation"))) {
		got = r->spf_explanation;
	} else if (str_eq(word, STR("only"))) {
		got = ids(s, r);
	} else if (str_eq(word, STR("none"))) {
		must_be_finding(s, rest);
		got = find(r, rest) ? rest : STR("");
		want = STR("");
	} else if (str_eq(word, STR("questions"))) {
		got = arena_printf(&s->arena, "%zu", transaction_facts(t));
	} else if (str_eq(word, STR("finding")) || str_eq(word, STR("evidence"))) {
		struct str id = next_word(&rest);
		const struct finding *f = find(r, id);
		if (!f)
			return complain(s, "finding is missing", ids(s, r), id);
		want = rest;
		if (str_eq(word, STR("evidence"))) {
			struct str key = next_word(&want);
			got = finding_get(f, arena_z(&s->arena, key));
		} else {
			struct action a = policy_action_in(v, &g->checks, f, &s->record.client);
			if (a.kind == ACTION_SCORE)
				points_print(a.points, true, &b);
			else
				action_print(a, &b);
			got = rest.n ? buf_str(&b) : rest;
		}
	} else {
		must_say(false, s, word, "unknown word");
	}
	if (!str_eq(got, want))
		complain(s, arena_z(&s->arena, word), got, want);
}

static bool
is_setup(struct str word)
{
	static const char *const words[] = {"set", "list", "client", "helo", "from", "unsaid",
		"dns", "history", "callout", "leave", "header", "session", "recipients", "smtputf8",
		"canary", "suspended", "unknown"};

	for (size_t i = 0; i < COUNT(words); i++)
		if (str_eq(word, str_of(words[i])))
			return true;
	return false;
}

static void
check_expectations(struct scenario *s, struct transaction *t)
{
	struct generation *g = config_generation(s->config);
	struct result r = transaction_result(t);
	struct verdict v = {0};
	struct judgement j = {.policy = &g->policy,
		.checks = &g->checks,
		.result = &r,
		.client = &s->record.client,
		.helo = s->record.has_helo ? s->record.helo : STR(""),
		.from = s->record.has_from ? s->record.from : STR(""),
		.rcpt = STR("")};
	bool asserted = false;

	policy_judge(&j, &s->arena, &v);
	for (size_t i = 0; i < s->n; i++) {
		struct str rest = s->line[i], word = next_word(&rest);
		if (is_setup(word) || word.n == 0)
			continue;
		if (str_eq(word, STR("rcpt"))) {
			must_say(asserted || !j.rcpt.n, s, j.rcpt, "nothing is expected");
			j.rcpt = rest;
			policy_judge(&j, &s->arena, &v);
			asserted = false;
			continue;
		}
		expect(s, word, rest, &v, &r, t);
		asserted = true;
	}
	must_say(asserted, s, s->title, "a scenario or recipient without expectations");
}

static void
verdict_of(struct scenario *s, struct transaction *t, struct verdict *out)
{
	struct generation *g = config_generation(s->config);
	struct result r = transaction_result(t);

	policy_judge(&(struct judgement){.policy = &g->policy,
			     .checks = &g->checks,
			     .result = &r,
			     .client = &s->record.client,
			     .rcpt = STR("joe@example.net")},
		&s->arena, out);
}

static struct str
write_record(struct scenario *s, struct transaction *t, const struct verdict *v)
{
	static char room[RECORD_PUT_MAX];
	struct buf b = BUF(room);
	struct generation *g = config_generation(s->config);
	const struct record_rcpt rcpt = {STR("joe@example.net"), v, 1};
	const struct record_out out = {.id = STR("x"),
		.way = "test",
		.transaction = t,
		.checks = &g->checks,
		.has_lists = true,
		.suspended = s->record.suspended,
		.n = 1,
		.rcpt = &rcpt};

	record_put(&out, &b);
	must_say(!buf_is_cut(&b), s, s->title, "the record is too long");
	return buf_str(&b);
}

static void
give_leave(const struct scenario *s, struct transaction *t)
{
	if (!transaction_wants_leave(t))
		return;
	transaction_leave(t, !s->no_leave);
	transaction_run(t);
}

static void
check_record(struct scenario *s, struct transaction *t)
{
	struct verdict v, again;
	struct record original = s->record;
	struct arena arena;
	struct errbuf e = {0};

	verdict_of(s, t, &v);
	struct str line = arena_str(&s->arena, write_record(s, t, &v));
	if (!record_parse(&s->arena, line, &s->record, &e))
		return complain(s, "the record cannot be read", line, str_of(e.text));
	s->record.headers = original.headers; /* not written: they are somebody's letter */
	s->record.head = original.head;
	arena_init(&arena, 8192, (size_t)1 << 20);
	struct test_source source = test_source(&s->record, true);
	bool told = false;
	struct transaction *t2 = begin(s, &source, &arena);
	tell(s, t2, ENV_HELO);
	tell(s, t2, ENV_MAIL_FROM);
	head_tell(&s->record, t2, &told);
	tell_rcpts(s, t2);
	transaction_run(t2);
	give_leave(s, t2);
	verdict_of(s, t2, &again);
	struct str got = fingerprint(t2, &s->arena), want = fingerprint(t, &s->arena);
	if (!str_eq(got, want))
		complain(s, "findings by the record", got, want);
	if (v.kind != again.kind || v.score != again.score || !str_eq(v.one_line, again.one_line))
		complain(s, "verdict by the record", again.one_line, v.one_line);
	struct str second = write_record(s, t2, &again);
	if (!s->bad && !str_eq(second, line))
		complain(s, "the record of the record", second, line);
	transaction_end(t2);
	record_done(&s->record);
	s->record = original;
	arena_done(&arena);
}

static void
run_scenario(struct scenario *s)
{
	struct test_source source = test_source(&s->record, true);
	struct arena arena;

	arena_init(&s->arena, 8192, (size_t)4 << 20);
	arena_init(&s->scratch, 8192, (size_t)4 << 20);
	arena_init(&arena, 8192, (size_t)1 << 20);
	read_setup(s);
	bool told = false;
	struct transaction *t = begin(s, &source, &arena);
	tell(s, t, ENV_HELO);
	tell(s, t, ENV_MAIL_FROM);
	head_tell(&s->record, t, &told);
	tell_rcpts(s, t);
	transaction_run(t);
	give_leave(s, t);
	check_expectations(s, t);
	check_orders(s, fingerprint(t, &s->arena));
	check_record(s, t);
	transaction_end(t);
	record_done(&s->record);
	config_free(s->config);
	arena_done(&arena);
	arena_done(&s->scratch);
	arena_done(&s->arena);
	s->bad ? failed++ : passed++;
}

static void
run_file(const char *path)
{
	static char text[1 << 20];
	FILE *f = fopen(path, "r");
	struct str rest, line;
	unsigned line_no = 0, before = passed + failed;

	if (!f)
		perror(path), exit(2);
	rest = str_from(text, fread(text, 1, sizeof(text), f));
	fclose(f);
	struct scenario s = {.file = path, .line_no = 1};
	while (str_split(&rest, '\n', &line)) {
		line = str_trim(line);
		line_no++;
		if (str_eq(line, STR("---"))) {
			run_scenario(&s);
			s = (struct scenario){
				.file = path, .line_no = line_no + 1, .checks = s.checks};
		} else if (str_has_prefix(line, STR("checks "))) {
			s.checks = str_skip(line, 7);
		} else if (line.n && line.p[0] == '#') {
			s.title = s.title.n ? s.title : str_trim(str_skip(line, 1));
		} else if (line.n) {
			must_say(s.n < LINES_MAX, &s, line, "too many lines");
			s.line[s.n++] = line;
		}
	}
	if (s.n)
		run_scenario(&s);
	must_say(passed + failed > before, &s, STR(""), "no scenario");
}

int
main(int argc, char **argv)
{
	const char *env = getenv("MXWARD_ORDERS");

	if (env)
		orders = (unsigned)atoi(env);
	hash_seed();
	for (int i = 1; i < argc; i++)
		run_file(argv[i]);
	printf("%u scenarios passed, %u failed, %u orders each\n", passed, failed, orders);
	return failed || !passed;
}
