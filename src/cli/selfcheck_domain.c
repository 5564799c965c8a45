/* cli/selfcheck_domain: what is to be said of a domain: MX, SPF, DMARC, DKIM. */
#include "cli/selfcheck_items.h"

#define SPF_VOIDS_MAX 2 /* RFC 7208 4.6.4 */
#define LOOKUPS_TIGHT 9
#define RSA_BITS_MIN  1024 /* RFC 8301 3.2: verifiers refuse less */
#define RSA_BITS_GOOD 2048

/* Made by the sender's own administrator, unless it is said otherwise. */
static struct self_item *
add(struct self_report *r, enum self_item_id id, enum self_state state, struct str text)
{
	must(r->n_items < SELF_ITEMS_MAX);
	struct self_item *item = &r->item[r->n_items++];
	*item = (struct self_item){.id = id,
		.state = state,
		.subject = r->domain.name,
		.text = text,
		.fix = STR(""),
		.fixer = FIXER_SENDER_ADMIN};
	return item;
}

/* The first mail exchanger of which something is wrong; NULL: none.  *state is set. */
static const char *
wrong_host(const struct self_mx *mx, struct str *name, enum self_state *state)
{
	bool unknown = false;
	const char *wrong = NULL;

	for (size_t i = 0; i < mx->n && !wrong; i++) {
		const struct self_host *h = &mx->host[i];
		size_t inner = 0;
		*name = h->name;
		*state = SELF_FAIL;
		for (size_t k = 0; k < h->n; k++)
			inner += ip_is_private(&h->ip[k]);
		if (h->literal)
			wrong = "is an address, where a name must stand";
		else if (h->n == 0 && h->failed)
			unknown = true;
		else if (h->n == 0)
			wrong = "has no address";
		else if (inner == h->n)
			wrong = "has no address on the Internet, only private ones";
		else if (h->alias.n) {
			wrong = "is an alias (CNAME), which an MX record may not name";
			*state = SELF_WARN;
		}
	}
	if (wrong || !unknown)
		return wrong;
	*state = SELF_UNSURE;
	return "has addresses that DNS did not tell";
}

static void
judge_mx_hosts(struct self_report *r)
{
	const struct self_mx *mx = &r->domain.mx;
	enum self_state state = SELF_PASS;
	struct str name = STR("");
	const char *wrong = wrong_host(mx, &name, &state);

	if (wrong) {
		struct self_item *item = add(r, SELF_MX, state,
			arena_printf(r->a, "the mail exchanger %.*s %s", STR_ARG(name), wrong));
		if (state != SELF_UNSURE)
			item->fix = STR("name hosts in the MX records that have A or AAAA records");
	} else if (r->mx_leads_nowhere.n) {
		add(r, SELF_MX, SELF_FAIL, r->mx_leads_nowhere)->fix =
			STR("name hosts in the MX records that the Internet can reach");
	} else if (mx->implicit) {
		add(r, SELF_MX, SELF_WARN, STR("it has no MX record, so its own address counts"))
			->fix = STR("publish an MX record");
	} else {
		add(r, SELF_MX, SELF_PASS,
			arena_printf(r->a, "mail to it goes to %.*s%s", STR_ARG(mx->host[0].name),
				mx->n_all > 1 ? " and others" : ""));
	}
}

static void
judge_mx(struct self_report *r)
{
	const struct self_mx *mx = &r->domain.mx;
	bool takes = mx->known == SELF_OK || mx->implicit;

	if (mx->known == SELF_UNKNOWN) {
		add(r, SELF_MX, SELF_UNSURE, mx->problem);
	} else if (mx->null) {
		add(r, SELF_MX, SELF_FAIL,
			STR("it says that it takes no mail (MX \"0 .\"), so bounces cannot come "
			    "back and receivers refuse it as a sender"))
			->fix = STR("send in the name of a domain that takes mail, or publish an "
				    "MX record");
		takes = false;
	} else if (!takes) {
		add(r, SELF_MX, SELF_FAIL,
			mx->nxdomain ? STR("the domain does not exist in DNS")
				     : STR("it has neither an MX record nor an address"))
			->fix = mx->nxdomain ? STR("see whether it is spelt as it should be")
					     : STR("publish an MX record");
	} else {
		judge_mx_hosts(r);
	}
	if (takes)
		self_judge_callouts(r);
}

static void
judge_spf_numbers(struct self_report *r)
{
	const struct self_spf *spf = &r->domain.spf;
	struct str text = arena_printf(r->a, "%u of the 10 look-ups allowed%s%s", spf->lookups,
		spf->voids ? arena_z(r->a,
				     arena_printf(r->a, ", %u of them find%s nothing", spf->voids,
					     spf->voids == 1 ? "s" : ""))
			   : "",
		spf->ptr ? "; it uses ptr, which nobody should" : "");
	bool over = spf->lookups > SPF_DNS_TERMS_MAX || spf->voids > SPF_VOIDS_MAX;
	bool tight = spf->lookups >= LOOKUPS_TIGHT || spf->ptr;
	struct self_item *item = add(r, SELF_SPF_LOOKUPS,
		over		? SELF_FAIL
			: tight ? SELF_WARN
				: SELF_PASS,
		text);

	if (over || tight)
		item->fix = STR("replace includes and names by ip4: and ip6:, or send parts of the "
				"mail in the name of subdomains");
}

/* How many addresses a policy lets send, seen from the domain; the engine's measure of it, where
 * some address passed, is more exact. */
static void
judge_spf_width(struct self_report *r)
{
	const struct self_spf *spf = &r->domain.spf;
	struct str open = spf->open;
	unsigned narrowest = 32;

	for (size_t i = 0; i < spf->n; i++)
		if (spf->net[i].net.ip.len == 4 && spf->net[i].net.bits < narrowest) {
			narrowest = spf->net[i].net.bits;
			if (narrowest <= 8)
				open = spf->net[i].term;
		}
	if (open.n)
		add(r, SELF_SPF_WIDTH, SELF_FAIL,
			arena_printf(r->a,
				"%.*s lets the world send in its name, so a pass proves "
				"nothing",
				STR_ARG(open)))
			->fix = STR("name the servers that send, and end with -all or ~all");
	else if (narrowest < 16)
		add(r, SELF_SPF_WIDTH, SELF_WARN,
			arena_printf(r->a, "it lets a network of %u addresses send (/%u)",
				1U << (32 - narrowest), narrowest))
			->fix = STR("name the servers that send");
	else
		add(r, SELF_SPF_WIDTH, SELF_PASS, STR("it names servers, not the world"));
}

static void
judge_spf(struct self_report *r)
{
	const struct self_spf *spf = &r->domain.spf;

	switch (spf->known) {
	case SELF_NONE:
		add(r, SELF_SPF_RECORD, SELF_FAIL, STR("there is no SPF record"))->fix =
			STR("publish one that names the servers that send");
		return;
	case SELF_UNKNOWN:
		add(r, SELF_SPF_RECORD, SELF_UNSURE, spf->problem);
		return;
	case SELF_BAD:
		add(r, SELF_SPF_RECORD, SELF_FAIL,
			arena_printf(r->a, "receivers cannot use it: %.*s", STR_ARG(spf->problem)))
			->fix = STR("mend the record");
		if (!spf->record.n)
			return;
		break;
	case SELF_OK:
		add(r, SELF_SPF_RECORD, SELF_PASS, spf->record);
		break;
	}
	judge_spf_numbers(r);
	judge_spf_width(r);
}

static void
judge_dmarc_policy(struct self_report *r)
{
	const struct self_dmarc *d = &r->domain.dmarc;
	enum dmarc_policy p = d->inherited && d->record.subdomains != DMARC_UNSAID
		? d->record.subdomains
		: d->record.policy;

	if (p == DMARC_NONE)
		add(r, SELF_DMARC_POLICY, SELF_WARN,
			STR("the policy is none: large receivers are content, but anybody can send "
			    "in your name"))
			->fix = STR("read the reports, then ask for quarantine or reject");
	else if (d->record.testing)
		add(r, SELF_DMARC_POLICY, SELF_WARN,
			arena_printf(r->a, "%s, but only as a test (t=y)", dmarc_policy_name(p)))
			->fix = STR("take t=y away");
	else
		add(r, SELF_DMARC_POLICY, SELF_PASS,
			arena_printf(r->a, "forged mail meets %s", dmarc_policy_name(p)));
}

static void
judge_dmarc(struct self_report *r)
{
	const struct self_dmarc *d = &r->domain.dmarc;

	switch (d->known) {
	case SELF_NONE:
		add(r, SELF_DMARC, SELF_WARN,
			STR("there is no DMARC record, which large receivers want of bulk senders"))
			->fix = STR("publish one, which may ask for reports only");
		return;
	case SELF_UNKNOWN:
		add(r, SELF_DMARC, SELF_UNSURE, d->problem);
		return;
	case SELF_BAD:
		add(r, SELF_DMARC, SELF_FAIL,
			arena_printf(r->a, "receivers take the record at %.*s for none: %.*s",
				STR_ARG(d->name), STR_ARG(d->problem)))
			->fix = STR("mend the record");
		return;
	case SELF_OK:
		break;
	}
	if (d->record.n_remarks)
		add(r, SELF_DMARC, SELF_WARN,
			arena_printf(r->a, "the record at %.*s is odd: %.*s", STR_ARG(d->name),
				STR_ARG(d->record.remark[0])))
			->fix = STR("mend the record");
	else
		add(r, SELF_DMARC, SELF_PASS,
			d->inherited ? arena_printf(r->a, "that of %.*s holds for it: %.*s",
					       STR_ARG(d->name), STR_ARG(d->text))
				     : d->text);
	judge_dmarc_policy(r);
}

static void
judge_dkim_key(struct self_report *r, const struct self_dkim *k)
{
	struct str size =
		arena_printf(r->a, "%s, %u bits", dkim_kind_name(k->key.kind), k->key.bits);
	bool small = k->key.kind == DKIM_RSA && k->key.bits < RSA_BITS_GOOD;
	const char *odd = k->key.sha1 ? "it allows only SHA-1, which receivers refuse"
		: k->key.testing      ? "it says that it is a test (t=y)"
		: small		      ? "2048 bits are usual"
				      : NULL;
	enum self_state state = k->key.revoked || k->key.sha1 ||
			(k->key.kind == DKIM_RSA && k->key.bits < RSA_BITS_MIN)
		? SELF_FAIL
		: odd ? SELF_WARN
		      : SELF_PASS;

	struct self_item *item = add(r, SELF_DKIM, state,
		k->key.revoked ? arena_printf(r->a, "the key at %.*s is revoked (p is empty)",
					 STR_ARG(k->name))
			       : arena_printf(r->a, "%.*s: %.*s%s%s", STR_ARG(k->name),
					 STR_ARG(size), odd ? "; " : "", odd ? odd : ""));
	item->subject = k->selector;
	if (state != SELF_PASS)
		item->fix = STR("make a new key of 2048 bits, publish it, then sign with it");
}

static void
judge_dkim(struct self_report *r, const struct self_dkim *k)
{
	if (k->known == SELF_OK) {
		judge_dkim_key(r, k);
		return;
	}
	struct self_item *item =
		add(r, SELF_DKIM, k->known == SELF_UNKNOWN ? SELF_UNSURE : SELF_FAIL, k->problem);
	item->subject = k->selector;
	if (k->known == SELF_NONE) {
		item->text = arena_printf(r->a, "there is no key at %.*s", STR_ARG(k->name));
		item->fix = STR("publish the record that your signing program has made");
	} else if (k->known == SELF_BAD) {
		item->text = arena_printf(r->a, "nobody can use the key at %.*s: %.*s",
			STR_ARG(k->name), STR_ARG(k->problem));
		item->fix = STR("publish it again, whole");
	}
}

void
self_judge_domain(struct self_report *r)
{
	const struct self_domain *d = &r->domain;

	judge_mx(r);
	if (r->n_addresses == 0)
		add(r, SELF_OUTGOING,
			d->spf.known == SELF_UNKNOWN || d->mx.known == SELF_UNKNOWN ? SELF_UNSURE
										    : SELF_HAND,
			STR("DNS does not tell which addresses mail leaves from: name them with "
			    "--ip"));
	judge_spf(r);
	judge_dmarc(r);
	for (size_t i = 0; i < d->n_dkim; i++)
		judge_dkim(r, &d->dkim[i]);
	if (d->n_dkim == 0)
		add(r, SELF_DKIM, SELF_HAND,
			STR("the key's place depends on the signature: name its selector (s= in "
			    "DKIM-Signature) with --selector"));
}
