/* policy: see policy.h. */
#include "front/policy.h"

#include <assert.h>

#include "base/hash.h"
#include "front/front_private.h"
#include "mail/address.h"
#include "wire/policy.h"

#define SENDER_MAX 512 /* more is no address: it is passed on as it is */
#define HELO_MAX   256 /* longer than any name may be, so a cut one is still seen as wrong */

/* A name of HELO as it is kept from one request to the next. */
struct said {
	uint16_t n;
	char p[HELO_MAX];
};

enum given { GIVEN_FIELD = 1, GIVEN_RESULTS = 2, GIVEN_SPF = 4, GIVEN_HOLD = 8 };

struct policy_conn {
	struct conn conn;
	struct policy_reader reader;
	/* The message at hand, as hashes: it outlives its visit, which may be ended while parked.
	 */
	uint64_t message;	 /* 0: none */
	uint64_t env[ENV_COUNT]; /* what was said about it so far, 0: nothing */
	unsigned given;		 /* bits of enum given: what it got */
	enum verdict_kind told;	 /* by our own field */
	/* The SMTP session of the last request; its names in the same state of TLS. */
	uint64_t session; /* 0: none */
	bool tls;
	struct said helo, helo_before; /* before: n 0: there was no other */
};

/* 0 stands for "nothing". */
static uint64_t
digest(struct str s, uint64_t more)
{
	return hash_str_with(s, more) | 1;
}

/* Requests of one message carry one instance, a new one every message.  Whoever sends none gets
 * each recipient judged by itself. */
static uint64_t
message_of(const struct policy_request *q)
{
	if (q->instance.n == 0)
		return 0;
	return digest(q->instance, digest(q->client_address, q->sasl_username.n > 0));
}

static void
keep(struct said *to, struct str name)
{
	name = str_slice(name, 0, HELO_MAX);
	to->n = (uint16_t)name.n;
	memcpy(to->p, name.p, name.n);
}

/* What a policy service sees of a session: that requests of one client's port follow each other,
 * and whether the name changes between them. */
static void
note_session(struct policy_conn *c, const struct policy_request *q)
{
	uint64_t session =
		q->client_port.n ? digest(q->client_port, digest(q->client_address, 0)) : 0;
	bool tls = q->encryption_protocol.n > 0;

	if (session != c->session)
		c->helo.n = c->helo_before.n = 0;
	else if (session && tls == c->tls && c->helo.n &&
		!str_eq_nocase(
			str_from(c->helo.p, c->helo.n), str_slice(q->helo_name, 0, HELO_MAX)))
		c->helo_before = c->helo;
	c->session = session;
	c->tls = tls;
	keep(&c->helo, q->helo_name);
}

/* How many items of the envelope, in the order of enum env_item, are known at this state. */
static size_t
known_at(enum policy_state state)
{
	static_assert(ENV_HELO == 0 && ENV_MAIL_FROM == 1 && ENV_COUNT == 2, "order of SMTP");
	return state == POLICY_CONNECT ? 0 : state == POLICY_HELO ? 1 : ENV_COUNT;
}

static struct visit_client
client_of(const struct policy_request *q)
{
	struct visit_client client = {.authenticated = q->sasl_username.n > 0, .way = "policy"};
	uint64_t port;

	if (!ip_parse(q->client_address, &client.ip))
		client.ip.len = 0;
	if (str_to_u64(q->client_port, UINT16_MAX, &port))
		client.port = (uint16_t)port;
	return client;
}

/* Postfix tells senders without the quotation marks of their local part. */
static struct str
quoted_sender(struct str sender, struct buf *b)
{
	mail_address_quote(sender, b);
	return buf_is_cut(b) ? sender : buf_str(b);
}

static void
tell(struct policy_conn *c, enum env_item item, struct str value)
{
	UNSET char room[SENDER_MAX];
	struct buf b = BUF(room);

	if (item == ENV_MAIL_FROM && c->helo_before.n)
		visit_session(c->conn.place.visit,
			&(struct session){.known = true,
				.helo_before = str_from(c->helo_before.p, c->helo_before.n),
				.n = {[SESSION_MAILS] = 1}});
	visit_env(c->conn.place.visit, item,
		item == ENV_MAIL_FROM ? quoted_sender(value, &b) : value);
}

/* A visit of this request, told all that the request knows. */
static void
begin_visit(struct policy_conn *c, const struct policy_request *q, size_t known,
	const uint64_t now[ENV_COUNT])
{
	UNSET char room[SENDER_MAX];
	struct buf b = BUF(room);
	const struct visit_client client = client_of(q);
	const struct str env[ENV_COUNT] = {q->helo_name, quoted_sender(q->sender, &b)};
	const struct str said[ENV_COUNT] = {q->helo_name, q->sender};
	struct gate *gate = c->conn.front->gate;

	/* Findings of a session are none of the next one's. */
	bool usual = known == ENV_COUNT && !c->helo_before.n;

	memset(c->env, 0, sizeof(c->env));
	c->conn.place.visit =
		usual ? visit_new_known(gate, &client, env) : visit_new(gate, &client);
	for (size_t i = 0; i < known; i++) {
		c->env[i] = now[i];
		if (!usual)
			tell(c, (enum env_item)i, said[i]);
	}
}

/* Make the visit at c->conn.place the one of this request, and tell it what is new.  It is not
 * parked afterwards. */
static void
find_visit(struct policy_conn *c, const struct policy_request *q, enum policy_state state)
{
	const struct str env[ENV_COUNT] = {q->helo_name, q->sender};
	uint64_t message = message_of(q), now[ENV_COUNT] = {0};
	bool same = message && message == c->message;

	if (known_at(state) > ENV_HELO)
		note_session(c, q);
	for (size_t i = 0; i < known_at(state); i++) {
		now[i] = digest(env[i], i);
		if (c->env[i] && c->env[i] != now[i])
			same = false;
	}
	if (!same) {
		parking_end(&c->conn.front->parking, &c->conn.place);
		c->message = message;
		c->given = 0;
		c->told = VERDICT_ACCEPT;
	}
	parking_take(&c->conn.front->parking, &c->conn.place);
	if (!c->conn.place.visit)
		begin_visit(c, q, known_at(state), now);
	for (size_t i = 0; i < known_at(state); i++) {
		if (c->env[i])
			continue;
		c->env[i] = now[i];
		tell(c, (enum env_item)i, env[i]);
	}
}

/* A field on a line of its own; false: there is none, or it would be too long a line. */
static bool
put_field(
	struct policy_conn *c, enum given which, struct str name, struct str value, struct buf *out)
{
	UNSET char room[POLICY_HEADER_MAX];
	struct buf b = BUF(room);

	stamp_put_unfolded(value, &b);
	c->given |= which;
	if (!b.n || buf_is_cut(&b) || name.n + 2 + b.n > POLICY_HEADER_MAX)
		return false;
	policy_put_prepend(out, name, buf_str(&b));
	return true;
}

/* To hold the message, or to tell that it is tagged or held: once each, but what is tagged may
 * later be held.  A recipient's answer says no more than that. */
static bool
put_mark(struct policy_conn *c, const struct stamp *s, struct buf *out)
{
	if (s->hold.n && !(c->given & GIVEN_HOLD)) {
		policy_put_hold(out, s->hold);
		c->given |= GIVEN_HOLD;
		return true;
	}
	if (s->kind == VERDICT_ACCEPT || s->kind <= c->told)
		return false;
	c->told = s->kind;
	return put_field(c, GIVEN_FIELD, s->settings->field, s->field, out);
}

/* At DATA comes what else there is, as an answer has room for one thing: who asks again gets the
 * next.  False: there is no more. */
static bool
put_rest(struct policy_conn *c, const struct stamp *s, struct buf *out)
{
	if (put_mark(c, s, out))
		return true;
	if (!(c->given & GIVEN_FIELD) &&
		put_field(c, GIVEN_FIELD, s->settings->field, s->field, out))
		return true;
	if (!(c->given & GIVEN_RESULTS) &&
		put_field(c, GIVEN_RESULTS, STR("Authentication-Results"), s->results, out))
		return true;
	return !(c->given & GIVEN_SPF) &&
		put_field(c, GIVEN_SPF, STR("Received-SPF"), s->received_spf, out);
}

static void
put_let_in(struct policy_conn *c, struct buf *out)
{
	if (!put_mark(c, visit_stamp(c->conn.place.visit, true, true), out))
		policy_put_dunno(out);
}

static void
put_verdict(struct policy_conn *c, const struct verdict *v, struct buf *out)
{
	switch (v->kind) {
	case VERDICT_DEFER:
	case VERDICT_REJECT:
		policy_put_reply(out, v->code, v->enhanced, v->one_line);
		return;
	case VERDICT_ACCEPT:
		/* Unless it is held for another recipient, whose answer told no more than that. */
		if (!(c->given & GIVEN_HOLD)) {
			policy_put_dunno(out);
			return;
		}
		break;
	case VERDICT_QUARANTINE:
	case VERDICT_TAG:
		break;
	}
	put_let_in(c, out);
}

static void
on_verdict(void *ctx, const struct verdict *v)
{
	struct policy_conn *c = ctx;
	UNSET char room[POLICY_ANSWER_MAX];
	struct buf out = BUF(room);

	put_verdict(c, v, &out);
	parking_put(&c->conn.front->parking, &c->conn.place);
	conn_answer(&c->conn, buf_str(&out));
}

/* No recipient can follow.  Once the message has come, nothing can be put before it. */
static void
end_of_rcpts(struct policy_conn *c, const struct policy_request *q, enum policy_state state,
	struct buf *out)
{
	struct parking *parking = &c->conn.front->parking;

	if (c->conn.place.visit && c->message && c->message == message_of(q)) {
		struct visit *v = c->conn.place.visit;
		visit_queue_id(v, q->queue_id);
		if (state == POLICY_DATA && put_rest(c, visit_stamp(v, true, true), out)) {
			parking_put(parking, &c->conn.place);
			return;
		}
	}
	parking_end(parking, &c->conn.place);
}

static void
serve(struct policy_conn *c, const struct policy_request *q)
{
	enum policy_state state = policy_state_of(q->protocol_state);
	UNSET char room[POLICY_ANSWER_MAX];
	struct buf out = BUF(room);

	if (!str_eq(q->request, STR("smtpd_access_policy")))
		state = POLICY_OTHER;
	switch (state) {
	case POLICY_RCPT:
		find_visit(c, q, state);
		c->conn.pending = true;
		visit_judge(c->conn.place.visit, q->recipient, q->queue_id, on_verdict, c);
		return;
	case POLICY_CONNECT:
	case POLICY_HELO:
	case POLICY_MAIL:
		find_visit(c, q, state);
		parking_put(&c->conn.front->parking, &c->conn.place);
		break;
	case POLICY_DATA:
	case POLICY_EOM:
		end_of_rcpts(c, q, state, &out);
		break;
	case POLICY_OTHER:
		break;
	}
	if (!out.n)
		policy_put_dunno(&out);
	stream_write(c->conn.stream, buf_str(&out));
}

static enum conn_step
step(struct conn *conn, struct str bytes, size_t *used_out)
{
	struct policy_conn *c = (struct policy_conn *)conn;
	struct policy_request q;

	switch (policy_read(&c->reader, bytes, &q, used_out)) {
	case POLICY_MORE:
		return CONN_MORE;
	case POLICY_REQUEST:
		serve(c, &q);
		return CONN_NEXT;
	case POLICY_BAD:
		break;
	}
	return CONN_CLOSE;
}

struct front *
front_policy_new(struct loop *l, struct gate *g, const struct front_limits *limits)
{
	static const struct protocol protocol = {.conn_size = sizeof(struct policy_conn),
		.message_max = POLICY_REQUEST_MAX,
		.output_max = POLICY_REQUEST_MAX,
		.step = step};

	return front_new(l, g, limits, &protocol);
}
