/* fake_gate: see fake_gate.h. */
#include "front/fake_gate.h"

#include "base/arena.h"
#include "base/list.h"

struct visit {
	struct list link;
	unsigned number;
	uint64_t asked; /* order of the judgement, 0: none is pending */
	bool told[ENV_COUNT], authenticated;
	bool head_later, head_over, at_end;
	enum verdict_kind kind; /* the gravest that let it in */
	struct arena arena;	/* the verdicts */
	struct str rcpt;
	struct str wish; /* field "Verdict" of the header */
	void (*done)(void *ctx, const struct verdict *verdict);
	void *ctx;
};

bool fake_gate_later, fake_gate_no_header, fake_gate_sessions;
struct stamp fake_gate_stamp;
static const struct stamp_settings stamp_settings = {
	.id = {"mx.example", 10}, .field = {"X-Mxward", 8}};

static struct list visits = {&visits, &visits};
static unsigned n_visits;
static uint64_t n_asked;
static char notes_room[64 << 10];
static struct buf notes = {.p = notes_room, .max = sizeof(notes_room)};

void
fake_gate_reset(void)
{
	must(list_is_empty(&visits));
	buf_reset(&notes);
	n_visits = 0;
	n_asked = 0;
	fake_gate_later = fake_gate_no_header = fake_gate_sessions = false;
	fake_gate_stamp = (struct stamp){.settings = &stamp_settings, .field = STR("score=4")};
}

struct str
fake_gate_notes(void)
{
	return buf_str(&notes);
}

unsigned
fake_gate_open(void)
{
	unsigned n = 0;

	for (struct list *l = visits.next; l != &visits; l = l->next)
		n++;
	return n;
}

static void
note_any(const struct visit *v, const char *what, struct str value)
{
	buf_printf(&notes, "%u %s", v->number, what);
	if (value.n > 0)
		buf_putc(&notes, ' ');
	buf_put_escaped(&notes, value, 300);
	buf_putc(&notes, '\n');
}

static void
note(const struct visit *v, const char *what, struct str value)
{
	if (!fake_gate_sessions)
		note_any(v, what, value);
}

struct visit *
visit_new(struct gate *g, const struct visit_client *client)
{
	struct visit *v = heap_calloc(1, sizeof(*v));
	char text[IP_TEXT_MAX] = "-", line[100];
	struct buf b = BUF(line);

	if (client->ip.len > 0)
		ip_text(&client->ip, text);
	v->number = ++n_visits;
	v->authenticated = client->authenticated;
	v->head_later = client->head_later;
	v->wish = STR("");
	arena_init(&v->arena, 64, SIZE_MAX);
	list_add_last(&visits, &v->link);
	buf_printf(&b, "%s:%u %s%s", text, client->port, client->way,
		client->authenticated ? " authenticated" : "");
	note(v, "new", buf_str(&b));
	return v;
}

struct visit *
visit_new_known(struct gate *g, const struct visit_client *client, const struct str env[ENV_COUNT])
{
	struct visit *v = visit_new(g, client);

	for (size_t i = 0; i < ENV_COUNT; i++)
		visit_env(v, (enum env_item)i, env[i]);
	return v;
}

void
visit_authenticated(struct visit *v)
{
	must(!v->asked && !v->authenticated);
	v->authenticated = true;
	note(v, "authenticated", STR(""));
}

void
visit_rcpt_refused(struct visit *v)
{
	must(v->told[ENV_MAIL_FROM]);
	note(v, "refused rcpt", STR(""));
}

void
visit_env(struct visit *v, enum env_item item, struct str value)
{
	must(item < ENV_COUNT && !v->told[item] && !v->asked);
	v->told[item] = true;
	note(v, item == ENV_HELO ? "helo" : "from", value);
}

static void
put_session(struct buf *b, const struct session *s)
{
	static const char *const words[SESSION_NUMBERS] = {[SESSION_MAILS] = "mails",
		[SESSION_MESSAGES] = "messages",
		[SESSION_RESETS] = "resets",
		[SESSION_COMMANDS] = "commands",
		[SESSION_BAD_RCPTS] = "bad",
		[SESSION_RCPTS] = "rcpts"};

	must(s->known);
	for (size_t i = 0; i < SESSION_NUMBERS; i++)
		if (s->n[i])
			buf_printf(b, " %s=%u", words[i], s->n[i]);
	if (s->helo_before.n)
		buf_printf(b, " helo=%.*s", STR_ARG(s->helo_before));
}

void
visit_session(struct visit *v, const struct session *s)
{
	char line[600];
	struct buf b = BUF(line);

	must(!v->told[ENV_MAIL_FROM]);
	put_session(&b, s);
	if (fake_gate_sessions)
		note_any(v, "session", str_trim(buf_str(&b)));
}

void
gate_session_over(struct gate *g, const struct visit_client *client, const struct session *s)
{
	char line[600];
	struct buf b = BUF(line);

	put_session(&b, s);
	if (fake_gate_sessions)
		buf_printf(&notes, "over%s%.*s\n", client->authenticated ? " authenticated" : "",
			STR_ARG(buf_str(&b)));
}

static const struct verdict *
verdict_for(struct visit *v)
{
	struct verdict *out = arena_new(&v->arena, struct verdict);
	struct str wish = v->at_end ? v->wish : v->rcpt;

	wish = str_slice(wish, 0, str_find(wish, '@'));
	*out = (struct verdict){.kind = VERDICT_ACCEPT, .enhanced = STR("")};
	if (str_eq(wish, STR("reject")))
		*out = (struct verdict){.kind = VERDICT_REJECT,
			.code = 550,
			.enhanced = STR("5.7.25"),
			.n_lines = 2,
			.line = {STR("no reverse name, 100% sure"), STR("https://mx.example/why")},
			.one_line = STR("no reverse name, 100% sure https://mx.example/why")};
	else if (str_eq(wish, STR("defer")))
		*out = (struct verdict){.kind = VERDICT_DEFER,
			.code = 451,
			.enhanced = STR("4.7.25"),
			.n_lines = 1,
			.line = {STR("DNS failed")},
			.one_line = STR("DNS failed")};
	else if (str_eq(wish, STR("tag")))
		out->kind = VERDICT_TAG;
	else if (str_eq(wish, STR("hold")))
		out->kind = VERDICT_QUARANTINE;
	if (!verdict_refuses(out->kind) && out->kind > v->kind)
		v->kind = out->kind;
	return out;
}

static void
conclude(struct visit *v)
{
	v->asked = 0;
	v->done(v->ctx, verdict_for(v));
}

void
visit_judge(struct visit *v, struct str rcpt, struct str queue_id,
	void (*done)(void *ctx, const struct verdict *verdict), void *ctx)
{
	char line[400];
	struct buf b = BUF(line);

	must(!v->asked && !v->head_over && v->told[ENV_HELO] && v->told[ENV_MAIL_FROM]);
	buf_put(&b, rcpt);
	if (queue_id.n > 0)
		buf_printf(&b, " %.*s", STR_ARG(queue_id));
	note(v, "judge", buf_str(&b));
	v->asked = ++n_asked;
	v->rcpt = arena_str(&v->arena, rcpt);
	v->done = done;
	v->ctx = ctx;
	if (!fake_gate_later)
		conclude(v);
}

bool
gate_wants_header(const struct gate *g)
{
	return !fake_gate_no_header;
}

void
visit_header(struct visit *v, struct str name, struct str value)
{
	char line[400];
	struct buf b = BUF(line);

	must(!v->asked && v->told[ENV_MAIL_FROM]);
	buf_put(&b, str_slice(name, 0, 100));
	buf_puts(&b, ": ");
	buf_put(&b, str_slice(value, 0, 200));
	note(v, "header", buf_str(&b));
	if (str_eq(name, STR("Verdict")))
		v->wish = arena_str(&v->arena, value);
}

void
visit_head(struct visit *v, const struct message_head *head)
{
	must(!v->asked && !v->head_over && v->head_later && v->told[ENV_MAIL_FROM]);
	v->head_over = true;
	note(v, head->headers ? "head" : "no head", STR(""));
}

void
visit_head_end(struct visit *v, bool smtputf8)
{
	must(!v->asked && !v->head_over && v->head_later && v->told[ENV_MAIL_FROM]);
	v->head_over = true;
	note(v, "head", smtputf8 ? STR("utf8") : STR(""));
}

void
visit_judge_message(struct visit *v, struct str queue_id,
	void (*done)(void *ctx, const struct verdict *verdict), void *ctx)
{
	must(!v->asked && v->head_over);
	note(v, "message", queue_id);
	v->at_end = true;
	v->asked = ++n_asked;
	v->done = done;
	v->ctx = ctx;
	if (!fake_gate_later)
		conclude(v);
}

bool
fake_gate_answer(void)
{
	struct visit *first = NULL;

	for (struct list *l = visits.next; l != &visits; l = l->next) {
		struct visit *v = LIST_ELEMENT(l, struct visit, link);
		if (v->asked && (!first || v->asked < first->asked))
			first = v;
	}
	if (first)
		conclude(first);
	return first != NULL;
}

void
visit_queue_id(struct visit *v, struct str queue_id)
{
	if (queue_id.n)
		note(v, "queue", queue_id);
}

void
visit_end(struct visit *v)
{
	if (!v)
		return;
	note(v, "end", STR(""));
	list_remove(&v->link);
	arena_done(&v->arena);
	heap_free(v);
}

const struct stamp *
visit_stamp(struct visit *v, bool can_hold, bool at_once)
{
	struct stamp *s = arena_new(&v->arena, struct stamp);

	*s = fake_gate_stamp;
	s->kind = v->kind;
	if (v->kind == VERDICT_ACCEPT)
		s->field = STR("");
	if (v->kind == VERDICT_QUARANTINE && can_hold)
		s->hold = STR("because");
	return s;
}

void
visit_cannot(struct visit *v, enum gate_lack lack)
{
	char room[16];
	struct buf b = BUF(room);

	buf_putu(&b, lack);
	note(v, "cannot", buf_str(&b));
}
