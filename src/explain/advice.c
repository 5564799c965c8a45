/* explain/advice: see advice.h. */
#include "explain/advice.h"

#include "base/must.h"

struct work {
	struct arena *a;
	const struct texts *texts;
	const struct explained *x;
	const struct advice_list *list;
	size_t n_places;
	struct place places[9]; /* of steps */
	struct str reverse;	/* name of the address in reverse DNS */
	struct str name;	/* the server's own, or one that stands for it */
	bool name_known;
	struct advice *out;
};

static void
add(struct work *w, struct str step)
{
	if (w->out->n < ADVICE_STEPS_MAX && step.n)
		w->out->step[w->out->n++] = step;
}

/* A sentence with n places; empty where one of them has nothing. */
static struct str
sentence(struct work *w, const char *template, size_t n, const struct place *places)
{
	UNSET char room[2000];
	struct buf b = BUF(room);

	return texts_fill(template, places, n, &b) ? arena_str(w->a, buf_str(&b)) : STR("");
}

#define SAY(w, say_, ...)                                                                \
	sentence(w, (w)->texts->say[say_], COUNT(((const struct place[]){__VA_ARGS__})), \
		(const struct place[]){__VA_ARGS__})

/* "5.113.0.203.in-addr.arpa" */
static struct str
reverse_name(struct arena *a, const struct ip *ip)
{
	char room[80];
	struct buf b = BUF(room);

	if (ip->len == 4) {
		for (size_t i = 4; i-- > 0;)
			buf_printf(&b, "%u.", ip->b[i]);
		buf_puts(&b, "in-addr.arpa");
	} else {
		for (size_t i = 16; i-- > 0;)
			buf_printf(&b, "%x.%x.", ip->b[i] & 15u, (unsigned)ip->b[i] >> 4);
		buf_puts(&b, "ip6.arpa");
	}
	return arena_str(a, buf_str(&b));
}

static void
note(struct work *w, const char *key, struct str value)
{
	must(w->n_places < COUNT(w->places));
	w->places[w->n_places++] = (struct place){key, value};
}

static bool
is_host_name(struct str s)
{
	size_t dot = str_find(s, '.');
	struct ip ip;

	for (size_t i = 0; i < s.n; i++)
		if (!chr_is_alnum(s.p[i]) && s.p[i] != '-' && s.p[i] != '.')
			return false;
	return dot > 0 && dot + 1 < s.n && !ip_parse(s, &ip);
}

static void
set_places(struct work *w)
{
	const struct explained *x = w->x;
	char room[IP_TEXT_MAX];
	bool no_name = x->cause == CAUSE_NO_PTR;

	if (x->client.len) {
		note(w, "client", arena_str(w->a, str_of(ip_text(&x->client, room))));
		w->reverse = reverse_name(w->a, &x->client);
		note(w, "reverse", w->reverse);
	}
	w->name_known = is_host_name(x->client_name) || is_host_name(x->helo);
	w->name = is_host_name(x->client_name) ? x->client_name
		: w->name_known		       ? x->helo
					       : STR("mail.example.com");
	/* Elsewhere {name} is the reverse name that was found, which a bounce seldom tells. */
	if (no_name && w->name_known)
		note(w, "name", w->name);
	note(w, "helo", x->helo);
	note(w, "domain", x->domain);
	note(w, "list", w->out->list);
	note(w, "url", x->url);
	note(w, "recipient", x->recipient);
	note(w, "sender", x->sender);
}

/* --- host identity --- */

static void
advise_ptr(struct work *w)
{
	const struct ip *ip = &w->x->client;
	char room[IP_TEXT_MAX];

	if (!ip->len)
		return;
	if (w->x->cause == CAUSE_FCRDNS_MISMATCH || !w->name_known)
		add(w,
			SAY(w, w->name_known ? SAY_PTR_RECORD : SAY_PTR_RECORD_EXAMPLE,
				{"reverse", w->reverse}, {"host", w->name}));
	add(w,
		SAY(w, w->name_known ? SAY_ADDRESS_RECORD : SAY_ADDRESS_RECORD_EXAMPLE,
			{"host", w->name}, {"type", ip->len == 4 ? STR("A") : STR("AAAA")},
			{"client", str_of(ip_text(ip, room))}));
}

static void
advise_helo(struct work *w)
{
	static const enum saying servers[] = {SAY_HELO_POSTFIX, SAY_HELO_EXIM, SAY_HELO_SENDMAIL,
		SAY_HELO_OPENSMTPD, SAY_HELO_EXCHANGE};

	for (size_t i = 0; i < COUNT(servers); i++)
		add(w, SAY(w, servers[i], {"host", w->name}));
}

/* --- lists and providers --- */

/* A page with the address or domain in its place; without it where that is not known. */
static struct str
lookup_page(struct work *w)
{
	struct str page = str_of(w->list ? w->list->lookup : NULL);
	size_t open = str_find(page, '{');
	char ip[IP_TEXT_MAX];

	if (open == page.n)
		return page;
	bool address = str_has_prefix(str_skip(page, open), STR("{address}"));
	struct str value = address
		? (w->x->client.len ? str_of(ip_text(&w->x->client, ip)) : STR(""))
		: w->x->domain;
	struct str tail = str_skip(page, open + str_find(str_skip(page, open), '}') + 1);
	if (!is_host_name(value) && !(address && value.n))
		value = STR("");
	return arena_printf(w->a, "%.*s%.*s%.*s", (int)open, page.p, STR_ARG(value), STR_ARG(tail));
}

static void
advise_dead_list(struct work *w)
{
	const struct advice_list *l = w->list;

	add(w,
		SAY(w, l->since ? SAY_LIST_DEAD_SINCE : SAY_LIST_DEAD, {"list", str_of(l->zone)},
			{"since", str_of(l->since)}));
	if (l->note)
		add(w, SAY(w, SAY_LIST_NOTE, {"note", str_of(l->note), .ours = true}));
}

static void
advise_list(struct work *w)
{
	const struct advice_list *l = w->list;

	if (!l)
		return;
	struct str removal = str_of(l->removal);
	bool is_page = str_has_prefix(removal, STR("http"));
	add(w,
		SAY(w, SAY_LIST_IS, {"title", str_of(l->title)}, {"list", str_of(l->zone)},
			{"owner", str_of(l->owner)}));
	add(w, SAY(w, SAY_LIST_LOOKUP, {"url", w->out->lookup, .ours = true}));
	if (l->policy)
		add(w, str_of(w->texts->say[SAY_LIST_POLICY]));
	else
		add(w,
			SAY(w, is_page ? SAY_LIST_REMOVAL : SAY_LIST_REMOVAL_WORDS,
				{"removal", removal, .ours = true}));
}

static void
advise_provider(struct work *w)
{
	const struct bounce_provider *p = w->x->provider;

	if (!p || !p->form.n)
		return;
	const char *own = texts_named(w->texts->asks, w->texts->n_asks, p->name, NULL);
	struct str asks = own && p->asks.n ? str_of(own) : p->asks;
	if (!asks.n)
		add(w, SAY(w, SAY_PROVIDER_FORM, {"provider", p->title}, {"form", p->form}));
	else
		add(w,
			SAY(w, SAY_PROVIDER_ASKS, {"provider", p->title}, {"form", p->form},
				{"asks", asks, .ours = own != NULL}));
}

static bool
is_providers_own(enum cause_id cause)
{
	return cause == CAUSE_IP_BLOCKED || cause == CAUSE_DYNAMIC_IP ||
		cause == CAUSE_DOMAIN_REPUTATION || cause == CAUSE_POLICY_REJECTED ||
		cause == CAUSE_SPAM_CONTENT || cause == CAUSE_RATE_LIMITED ||
		cause == CAUSE_DNSBL_LISTED;
}

/* --- all of it --- */

static struct str
what_happened(struct work *w)
{
	const struct explained *x = w->x;
	const struct texts *t = w->texts;
	struct str title = str_of(t->cause[x->cause].title);
	struct str who = x->provider ? x->provider->title : x->failure->host;
	bool delayed = x->permanent == 0 || x->failure->delayed, named = x->recipient.n > 0;

	if (x->cause == CAUSE_NOT_BOUNCE)
		return title;
	if (t->titles_begin_small)
		title = arena_printf(
			w->a, "%c%.*s", chr_lower(title.p[0]), STR_ARG(str_skip(title, 1)));
	enum saying say = delayed ? (named ? SAY_DELAYED_TO : SAY_DELAYED)
				  : (named ? SAY_REFUSED_TO : SAY_REFUSED);
	return SAY(w, say, {"who", who.n ? who : str_of(t->say[SAY_THE_SERVER]), .ours = !who.n},
		{"recipient", x->recipient}, {"title", title, .ours = true});
}

void
advise(struct arena *a, const struct texts *texts, const struct explained *x,
	const struct advice_list *list, struct advice *out)
{
	struct work w = {.a = a, .texts = texts, .x = x, .list = list, .out = out};
	const char *const *steps = texts->cause[x->cause].steps;

	*out = (struct advice){.fixer = x->fixer, .list = list ? str_of(list->title) : x->list};
	set_places(&w);
	out->what = what_happened(&w);
	out->lookup = lookup_page(&w);
	if (list && list->dead) {
		out->fixer = FIXER_RECIPIENT_ADMIN;
		advise_dead_list(&w);
		return;
	}
	advise_list(&w);
	if (is_providers_own(x->cause))
		advise_provider(&w);
	for (size_t i = 0; i < CAUSE_STEPS_MAX && steps[i]; i++)
		add(&w, sentence(&w, steps[i], w.n_places, w.places));
	if (x->cause == CAUSE_NO_PTR || x->cause == CAUSE_FCRDNS_MISMATCH)
		advise_ptr(&w);
	if (x->cause == CAUSE_HELO_INVALID)
		advise_helo(&w);
}

enum saying
explain_retry_saying(enum explain_retry retry)
{
	static const enum saying says[] = {[RETRY_NO] = SAY_RETRY_NO,
		[RETRY_WAITS] = SAY_RETRY_LATER,
		[RETRY_MAYBE] = SAY_RETRY_UNKNOWN};

	return says[retry];
}

const char *
explain_retry_name(enum explain_retry retry)
{
	static const char *const names[] = {
		[RETRY_NO] = "no", [RETRY_WAITS] = "later", [RETRY_MAYBE] = "unknown"};

	return names[retry];
}
