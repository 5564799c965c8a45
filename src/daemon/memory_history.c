/* daemon/memory_history: see memory_history.h. */
#include "daemon/memory_history.h"

#define MS	1000 /* settings are in milliseconds, the store counts seconds */
#define REPORT	(5 * HISTORY_POINT)
#define COUNT_N 16 /* half-lives after which a count that halves is nothing */

/* A sender that is seen for the first time is often one of those that are made for each message
 * (bounces of lists): forgotten early unless it comes again. */
#define NEW_SENDER_S   (14 * 86400)
#define KNOWN_SENDER_S (3650 * INT64_C(86400)) /* as long as the store keeps histories */

/* The date of first sight is written again after so many messages, or so long a silence. */
#define SEEN_EVERY  64
#define SEEN_IDLE_S (7 * 86400)

static const void *
settings_of(const struct generation *g, const struct check *check)
{
	size_t i = 0;

	while (g->checks.check[i] != check)
		must(++i < g->checks.n);
	return g->checks.settings[i];
}

const struct history_settings *
history_settings_of(const struct generation *g)
{
	return settings_of(g, &check_history);
}

/* --- changes --- */

/* Begin with a change of this history, if the message has such a one. */
static struct store_op *
begin(struct history_ops *out, const struct history_message *m, enum history_kind what)
{
	char room[HISTORY_NAME_MAX + 1];
	struct buf name = BUF(room), key = BUF(out->room[out->n]);
	struct store_op *op = &out->op[out->n];

	switch (what) {
	case HISTORY_CLIENT:
	case HISTORY_REFUSALS:
	case HISTORY_RESETS:
	case HISTORY_COMMANDS:
	case HISTORY_RECIPIENTS:
	case HISTORY_EMPTY:
		history_client_name(&m->client, &name);
		break;
	case HISTORY_SENDER:
		if (!m->sender_confirmed || !history_sender_name(m->sender, &name))
			return NULL;
		break;
	case HISTORY_DOMAIN:
		if (!m->sender_confirmed || !history_domain_name(m->sender, &name))
			return NULL;
		break;
	case HISTORY_SEEN: /* write_seen() */
	case HISTORY_REGISTERED:
		return NULL;
	}
	enum store_table table = history_key(what, buf_str(&name), &key);
	if (buf_is_cut(&name) || buf_is_cut(&key))
		return NULL;
	*op = (struct store_op){.op = STORE_ADD, .table = table, .key = buf_str(&key)};
	out->what[out->n] = what;
	out->name[out->n] = str_skip(buf_str(&key), 2);
	out->n++;
	return op;
}

static void
add(struct history_ops *out, const struct history_message *m, enum history_kind what,
	const struct history *more, const struct history_settings *settings)
{
	struct store_op *op = begin(out, m, what);

	if (!op)
		return;
	op->score = more->score;
	op->half_life_s = (uint32_t)(settings->half_life / MS);
	for (size_t i = 0; i < HISTORY_NUMBERS; i++)
		op->add[i] = more->n[i];
}

/* The histories that a message belongs to. */
static void
add_to_all(struct history_ops *out, const struct history_message *m, const struct history *more,
	const struct history_settings *settings)
{
	add(out, m, HISTORY_CLIENT, more, settings);
	add(out, m, HISTORY_SENDER, more, settings);
	add(out, m, HISTORY_DOMAIN, more, settings);
}

void
history_report(const struct history_message *m, enum history_number report, bool take_back,
	const struct history_settings *settings, struct history_ops *out)
{
	const int64_t sign = take_back ? -1 : 1;
	struct history more = {.score = sign * (report == HISTORY_SPAM ? -REPORT : REPORT)};

	must(report == HISTORY_SPAM || report == HISTORY_HAM);
	more.n[report] = sign;
	out->n = 0;
	add_to_all(out, m, &more, settings);
}

/* To a sum of which nothing but the score counts; half-life in milliseconds. */
static void
add_count(struct history_ops *out, const struct history_message *m, enum history_kind what,
	int64_t n, int64_t half_life)
{
	struct store_op *op = begin(out, m, what);
	int64_t half_life_s = half_life / MS;

	op->score = n * HISTORY_POINT;
	op->half_life_s = (uint32_t)half_life_s;
	op->keep_s = COUNT_N * half_life_s;
}

/* --- what a visit leaves --- */

/* How it counts. */
static enum history_number
number_of(const struct verdict *v)
{
	switch (v->policy->profile == PROFILE_MONITOR ? v->would : v->kind) {
	case VERDICT_ACCEPT:
	case VERDICT_TAG:
	case VERDICT_QUARANTINE:
		break;
	case VERDICT_DEFER:
		return HISTORY_DEFERRED;
	case VERDICT_REJECT:
		return HISTORY_REFUSED;
	}
	return HISTORY_ACCEPTED;
}

/* The ways in which recipients were decided that were not told before, as bits. */
static unsigned
numbers_of(const struct visit_case *c)
{
	unsigned bits = 0;

	for (size_t i = 0; i < c->n; i++)
		if (!(c->before >> i & 1))
			bits |= 1u << number_of(c->rcpt[i].verdict);
	if (c->given_up)
		bits &= ~(1u << HISTORY_ACCEPTED);
	return bits;
}

/* Would it be accepted if nothing bad were known of before?  Were such a refusal charged, nobody
 * would ever get out of a bad record by sending what is good. */
static bool
rests_on_history(const struct visit_case *c, const struct verdict *v)
{
	const struct check_set *checks = &c->generation->checks;
	struct result r = transaction_result(c->transaction);
	int32_t without = v->score;

	for (size_t i = 0; i < r.n; i++) {
		const struct finding *f = r.finding[i];
		struct action a = policy_action_in(v, checks, f, &c->client->ip);
		bool ours = checks->check[f->check] == &check_history;
		if (a.kind == ACTION_REJECT && !ours)
			return false;
		if (a.kind == ACTION_SCORE && a.points > 0 && ours)
			without -= a.points;
	}
	return without < v->policy->reject_at;
}

/* Is some of it refused for what it is? */
static bool
is_charged(const struct visit_case *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (!(c->before >> i & 1) && number_of(c->rcpt[i].verdict) == HISTORY_REFUSED &&
			!rests_on_history(c, c->rcpt[i].verdict))
			return true;
	return false;
}

static void
write_seen(struct store_client *store, struct str domain, const struct history *before)
{
	char room[HISTORY_NAME_MAX + 2];
	struct buf key = BUF(room);
	int64_t n = before->n[HISTORY_ACCEPTED] + before->n[HISTORY_REFUSED] +
		before->n[HISTORY_DEFERRED];

	if (before->status == HISTORY_OK && before->idle_s < SEEN_IDLE_S && n % SEEN_EVERY)
		return;
	(void)history_key(HISTORY_DOMAIN, domain, &key);
	(void)store_client_write(store,
		&(struct store_op){.op = STORE_ADD, .table = STORE_SEEN, .key = buf_str(&key)});
}

/* Hand over, and keep in mind here. */
static void
write_ops(struct source_history *source, struct store_client *store, struct history_ops *ops)
{
	for (size_t i = 0; i < ops->n; i++) {
		struct store_op *op = &ops->op[i];
		struct history more = {.score = op->score}, before = {.status = HISTORY_UNKNOWN};
		memcpy(more.n, op->add, sizeof(more.n));
		if (source)
			(void)source_history_add(
				source, ops->what[i], ops->name[i], &more, &before);
		if (ops->what[i] == HISTORY_SENDER)
			op->keep_s = before.status == HISTORY_NONE ? NEW_SENDER_S : KNOWN_SENDER_S;
		(void)store_client_write(store, op);
		if (ops->what[i] == HISTORY_DOMAIN && before.status != HISTORY_UNKNOWN)
			write_seen(store, ops->name[i], &before);
	}
}

void
memory_history_put(
	struct source_history *source, struct store_client *store, const struct visit_case *c)
{
	const struct history_settings *settings = history_settings_of(c->generation);
	const struct history_message m = {.client = c->client->ip,
		.sender = transaction_env_get(c->transaction, ENV_MAIL_FROM),
		.sender_confirmed = transaction_result(c->transaction).sender_confirmed};
	unsigned bits = numbers_of(c) & ~*c->marks;
	struct history more = {.score = 0};
	struct history_ops ops;

	for (unsigned i = 0; i < HISTORY_NUMBERS; i++)
		more.n[i] = bits >> i & 1;
	if (!bits)
		return;
	*c->marks |= bits;
	bool charged = more.n[HISTORY_REFUSED] && is_charged(c);
	more.score = (more.n[HISTORY_ACCEPTED] - charged) * HISTORY_POINT;
	ops.n = 0;
	add_to_all(&ops, &m, &more, settings);
	if (charged)
		add_count(&ops, &m, HISTORY_REFUSALS, 1, settings->within);
	write_ops(source, store, &ops);
}

void
memory_history_bad_rcpt(struct source_history *source, struct store_client *store,
	const struct generation *g, const struct ip *client)
{
	const struct history_message m = {.client = *client};
	struct history more = {.n = {[HISTORY_BAD_RCPTS] = 1}};
	struct history_ops ops;

	ops.n = 0;
	add(&ops, &m, HISTORY_CLIENT, &more, history_settings_of(g));
	write_ops(source, store, &ops);
}

void
memory_history_session(struct source_history *source, struct store_client *store,
	const struct generation *g, const struct ip *client, const struct session *s)
{
	static const enum history_kind kinds[] = {
		HISTORY_RESETS, HISTORY_COMMANDS, HISTORY_RECIPIENTS, HISTORY_EMPTY};
	const struct session_settings *settings = settings_of(g, &check_session);
	const int64_t limit[] = {
		settings->resets, settings->commands, settings->recipients, settings->empty};
	const struct history_message m = {.client = *client};
	struct history_ops ops;

	ops.n = 0;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		int64_t n = session_count(s, kinds[i]);
		if (limit[i] && n)
			add_count(&ops, &m, kinds[i], n, settings->half_life);
	}
	write_ops(source, store, &ops);
}
