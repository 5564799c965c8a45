/* explain: see explain.h. */
#include "explain/explain.h"

/* How sure the reply has to be for the words about it not to be looked at, and both of them for the
 * rest not to be. */
#define SURE_BY_REPLY 70
#define SURE_BY_WORDS 60
#define SURE_BY_FIRST 90 /* for the first sentence to decide alone */
#define SURE_BY_TOKEN 95 /* for a token or name to decide wherever it stands */

/* What words for people are worth less than a server's own: they quote, guess and apologise. */
#define OF_WORDS 3
#define OF_ALL	 8

/* A few words without a code are taken for those of a refusal, of which a program has kept no
 * more; longer texts say many things. */
#define FEW_WORDS   160
#define OF_GUESS    10
#define CODE_OF_ANY 500

struct state {
	struct arena *a;
	const struct explain_options *o;
	struct explanation *out;
	struct explain_text all; /* the whole of the words; folded at the first need */
	bool has_all;
};

/* One text on which rules are tried. */
struct piece {
	const struct explain_text *text;
	unsigned code;
	struct str enhanced;
	unsigned less; /* what it is worth less */
};

struct best {
	unsigned sure;
	struct rule_match match;
};

static void
try_piece(struct state *s, const struct piece *p, struct explained *x, struct best *best)
{
	struct rule_match m;
	const struct rule_input in = {p->text, p->code, p->enhanced, x->provider};

	if (!bounce_rules_match(s->o->rules, &in, 0, &m))
		return;
	unsigned sure = m.rule->sure > p->less ? m.rule->sure - p->less : 1;
	if (sure > best->sure)
		*best = (struct best){sure, m};
}

/* The first sentence of a reply that has several: reasons come first, advice later ("make sure that
 * SPF and PTR are in order"), and advice must not be taken for a reason. */
static struct str
first_sentence(struct str s)
{
	for (size_t i = 16; i + 2 < s.n; i++) {
		if (!strchr(".!?", s.p[i]) || !strchr(" \n", s.p[i + 1]) ||
			chr_is_digit(s.p[i - 1]))
			continue;
		struct str rest = str_trim(str_skip(s, i + 1));
		/* "550-5.7.1 Next": the code of the next line may come between. */
		while (rest.n && (chr_is_digit(rest.p[0]) || strchr("-. ", rest.p[0])))
			rest = str_skip(rest, 1);
		if (rest.n && rest.p[0] >= 'A' && rest.p[0] <= 'Z')
			return str_slice(s, 0, i + 1);
	}
	return s;
}

/* A reason that the first sentence gives for certain.  That a connection or a system failed may be
 * only the head of it: "Connection refused. No reverse name". */
static void
try_first_sentence(struct state *s, struct explained *x, struct best *best)
{
	const struct failure *f = x->failure;
	struct str first = first_sentence(f->reply);
	struct explain_text text;
	struct best found = {0};

	if (!f->code || first.n == f->reply.n)
		return;
	explain_text_fold(s->a, first, &text);
	try_piece(s, &(struct piece){&text, f->code, f->enhanced, 0}, x, &found);
	if (found.sure >= SURE_BY_FIRST && found.match.rule->cause != CAUSE_NETWORK_ERROR)
		*best = found;
}

static const struct explain_text *
all_words(struct state *s)
{
	if (!s->has_all) {
		explain_text_fold(s->a, s->out->bounce.said, &s->all);
		bounce_rules_clean(s->o->rules, &s->all);
		s->has_all = true;
	}
	return &s->all;
}

/* Try the reply, then what the bounce says about it, then all that it says. */
static void
find_cause(struct state *s, struct explained *x, const struct explain_text *reply)
{
	const struct failure *f = x->failure;
	struct best best = {0};
	bool in_words =
		s->out->bounce.kind == BOUNCE_MESSAGE || s->out->bounce.kind == BOUNCE_REPORT;

	try_piece(s, &(struct piece){reply, f->code, f->enhanced, 0}, x, &best);
	if (best.sure < SURE_BY_TOKEN)
		try_first_sentence(s, x, &best);
	/* What the server itself says in words stands; what its numbers say does not. */
	bool stands = f->code && best.sure && (best.match.rule->plain || best.match.rule->whole);
	if (!stands && (best.sure < SURE_BY_REPLY || !f->reply.n) && f->words.n > f->reply.n) {
		struct explain_text words;
		explain_text_fold(s->a, f->words, &words);
		bounce_rules_clean(s->o->rules, &words);
		try_piece(s, &(struct piece){&words, 0, STR(""), OF_WORDS}, x, &best);
	}
	if (!stands && best.sure < SURE_BY_WORDS && in_words)
		try_piece(s, &(struct piece){all_words(s), 0, STR(""), OF_ALL}, x, &best);
	if (!best.sure && !f->code && f->reply.n <= FEW_WORDS &&
		str_find(f->reply, ' ') < f->reply.n)
		try_piece(s, &(struct piece){reply, CODE_OF_ANY, STR(""), OF_GUESS}, x, &best);
	x->cause = CAUSE_UNKNOWN;
	x->sure = best.sure ? best.sure : 20;
	if (!best.sure)
		return;
	x->rule = best.match.rule;
	x->cause = x->rule->cause;
	x->words = best.match.words;
	x->list = x->rule->list;
	if (!x->provider && x->rule->provider.n)
		x->provider = bounce_provider_get(s->o->rules, x->rule->provider);
	for (size_t i = 0; i < best.match.n; i++) {
		static const char *const names[] = {"list", "helo", "domain", "sender", "name"};
		struct str *const places[] = {
			&x->list, &x->helo, &x->domain, &x->sender, &x->client_name};
		struct str name = best.match.capture[i].name;
		for (size_t k = 0; k < COUNT(names); k++)
			if (str_eq(name, str_of(names[k])))
				*places[k] = best.match.capture[i].value;
		if (str_eq(name, STR("client")))
			(void)ip_parse(best.match.capture[i].value, &x->client);
	}
}

static bool
is_sender_side(enum cause_id cause)
{
	return cause < CAUSE_HEADER_NONCOMPLIANT;
}

/* The sender's address in the reply of a server that speaks of it. */
static void
find_client(struct explained *x)
{
	struct str rest = x->failure->reply;
	struct ip ip, host = {0};

	if (x->failure->client.len)
		x->client = x->failure->client;
	(void)ip_parse(x->failure->host, &host);
	while (!x->client.len && explain_ip_next(&rest, &ip))
		if (!ip_is_private(&ip) && !ip_eq(&ip, &host))
			x->client = ip;
}

/* The list that the reply means, by its zone or by other words. */
static void
find_list(struct state *s, struct explained *x, const struct explain_text *reply)
{
	struct str rest = x->failure->reply, host, zone = STR("");

	if (x->cause != CAUSE_DNSBL_LISTED && x->cause != CAUSE_DOMAIN_REPUTATION) {
		x->list = STR("");
		return;
	}
	if (x->list.n && s->o->find_list)
		zone = s->o->find_list(s->o->ctx, x->list);
	while (!zone.n && s->o->find_list && explain_host_next(&rest, &host))
		zone = s->o->find_list(s->o->ctx, host);
	if (!zone.n)
		zone = bounce_list_alias(s->o->rules, reply);
	if (!zone.n && x->words.n && s->has_all)
		zone = bounce_list_alias(s->o->rules, &s->all);
	if (zone.n)
		x->list = zone;
}

static bool
is_pasted(const struct bounce *b)
{
	return b->kind != BOUNCE_MESSAGE && b->kind != BOUNCE_REPORT;
}

/* What the sender's own server said about him.  The address in it is no recipient. */
static void
find_asked(struct state *s, struct explained *x)
{
	const struct failure *f = x->failure;
	const struct bounce *b = &s->out->bounce;

	if (x->cause != CAUSE_SENDER_VERIFY_FAILED)
		return;
	if (!explain_asked(s->a, f->reply, &x->asked) &&
		!explain_asked(s->a, f->words, &x->asked) && is_pasted(b))
		(void)explain_asked(s->a, b->text, &x->asked);
	if (!x->sender.n)
		x->sender = x->asked.sender;
}

/* A log of the server that refused, in which the last reply is the other one's. */
static bool
is_log_of_callout(const struct bounce *b)
{
	return is_pasted(b) && str_contains(b->text, STR("sender verify fail for <"));
}

static void
find_names(struct state *s, struct explained *x)
{
	const struct failure *f = x->failure;
	const struct bounce *b = &s->out->bounce;

	x->recipient = f->recipient;
	if (x->asked.sender.n && is_pasted(b) && str_eq(x->recipient, x->asked.sender))
		x->recipient = STR("");
	if (!x->sender.n)
		x->sender = f->sender.n ? f->sender : b->sender;
	if (!x->helo.n)
		x->helo = f->helo;
	/* The server that reports is the one that introduced itself, if it is the sender's. */
	if (!x->client_name.n)
		x->client_name = b->reporter;
	if (!x->domain.n)
		x->domain = explain_domain_of(is_sender_side(x->cause) ? x->sender : x->recipient);
	x->url = explain_url_find(f->reply);
	if (!x->url.n && x->words.n)
		x->url = explain_url_find(x->words);
}

static int
permanence(const struct failure *f)
{
	unsigned class = f->code / 100;

	if (!class && f->enhanced.n)
		class = (unsigned)(f->enhanced.p[0] - '0');
	if (!class && f->status.n)
		class = (unsigned char)f->status.p[0] - (unsigned)'0';
	return class == 5 ? 1 : class == 4 ? 0 : -1;
}

static enum explain_retry
retry_of(const struct explained *x)
{
	const struct cause *c = cause_get(x->cause);

	switch (c->nature) {
	case NATURE_PERMANENT:
		return RETRY_NO;
	case NATURE_TEMPORARY:
		return RETRY_WAITS;
	case NATURE_REPLY:
		break;
	}
	/* A missing record does not appear by waiting, whatever the class of the reply says. */
	if (c->group == GROUP_HOST_IDENTITY || c->group == GROUP_AUTHENTICATION)
		return RETRY_NO;
	return x->permanent == 1 ? RETRY_NO : x->permanent == 0 ? RETRY_WAITS : RETRY_MAYBE;
}

static void
explain_one(struct state *s, const struct failure *f, struct explained *x)
{
	struct explain_text reply;

	*x = (struct explained){.failure = f};
	explain_text_fold(
		s->a, is_log_of_callout(&s->out->bounce) ? s->out->bounce.text : f->reply, &reply);
	/* Without a code it may be all of a bounce's words. */
	if (!f->code)
		bounce_rules_clean(s->o->rules, &reply);
	x->provider = bounce_provider_find(s->o->rules, f->host, &reply);
	find_cause(s, x, &reply);
	x->fixer = cause_get(x->cause)->fixer;
	x->permanent = permanence(f);
	x->retry = retry_of(x);
	find_client(x);
	find_asked(s, x);
	find_list(s, x, &reply);
	find_names(s, x);
}

bool
explain_bytes(struct arena *a, const struct explain_options *o, char *bytes, size_t n,
	struct explanation *out)
{
	struct state s = {.a = a, .o = o, .out = out};
	static const struct failure none;

	out->n = 0;
	if (!bounce_read(a, bytes, n, &out->bounce))
		return false;
	for (size_t i = 0; i < out->bounce.n; i++)
		explain_one(&s, &out->bounce.failure[i], &out->item[out->n++]);
	if (out->n)
		return true;
	/* A bounce of which nothing could be read, or none at all. */
	struct explained *x = &out->item[out->n++];
	bool nothing = out->bounce.kind == BOUNCE_NONE;
	*x = (struct explained){.failure = &none,
		.cause = nothing ? CAUSE_NOT_BOUNCE : CAUSE_UNKNOWN,
		.sure = nothing ? 85 : 20,
		.permanent = -1,
		.retry = nothing ? RETRY_NO : RETRY_MAYBE};
	x->fixer = cause_get(x->cause)->fixer;
	return true;
}
