/*
 * store/redis_link: the connection to the server, commands and their answers, and what its errors
 * mean.
 *
 * All commands of a round are sent at once and all of its answers awaited, under one deadline.  A
 * connection on which anything was left open is closed: the next one begins clean.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/caller.h"
#include "store/redis_private.h"

#define REST_MIN_MS 500
#define REST_MAX_MS 4000
#define OUT_MIN	    4096
#define WRONG_TYPE  "WRONGTYPE"
#define OUT_KEPT    ((size_t)1 << 20)

/* --- putting commands together --- */

static char *
more(struct redis_out *o, size_t n)
{
	if (o->n + n > o->room) {
		o->room = o->room ? o->room : OUT_MIN;
		while (o->room < o->n + n)
			o->room *= 2;
		o->p = heap_realloc(o->p, o->room);
	}
	o->n += n;
	return o->p + o->n - n;
}

static void
put_raw(struct redis_out *o, struct str s)
{
	if (s.n)
		memcpy(more(o, s.n), s.p, s.n);
}

static void
put_head(struct redis_out *o, char what, size_t n)
{
	char room[32];
	int len = snprintf(room, sizeof(room), "%c%zu\r\n", what, n);

	put_raw(o, str_from(room, (size_t)len));
}

void
redis_put(struct redis *q, struct str arg)
{
	put_head(&q->out, '$', arg.n);
	put_raw(&q->out, arg);
	put_raw(&q->out, STR("\r\n"));
}

void
redis_put_z(struct redis *q, const char *arg)
{
	redis_put(q, str_of(arg));
}

void
redis_put_number(struct redis *q, int64_t n)
{
	char room[24];

	snprintf(room, sizeof(room), "%lld", (long long)n);
	redis_put_z(q, room);
}

void
redis_command(struct redis *q, const char *name, size_t n_args)
{
	put_head(&q->out, '*', 1 + n_args);
	redis_put_z(q, name);
	q->out.commands++;
}

static void
put_key(struct redis *q, struct str head, struct str tail)
{
	put_head(&q->out, '$', q->prefix_n + head.n + tail.n);
	put_raw(&q->out, str_from(q->prefix, q->prefix_n));
	put_raw(&q->out, head);
	put_raw(&q->out, tail);
	put_raw(&q->out, STR("\r\n"));
}

void
redis_put_name(struct redis *q, const char *name)
{
	put_key(q, str_of(name), STR(""));
}

void
redis_put_record(struct redis *q, enum store_table table, struct str key)
{
	const char head[3] = {'r', (char)('0' + table), ':'};

	put_key(q, str_from(head, sizeof(head)), key);
}

void
redis_put_index(struct redis *q, char which, enum store_table table)
{
	const char head[2] = {which, (char)('0' + table)};

	put_key(q, str_from(head, sizeof(head)), STR(""));
}

void
redis_put_by_time(struct redis *q, enum store_table table, int kind)
{
	const char head[3] = {'t', (char)('0' + table), (char)('0' + kind)};

	put_key(q, str_from(head, sizeof(head)), STR(""));
}

void
redis_put_writer(struct redis *q, struct str id)
{
	put_key(q, STR("writer:"), id);
}

/* --- trouble --- */

void
redis_disconnect(struct redis *q)
{
	if (q->fd >= 0)
		caller_close(q->fd);
	q->fd = -1;
}

/* A server that does not answer is left alone for a while, so that not every question waits. */
static void
rest(struct store *s)
{
	struct redis *q = s->own;

	q->rest_ms = q->rest_ms ? q->rest_ms * 2 : REST_MIN_MS;
	if (q->rest_ms > REST_MAX_MS)
		q->rest_ms = REST_MAX_MS;
	q->rest_until = store_ms(s) + q->rest_ms;
}

/* The connection is of no use any more.  closed: by the server, which may serve another one. */
static enum store_status
lost(struct store *s, bool closed, const char *what)
{
	struct redis *q = s->own;

	redis_disconnect(q);
	q->again = closed && !q->fresh;
	if (!q->again)
		rest(s);
	return store_trouble(s, "Redis at %s %s", q->at, what);
}

struct meaning {
	const char *code, *means;
	bool leave; /* another connection may lead to another server */
};

static const struct meaning meanings[] = {
	{"LOADING", "is still loading its data", false},
	{"READONLY", "is a replica and takes no changes", true},
	{"MASTERDOWN", "is a replica that has lost its master", true},
	{"MISCONF", "takes no changes because it cannot save to its disk", false},
	{"OOM", "has no memory left (maxmemory)", false},
	{"NOREPLICAS", "takes no changes because it has too few replicas", false},
	{"NOAUTH", "wants a password ([store] redis_password_file)", true},
	{"WRONGPASS", "does not accept our name and password", true},
	{"NOPERM", "does not permit what we need", false},
	{"MOVED", "is part of a cluster, with which this does not work", false},
	{"ASK", "is part of a cluster, with which this does not work", false},
	{"CROSSSLOT", "is part of a cluster, with which this does not work", false},
	{"CLUSTERDOWN", "is part of a cluster, with which this does not work", false},
	{"TRYAGAIN", "is part of a cluster, with which this does not work", false},
	{"BUSY", "is busy with a script", false},
	{WRONG_TYPE, "holds under our prefix something that is not ours", false},
	{"DENIED", "does not serve us (protected mode)", true},
	{"NOSCRIPT", "speaks of scripts, and we use none", true},
};

enum store_status
redis_error(struct store *s, struct str text)
{
	struct redis *q = s->own;
	struct str code = str_slice(text, 0, str_find(text, ' '));
	const struct meaning *m = NULL;
	char room[128];
	struct buf said = BUF(room);

	for (size_t i = 0; i < COUNT(meanings) && !m; i++)
		if (str_eq(code, str_of(meanings[i].code)))
			m = &meanings[i];
	buf_put_escaped(&said, text, 80);
	if (m && m->leave && !q->fresh) {
		redis_disconnect(q);
		q->again = true;
	}
	return store_trouble(s, "Redis at %s %s: \"%.*s\"", q->at, m ? m->means : "refuses",
		STR_ARG(buf_str(&said)));
}

static enum store_status
too_late(struct store *s)
{
	char room[64];
	struct redis *q = s->own;

	snprintf(room, sizeof(room), "does not answer within %llu ms",
		(unsigned long long)q->timeout_ms);
	return lost(s, false, room);
}

/* --- a round --- */

static enum store_status
broken(struct store *s, enum caller_end end)
{
	int why = errno;
	char room[128];

	if (end == CALLER_TIMEOUT)
		return too_late(s);
	snprintf(room, sizeof(room), "closes the connection%s%s", why ? ": " : "",
		why ? strerror(why) : "");
	return lost(s, true, room);
}

static enum store_status
bad(struct store *s, const char *what)
{
	char room[160];

	snprintf(room, sizeof(room), "says %s", what);
	return lost(s, false, room);
}

/* Take what has come apart; *left: answers that are still to come. */
static enum store_status
take(struct store *s, struct str bytes, size_t *left)
{
	struct redis *q = s->own;
	enum redis_read got;

	if (!redis_reader_feed(q->reader, bytes))
		return bad(s, redis_reader_why(q->reader));
	while (*left > 0) {
		got = redis_reader_next(q->reader, &q->value[q->n_values]);
		if (got == REDIS_READ_BAD)
			return bad(s, redis_reader_why(q->reader));
		if (got == REDIS_READ_MORE)
			return STORE_OK;
		q->n_values++;
		--*left;
	}
	return redis_reader_has_more(q->reader) ? bad(s, "more than it was asked") : STORE_OK;
}

static enum store_status
exchange(struct store *s, struct str request, size_t left)
{
	struct redis *q = s->own;
	uint64_t until_us = clock_us() + q->timeout_ms * 1000;
	size_t n;

	enum caller_end end = caller_say(q->fd, request, until_us);
	/* It may have closed already, and still have said why. */
	if (end == CALLER_TIMEOUT)
		return broken(s, end);
	while (left > 0) {
		end = caller_hear(q->fd, q->room, sizeof(q->room), &n, until_us);
		if (end != CALLER_OK)
			return broken(s, end);
		enum store_status status = take(s, str_from(q->room, n), &left);
		if (status != STORE_OK)
			return status;
	}
	return STORE_OK;
}

/* "-ERR max number of clients reached" and the like come unasked, and are followed by the end. */
static bool
is_farewell(const struct redis *q, size_t asked)
{
	return q->n_values == 1 && asked > 1 && q->value[0]->type == REDIS_ERROR;
}

/* Something else has the place of a key of ours: that costs what was there, and no more. */
static bool
is_odd_key(const struct redis_value *v)
{
	return str_has_prefix(v->text, STR(WRONG_TYPE " "));
}

enum store_status
redis_call(struct store *s)
{
	struct redis *q = s->own;
	struct redis_out *o = &q->out;
	size_t asked = o->commands;
	enum store_status status = STORE_FAIL;

	if (q->value_room < asked) {
		q->value_room = asked;
		q->value = heap_realloc(q->value, asked * sizeof(struct redis_value *));
	}
	q->n_values = 0;
	redis_reader_begin(q->reader);
	if (q->fd >= 0)
		status = exchange(s, str_from(o->p, o->n), asked);
	o->n = o->commands = 0;
	if (o->room > OUT_KEPT) {
		heap_free(o->p);
		*o = (struct redis_out){0};
	}
	if (status != STORE_OK && !is_farewell(q, asked))
		return status;
	q->rest_ms = 0;
	for (size_t i = 0; i < q->n_values; i++)
		if (q->value[i]->type == REDIS_ERROR && !is_odd_key(q->value[i]))
			return redis_error(s, q->value[i]->text);
	return status;
}

/* --- connecting --- */

/* Who we are, which of its databases, what is in it. */
static enum store_status
greet(struct store *s)
{
	struct redis *q = s->own;

	if (q->password[0]) {
		redis_command(q, "AUTH", q->user[0] ? 2 : 1);
		if (q->user[0])
			redis_put_z(q, q->user);
		redis_put_z(q, q->password);
	}
	if (q->db) {
		redis_command(q, "SELECT", 1);
		redis_put_number(q, q->db);
	}
	redis_command(q, "MGET", 2);
	redis_put_name(q, "format");
	redis_put_name(q, "time");
	redis_time_ask(q);
	enum store_status status = redis_call(s);
	if (status != STORE_OK)
		return status;
	const struct redis_value *known = q->value[q->n_values - 2];
	if (!redis_is_list(known, 2))
		return bad(s, "something else than two values");
	const struct redis_value *format = known->item[0];
	q->has_format = format->type == REDIS_TEXT;
	if (q->has_format && !str_eq(format->text, STR("1")))
		return lost(s, false, "holds a store of another mxward, which is newer");
	q->had_format = q->had_format || q->has_format;
	redis_time_learn(s, known->item[1], q->value[q->n_values - 1]);
	return STORE_OK;
}

static enum store_status
dial(struct store *s)
{
	struct redis *q = s->own;

	q->fresh = true;
	redis_reader_reset(q->reader);
	q->fd = caller_open(str_of(q->at), clock_us() + q->timeout_ms * 1000);
	if (q->fd < 0 && errno == ETIMEDOUT)
		return too_late(s);
	if (q->fd < 0) {
		char room[128];
		snprintf(room, sizeof(room), "cannot be reached: %s", strerror(errno));
		return lost(s, false, room);
	}
	enum store_status status = greet(s);
	if (status != STORE_OK) {
		redis_disconnect(q);
		rest(s);
	}
	return status;
}

enum store_status
redis_ready(struct store *s, bool insist)
{
	struct redis *q = s->own;

	q->fresh = q->again = false;
	q->out.n = q->out.commands = 0;
	arena_reset(&q->work);
	q->n_foreseen = 0;
	if (q->fd >= 0 && caller_is_gone(q->fd))
		redis_disconnect(q);
	if (q->fd >= 0)
		return STORE_OK;
	/* Still the trouble of before. */
	if (!insist && (store_is_pausing(s) || store_ms(s) < q->rest_until))
		return STORE_FAIL;
	return dial(s);
}

enum store_status
redis_try(struct store *s, bool insist, enum store_status (*step)(struct store *s, void *ctx),
	void *ctx)
{
	struct redis *q = s->own;
	enum store_status status = redis_ready(s, insist);

	if (status == STORE_OK)
		status = step(s, ctx);
	if (status != STORE_FAIL || !q->again)
		return status;
	status = redis_ready(s, true);
	return status == STORE_OK ? step(s, ctx) : status;
}
