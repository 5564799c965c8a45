/* Unit tests of cli/selfcheck: what is made of a zone, without a network: facts, addresses, items,
 * records.  Every case is played with answers that come one by one, too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/selfcheck_records.h"
#include "core/run.h"
#include "source/zone.h"

static struct arena a;
static struct zone *zone;
static bool late; /* answers come from the loop, as from a network */

static struct answer *
from_zone(struct str name, enum dns_type type)
{
	struct answer *got = zone_get(zone, name, type);

	if (got)
		return got;
	got = answer_new();
	got->dns.status = DNS_NONE;
	got->dns.nxdomain = true;
	return got;
}

static struct answer *
lookup(struct source *s, struct str name, enum dns_type type, uint64_t hash)
{
	return late ? NULL : from_zone(name, type);
}

static struct fact *started[FACTS_MAX];
static size_t n_started;

static void
start(struct source *s, struct fact *f)
{
	started[n_started++] = f;
}

static void
cancel(struct source *s, struct fact *f)
{
	fail_msg("cancelled: %.*s", STR_ARG(f->name));
}

static struct self_report *
ask_as(bool answers_late, const char *selector)
{
	static const struct ip nobody = {.len = 4};
	struct source source = {lookup, start, cancel};
	struct self_report *r = arena_new(&a, struct self_report);
	struct self_question q = {.a = &a, .domain = STR("a.example"), .out = &r->domain};
	const void *settings[SELF_DOMAIN_CHECKS] = {&q, &q, &q};
	const struct check_set set = {SELF_DOMAIN_CHECKS, self_domain_checks, settings};
	struct arena own, scratch;

	if (selector)
		q.selector[q.n_selectors++] = str_of(selector);
	late = answers_late;
	n_started = 0;
	r->a = &a;
	r->domain.name = q.domain;
	r->lists = STR("");
	arena_init(&own, 4096, SIZE_MAX);
	arena_init(&scratch, 4096, SIZE_MAX);
	struct transaction *t = transaction_begin(
		&(struct transaction_options){
			.checks = &set, .source = &source, .arena = &own, .scratch = &scratch},
		&nobody);
	transaction_run(t);
	while (n_started > 0) { /* whatever was asked last is answered first */
		struct fact *f = started[--n_started];
		transaction_answer(f, from_zone(f->name, f->type));
	}
	assert_true(transaction_is_done(t));
	transaction_end(t);
	arena_done(&own);
	arena_done(&scratch);
	self_find_addresses(r);
	self_judge_domain(r);
	return r;
}

static struct self_report *
ask(const char *records, const char *selector)
{
	struct errbuf e = {0};

	zone = zone_parse("zone", str_of(records), &e);
	if (!zone)
		fail_msg("line %u: %s", e.line, e.text);
	struct self_report *one = ask_as(true, selector), *r = ask_as(false, selector);
	assert_int_equal(one->n_items, r->n_items);
	for (size_t i = 0; i < r->n_items; i++) {
		assert_int_equal(one->item[i].id, r->item[i].id);
		assert_int_equal(one->item[i].state, r->item[i].state);
		assert_true(str_eq(one->item[i].text, r->item[i].text));
	}
	assert_int_equal(one->n_addresses, r->n_addresses);
	zone_free(zone);
	return r;
}

/* Each case: records, an item, its state, a part of its text. */
static const struct one {
	const char *zone, *selector;
	enum self_item_id id;
	enum self_state state;
	const char *part;
} cases[] = {
	{"a.example MX 5 mx.a.example\nmx.a.example A 203.0.113.5\n", NULL, SELF_MX, SELF_PASS,
		"mail to it goes to mx.a.example"},
	{"a.example MX 20 mx2.a.example\na.example MX 5 mx.a.example\n"
	 "mx.a.example A 203.0.113.5\nmx2.a.example A 203.0.113.6\n",
		NULL, SELF_MX, SELF_PASS, "goes to mx.a.example and others"},
	{"b.example A 203.0.113.5\n", NULL, SELF_MX, SELF_FAIL, "the domain does not exist in DNS"},
	{"a.example TXT \"hello\"\n", NULL, SELF_MX, SELF_FAIL,
		"it has neither an MX record nor an address"},
	{"a.example A 203.0.113.5\n", NULL, SELF_MX, SELF_WARN, "its own address counts"},
	{"a.example MX 0 .\n", NULL, SELF_MX, SELF_FAIL, "takes no mail"},
	{"a.example MX !servfail\n", NULL, SELF_MX, SELF_UNSURE, "DNS did not answer"},
	{"a.example MX 5 203.0.113.5\n", NULL, SELF_MX, SELF_FAIL,
		"the mail exchanger 203.0.113.5 is an address"},
	{"a.example MX 5 mx.a.example\n", NULL, SELF_MX, SELF_FAIL, "has no address"},
	{"a.example MX 5 mx.a.example\nmx.a.example A !timeout\n", NULL, SELF_MX, SELF_UNSURE,
		"did not tell"},
	{"a.example MX 5 mx.a.example\nmx.a.example A 10.0.0.1\n", NULL, SELF_MX, SELF_FAIL,
		"only private ones"},
	{"a.example MX 5 mx.a.example\nmx.a.example CNAME h.example\nh.example A 203.0.113.5\n",
		NULL, SELF_MX, SELF_WARN, "is an alias"},
	{"a.example MX 5 mx.a.example\nmx.a.example A 203.0.113.5\n", NULL, SELF_POSTMASTER,
		SELF_HAND, "postmaster@a.example"},

	{"a.example A 203.0.113.5\n", NULL, SELF_SPF_RECORD, SELF_FAIL, "there is no SPF record"},
	{"a.example TXT \"v=spf1 -all\"\n", NULL, SELF_SPF_RECORD, SELF_PASS, "v=spf1 -all"},
	{"a.example TXT !servfail\n", NULL, SELF_SPF_RECORD, SELF_UNSURE, "DNS did not answer"},
	{"a.example TXT \"v=spf1 -all\"\na.example TXT \"v=spf1 mx -all\"\n", NULL, SELF_SPF_RECORD,
		SELF_FAIL, "a.example has 2 SPF records"},
	{"a.example TXT \"v=spf1 ipv4:203.0.113.5 -all\"\n", NULL, SELF_SPF_RECORD, SELF_FAIL,
		"receivers cannot use it"},
	{"a.example TXT \"v=spf1 include:b.example -all\"\n", NULL, SELF_SPF_RECORD, SELF_FAIL,
		"b.example, which has no SPF record"},
	{"a.example TXT \"v=spf1 include:b.example -all\"\nb.example TXT !timeout\n", NULL,
		SELF_SPF_RECORD, SELF_UNSURE, "DNS did not answer about b.example"},
	{"a.example TXT \"v=spf1 include:b.example -all\"\n"
	 "b.example TXT \"v=spf1 include:a.example\"\n",
		NULL, SELF_SPF_RECORD, SELF_FAIL, "leads back to itself"},
	{"a.example TXT \"v=spf1 a mx include:b.example redirect=c.example\"\n"
	 "a.example A 203.0.113.5\na.example MX 1 a.example\n"
	 "b.example TXT \"v=spf1 a:a.example ?all\"\nc.example TXT \"v=spf1 -all\"\n",
		NULL, SELF_SPF_LOOKUPS, SELF_PASS, "5 of the 10"},
	{"a.example TXT \"v=spf1 include:b.example include:c.example -all\"\n"
	 "b.example TXT \"v=spf1 a:x.example a:x.example a:x.example a:x.example a:x.example "
	 "?all\"\n"
	 "c.example TXT \"v=spf1 a:x.example a:x.example a:x.example a:x.example ?all\"\nx.example "
	 "A 203.0.113.5\n",
		NULL, SELF_SPF_LOOKUPS, SELF_FAIL, "11 of the 10"},
	{"a.example TXT \"v=spf1 a:x.example mx:y.example a:z.example -all\"\n", NULL,
		SELF_SPF_LOOKUPS, SELF_FAIL, "3 of them find nothing"},
	{"a.example TXT \"v=spf1 ptr -all\"\n", NULL, SELF_SPF_LOOKUPS, SELF_WARN, "it uses ptr"},
	{"a.example TXT \"v=spf1 +all\"\n", NULL, SELF_SPF_WIDTH, SELF_FAIL, "+all lets the world"},
	{"a.example TXT \"v=spf1 include:b.example -all\"\n"
	 "b.example TXT \"v=spf1 ip4:0.0.0.0/0 -all\"\n",
		NULL, SELF_SPF_WIDTH, SELF_FAIL, "ip4:0.0.0.0/0 lets the world"},
	{"a.example TXT \"v=spf1 -include:b.example ~all\"\n"
	 "b.example TXT \"v=spf1 ip4:0.0.0.0/0 -all\"\n",
		NULL, SELF_SPF_WIDTH, SELF_PASS, "it names servers"},
	{"a.example TXT \"v=spf1 ip4:203.0.0.0/12 -all\"\n", NULL, SELF_SPF_WIDTH, SELF_WARN,
		"1048576 addresses"},

	{"a.example A 203.0.113.5\n", NULL, SELF_DMARC, SELF_WARN, "there is no DMARC record"},
	{"_dmarc.a.example TXT \"v=DMARC1; p=reject\"\n", NULL, SELF_DMARC, SELF_PASS,
		"v=DMARC1; p=reject"},
	{"_dmarc.a.example TXT \"v=DMARC1; p=reject\"\n", NULL, SELF_DMARC_POLICY, SELF_PASS,
		"forged mail meets reject"},
	{"_dmarc.a.example TXT \"v=DMARC1; p=reject; t=y\"\n", NULL, SELF_DMARC_POLICY, SELF_WARN,
		"only as a test"},
	{"_dmarc.a.example TXT \"v=DMARC1; p=none\"\n", NULL, SELF_DMARC_POLICY, SELF_WARN,
		"the policy is none"},
	{"_dmarc.a.example TXT \"v=DMARC1; p=none; pq=1\"\n", NULL, SELF_DMARC, SELF_WARN,
		"is odd: there is no tag \"pq\""},
	{"_dmarc.a.example TXT \"v=DMARC1; p=oops\"\n", NULL, SELF_DMARC, SELF_FAIL,
		"take the record at _dmarc.a.example for none"},
	{"_dmarc.a.example TXT \"v=DMARC1; p=none\"\n_dmarc.a.example TXT \"v=DMARC1; p=reject\"\n",
		NULL, SELF_DMARC, SELF_FAIL, "there are 2 of them"},
	{"_dmarc.a.example TXT !servfail\n", NULL, SELF_DMARC, SELF_UNSURE, "DNS did not answer"},
	{"_dmarc.example TXT \"v=DMARC1; p=reject; psd=y\"\n", NULL, SELF_DMARC, SELF_PASS,
		"that of _dmarc.example holds"},
	/* A registry's that does not say that it is one is nobody's. */
	{"_dmarc.example TXT \"v=DMARC1; p=reject\"\n", NULL, SELF_DMARC, SELF_WARN,
		"there is no DMARC record"},

	{"a.example A 203.0.113.5\n", NULL, SELF_DKIM, SELF_HAND, "--selector"},
	{"a.example A 203.0.113.5\n", "s1", SELF_DKIM, SELF_FAIL,
		"there is no key at s1._domainkey.a.example"},
	{"s1._domainkey.a.example TXT \"v=DKIM1; p=\"\n", "s1", SELF_DKIM, SELF_FAIL, "is revoked"},
	{"s1._domainkey.a.example TXT \"v=DKIM1; p=MIGf\"\n", "s1", SELF_DKIM, SELF_FAIL,
		"a part of it may be missing"},
	{"s1._domainkey.a.example TXT \"k=ed25519; "
	 "p=6PATCXyQoo3HCYTkaGDq17wZEAhNM23Chk5uRrvyPUc=\"\n",
		"s1", SELF_DKIM, SELF_PASS, "Ed25519"},
	{"s1._domainkey.a.example TXT \"k=ed25519; t=y; "
	 "p=6PATCXyQoo3HCYTkaGDq17wZEAhNM23Chk5uRrvyPUc=\"\n",
		"s1", SELF_DKIM, SELF_WARN, "it is a test"},
	{"s1._domainkey.a.example TXT \"p=MEgCQQDM4S5JIRxqA365+tGmootBdXPDEJPECK80u3gT0JPEH9bCw2mT"
	 "UdSpSCIW7T0Yem7cJQKpA5g2ncuZuxYFxPvzAgMBAAE=\"\n",
		"s1", SELF_DKIM, SELF_FAIL, "RSA, 512 bits"},
	{"s1._domainkey.a.example TXT !timeout\n", "s1", SELF_DKIM, SELF_UNSURE, "did not answer"},
};

static void
test_items(void **state)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct one *c = &cases[i];
		const struct self_report *r = ask(c->zone, c->selector);
		const struct self_item *item = NULL;
		for (size_t k = 0; k < r->n_items; k++)
			if (r->item[k].id == c->id)
				item = &r->item[k];
		if (!item)
			fail_msg("%s has no item %s", c->zone, self_item_name(c->id));
		if (item->state != c->state || !str_contains(item->text, str_of(c->part)))
			fail_msg("%s %s is %s: %.*s", c->zone, self_item_name(c->id),
				self_state_name(item->state), STR_ARG(item->text));
	}
}

/* Addresses and where they come from, notes; separated by "|". */
static const struct {
	const char *zone, *found, *note;
} outgoing[] = {
	/* Without SPF: where mail to it goes. */
	{"a.example MX 5 mx.a.example\nmx.a.example A 203.0.113.5\nmx.a.example AAAA 2001:db8::5\n",
		"203.0.113.5 MX mx.a.example|2001:db8::5 MX mx.a.example|", ""},
	/* With it: what it names, and no host that only takes mail. */
	{"a.example MX 5 mx.a.example\nmx.a.example A 203.0.113.5\n"
	 "a.example TXT \"v=spf1 ip4:203.0.113.7 ip6:2001:db8::7 -all\"\n",
		"203.0.113.7 SPF: ip4:203.0.113.7|2001:db8::7 SPF: ip6:2001:db8::7|",
		"203.0.113.5 (MX mx.a.example) may not send by SPF"},
	{"a.example MX 5 mx.a.example\nmx.a.example A 203.0.113.5\n"
	 "a.example TXT \"v=spf1 mx include:b.example -all\"\n"
	 "b.example TXT \"v=spf1 a:c.example -ip4:203.0.113.9 ?ip4:203.0.113.8 -all\"\n"
	 "c.example A 203.0.113.6\n",
		"203.0.113.5 MX mx.a.example|203.0.113.6 SPF: a:c.example of b.example|", ""},
	/* Small networks are walked, large ones are not, but an MX host may lie in one. */
	{"a.example MX 5 mx.a.example\nmx.a.example A 203.0.113.200\n"
	 "a.example TXT \"v=spf1 ip4:203.0.113.128/25 ip4:198.51.100.4/30 -all\"\n",
		"203.0.113.200 MX mx.a.example|198.51.100.4 SPF: ip4:198.51.100.4/30?|"
		"198.51.100.5 SPF: ip4:198.51.100.4/30?|198.51.100.6 SPF: ip4:198.51.100.4/30?|"
		"198.51.100.7 SPF: ip4:198.51.100.4/30?|",
		"the network 203.0.113.128/25 (SPF: ip4:203.0.113.128/25) is too large"},
	{"a.example TXT \"v=spf1 ip6:2001:db8::/64 exists:%{i}.b.example -all\"\n", "",
		"the network 2001:db8::/64"},
	{"a.example TXT \"v=spf1 -all\"\n", "", ""},
};

static void
test_outgoing(void **state)
{
	for (size_t i = 0; i < COUNT(outgoing); i++) {
		const struct self_report *r = ask(outgoing[i].zone, NULL);
		char room[2048];
		struct buf b = BUF(room);
		for (size_t k = 0; k < r->n_addresses; k++)
			buf_printf(&b, "%.*s %.*s%s|", STR_ARG(r->address[k].text),
				STR_ARG(r->address[k].from), r->address[k].maybe ? "?" : "");
		if (!str_eq(buf_str(&b), str_of(outgoing[i].found)))
			fail_msg("%s: %.*s", outgoing[i].zone, STR_ARG(buf_str(&b)));
		if (*outgoing[i].note)
			assert_true(r->n_notes > 0 &&
				str_has_prefix(r->note[0], str_of(outgoing[i].note)));
		else
			assert_int_equal(r->n_notes, 0);
	}
}

/* There is an end to what a policy can make us look at. */
static void
test_bounded(void **state)
{
	char room[16384];
	struct buf b = BUF(room);

	buf_puts(&b, "a.example TXT \"v=spf1");
	for (unsigned i = 0; i < 100; i++)
		buf_printf(&b, " ip4:203.0.113.%u", i);
	buf_puts(&b, " -all\"\n");
	buf_putc(&b, 0);
	const struct self_report *r = ask(room, NULL);
	assert_int_equal(r->n_addresses, SELF_ADDRESSES_MAX);
	assert_true(r->n_notes == 2);

	/* Includes that fan out: 10 * 10 * 10. */
	buf_reset(&b);
	for (char level = 'a'; level <= 'c'; level++) {
		buf_printf(&b, "%c.example TXT \"v=spf1", level);
		for (unsigned i = 0; i < 10; i++)
			buf_printf(&b, " include:%c.example", level + 1);
		buf_puts(&b, " -all\"\n");
	}
	buf_puts(&b, "d.example TXT \"v=spf1 a:x.example -all\"\n");
	buf_putc(&b, 0);
	r = ask(room, NULL);
	assert_in_range(r->domain.spf.lookups, 11, 100);
}

static bool
has_record(const struct self_report *r, const char *line)
{
	struct self_record record[SELF_RECORDS_MAX];
	size_t n = self_records(r, record);

	for (size_t i = 0; i < n; i++)
		if (str_eq(record[i].line, str_of(line)))
			return true;
	for (size_t i = 0; i < n; i++)
		print_message("%.*s\n", STR_ARG(record[i].line));
	return false;
}

static void
test_records(void **state)
{
	struct self_report *r = ask(
		"a.example MX 5 mx.a.example\nmx.a.example A 203.0.113.5\n"
		"mx.a.example AAAA 2001:db8::5\na.example TXT \"v=spf1 include:b.example ~all\"\n"
		"b.example TXT \"v=spf1 ?all\"\n",
		NULL);

	assert_int_equal(r->n_addresses, 2);
	for (size_t i = 0; i < 2; i++) {
		struct self_address *at = &r->address[i];
		at->judged = at->wants_ptr = at->wants_spf = true;
		at->reverse.name = STR("");
	}
	assert_true(has_record(r, "5.113.0.203.in-addr.arpa. IN PTR mx.a.example."));
	assert_true(has_record(r,
		"5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. IN PTR "
		"mx.a.example."));
	assert_true(has_record(r,
		"a.example. IN TXT \"v=spf1 ip4:203.0.113.5 ip6:2001:db8::5 include:b.example "
		"~all\""));
	assert_true(has_record(r,
		"_dmarc.a.example. IN TXT \"v=DMARC1; p=none; rua=mailto:postmaster@a.example\""));

	/* A greeting that was given is the name, and leads to the address. */
	r->address[0].helo = STR("Out.A.example");
	r->address[0].helo_given = true;
	assert_true(has_record(r, "5.113.0.203.in-addr.arpa. IN PTR out.a.example."));
	assert_true(has_record(r, "out.a.example. IN A 203.0.113.5"));
	/* One that could be nobody's is not. */
	r->address[0].helo = STR("localhost.localdomain");
	assert_true(has_record(r, "5.113.0.203.in-addr.arpa. IN PTR mx.a.example."));
	/* The own name that does not lead back needs an address; somebody else's another name. */
	r->address[0].wants_ptr = false;
	r->address[0].wants_forward = true;
	r->address[0].reverse.name = STR("old.a.example");
	assert_true(has_record(r, "old.a.example. IN A 203.0.113.5"));
	r->address[0].reverse.name = STR("host5.isp.example");
	assert_true(has_record(r, "5.113.0.203.in-addr.arpa. IN PTR mx.a.example."));

	/* Of a domain that there is not, nothing can be published. */
	struct self_record none[SELF_RECORDS_MAX];
	assert_int_equal(self_records(ask("b.example A 203.0.113.5\n", NULL), none), 0);
	r = ask("a.example TXT \"x\"\n", NULL);
	assert_true(has_record(r, "a.example. IN MX 10 mail.a.example."));
}

static void
test_txt(void **state)
{
	char text[600], want[700];
	struct buf b = BUF(want);

	assert_true(str_eq(self_txt(&a, STR("")), STR("\"\"")));
	assert_true(str_eq(self_txt(&a, STR("a\"b\\c\001")), STR("\"a\\\"b\\\\c\\001\"")));
	memset(text, 'x', sizeof(text));
	buf_printf(&b, "\"%.*s\" \"%.*s\" \"%.*s\"", 255, text, 255, text, 90, text);
	assert_true(str_eq(self_txt(&a, str_from(text, 600)), buf_str(&b)));
	assert_int_equal(self_txt(&a, str_from(text, 510)).n, 2 * 257 + 1);
}

/* What the domain's own servers said about a sender. */
static void
test_callouts(void **state)
{
	static const struct {
		struct callout got;
		enum self_state state;
		const char *text, *fix;
	} answers[] = {
		{{.status = CALLOUT_OK, .code = 250, .said = STR_INIT("250 Ok")}, SELF_PASS,
			"mx.a.example [192.0.2.9] takes bounces for ann@a.example", ""},
		{{.status = CALLOUT_ACCEPT_ALL, .code = 250, .said = STR_INIT("250 Ok")}, SELF_PASS,
			"and for any other address", ""},
		{{.status = CALLOUT_REFUSED, .code = 550, .said = STR_INIT("550 who?")}, SELF_FAIL,
			"mx.a.example [192.0.2.9] refuses ann@a.example: 550 who?",
			"send with one that exists"},
		{{.status = CALLOUT_NULL_REFUSED, .code = 550, .said = STR_INIT("550 no")},
			SELF_FAIL, "refuses bounces (MAIL FROM:<>): 550 no", "MAIL FROM:<>"},
		{{.status = CALLOUT_UNVERIFIABLE,
			 .code = 450,
			 .said = STR_INIT("450 greylisted"),
			 .reason = STR_INIT("refused for now only")},
			SELF_WARN, "refused for now only: 450 greylisted", "greylisting"},
		{{.status = CALLOUT_UNVERIFIABLE, .reason = STR_INIT("time is up")}, SELF_UNSURE,
			"time is up", ""},
	};

	for (size_t i = 0; i < COUNT(answers); i++) {
		static struct self_report r;
		struct self_callout *k = &r.callout[SELF_CALLOUT_SENDER];
		r.n_items = 0;
		r.a = &a;
		r.domain.name = STR("a.example");
		k->address = STR("ann@a.example");
		k->got = answers[i].got;
		k->got.mx = STR("mx.a.example");
		k->got.ip = (struct ip){.len = 4, .b = {192, 0, 2, 9}};
		self_judge_callouts(&r);
		assert_int_equal(r.n_items, 2); /* postmaster, by hand */
		assert_int_equal(r.item[0].state, SELF_HAND);
		assert_int_equal(r.item[1].id, SELF_SENDER);
		assert_int_equal(r.item[1].state, answers[i].state);
		assert_true(str_contains(r.item[1].text, str_of(answers[i].text)));
		assert_true(str_contains(r.item[1].fix, str_of(answers[i].fix)));
		assert_int_equal(r.item[1].fix.n > 0, answers[i].fix[0] != '\0');
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_items),
		cmocka_unit_test(test_outgoing), cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_records), cmocka_unit_test(test_txt),
		cmocka_unit_test(test_callouts)};

	arena_init(&a, 65536, SIZE_MAX);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_done(&a);
	return failed;
}
