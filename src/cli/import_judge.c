/*
 * cli/import_judge: judge the transactions of a log, many at once, slowly; see import.h.
 *
 * Only a transaction that has to ask DNS counts against the rate: what the cache knows costs nobody
 * anything.  What was judged is written as a record at once, each line by one write(), so that a
 * run which ends in whatever way can be taken up where it was: the next one judges what it finds in
 * the file by the facts there, and asks only for what is missing or had failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "checks/dnsbl.h"
#include "cli/cli.h"
#include "cli/import.h"
#include "core/record.h"
#include "core/record_put.h"

#define SLOTS_MIN    10
#define SLOTS_MAX    100
#define AT_ONCE	     200 /* answered without asking, before the loop gets its turn */
#define PROGRESS_MS  500
#define RECORD_RCPTS 10 /* as many as record_put.h promises room for */

struct judging;

struct slot {
	struct judging *j;
	struct visit *visit; /* NULL: free */
	struct import_key *key;
	struct import_attempt *at;
	bool inside, answered; /* visit_judge() has not returned yet; was answered meanwhile */
	struct record_rcpt rcpt[RECORD_RCPTS];
	size_t n_rcpt;
};

struct judging {
	const struct import_judge_options *o;
	struct generation *generation;
	struct gate *gate;
	struct timer *timer, *progress;
	struct slot slot[SLOTS_MAX];
	size_t n_slots, busy, next, done;
	uint64_t next_us;      /* when the next one may ask */
	int resume_fd, out_fd; /* -1: none */
	bool interrupted, failed;
};

/* Records. */

static bool
write_all(int fd, struct str s)
{
	while (s.n) {
		ssize_t n = write(fd, s.p, s.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		s = str_skip(s, (size_t)n);
	}
	return true;
}

static void
put_line(struct judging *j, int fd, const char *path, struct str line)
{
	if (fd < 0 || j->failed || write_all(fd, line))
		return;
	j->failed = true;
	cli_fail(EX_IOERR, "%s: %s", path, strerror(errno));
	loop_stop(j->o->loop);
}

static void
put_record(struct slot *s)
{
	static char room[RECORD_PUT_MAX + 1];
	struct judging *j = s->j;
	const struct generation *g = j->generation;
	struct buf b = BUF(room);

	if (s->n_rcpt == 0 || (j->resume_fd < 0 && j->out_fd < 0)) {
		s->n_rcpt = 0;
		return;
	}
	b.max--;
	record_put(&(struct record_out){.id = visit_case_id(s->visit),
			   .queue_id = s->at ? s->at->queue : STR(""),
			   .way = "import-log",
			   .transaction = visit_transaction(s->visit),
			   .checks = &g->checks,
			   .has_lists = g->site.lists && g->site.lists->n,
			   .settings = g->number,
			   .n = s->n_rcpt,
			   .rcpt = s->rcpt},
		&b);
	must(!buf_is_cut(&b)); /* record_put.h promises room */
	b.max++;
	buf_putc(&b, '\n');
	put_line(j, j->resume_fd, j->o->resume, buf_str(&b));
	put_line(j, j->out_fd, j->o->out, buf_str(&b));
	s->n_rcpt = 0;
}

/* One transaction. */

static void
answered(struct slot *s, const struct verdict *v)
{
	struct judging *j = s->j;
	struct transaction *t = visit_transaction(s->visit);
	struct result result;

	if (t)
		result = transaction_result(t);
	import_tally_add(j->o->tally, s->key, s->at, j->generation, t ? &result : NULL, v);
	if (t)
		s->rcpt[s->n_rcpt++] = (struct record_rcpt){
			.rcpt = str_slice(s->at->rcpt, 0, RECORD_PUT_RCPT), .verdict = v};
	if (s->n_rcpt == RECORD_RCPTS)
		put_record(s);
}

static void
slot_done(struct slot *s)
{
	struct judging *j = s->j;

	put_record(s);
	visit_end(s->visit);
	s->visit = NULL;
	s->key->judged = true;
	j->busy--;
	j->done++;
	j->o->tally->judged++;
}

static void done(void *ctx, const struct verdict *v);

/* Judge the attempts that are left, until one has to wait. */
static void
slot_go(struct slot *s)
{
	while (s->at) {
		struct str rcpt = s->at->rcpt.p ? s->at->rcpt : STR("");
		s->inside = true;
		s->answered = false;
		visit_judge(s->visit, rcpt, s->at->queue, done, s);
		s->inside = false;
		if (!s->answered)
			return;
		s->at = s->at->next;
	}
	slot_done(s);
}

static void
done(void *ctx, const struct verdict *v)
{
	struct slot *s = ctx;

	answered(s, v);
	s->answered = true;
	if (s->inside)
		return;
	s->at = s->at->next;
	slot_go(s);
	if (!s->visit)
		timer_set(s->j->timer, 0);
}

/* True: it has to ask. */
static bool
slot_start(struct judging *j, struct import_key *key)
{
	size_t i = 0;

	while (j->slot[i].visit)
		i++;
	must(i < j->n_slots);
	struct slot *s = &j->slot[i];
	*s = (struct slot){.j = j, .key = key, .at = key->attempts};
	j->busy++;
	s->visit =
		visit_new(j->gate, &(struct visit_client){.ip = key->client, .way = "import-log"});
	visit_env_if(s->visit, ENV_HELO, key->helo.p, key->helo);
	visit_env_if(s->visit, ENV_MAIL_FROM, key->from.p, key->from);
	slot_go(s);
	return s->visit;
}

/* All of them. */

static struct import_key *
next_key(struct judging *j)
{
	const struct import_set *set = j->o->set;

	while (j->next < set->n && set->key[j->next]->judged)
		j->next++;
	return j->next < set->n ? set->key[j->next] : NULL;
}

static void
pump(void *ctx)
{
	struct judging *j = ctx;
	struct import_key *key;

	for (unsigned free_ones = 0; (key = next_key(j)) && j->busy < j->n_slots;) {
		uint64_t now = clock_us();
		if (j->interrupted || j->failed)
			return;
		if (now < j->next_us) {
			timer_set(j->timer, (j->next_us - now + 999) / 1000);
			return;
		}
		j->next++;
		if (slot_start(j, key)) {
			j->next_us = (now > j->next_us + 1000000 ? now : j->next_us) +
				1000000 / j->o->rate;
		} else if (++free_ones == AT_ONCE) {
			timer_set(j->timer, 0);
			return;
		}
	}
	if (!key && !j->busy)
		loop_stop(j->o->loop);
}

static void
tell_progress(void *ctx)
{
	struct judging *j = ctx;

	j->o->progress(j->o->ctx, j->done, j->o->set->n);
	timer_set(j->progress, PROGRESS_MS);
}

static void
interrupt(void *ctx)
{
	struct judging *j = ctx;

	j->interrupted = true;
	loop_stop(j->o->loop);
}

static void
run(struct judging *j)
{
	struct watch *on_int = loop_on_signal(j->o->loop, SIGINT, interrupt, j);
	struct watch *on_term = loop_on_signal(j->o->loop, SIGTERM, interrupt, j);

	j->timer = timer_new(j->o->loop, pump, j);
	j->progress = timer_new(j->o->loop, tell_progress, j);
	timer_set(j->progress, PROGRESS_MS);
	timer_set(j->timer, 0);
	if (!j->failed && next_key(j))
		loop_run(j->o->loop);
	for (size_t i = 0; i < j->n_slots; i++) {
		visit_end(j->slot[i].visit);
		j->slot[i].visit = NULL;
	}
	timer_free(j->timer);
	timer_free(j->progress);
	watch_free(on_int);
	watch_free(on_term);
}

/* Going on where another run ended. */

/* Whether the record knew all that was asked, and nothing had failed. */
static bool
is_complete(const struct transaction *t, const struct record *r)
{
	for (size_t i = 0; i < transaction_facts(t); i++) {
		const struct fact *f = transaction_fact(t, i);
		if (f->kind == FACT_DNS &&
			(!f->answer || f->answer == r->unknown ||
				f->answer->dns.status == DNS_FAIL))
			return false;
	}
	return true;
}

static void
ignore(void *ctx, const struct verdict *v)
{
}

static bool
judge_by_record(struct judging *j, struct import_key *key, struct record *r)
{
	struct generation *g = j->generation;
	struct source *source = g->source;
	const struct lists_now lists = {
		.canary = r->canary, .suspended = dnsbl_bits(g->site.lists, &r->suspended)};
	struct slot s = {.j = j, .key = key, .at = key->attempts, .inside = true};

	g->source = &r->source;
	s.visit = visit_new(j->gate,
		&(struct visit_client){.ip = key->client,
			.way = "import-log",
			.case_id = r->id,
			.lists = &lists,
			.time = r->time});
	visit_env_if(s.visit, ENV_HELO, key->helo.p, key->helo);
	visit_env_if(s.visit, ENV_MAIL_FROM, key->from.p, key->from);
	visit_judge(s.visit, STR(""), STR(""), ignore, NULL);
	bool complete = visit_transaction(s.visit) && is_complete(visit_transaction(s.visit), r);
	for (; complete && s.at; s.at = s.at->next) {
		visit_judge(s.visit, s.at->rcpt.p ? s.at->rcpt : STR(""), s.at->queue, done, &s);
		s.n_rcpt = 0;
	}
	visit_end(s.visit);
	g->source = source;
	if (!complete)
		return false;
	key->judged = true;
	j->done++;
	j->o->tally->judged++;
	j->o->tally->resumed++;
	return true;
}

/* False: it is no record. */
static bool
resume_line(struct judging *j, struct str line, struct errbuf *e)
{
	struct arena arena;
	struct record r;
	const struct str nothing = {NULL, 0};

	arena_init(&arena, 16 << 10, (size_t)64 << 20);
	if (!record_parse(&arena, line, &r, e)) {
		arena_done(&arena);
		return false;
	}
	struct import_key *key = import_set_find(
		j->o->set, &r.client, r.has_helo ? r.helo : nothing, r.has_from ? r.from : nothing);
	if (key && (key->judged || judge_by_record(j, key, &r)) && j->out_fd >= 0) {
		put_line(j, j->out_fd, j->o->out, line);
		put_line(j, j->out_fd, j->o->out, STR("\n"));
	}
	record_done(&r);
	arena_done(&arena);
	return true;
}

/* What is not a whole line at its end is of a run that was killed: it goes. */
static int
resume_from(struct judging *j)
{
	const char *path = j->o->resume;
	struct errbuf e = {0};
	char *line = NULL, text[1024];
	size_t room = 0;
	ssize_t n;
	off_t whole = 0;
	FILE *in = fopen(path, "r");

	if (!in)
		return cli_fail(EX_NOINPUT, "%s: %s", path, strerror(errno));
	int status = EX_OK;
	for (unsigned line_no = 1; (n = getline(&line, &room, in)) > 0; line_no++) {
		if (line[n - 1] != '\n')
			break;
		errbuf_at(&e, path, line_no);
		if (!resume_line(j, str_from(line, (size_t)n - 1), &e)) {
			errbuf_print(&e, text, sizeof(text));
			status = cli_fail(EX_DATAERR, "%s", text);
			break;
		}
		whole += n;
	}
	if (status == EX_OK && ferror(in))
		status = cli_fail(EX_IOERR, "%s: %s", path, strerror(errno));
	/* A file of another kind is left alone. */
	if (status == EX_OK && n > 0 && line[0] != '{')
		status = cli_fail(EX_DATAERR, "%s: is no file of records", path);
	if (status == EX_OK && ftruncate(j->resume_fd, whole) != 0)
		status = cli_fail(EX_IOERR, "%s: %s", path, strerror(errno));
	free(line);
	fclose(in);
	return status;
}

static int
open_records(struct judging *j)
{
	const struct import_judge_options *o = j->o;

	if (o->out) {
		j->out_fd = open(o->out, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
		if (j->out_fd < 0)
			return cli_fail(EX_CANTCREAT, "%s: %s", o->out, strerror(errno));
	}
	if (!o->resume)
		return EX_OK;
	j->resume_fd = open(o->resume, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (j->resume_fd < 0)
		return cli_fail(EX_CANTCREAT, "%s: %s", o->resume, strerror(errno));
	if (flock(j->resume_fd, LOCK_EX | LOCK_NB) != 0)
		return cli_fail(EX_TEMPFAIL, "%s: another run is writing to it", o->resume);
	return resume_from(j);
}

static void
no_alarm(void *ctx, const struct health_alarm *alarm)
{
}

int
import_judge(const struct import_judge_options *o, bool *interrupted)
{
	struct judging j = {.o = o,
		.generation = o->generation,
		.n_slots = o->rate < SLOTS_MIN ? SLOTS_MIN
			: o->rate > SLOTS_MAX  ? SLOTS_MAX
					       : o->rate,
		.resume_fd = -1,
		.out_fd = -1};
	const struct gate_options g = {.loop = o->loop, .alarm = no_alarm, .ctx = &j};

	j.gate = gate_new(&g, j.generation);
	int status = open_records(&j);
	if (status == EX_OK)
		run(&j);
	gate_free(j.gate);
	if (j.resume_fd >= 0)
		close(j.resume_fd);
	if (j.out_fd >= 0)
		close(j.out_fd);
	*interrupted = j.interrupted;
	return j.failed ? EX_IOERR : status;
}
