/* spf/record: see record.h. */
#include "spf/macro.h"
#include "spf/record.h"

#define VERSION STR("v=spf1")

/*
 * How many terms of a record of n bytes are ever looked at: the shortest address is " ip6:::", of
 * the terms that cause questions the eleventh ends the check, and nothing counts behind "all".
 */
static size_t
terms_max(size_t n)
{
	return n / 7 + SPF_DNS_TERMS_MAX + 2;
}

struct parser {
	struct arena *arena;
	struct spf_term *term;
	size_t n, room, dns_terms;
	bool closed; /* "all" was read: the rest is checked, not kept */
	struct spf_record *out;
	struct str *problem;
};

static bool
wrong(struct parser *p, struct str term, const char *what)
{
	*p->problem = arena_printf(p->arena, "%s: \"%.*s\"", what, STR_ARG(term));
	return false;
}

enum spec_need { SPEC_NONE, SPEC_MAY, SPEC_MUST };

static const struct mechanism {
	struct str name;
	enum spf_kind kind;
	enum spec_need spec;
	bool cidr, dns;
} mechanisms[] = {
	/* Those that most records are full of come first. */
	{STR_INIT("ip4"), SPF_IP4, SPEC_NONE, false, false},
	{STR_INIT("ip6"), SPF_IP6, SPEC_NONE, false, false},
	{STR_INIT("include"), SPF_INCLUDE, SPEC_MUST, false, true},
	{STR_INIT("all"), SPF_ALL, SPEC_NONE, false, false},
	{STR_INIT("a"), SPF_A, SPEC_MAY, true, true},
	{STR_INIT("mx"), SPF_MX, SPEC_MAY, true, true},
	{STR_INIT("exists"), SPF_EXISTS, SPEC_MUST, false, true},
	{STR_INIT("ptr"), SPF_PTR, SPEC_MAY, false, true},
};

/* A prefix length: no leading zeros, at most max. */
static bool
parse_bits(struct str s, uint8_t max, uint8_t *out)
{
	uint64_t v;

	if (!str_to_u64(s, max, &v) || (s.n > 1 && s.p[0] == '0'))
		return false;
	*out = (uint8_t)v;
	return true;
}

/* Cut [ "/" bits4 ] [ "//" bits6 ] off the end of *s; what does not look like it is left to the
 * domain, in which slashes are legal. */
static bool
cut_cidr(struct str *s, struct spf_term *t)
{
	size_t slash = str_rfind(*s, '/');

	if (slash > 0 && slash < s->n && s->p[slash - 1] == '/' &&
		str_is_digits(str_skip(*s, slash + 1))) {
		if (!parse_bits(str_skip(*s, slash + 1), 128, &t->bits6))
			return false;
		*s = str_slice(*s, 0, slash - 1);
		slash = str_rfind(*s, '/');
	}
	if (slash < s->n && str_is_digits(str_skip(*s, slash + 1))) {
		if (!parse_bits(str_skip(*s, slash + 1), 32, &t->bits4))
			return false;
		*s = str_slice(*s, 0, slash);
	}
	return true;
}

/* What follows the name of a mechanism: "", ":domain", ":domain/24//64", "/24". */
static bool
parse_target(struct parser *p, const struct mechanism *m, struct str rest, struct spf_term *t)
{
	struct ip ip;

	if (m->cidr && !cut_cidr(&rest, t))
		return wrong(p, t->text, "invalid prefix length");
	if (rest.n == 0)
		return m->spec != SPEC_MUST || wrong(p, t->text, "the domain is missing");
	if (m->spec == SPEC_NONE || rest.p[0] != ':')
		return wrong(p, t->text, "unexpected text after the mechanism");
	t->spec = str_skip(rest, 1);
	if (spf_domain_spec_ok(t->spec))
		return true;
	if (ip_parse(t->spec, &ip))
		return wrong(p, t->text, "an address where a domain belongs (ip4: or ip6: meant?)");
	return wrong(p, t->text, "invalid domain");
}

/* ":192.0.2.0/24" */
static bool
parse_network(struct parser *p, struct str rest, struct spf_term *t)
{
	bool six = t->kind == SPF_IP6;
	struct str text = str_skip(rest, 1);
	size_t slash = str_find(text, '/');
	struct str address = str_slice(text, 0, slash);
	uint8_t bits = six ? 128 : 32;
	struct ip ip;

	if (rest.n == 0 || rest.p[0] != ':' || !ip_parse(address, &ip) ||
		(str_find(address, ':') < address.n) != six)
		return wrong(p, t->text, "invalid address");
	if (slash < text.n && !parse_bits(str_skip(text, slash + 1), bits, &bits))
		return wrong(p, t->text, "invalid prefix length");
	if (six && ip.len == 4) /* 5.6: a mapped address stays an IPv6 address here */
		ip = (struct ip){16, {[10] = 0xff, 0xff, ip.b[0], ip.b[1], ip.b[2], ip.b[3]}};
	t->net = ip_net_of(&ip, bits);
	return true;
}

/* "-" "a" ":example.org/24" */
static bool
parse_directive(struct parser *p, struct str word)
{
	static const struct {
		char c;
		enum spf_result result;
	} qualifiers[] = {
		{'+', SPF_PASS}, {'-', SPF_FAIL}, {'~', SPF_SOFTFAIL}, {'?', SPF_NEUTRAL}};
	struct spf_term t = {.text = word, .result = SPF_PASS, .bits4 = 32, .bits6 = 128};
	size_t i = 0, end = 0;

	for (size_t k = 0; k < COUNT(qualifiers); k++)
		if (word.p[0] == qualifiers[k].c) {
			t.result = qualifiers[k].result;
			word = str_skip(word, 1);
			break;
		}
	while (end < word.n && word.p[end] != ':' && word.p[end] != '/')
		end++;
	while (i < COUNT(mechanisms) && !str_eq_nocase(mechanisms[i].name, str_slice(word, 0, end)))
		i++;
	if (i == COUNT(mechanisms))
		return wrong(p, t.text, "unknown mechanism");
	t.kind = mechanisms[i].kind;
	if (t.kind == SPF_IP4 || t.kind == SPF_IP6) {
		if (!parse_network(p, str_skip(word, end), &t))
			return false;
	} else if (!parse_target(p, &mechanisms[i], str_skip(word, end), &t)) {
		return false;
	}
	p->dns_terms += mechanisms[i].dns;
	if (p->closed || (mechanisms[i].dns && p->dns_terms > SPF_DNS_TERMS_MAX + 1))
		return true;
	p->closed = t.kind == SPF_ALL;
	must(p->n < p->room);
	p->term[p->n++] = t;
	return true;
}

/* ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ) "=" : length of the name, 0 if it is no modifier. */
static size_t
modifier_name(struct str word)
{
	size_t n = 0;

	if (!chr_is_alpha(word.p[0]))
		return 0;
	while (n < word.n &&
		(chr_is_alnum(word.p[n]) || word.p[n] == '-' || word.p[n] == '_' ||
			word.p[n] == '.'))
		n++;
	return n < word.n && word.p[n] == '=' ? n : 0;
}

static bool
parse_modifier(struct parser *p, struct str word, size_t n)
{
	struct str name = str_slice(word, 0, n), value = str_skip(word, n + 1);
	struct str *place = NULL;

	if (str_eq_nocase(name, STR("redirect")))
		place = &p->out->redirect;
	else if (str_eq_nocase(name, STR("exp")))
		place = &p->out->explanation;
	if (!place)
		return spf_macro_string_ok(value, true) || wrong(p, word, "invalid macro");
	if (place->p)
		return wrong(p, word, "the modifier stands twice");
	if (!spf_domain_spec_ok(value))
		return wrong(p, word, "invalid domain");
	*place = value;
	return true;
}

bool
spf_record_is(struct str txt)
{
	return str_has_prefix_nocase(txt, VERSION) &&
		(txt.n == VERSION.n || txt.p[VERSION.n] == ' ');
}

/* Words are separated by spaces alone: any other blank or control byte is part of a word, and no
 * word may have it. */
static bool
next_word(struct str *rest, struct str *word)
{
	while (rest->n && rest->p[0] == ' ')
		*rest = str_skip(*rest, 1);
	size_t end = str_find(*rest, ' ');
	*word = str_slice(*rest, 0, end);
	*rest = str_skip(*rest, end);
	return word->n > 0;
}

bool
spf_record_parse(struct arena *a, struct str txt, struct spf_record *out, struct str *problem)
{
	struct spf_record record = {.n = 0};
	struct parser p = {.arena = a, .out = &record, .problem = problem};
	struct str rest = str_skip(txt, VERSION.n), word;

	if (txt.n > SPF_RECORD_MAX) {
		*problem = arena_printf(a, "the record is longer than %d bytes", SPF_RECORD_MAX);
		return false;
	}
	for (size_t i = 0; i < txt.n; i++)
		if (!chr_is_print(txt.p[i])) {
			*problem = STR("the record contains a byte that is no printable ASCII");
			return false;
		}
	p.room = terms_max(txt.n);
	p.term = arena_alloc(a, p.room * sizeof(*p.term));
	while (next_word(&rest, &word)) {
		size_t name = modifier_name(word);
		if (name ? !parse_modifier(&p, word, name) : !parse_directive(&p, word))
			return false;
	}
	record.n = p.n;
	record.term = p.term;
	*out = record;
	return true;
}
