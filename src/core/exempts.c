/* core/exempts: see exempts.h. */
#include "core/exempts.h"

#include "base/hash.h"
#include "dns/name.h"

#define LENGTHS 129 /* of networks: 0 to 128 bits */

/* Entries by hash, probed onwards: the upper half of the hash, and the entry's number and 1. */
struct slot {
	uint32_t tag, at;
};

struct exempts {
	size_t n, room, mask;
	const struct exemption **entry;
	struct slot *slot;
	uint64_t lengths[2][LENGTHS / 64 + 1]; /* of networks; [1] IPv6 */
	unsigned labels;		       /* of the longest domain */
};

struct exempts *
exempts_new(struct arena *a, size_t room)
{
	struct exempts *x = arena_new(a, struct exempts);
	size_t slots = 2;

	must(room <= EXEMPTS_MAX);
	while (slots < 2 * room)
		slots *= 2;
	x->room = room;
	x->mask = slots - 1;
	x->entry = arena_calloc(a, room + 1, sizeof(struct exemption *));
	x->slot = arena_calloc(a, slots, sizeof(*x->slot));
	return x;
}

static uint64_t
net_hash(const struct ip_net *net)
{
	return hash_str_with(str_from((const char *)net->ip.b, net->ip.len), net->bits);
}

static uint64_t
name_hash(struct str name)
{
	return hash_str_with(name, LENGTHS);
}

void
exempts_add(struct exempts *x, const struct exemption *e)
{
	uint64_t hash = e->by_domain ? name_hash(e->what) : net_hash(&e->net);
	size_t i = hash & x->mask;

	must(x->n < x->room);
	while (x->slot[i].at)
		i = (i + 1) & x->mask;
	x->entry[x->n++] = e;
	x->slot[i] = (struct slot){(uint32_t)(hash >> 32), (uint32_t)x->n};
	if (!e->by_domain) {
		x->lengths[e->net.ip.len == 16][e->net.bits / 64] |= (uint64_t)1
			<< e->net.bits % 64;
	} else {
		unsigned labels = dns_name_labels(e->what);
		x->labels = labels > x->labels ? labels : x->labels;
	}
}

size_t
exempts_count(const struct exempts *x)
{
	return x ? x->n : 0;
}

const struct exemption *
exempts_get(const struct exempts *x, size_t i)
{
	must(i < x->n);
	return x->entry[i];
}

static void
note(struct exempted *out, const struct exemption *e, uint64_t now_ms)
{
	if ((e->until_ms && e->until_ms <= now_ms) || !(e->checks & ~out->skip))
		return;
	out->skip |= e->checks;
	if (out->n < EXEMPTED_MAX)
		out->by[out->n++] = e;
}

/* Every entry for this network, of which the settings may have several. */
static void
note_net(const struct exempts *x, const struct ip_net *net, uint64_t now_ms, struct exempted *out)
{
	uint64_t hash = net_hash(net);

	for (size_t i = hash & x->mask; x->slot[i].at; i = (i + 1) & x->mask) {
		const struct exemption *e = x->entry[x->slot[i].at - 1];
		if (x->slot[i].tag == (uint32_t)(hash >> 32) && !e->by_domain &&
			e->net.bits == net->bits && ip_eq(&e->net.ip, &net->ip))
			note(out, e, now_ms);
	}
}

static void
note_name(const struct exempts *x, struct str name, uint64_t now_ms, struct exempted *out)
{
	uint64_t hash = name_hash(name);

	for (size_t i = hash & x->mask; x->slot[i].at; i = (i + 1) & x->mask) {
		const struct exemption *e = x->entry[x->slot[i].at - 1];
		if (x->slot[i].tag == (uint32_t)(hash >> 32) && e->by_domain &&
			str_eq(e->what, name))
			note(out, e, now_ms);
	}
}

/* w does all that e does, as long. */
static bool
does_as_much(const struct exemption *w, const struct exemption *e)
{
	bool lasts = !w->until_ms || (e->until_ms && w->until_ms >= e->until_ms);
	bool same = w->by_domain == e->by_domain && str_eq(w->what, e->what);

	return lasts && !(e->checks & ~w->checks) && (!same || (e->stored && !w->stored));
}

static const struct exemption *
find_wider(const struct exempts *x, uint64_t hash, const struct exemption *e)
{
	for (size_t i = hash & x->mask; x->slot[i].at; i = (i + 1) & x->mask) {
		const struct exemption *w = x->entry[x->slot[i].at - 1];
		if (x->slot[i].tag != (uint32_t)(hash >> 32) || w->by_domain != e->by_domain)
			continue;
		if ((w->by_domain ? dns_name_is_under(e->what, w->what)
				  : ip_net_has(&w->net, &e->net.ip)) &&
			does_as_much(w, e))
			return w;
	}
	return NULL;
}

const struct exemption *
exempts_wider(const struct exempts *x, const struct exemption *e)
{
	const struct exemption *w = NULL;
	struct str name = e->what, label;

	if (e->by_domain) {
		while (!w && name.n) {
			w = find_wider(x, name_hash(name), e);
			(void)str_split(&name, '.', &label);
		}
		return w;
	}
	for (unsigned bits = e->net.bits + 1u; !w && bits-- > 0;) {
		struct ip_net net = ip_net_of(&e->net.ip, (uint8_t)bits);
		if (x->lengths[net.ip.len == 16][bits / 64] >> bits % 64 & 1)
			w = find_wider(x, net_hash(&net), e);
	}
	return w;
}

void
exempts_by_ip(const struct exempt_tables *t, const struct ip *client, uint64_t now_ms,
	struct exempted *out)
{
	bool six = client->len == 16;

	if (!exempts_count(t->table[0]) && !exempts_count(t->table[1]))
		return;
	for (unsigned bits = client->len * 8u + 1; bits-- > 0;) {
		for (size_t k = 0; k < COUNT(t->table); k++) {
			const struct exempts *x = t->table[k];
			if (!exempts_count(x) || !(x->lengths[six][bits / 64] >> bits % 64 & 1))
				continue;
			struct ip_net net = ip_net_of(client, (uint8_t)bits);
			note_net(x, &net, now_ms, out);
		}
	}
}

static unsigned
longest(const struct exempt_tables *t)
{
	unsigned labels = 0;

	for (size_t k = 0; k < COUNT(t->table); k++)
		if (t->table[k] && t->table[k]->labels > labels)
			labels = t->table[k]->labels;
	return labels;
}

bool
exempts_have_domains(const struct exempt_tables *t)
{
	return longest(t) > 0;
}

/* Its last labels. */
static struct str
last_labels(struct str name, unsigned labels)
{
	struct str label;

	for (unsigned n = dns_name_labels(name); n > labels; n--)
		(void)str_split(&name, '.', &label);
	return name;
}

void
exempts_by_name(const struct exempt_tables *t, struct str reverse, struct str sender,
	uint64_t now_ms, struct exempted *out)
{
	struct str name[] = {reverse, sender};

	if (!reverse.n && !sender.n)
		return;
	for (unsigned labels = longest(t); labels > 0; labels--) {
		for (size_t i = 0; i < COUNT(name); i++) {
			if (dns_name_labels(name[i]) < labels)
				continue;
			name[i] = last_labels(name[i], labels);
			for (size_t k = 0; k < COUNT(t->table); k++)
				if (exempts_count(t->table[k]))
					note_name(t->table[k], name[i], now_ms, out);
		}
	}
}

bool
exemption_parse(struct arena *a, struct str text, struct exemption *out, struct errbuf *e)
{
	char room[IP_TEXT_MAX + 4];
	struct buf b = BUF(room);
	struct exemption x = {.by_domain = false};

	if (ip_net_parse(text, &x.net)) {
		ip_net_print(&x.net, &b);
		x.what = arena_str(a, buf_str(&b));
		*out = x;
		return true;
	}
	x.by_domain = true;
	if (text.n > EXEMPT_WHAT_MAX || !dns_name_parse(a, text, &x.what) ||
		!dns_name_is_hostname(x.what) || dns_name_labels(x.what) < 2)
		return err(e, "\"%.*s\" is no address, network or domain",
			(int)(text.n < 80 ? text.n : 80), text.p);
	*out = x;
	return true;
}

void
exemption_describe(struct arena *a, struct exemption *x)
{
	x->text = x->reason.n ? arena_printf(a, "%.*s: %.*s", STR_ARG(x->what), STR_ARG(x->reason))
			      : x->what;
}

bool
exemption_is_wide(const struct exemption *x)
{
	return !x->by_domain && x->net.bits < (x->net.ip.len == 16 ? 32 : 16);
}
