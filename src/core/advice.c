/* core/advice: see advice.h. */
#include "core/advice.h"

#define EXAMPLE_HOST "mail.example.com"
#define POLICY_MAX   450 /* bytes of an SPF record, RFC 7208 3.4 */

static const struct dns_answer *
fact_of(const struct record *r, struct str name, enum dns_type type)
{
	for (size_t i = 0; i < r->n_facts; i++)
		if (r->fact[i].kind == FACT_DNS && r->fact[i].type == type &&
			str_eq(r->fact[i].name, name))
			return &r->fact[i].answer->dns;
	return NULL;
}

static enum dns_type
address_type(const struct record *r)
{
	return r->client.len == 16 ? DNS_AAAA : DNS_A;
}

static bool
leads_to_client(const struct record *r, struct str host)
{
	const struct dns_answer *a = fact_of(r, host, address_type(r));

	return a && a->status == DNS_OK && dns_answer_has_ip(a, &r->client);
}

/* What the server calls itself, where that could be the name of a server on the Internet. */
static struct str
host_of(struct arena *a, const struct record *r, bool *made_up)
{
	static const char *const inner[] = {"localhost", "localdomain", "local", "lan", "internal",
		"home", "corp", "intranet", "invalid", "test", "arpa"};
	struct str name;
	struct ip ip;

	*made_up = true;
	if (!r->has_helo || ip_parse(r->helo, &ip) || !dns_name_parse(a, r->helo, &name) ||
		!dns_name_is_hostname(name) || dns_name_labels(name) < 2)
		return STR(EXAMPLE_HOST);
	struct str top = str_skip(name, str_rfind(name, '.') + 1);
	for (size_t i = 0; i < COUNT(inner); i++)
		if (str_eq(top, str_of(inner[i])))
			return STR(EXAMPLE_HOST);
	*made_up = false;
	return name;
}

static bool
is_policy(struct str s)
{
	return str_has_prefix_nocase(s, STR("v=spf1")) && (s.n == 6 || s.p[6] == ' ');
}

/* The domain's SPF record with this server in front, or a first one. */
static struct str
policy_with(struct arena *a, const struct record *r, struct str domain, struct str mechanism)
{
	const struct dns_answer *txt = fact_of(r, domain, DNS_TXT);
	struct str rest = STR("mx -all");

	for (size_t i = 0; txt && txt->status == DNS_OK && i < txt->n; i++)
		if (is_policy(txt->rr[i].text))
			rest = str_trim(str_skip(txt->rr[i].text, 6));
	if (rest.n + mechanism.n + 8 > POLICY_MAX || str_find(rest, '"') < rest.n)
		return STR("");
	return arena_printf(a, "v=spf1 %.*s %.*s", STR_ARG(mechanism), STR_ARG(rest));
}

/* A copy of the finding that knows what templates of records may ask for beside its evidence. */
static struct finding
with_places(struct arena *a, const struct finding *f, const struct record *r, struct str host)
{
	struct finding g = *f;
	struct str domain = finding_get(f, "domain"), mechanism;
	char ip[IP_TEXT_MAX];

	if (!finding_get(f, "reverse").n && g.n < EVIDENCE_MAX)
		finding_note(&g, "reverse", dns_reverse_name(a, &r->client));
	mechanism = arena_printf(
		a, "ip%c:%s", r->client.len == 16 ? '6' : '4', ip_text(&r->client, ip));
	const struct evidence more[] = {{"host", host},
		{"A", str_of(dns_type_name(address_type(r)))}, {"mechanism", mechanism},
		{"policy",
			policy_with(a, r, domain.n ? domain : finding_get(f, "helo"), mechanism)}};
	for (size_t i = 0; i < COUNT(more) && g.n < EVIDENCE_MAX; i++)
		finding_note(&g, more[i].key, more[i].value);
	return g;
}

/* The owner of the record, the template's first place, is a name that can stand in a zone:
 * strangers chose it. */
static bool
owner_is_name(struct arena *a, const struct finding *f)
{
	struct str template = str_of(f->code->record), name;
	const char *key = arena_z(a, str_slice(template, 1, str_find(template, '}')));

	must(template.p[0] == '{');
	return dns_name_parse(a, finding_get(f, key), &name) && dns_name_is_hostname(name);
}

bool
advice_make(struct arena *a, const struct finding *f, const struct record *r, struct advice *out)
{
	UNSET char room[1024];
	struct buf b = BUF(room);
	bool made_up;

	if (!f->code || !f->code->record || !r->client.len)
		return false;
	struct str host = host_of(a, r, &made_up);
	struct finding g = with_places(a, f, r, host);
	bool whole = finding_fill(&g, f->code->record, &b) && !buf_is_cut(&b);
	if (!whole || !owner_is_name(a, &g) || str_contains(buf_str(&b), STR("\"\"")))
		return false;
	bool uses_host = str_contains(str_of(f->code->record), STR("{host}"));
	*out = (struct advice){arena_str(a, buf_str(&b)), STR(""), uses_host && made_up};
	if (uses_host && !leads_to_client(r, host)) {
		char ip[IP_TEXT_MAX];
		out->more = arena_printf(a, "%.*s. IN %s %s", STR_ARG(host),
			dns_type_name(address_type(r)), ip_text(&r->client, ip));
	}
	return true;
}
