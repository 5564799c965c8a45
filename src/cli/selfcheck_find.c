/* cli/selfcheck_find: which addresses mail of a domain may leave from. */
#include "cli/selfcheck_items.h"

/* Networks of so many addresses are walked; in larger ones nobody knows who sends. */
#define SMALL_BITS4 29
#define SMALL_BITS6 126

static void
note(struct self_report *r, struct str text)
{
	for (size_t i = 0; i < r->n_notes; i++)
		if (str_eq(r->note[i], text))
			return;
	if (r->n_notes < SELF_NOTES_MAX)
		r->note[r->n_notes++] = text;
}

static struct str
text_of(struct arena *a, const struct ip *ip)
{
	char room[IP_TEXT_MAX];

	return arena_str(a, str_of(ip_text(ip, room)));
}

static void
add(struct self_report *r, const struct ip *ip, struct str from, bool maybe)
{
	for (size_t i = 0; i < r->n_addresses; i++)
		if (ip_eq(&r->address[i].ip, ip))
			return;
	if (r->n_addresses == SELF_ADDRESSES_MAX) {
		note(r,
			arena_printf(r->a, "more than %d addresses: the others are left out",
				SELF_ADDRESSES_MAX));
		return;
	}
	r->address[r->n_addresses++] = (struct self_address){.ip = *ip,
		.text = text_of(r->a, ip),
		.helo = STR(""),
		.from = from,
		.maybe = maybe};
}

static bool
spf_has(const struct self_spf *spf, const struct ip *ip)
{
	for (size_t i = 0; i < spf->n; i++)
		if (spf->net[i].net.ip.len == ip->len && ip_net_has(&spf->net[i].net, ip))
			return true;
	return false;
}

/* Hosts that take mail need not send any: where SPF names servers, and not this one, it does not.
 */
static void
add_mx(struct self_report *r, bool by_spf)
{
	const struct self_mx *mx = &r->domain.mx;

	for (size_t i = 0; i < mx->n; i++)
		for (size_t k = 0; k < mx->host[i].n; k++) {
			const struct ip *ip = &mx->host[i].ip[k];
			struct str name = mx->host[i].name;
			if (by_spf && !spf_has(&r->domain.spf, ip))
				note(r,
					arena_printf(r->a,
						"%.*s (MX %.*s) may not send by SPF: not looked "
						"at; "
						"if it does send, name it with --ip",
						STR_ARG(text_of(r->a, ip)), STR_ARG(name)));
			else
				add(r, ip, arena_printf(r->a, "MX %.*s", STR_ARG(name)), false);
		}
}

static void
next_address(struct ip *ip)
{
	for (size_t i = ip->len; i-- > 0 && ++ip->b[i] == 0;)
		continue;
}

static void
add_net(struct self_report *r, const struct self_net *n)
{
	unsigned all = n->net.ip.len == 16 ? 128 : 32;
	unsigned small = all == 128 ? SMALL_BITS6 : SMALL_BITS4;
	struct str term = arena_printf(r->a, "SPF: %.*s%s%.*s", STR_ARG(n->term),
		str_eq(n->domain, r->domain.name) ? "" : " of ",
		str_eq(n->domain, r->domain.name) ? 0 : (int)n->domain.n, n->domain.p);
	char room[IP_TEXT_MAX + 4];
	struct buf b = BUF(room);
	struct ip ip = n->net.ip;

	if (n->net.bits < small) {
		ip_net_print(&n->net, &b);
		note(r,
			arena_printf(r->a,
				"the network %.*s (%.*s) is too large to be walked: name those of "
				"its addresses that send with --ip",
				STR_ARG(buf_str(&b)), STR_ARG(term)));
		return;
	}
	for (unsigned left = 1U << (all - n->net.bits); left > 0; left--, next_address(&ip))
		add(r, &ip, term, n->net.bits < all);
}

/* Some network of SPF can be walked, or is there for an MX host to lie in. */
static bool
spf_tells(const struct self_spf *spf)
{
	return spf->known == SELF_OK && spf->n > 0;
}

void
self_find_addresses(struct self_report *r)
{
	const struct self_spf *spf = &r->domain.spf;

	if (r->n_addresses > 0) /* given */
		return;
	add_mx(r, spf_tells(spf));
	for (size_t i = 0; i < spf->n; i++)
		add_net(r, &spf->net[i]);
	if (spf->partial)
		note(r,
			STR("the SPF policy has terms whose servers only a receiver sees (macros, "
			    "exists, ptr)"));
	if (spf->more)
		note(r, STR("the SPF policy has more networks than are looked at"));
}
