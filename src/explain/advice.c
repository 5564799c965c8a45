/* explain/advice: see advice.h. */
#include "explain/advice.h"

#include "core/finding.h"

struct work {
	struct arena *a;
	const struct explained *x;
	const struct advice_list *list;
	struct finding places; /* of steps */
	struct str reverse;    /* name of the address in reverse DNS */
	struct str name;       /* the server's own, or one that stands for it */
	bool name_known;
	struct advice *out;
};

static void
add(struct work *w, struct str step)
{
	if (w->out->n < ADVICE_STEPS_MAX && step.n)
		w->out->step[w->out->n++] = step;
}

/* A template with places; left out where one has nothing. */
static void
add_filled(struct work *w, const char *template)
{
	char room[1500];
	struct buf b = BUF(room);

	if (finding_fill(&w->places, template, &b))
		add(w, arena_str(w->a, buf_str(&b)));
}

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
	if (value.n && w->places.n < EVIDENCE_MAX)
		finding_note(&w->places, key, value);
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
	const char *stand_in = w->name_known
		? ""
		: " (put the server's own name in the place of mail.example.com)";
	const struct ip *ip = &w->x->client;
	char room[IP_TEXT_MAX];

	if (!ip->len)
		return;
	if (w->x->cause == CAUSE_FCRDNS_MISMATCH || !w->name_known)
		add(w,
			arena_printf(w->a,
				"Reverse record, in the zone of the address's owner: "
				"%.*s. IN PTR %.*s.%s",
				STR_ARG(w->reverse), STR_ARG(w->name), stand_in));
	add(w,
		arena_printf(w->a, "Address record, in the zone of that name: %.*s. IN %s %s%s",
			STR_ARG(w->name), ip->len == 4 ? "A" : "AAAA", ip_text(ip, room),
			stand_in));
}

static void
advise_helo(struct work *w)
{
	static const char *const servers[] = {
		"Postfix: myhostname = %.*s in main.cf, or smtp_helo_name = %.*s where myhostname "
		"has to stay; then \"postfix reload\".",
		"Exim: primary_hostname = %.*s, or helo_data = %.*s in the smtp transport.",
		"Sendmail: define(`confDOMAIN_NAME', `%.*s') in sendmail.mc; see that \"hostname "
		"-f\" says %.*s too.",
		"OpenSMTPD: helo \"%.*s\" in the relay action of smtpd.conf, or the name %.*s in "
		"the file mailname.",
		"Exchange: Set-SendConnector -Fqdn %.*s; the name %.*s needs an address record.",
	};

	for (size_t i = 0; i < COUNT(servers); i++) {
		char room[700];
		struct buf b = BUF(room);
		struct str rest = str_of(servers[i]);
		for (size_t at; (at = str_find(rest, '%')) < rest.n;
			rest = str_skip(rest, at + 4)) {
			buf_put(&b, str_slice(rest, 0, at));
			buf_put_escaped(&b, w->name, 255);
		}
		buf_put(&b, rest);
		add(w, arena_str(w->a, buf_str(&b)));
	}
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
advise_list(struct work *w)
{
	const struct advice_list *l = w->list;

	if (!l)
		return;
	if (l->dead) {
		add(w,
			arena_printf(w->a,
				"The list %s is dead%s%s: nobody can be removed from it, and there "
				"is nothing "
				"for the sender to repair. The receiver's administrator has to "
				"take it out "
				"of the settings; tell postmaster there.",
				l->zone, l->since ? " since " : "", l->since ? l->since : ""));
		if (l->note)
			add(w, str_of(l->note));
		return;
	}
	add(w, arena_printf(w->a, "The list is %s (%s), run by %s.", l->title, l->zone, l->owner));
	if (w->out->lookup.n)
		add(w, arena_printf(w->a, "Look the entry up: %.*s", STR_ARG(w->out->lookup)));
	if (l->policy)
		add(w,
			STR("It names end users' lines, not offenders: let the mail go through "
			    "your "
			    "provider's mail server instead of asking for removal."));
	else if (l->removal)
		add(w, arena_printf(w->a, "Removal: %s", l->removal));
}

static void
advise_provider(struct work *w)
{
	const struct bounce_provider *p = w->x->provider;

	if (!p || !p->form.n)
		return;
	add(w,
		arena_printf(w->a, "Turn to %.*s: %.*s%s%.*s%s", STR_ARG(p->title),
			STR_ARG(p->form), p->asks.n ? " (it wants to know " : "", STR_ARG(p->asks),
			p->asks.n ? ")" : ""));
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
	const struct cause *c = cause_get(x->cause);
	struct str who = x->provider ? x->provider->title : x->failure->host;
	char room[1200];
	struct buf b = BUF(room);

	if (x->cause == CAUSE_NOT_BOUNCE)
		return str_of(c->title);
	if (who.n)
		buf_put_escaped(&b, who, 200);
	else
		buf_puts(&b, "The receiving server");
	buf_puts(&b,
		x->permanent == 0 || x->failure->delayed ? " put the message"
							 : " did not take the message");
	if (x->recipient.n) {
		buf_puts(&b, " to ");
		buf_put_escaped(&b, x->recipient, 200);
	}
	buf_puts(&b, x->permanent == 0 || x->failure->delayed ? " off: " : ": ");
	buf_putc(&b, chr_lower(c->title[0]));
	buf_puts(&b, c->title + 1);
	return arena_str(w->a, buf_str(&b));
}

void
advise(struct arena *a, const struct explained *x, const struct advice_list *list,
	struct advice *out)
{
	struct work w = {.a = a, .x = x, .list = list, .out = out};
	const struct cause *c = cause_get(x->cause);

	*out = (struct advice){.fixer = x->fixer, .list = list ? str_of(list->title) : x->list};
	set_places(&w);
	out->what = what_happened(&w);
	out->lookup = lookup_page(&w);
	if (list && list->dead)
		out->fixer = FIXER_RECIPIENT_ADMIN;
	advise_list(&w);
	if (list && list->dead)
		return;
	if (is_providers_own(x->cause))
		advise_provider(&w);
	for (size_t i = 0; i < CAUSE_STEPS_MAX && c->steps[i]; i++)
		add_filled(&w, c->steps[i]);
	if (x->cause == CAUSE_NO_PTR || x->cause == CAUSE_FCRDNS_MISMATCH)
		advise_ptr(&w);
	if (x->cause == CAUSE_HELO_INVALID)
		advise_helo(&w);
}

const char *
explain_retry_text(enum explain_retry retry)
{
	static const char *const texts[] = {
		[RETRY_NO] = "no: the same message will fail again until that is done",
		[RETRY_WAITS] = "yes, later: the sending server mostly does it by itself",
		[RETRY_MAYBE] = "not known"};

	return texts[retry];
}

const char *
explain_retry_name(enum explain_retry retry)
{
	static const char *const names[] = {
		[RETRY_NO] = "no", [RETRY_WAITS] = "later", [RETRY_MAYBE] = "unknown"};

	return names[retry];
}
