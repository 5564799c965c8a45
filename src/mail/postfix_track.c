/* mail/postfix_track: see postfix_track.h. */
#include "base/hash.h"
#include "base/list.h"

#include "mail/postfix_track.h"

#define SESSIONS   5000
#define MESSAGES   50000
#define NOTES	   20000
#define NOTE_S	   86400 /* a client's HELO is believed for so long */
#define RCPT_MAX   100	 /* of a message; with the next ones it is told of in parts */
#define TEXT	   ((size_t)64 << 20)
#define NAME_MAX   255
#define FIRST_TEXT 384

/* A table of things that are found by a hash; what was touched longest ago makes room. */
struct entry {
	struct list age; /* first, oldest first */
	struct entry *next;
	uint64_t hash;
};

struct table {
	struct entry **slot;
	size_t n_slots, n, max;
	struct list age;
	struct entry *spare; /* by next */
	size_t size;	     /* of an element */
};

struct session {
	struct entry entry;
	struct ip client;
	bool authenticated;
	size_t n_name, n_helo, n_queue;
	char name[NAME_MAX], helo[NAME_MAX]; /* n_helo 0: not known */
	char queue[32];			     /* of the message that began last */
};

struct rcpt {
	struct rcpt *next;
	struct str address;
	enum postfix_status status;
};

struct message {
	struct entry entry;
	struct arena arena; /* of all its strings */
	int64_t time;
	struct ip client;
	struct str queue, name, helo, from; /* helo, from: p NULL while not known */
	struct rcpt *rcpt;
	unsigned n_rcpt;
	size_t bytes; /* of its strings, about */
	bool told;    /* of some of its recipients */
};

/* What a client said in HELO when it came with this sender. */
struct note {
	struct entry entry;
	int64_t time;
	size_t n;
	char helo[NAME_MAX];
};

struct postfix_track {
	struct postfix_track_options o;
	struct arena *arena;
	struct table sessions, messages, notes;
	struct postfix_counts counts;
	size_t bytes; /* of all messages' strings */
	/* of the line at hand */
	int64_t now;
	struct str host;
	/* the last client whose reverse name did not resolve to it: said before it connects */
	struct ip named;
	size_t n_named;
	char name[NAME_MAX];
};

/* Tables. */

static void
table_init(struct table *t, struct arena *a, size_t max, size_t size)
{
	*t = (struct table){.n_slots = max * 2 + 1, .max = max, .size = size};
	t->slot = arena_calloc(a, t->n_slots, sizeof(struct entry *));
	list_init(&t->age);
}

static struct entry **
table_place(const struct table *t, uint64_t hash)
{
	struct entry **at = &t->slot[hash % t->n_slots];

	/* 64 bits with a key of ours are the name: nobody can aim at another's. */
	while (*at && (*at)->hash != hash)
		at = &(*at)->next;
	return at;
}

static struct entry *
table_get(struct table *t, uint64_t hash)
{
	struct entry *e = *table_place(t, hash);

	if (e) {
		list_remove(&e->age);
		list_add_last(&t->age, &e->age);
	}
	return e;
}

static void
table_remove(struct table *t, struct entry *e)
{
	*table_place(t, e->hash) = e->next;
	list_remove(&e->age);
	e->next = t->spare;
	t->spare = e;
	t->n--;
}

/* Of a table that is not empty. */
static struct entry *
table_oldest(const struct table *t)
{
	must(t->n > 0);
	return LIST_ELEMENT(t->age.next, struct entry, age);
}

/* A new one, all zero; there must be room and none of this hash. */
static struct entry *
table_add(struct table *t, struct arena *a, uint64_t hash)
{
	struct entry *e = t->spare;

	must(t->n < t->max);
	if (e)
		t->spare = e->next;
	else
		e = arena_alloc(a, t->size);
	memset(e, 0, t->size);
	e->hash = hash;
	struct entry **at = table_place(t, hash);
	must(!*at);
	*at = e;
	list_add_last(&t->age, &e->age);
	t->n++;
	return e;
}

static size_t
keep(char *room, size_t max, struct str s)
{
	size_t n = s.n <= max ? s.n : 0;

	if (n)
		memcpy(room, s.p, n);
	return n;
}

/* Telling. */

static void
tell(struct postfix_track *t, const struct postfix_attempt *attempt)
{
	t->counts.attempts++;
	if (attempt->helo.p)
		t->counts.helo_known++;
	t->o.attempt(t->o.ctx, attempt);
}

static uint64_t
note_hash(const struct ip *client, struct str from)
{
	char room[POSTFIX_ADDRESS_MAX];

	from = str_slice(from, 0, sizeof(room));
	for (size_t i = 0; i < from.n; i++)
		room[i] = chr_lower(from.p[i]);
	return hash_str_with(str_from(room, from.n), ip_hash(client));
}

static void
note_helo(struct postfix_track *t, const struct ip *client, struct str from, struct str helo)
{
	if (!from.p || !helo.n || helo.n > NAME_MAX || !client->len)
		return;
	uint64_t hash = note_hash(client, from);
	struct entry *e = table_get(&t->notes, hash);
	if (!e && t->notes.n == t->notes.max)
		table_remove(&t->notes, table_oldest(&t->notes));
	struct note *n = (struct note *)(e ? e : table_add(&t->notes, t->arena, hash));
	n->time = t->now;
	n->n = keep(n->helo, sizeof(n->helo), helo);
}

static struct str
noted_helo(struct postfix_track *t, const struct message *m)
{
	struct note *n = (struct note *)table_get(&t->notes, note_hash(&m->client, m->from));

	if (!n || n->time > m->time + NOTE_S || n->time < m->time - NOTE_S)
		return str_from(NULL, 0);
	return str_from(n->helo, n->n);
}

static void
tell_rcpts(struct postfix_track *t, struct message *m)
{
	struct postfix_attempt a = {.time = m->time,
		.client = m->client,
		.name = m->name,
		.helo = m->helo.p ? m->helo : noted_helo(t, m),
		.from = m->from,
		.queue = m->queue,
		.outcome = POSTFIX_ACCEPTED,
		.status = POSTFIX_DEFERRED};

	/* The log may end before a delivery does. */
	if (!m->rcpt && !m->told)
		tell(t, &a);
	for (struct rcpt *r = m->rcpt; r; r = r->next) {
		a.rcpt = r->address;
		a.status = r->status;
		tell(t, &a);
	}
	m->told = true;
	m->rcpt = NULL;
	m->n_rcpt = 0;
}

static void
drop_message(struct postfix_track *t, struct message *m)
{
	t->bytes -= m->bytes;
	arena_done(&m->arena);
	table_remove(&t->messages, &m->entry);
}

/* A message is over. */
static void
end_message(struct postfix_track *t, struct message *m)
{
	if (m->from.p)
		tell_rcpts(t, m);
	else
		t->counts.unfinished++;
	drop_message(t, m);
}

/* Sessions. */

static uint64_t
session_hash(const struct postfix_track *t, const struct syslog_line *line)
{
	return hash_str_with(line->program, hash_str_with(line->pid, hash_str_with(line->host, 1)));
}

/* A new session of this process, in the place of one that there may be. */
static struct session *
begin_session(struct postfix_track *t, uint64_t hash, const struct postfix_line *p)
{
	struct entry *e = table_get(&t->sessions, hash);

	if (e)
		table_remove(&t->sessions, e);
	if (t->sessions.n == t->sessions.max) {
		table_remove(&t->sessions, table_oldest(&t->sessions));
		t->counts.given_up++;
	}
	struct session *s = (struct session *)table_add(&t->sessions, t->arena, hash);
	s->client = p->client;
	s->n_name = ip_eq(&t->named, &p->client)
		? keep(s->name, sizeof(s->name), str_from(t->name, t->n_named))
		: keep(s->name, sizeof(s->name), p->name);
	return s;
}

/* The session that the line belongs to; NULL where it is not smtpd's.  One whose beginning is not
 * in the log begins here, and so does one that goes on as another client: a proxy has told who it
 * really is (XCLIENT). */
static struct session *
session_of(struct postfix_track *t, const struct syslog_line *line, const struct postfix_line *p)
{
	if (!p->smtpd)
		return NULL;
	uint64_t hash = session_hash(t, line);
	struct session *s = (struct session *)table_get(&t->sessions, hash);
	return s && ip_eq(&s->client, &p->client) ? s : begin_session(t, hash, p);
}

static void
connected(struct postfix_track *t, const struct syslog_line *line, const struct postfix_line *p)
{
	/* postscreen(8) hands a client on to smtpd(8), which says it again. */
	if (!p->smtpd)
		return;
	t->counts.connections++;
	begin_session(t, session_hash(t, line), p);
}

static void
disconnected(struct postfix_track *t, const struct syslog_line *line)
{
	struct entry *e = table_get(&t->sessions, session_hash(t, line));

	if (e)
		table_remove(&t->sessions, e);
}

/* Messages. */

static void
give_up_oldest(struct postfix_track *t)
{
	end_message(t, (struct message *)table_oldest(&t->messages));
	t->counts.given_up++;
}

static void
count_bytes(struct postfix_track *t, struct message *m, size_t n)
{
	m->bytes += n;
	t->bytes += n;
}

/* A string for as long as the message lives. */
static struct str
message_str(struct postfix_track *t, struct message *m, struct str s)
{
	count_bytes(t, m, s.n);
	return arena_str(&m->arena, s);
}

static uint64_t
message_hash(const struct postfix_track *t, struct str queue)
{
	return hash_str_with(queue, hash_str_with(t->host, 2));
}

static struct message *
find_message(struct postfix_track *t, struct str queue)
{
	return (struct message *)table_get(&t->messages, message_hash(t, queue));
}

/* Whether a client's mail is not to be judged; counts it. */
static bool
is_left_out(struct postfix_track *t, const struct session *s, const struct postfix_line *p)
{
	if (p->submission)
		t->counts.submission++;
	else if (p->authenticated || (s && s->authenticated))
		t->counts.authenticated++;
	else if (!p->client.len)
		t->counts.no_address++;
	else if (ip_is_loopback(&p->client))
		t->counts.loopback++;
	else
		return false;
	return true;
}

static struct str
name_of(const struct session *s, const struct postfix_line *p)
{
	if (s && s->n_name)
		return str_from(s->name, s->n_name);
	return p->name.n ? p->name : STR("unknown");
}

static void
message_begins(
	struct postfix_track *t, const struct syslog_line *line, const struct postfix_line *p)
{
	struct session *s = session_of(t, line, p);

	if (s)
		s->authenticated |= p->authenticated;
	/* Without an id: smtpd_proxy_filter.  What comes of it is another line's to say. */
	if (!p->queue.p || is_left_out(t, s, p))
		return;
	struct message *m = find_message(t, p->queue);
	if (m)
		end_message(t, m);
	if (t->messages.n == t->messages.max)
		give_up_oldest(t);
	m = (struct message *)table_add(&t->messages, t->arena, message_hash(t, p->queue));
	arena_init(&m->arena, FIRST_TEXT, SIZE_MAX);
	m->time = t->now;
	m->client = p->client;
	m->queue = message_str(t, m, p->queue);
	m->name = message_str(t, m, name_of(s, p));
	if (s && s->n_helo)
		m->helo = message_str(t, m, str_from(s->helo, s->n_helo));
	if (s)
		s->n_queue = keep(s->queue, sizeof(s->queue), p->queue);
}

static void
queued(struct postfix_track *t, const struct postfix_line *p)
{
	struct message *m = find_message(t, p->queue);

	if (m && p->from.p && !m->from.p)
		m->from = message_str(t, m, p->from);
}

static void
delivered(struct postfix_track *t, const struct postfix_line *p)
{
	struct message *m = find_message(t, p->queue);
	/* What the client said, before aliases. */
	struct str rcpt = p->orig_to.p ? p->orig_to : p->to;
	struct rcpt *r;

	if (!m || !m->from.p || !rcpt.p)
		return;
	for (r = m->rcpt; r && !str_eq(r->address, rcpt); r = r->next)
		;
	if (r) {
		/* An alias leads to several: one that got it is enough. */
		if (r->status != POSTFIX_SENT)
			r->status = p->status;
		return;
	}
	if (m->n_rcpt == RCPT_MAX)
		tell_rcpts(t, m);
	r = arena_new(&m->arena, struct rcpt);
	count_bytes(t, m, sizeof(*r));
	r->address = message_str(t, m, rcpt);
	r->status = p->status;
	r->next = m->rcpt;
	m->rcpt = r;
	m->n_rcpt++;
	while (t->bytes > t->o.text)
		give_up_oldest(t);
}

/* A line has told the HELO: the session's messages have it too. */
static void
learn_helo(struct postfix_track *t, struct session *s, const struct postfix_line *p)
{
	struct message *m = NULL;

	note_helo(t, &p->client, p->from, p->helo);
	if (!p->helo.p)
		return;
	if (s) {
		s->n_helo = keep(s->helo, sizeof(s->helo), p->helo);
		if (s->n_queue)
			m = find_message(t, str_from(s->queue, s->n_queue));
	}
	if (p->queue.p)
		m = find_message(t, p->queue);
	if (m && ip_eq(&m->client, &p->client) && !m->helo.p)
		m->helo = message_str(t, m, p->helo);
}

static enum postfix_outcome
outcome_of(const struct postfix_line *p)
{
	if (p->action == POSTFIX_ACCEPT)
		return POSTFIX_ACCEPTED;
	return p->code >= 500 ? POSTFIX_REFUSED : POSTFIX_PUT_OFF;
}

static void
acted(struct postfix_track *t, const struct syslog_line *line, const struct postfix_line *p)
{
	struct session *s = session_of(t, line, p);
	struct message *m = p->queue.p ? find_message(t, p->queue) : NULL;

	learn_helo(t, s, p);
	if (p->action == POSTFIX_NOTE)
		return;
	/* A message that was begun comes to nothing: its other recipients are not known. */
	if (m && p->action == POSTFIX_REJECT && p->whole_message)
		drop_message(t, m);
	if (is_left_out(t, s, p))
		return;
	struct postfix_attempt a = {.time = t->now,
		.client = p->client,
		.name = name_of(s, p),
		.helo = p->helo,
		.from = p->from,
		.rcpt = p->to,
		.queue = p->queue,
		.outcome = outcome_of(p),
		.status = POSTFIX_SENT,
		.code = p->action == POSTFIX_REJECT ? p->code : 0,
		.reason = postfix_reason(p->reply)};
	tell(t, &a);
}

void
postfix_track_line(struct postfix_track *t, const struct syslog_line *line, int64_t time)
{
	struct postfix_line p;

	t->now = time;
	t->host = line->host;
	t->counts.lines++;
	if (postfix_log_parse(line, &p))
		t->counts.postfix++;
	if (p.cut)
		t->counts.cut++;
	switch (p.what) {
	case POSTFIX_OTHER:
		break;
	case POSTFIX_CONNECT:
		connected(t, line, &p);
		break;
	case POSTFIX_DISCONNECT:
		disconnected(t, line);
		break;
	case POSTFIX_HOSTNAME:
		t->named = p.client;
		t->n_named = keep(t->name, sizeof(t->name), p.name);
		break;
	case POSTFIX_ACTION:
		acted(t, line, &p);
		break;
	case POSTFIX_MESSAGE:
		message_begins(t, line, &p);
		break;
	case POSTFIX_QUEUED:
		queued(t, &p);
		break;
	case POSTFIX_DELIVERY:
		delivered(t, &p);
		break;
	case POSTFIX_REMOVED: {
		struct message *m = find_message(t, p.queue);
		if (m)
			end_message(t, m);
		break;
	}
	case POSTFIX_HELO:
		note_helo(t, &p.client, p.from, p.helo);
		break;
	}
}

struct postfix_track *
postfix_track_new(struct arena *a, const struct postfix_track_options *o)
{
	struct postfix_track *t = arena_new(a, struct postfix_track);
	size_t sessions = o->sessions ? o->sessions : SESSIONS;
	size_t messages = o->messages ? o->messages : MESSAGES;

	t->o = *o;
	t->o.text = o->text ? o->text : TEXT;
	t->arena = a;
	table_init(&t->sessions, a, sessions, sizeof(struct session));
	table_init(&t->messages, a, messages, sizeof(struct message));
	table_init(&t->notes, a, messages < NOTES ? messages : NOTES, sizeof(struct note));
	return t;
}

void
postfix_track_end(struct postfix_track *t)
{
	while (t->messages.n > 0)
		end_message(t, (struct message *)table_oldest(&t->messages));
}

struct postfix_counts
postfix_track_counts(const struct postfix_track *t)
{
	return t->counts;
}
