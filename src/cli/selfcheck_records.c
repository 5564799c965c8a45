/* cli/selfcheck_records: see selfcheck_records.h. */
#include "cli/selfcheck_records.h"

#include "mail/psl.h"

#define STRING_MAX 255 /* RFC 1035 3.3: one string of a TXT record */
#define TXT_MAX	   4000

struct maker {
	const struct self_report *r;
	struct self_record *out;
	size_t n;
};

struct str
self_txt(struct arena *a, struct str text)
{
	UNSET char room[TXT_MAX * 4 + 64];
	struct buf b = BUF(room);

	for (size_t at = 0; at == 0 || at < text.n; at += STRING_MAX) {
		struct str part = str_slice(text, at, at + STRING_MAX);
		buf_puts(&b, at ? " \"" : "\"");
		for (size_t i = 0; i < part.n; i++) {
			char c = part.p[i];
			if (c == '"' || c == '\\')
				buf_printf(&b, "\\%c", c);
			else if (chr_is_print(c))
				buf_putc(&b, c);
			else
				buf_printf(&b, "\\%03u", (unsigned)(uint8_t)c);
		}
		buf_putc(&b, '"');
	}
	return buf_is_cut(&b) ? STR("") : arena_str(a, buf_str(&b));
}

static void
add(struct maker *m, struct self_record record)
{
	for (size_t i = 0; i < m->n; i++)
		if (str_eq(m->out[i].line, record.line))
			return;
	if (m->n < SELF_RECORDS_MAX)
		m->out[m->n++] = record;
}

/* Could be the name of a server on the Internet. */
static bool
is_public_name(struct str name)
{
	struct ip ip;

	return name.n && !ip_parse(name, &ip) && dns_name_is_hostname(name) &&
		dns_name_labels(name) > 1 && psl_tld_is_known(name);
}

/* The name that an address should have: its greeting, else the mail exchanger that it is. */
static struct str
host_of(struct maker *m, const struct self_address *a, bool *guessed)
{
	const struct self_mx *mx = &m->r->domain.mx;
	struct str name;

	*guessed = false;
	if (a->helo_given && dns_name_parse(m->r->a, a->helo, &name) && is_public_name(name))
		return name;
	for (size_t i = 0; i < mx->n; i++)
		for (size_t k = 0; k < mx->host[i].n; k++)
			if (ip_eq(&mx->host[i].ip[k], &a->ip) && is_public_name(mx->host[i].name))
				return mx->host[i].name;
	*guessed = true;
	return arena_printf(m->r->a, "mail.%.*s", STR_ARG(m->r->domain.name));
}

static bool
leads_to(const struct maker *m, struct str host, const struct ip *ip)
{
	const struct self_mx *mx = &m->r->domain.mx;

	for (size_t i = 0; i < mx->n; i++)
		for (size_t k = 0; str_eq(mx->host[i].name, host) && k < mx->host[i].n; k++)
			if (ip_eq(&mx->host[i].ip[k], ip))
				return true;
	return false;
}

static void
add_address(struct maker *m, const struct self_address *a, struct str host, bool guessed)
{
	/* In somebody else's zone it is his to publish. */
	bool own = psl_same_org(host, m->r->domain.name);

	add(m,
		(struct self_record){
			.line = arena_printf(m->r->a, "%.*s. IN %s %.*s", STR_ARG(host),
				a->ip.len == 16 ? "AAAA" : "A", STR_ARG(a->text)),
			.why = STR("so that the name leads to the address"),
			.who = own ? FIXER_SENDER_ADMIN : FIXER_SENDER_ISP,
			.guessed = guessed});
}

static void
add_reverse(struct maker *m, const struct self_address *a, bool replaces)
{
	bool guessed;
	struct str host = host_of(m, a, &guessed);
	struct str reverse = dns_reverse_name(m->r->a, &a->ip);

	add(m,
		(struct self_record){.line = arena_printf(m->r->a, "%.*s. IN PTR %.*s.",
					     STR_ARG(reverse), STR_ARG(host)),
			.why = STR("so that the address has a name"),
			.who = FIXER_SENDER_ISP,
			.guessed = guessed,
			.replaces = replaces});
	if (!leads_to(m, host, &a->ip))
		add_address(m, a, host, guessed);
}

static void
add_for_address(struct maker *m, const struct self_address *a)
{
	struct str helo;

	if (!a->judged || a->maybe)
		return;
	if (a->wants_ptr)
		add_reverse(m, a, a->reverse.name.n > 0);
	else if (a->wants_forward && psl_same_org(a->reverse.name, m->r->domain.name) &&
		is_public_name(a->reverse.name))
		add_address(m, a, a->reverse.name, false);
	else if (a->wants_forward)
		add_reverse(m, a, true);
	if (a->wants_helo && a->helo_given && dns_name_parse(m->r->a, a->helo, &helo) &&
		is_public_name(helo))
		add_address(m, a, helo, false);
}

/* The policy with the addresses in it that it lacks; a first one where there is none. */
static void
add_spf(struct maker *m)
{
	const struct self_spf *spf = &m->r->domain.spf;
	struct arena *a = m->r->a;
	UNSET char room[TXT_MAX];
	struct buf b = BUF(room);
	bool any = false;

	if (spf->known == SELF_UNKNOWN || (spf->known == SELF_BAD && !spf->record.n))
		return;
	buf_puts(&b, "v=spf1");
	for (size_t i = 0; i < m->r->n_addresses; i++) {
		const struct self_address *at = &m->r->address[i];
		if (!at->wants_spf || at->maybe)
			continue;
		buf_printf(&b, " ip%c:%.*s", at->ip.len == 16 ? '6' : '4', STR_ARG(at->text));
		any = true;
	}
	if (!any && (spf->known != SELF_NONE || m->r->domain.mx.known != SELF_OK))
		return;
	if (spf->record.n) {
		buf_putc(&b, ' ');
		buf_put(&b, str_trim(str_skip(spf->record, 6)));
	} else {
		buf_puts(&b, any ? " -all" : " mx -all");
	}
	if (buf_is_cut(&b))
		return;
	add(m,
		(struct self_record){
			.line = arena_printf(a, "%.*s. IN TXT %.*s", STR_ARG(m->r->domain.name),
				STR_ARG(self_txt(a, buf_str(&b)))),
			.why = spf->record.n ? STR("in place of the SPF record that is there")
					     : STR("so that SPF names your servers"),
			.who = FIXER_SENDER_ADMIN,
			.replaces = spf->record.n > 0});
}

static void
add_dmarc(struct maker *m)
{
	const struct self_dmarc *d = &m->r->domain.dmarc;
	struct arena *a = m->r->a;
	struct str name = m->r->domain.name;

	if (d->known != SELF_NONE && !(d->known == SELF_BAD && !d->inherited))
		return;
	struct str text =
		arena_printf(a, "v=DMARC1; p=none; rua=mailto:postmaster@%.*s", STR_ARG(name));
	add(m,
		(struct self_record){.line = arena_printf(a, "_dmarc.%.*s. IN TXT %.*s",
					     STR_ARG(name), STR_ARG(self_txt(a, text))),
			.why = STR("a first DMARC record: it asks for reports only"),
			.who = FIXER_SENDER_ADMIN,
			.replaces = d->known == SELF_BAD});
}

/* To a host that is known to be there; else to one that is only an example. */
static void
add_mx(struct maker *m)
{
	const struct self_mx *mx = &m->r->domain.mx;
	struct str host = STR("");
	bool guessed = false;

	if (mx->known != SELF_NONE || mx->nxdomain)
		return;
	if (mx->implicit)
		host = m->r->domain.name;
	for (size_t i = 0; i < m->r->n_addresses && !host.n; i++)
		if (psl_same_org(m->r->address[i].reverse.name, m->r->domain.name))
			host = m->r->address[i].reverse.name;
	if (!host.n || !is_public_name(host)) {
		host = arena_printf(m->r->a, "mail.%.*s", STR_ARG(m->r->domain.name));
		guessed = true;
	}
	add(m,
		(struct self_record){.line = arena_printf(m->r->a, "%.*s. IN MX 10 %.*s.",
					     STR_ARG(m->r->domain.name), STR_ARG(host)),
			.why = STR("so that answers and bounces come back"),
			.who = FIXER_SENDER_ADMIN,
			.guessed = guessed});
}

size_t
self_records(const struct self_report *r, struct self_record out[SELF_RECORDS_MAX])
{
	struct maker m = {.r = r, .out = out};

	if (r->domain.mx.known == SELF_NONE && r->domain.mx.nxdomain)
		return 0; /* there is no zone that they could stand in */
	for (size_t i = 0; i < r->n_addresses; i++)
		add_for_address(&m, &r->address[i]);
	add_mx(&m);
	add_spf(&m);
	add_dmarc(&m);
	return m.n;
}
