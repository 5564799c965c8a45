/*
 * cli/replay_cases: see replay_cases.h.
 *
 * Made for a hundred thousand cases: each is read once, its recipients are judged in one visit, and
 * all memory is used again.  What was decided then is taken from the case, but for what only the
 * daemon's state decided: that a message came for the first time, that client addresses were lost.
 * There it counts what the settings said.
 *
 * A case knows only what was asked then.  Where other settings ask more, the answer is missing, and
 * nobody can say what would have become of it; such decisions are counted apart, unless the message
 * would be refused whatever the answer.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json_in.h"
#include "checks/dnsbl.h"
#include "cli/case_read.h"
#include "cli/cli.h"
#include "cli/replay_cases.h"
#include "cli/replay_diff.h"
#include "cli/settings.h"
#include "core/record.h"
#include "daemon/config_store.h"

#define PROGRESS_MS 500

/* A record that notes what it was asked in vain. */
struct watched {
	struct source source;
	struct record *record;
	bool missed;
};

/* What becomes of a recipient. */
struct outcome {
	enum verdict_kind kind;
	const char *main;
};

/* One set of settings that cases are judged by. */
struct judge {
	struct config *config;
	struct rules *exempt, *mailbox;
	struct generation *generation;
	struct gate *gate;
	struct watched watched;
	/* the case under way */
	struct visit *visit;
	const struct report_style *style; /* to print each decision; NULL: not at all */
	size_t n;
	struct outcome *outcome; /* of n recipients */
};

struct run {
	const struct replay_cases_options *o;
	struct judge now, then; /* then: only with --against */
	struct diff *diff;
	struct diff_scope scope;
	struct arena arena;
	bool progress;
	uint64_t shown_ms;
};

static volatile sig_atomic_t interrupted;

static void
on_interrupt(int signal_number)
{
	interrupted = 1;
}

/* --- judging --- */

static struct answer *
lookup(struct source *s, struct str name, enum dns_type type, uint64_t hash)
{
	struct watched *w = (struct watched *)s;
	struct answer *a = w->record->source.lookup(&w->record->source, name, type, hash);

	w->missed |= a == w->record->unknown;
	return a;
}

static void
decided(void *ctx, const struct decision *d)
{
	struct judge *j = ctx;
	const struct outcome o = {
		d->verdict->kind, d->verdict->main ? d->verdict->main->code->id : ""};

	if (d->n_rcpts) {
		for (size_t i = 0; i < j->n; i++)
			if (!verdict_refuses(j->outcome[i].kind))
				j->outcome[i] = o;
	} else {
		j->outcome[j->n++] = o;
	}
	if (j->style)
		report_decision(stdout, j->style, d->case_id, d, visit_transaction(j->visit));
}

static void
no_alarm(void *ctx, const struct health_alarm *alarm)
{
}

static void
done(void *ctx, const struct verdict *v)
{
}

static bool
judge_open(struct judge *j, const char *path, struct store *store)
{
	j->config = replay_load(path);
	if (!j->config)
		return false;
	struct generation *base = config_generation(j->config);
	/* The exemptions and switches of the store, as they are today. */
	j->exempt = cli_read_rules(store, STORE_EXEMPT, j->config);
	j->mailbox = cli_read_rules(store, STORE_MAILBOX, j->config);
	j->generation = rules_generation(
		base, &(struct rules_now){.exempt = j->exempt, .mailbox = j->mailbox});
	j->gate = gate_new(&(struct gate_options){.decided = decided, .alarm = no_alarm, .ctx = j},
		j->generation);
	j->watched.source.lookup = lookup;
	j->generation->source = &j->watched.source;
	return true;
}

static void
judge_close(struct judge *j)
{
	gate_free(j->gate);
	if (j->generation)
		j->generation->source = NULL;
	generation_unref(j->generation);
	rules_unref(j->exempt);
	rules_unref(j->mailbox);
	config_free(j->config);
}

static void
judge_begin(struct judge *j, struct record *r, bool has_head)
{
	struct generation *g = j->generation;
	const struct lists_now lists = {
		.canary = r->canary, .suspended = dnsbl_bits(g->site.lists, &r->suspended)};

	j->watched.record = r;
	j->watched.missed = false;
	g->history = record_history(r);
	j->visit = visit_new(j->gate,
		&(struct visit_client){.ip = r->client,
			.port = r->port,
			.way = "replay",
			.case_id = r->id,
			.lists = &lists,
			.head_later = has_head,
			.session = r->session.known ? &r->session : NULL,
			.rcpts = r->n_rcpts,
			.time = r->time});
	visit_env_if(j->visit, ENV_HELO, r->has_helo, r->helo);
	visit_env_if(j->visit, ENV_MAIL_FROM, r->has_from, r->from);
}

/* All recipients, then the message, as a milter would have it done. */
static void
judge_all(struct judge *j, struct record *r, struct arena *a)
{
	struct message_head head;
	bool has_head = case_head(a, r, &head);

	const struct json_in *cut = json_in_get(r->json, "cut");

	j->n = 0;
	j->outcome = arena_calloc(a, r->rcpt.n + 1, sizeof(*j->outcome));
	judge_begin(j, r, has_head);
	for (size_t i = 0; i < r->rcpt.n; i++)
		visit_judge(j->visit, r->rcpt.word[i], STR(""), done, j);
	if (has_head) {
		/* Some of what was found may have had no room. */
		j->watched.missed |= head.found && cut && cut->kind == JSON_IN_BOOL && cut->yes;
		visit_head(j->visit, &head);
		visit_judge_message(j->visit, STR(""), done, j);
	}
	visit_end(j->visit);
	j->visit = NULL;
	j->generation->history = NULL;
}

/* --- a case --- */

/* What was decided then, as far as the settings decided it. */
static enum verdict_kind
kept_verdict(const struct json_in *v, struct str *main_out)
{
	const struct json_in *passing = json_in_get(v, "passing");
	struct str word = json_in_text(v, "verdict"), would = json_in_text(v, "would");

	if (passing && passing->kind == JSON_IN_BOOL && passing->yes && would.n)
		word = would;
	*main_out = json_in_text(v, "main");
	for (int k = VERDICT_ACCEPT; k <= VERDICT_REJECT; k++)
		if (str_eq(word, str_of(verdict_name((enum verdict_kind)k))))
			return (enum verdict_kind)k;
	return VERDICT_ACCEPT;
}

static void
compare(struct run *r, const struct record *record, size_t i, const struct json_in *kept)
{
	const struct outcome *now = &r->now.outcome[i];
	struct changed c = {.case_id = record->id,
		.from = record->from,
		.has_from = record->has_from,
		.rcpt = record->rcpt.word[i],
		.client = &record->client,
		.after = now->kind};
	bool missed = r->now.watched.missed;

	if (r->then.gate) {
		c.before = r->then.outcome[i].kind;
		c.finding = str_of(r->then.outcome[i].main);
		missed |= r->then.watched.missed;
	} else {
		c.before = kept_verdict(kept, &c.finding);
	}
	if (c.before == c.after)
		return;
	if (missed && !(c.after == VERDICT_REJECT)) {
		diff_add_untold(r->diff);
		return;
	}
	/* Who is to be blamed: the finding that refuses, now or then. */
	if (verdict_refuses(c.after) || !c.finding.n)
		c.finding = str_of(now->main);
	diff_add(r->diff, &c);
}

static void
judge_case(struct run *r, struct record *record)
{
	const struct json_in *verdicts = json_in_get(record->json, "verdicts");
	const struct json_in *kept =
		verdicts && verdicts->kind == JSON_IN_LIST ? verdicts->first : NULL;

	judge_all(&r->now, record, &r->arena);
	if (r->then.gate)
		judge_all(&r->then, record, &r->arena);
	for (size_t i = 0; i < record->rcpt.n; i++, kept = kept ? kept->next : NULL) {
		if (r->o->diff && !r->then.gate && !kept)
			break; /* nobody says what was decided */
		r->scope.rcpts++;
		if (r->o->diff)
			compare(r, record, i, kept);
	}
}

static void
show_progress(struct run *r)
{
	uint64_t now = r->progress ? clock_ms() : 0;

	if (!r->progress || now < r->shown_ms + PROGRESS_MS)
		return;
	r->shown_ms = now;
	fprintf(stderr, "\r%" PRIu64 " cases", r->scope.cases);
	if (r->diff)
		fprintf(stderr, ", %" PRIu64 " decisions change", diff_count(r->diff));
}

static bool
each(void *ctx, const struct store_record *s)
{
	struct run *r = ctx;
	struct record record;
	struct errbuf e = {0};

	arena_reset(&r->arena);
	if (record_parse(&r->arena, s->value, &record, &e)) {
		r->scope.cases++;
		if (!r->scope.last || record.time > r->scope.last)
			r->scope.last = record.time;
		if (!r->scope.first || record.time < r->scope.first)
			r->scope.first = record.time;
		judge_case(r, &record);
		record_done(&record);
	} else {
		r->scope.unreadable++;
	}
	show_progress(r);
	return !interrupted && !ferror(stdout);
}

/* --- the whole --- */

static int
finish(struct run *r)
{
	const struct page page = {stdout, report_wants_colour(stdout)};

	if (r->progress)
		fputs("\r\033[K", stderr);
	r->scope.interrupted = interrupted;
	if (r->diff && r->o->json)
		diff_show_json(stdout, r->diff, &r->scope);
	else if (r->diff)
		diff_show(&page, r->diff, &r->scope);
	else if (r->scope.unreadable)
		(void)cli_fail(0, "%" PRIu64 " cases could not be read", r->scope.unreadable);
	if (r->scope.unreadable)
		return cli_finish(EX_DATAERR);
	return cli_finish(r->diff && diff_newly_refused(r->diff) ? 1 : EX_OK);
}

static int
search(struct run *r, struct store *store, const struct store_query *query)
{
	const struct sigaction catch = {.sa_handler = on_interrupt};

	if (!judge_open(&r->now, settings_path(r->o->settings), store) ||
		(r->o->against && !judge_open(&r->then, r->o->against, store)))
		return EX_CONFIG;
	if (!r->o->diff)
		r->now.style = &r->o->style;
	(void)sigaction(SIGINT, &catch, NULL);
	enum store_status status = store_find(store, query, each, r);
	return status == STORE_OK ? finish(r) : cli_store_failed(store, status);
}

/* The store of the settings to judge by, unless they have none. */
static int
open_cases(const struct replay_cases_options *o, struct opened *out)
{
	const char *named = o->settings;

	if (named && !o->file) {
		struct config *c = replay_load(named);
		if (!c)
			return EX_CONFIG;
		if (!config_has_store(c))
			named = NULL;
		config_free(c);
	}
	return cli_need_store(named, o->file, OPENED_READ, out);
}

int
cli_replay_cases(const struct replay_cases_options *o)
{
	struct run r = {.o = o, .progress = isatty(STDERR_FILENO) && (o->diff || !isatty(1))};
	struct opened opened;
	struct store_query query;
	struct arena a;
	int status = open_cases(o, &opened);

	if (status != -1)
		return status;
	arena_init(&a, 1024, 65536);
	arena_init(&r.arena, 64 << 10, (size_t)64 << 20);
	if (o->diff)
		r.diff = diff_new(o->samples);
	status = case_query_make("replay", &o->query, opened.config, &a, &query);
	if (status == EX_OK)
		status = search(&r, opened.store, &query);
	judge_close(&r.now);
	judge_close(&r.then);
	diff_free(r.diff);
	arena_done(&r.arena);
	arena_done(&a);
	cli_close_store(&opened);
	return status;
}
