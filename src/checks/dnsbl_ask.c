/* checks/dnsbl_ask: how a DNS list is asked, and what its answers say (RFC 5782). */
#include "checks/dnsbl.h"
#include "mail/psl.h"

/* RFC 1035 2.3.4, as text; what is asked about are host names, without escapes. */
#define QUESTION_MAX 253

static struct str
question(struct arena *a, struct str head, struct str zone)
{
	char room[DNS_NAME_TEXT_MAX];
	struct buf b = BUF(room);

	buf_put(&b, head);
	buf_putc(&b, '.');
	buf_put(&b, zone);
	if (b.n > QUESTION_MAX || !head.n)
		return STR("");
	return arena_str(a, buf_str(&b));
}

/* 2.1 and 2.4: the bytes, or nibbles, backwards, as in the reverse tree. */
static struct str
ip_question(struct arena *a, const struct dnsbl_list *l, struct str reverse)
{
	struct str arpa =
		str_has_suffix(reverse, STR(".ip6.arpa")) ? STR(".ip6.arpa") : STR(".in-addr.arpa");

	return question(a, str_slice(reverse, 0, reverse.n - arpa.n), l->zone);
}

struct str
dnsbl_client_question(struct ask *q, const struct dnsbl_list *l)
{
	return ip_question(q->scratch, l, q->reverse);
}

struct str
dnsbl_ip_question(struct arena *a, const struct dnsbl_list *l, const struct ip *ip)
{
	return ip_question(a, l, dns_reverse_name(a, ip));
}

struct str
dnsbl_entry(const struct dnsbl_list *l, struct str name)
{
	struct str org = l->registrable ? psl_registrable(name) : STR("");

	return org.n ? org : name;
}

struct str
dnsbl_name_question(struct arena *a, const struct dnsbl_list *l, struct str name)
{
	return question(a, name, l->zone);
}

/* 5: the test entries of lists of IPv6 addresses are mapped IPv4 addresses, ::ffff:7f00:2. */
static struct str
mapped_question(struct arena *a, const struct dnsbl_list *l, bool mapped, const struct ip *ip)
{
	struct ip six = {.len = 16};

	if (!mapped)
		return dnsbl_ip_question(a, l, ip);
	six.b[10] = six.b[11] = 0xff;
	memcpy(six.b + 12, ip->b, 4);
	return dnsbl_ip_question(a, l, &six);
}

/* The same for everybody who has the number: a record is judged again with the names it has. */
static uint64_t
pick(struct str zone, uint64_t canary)
{
	uint64_t h = canary ^ 0x6d78776172642e63;

	for (size_t i = 0; i < zone.n; i++)
		h = (h ^ (uint8_t)zone.p[i]) * 0x100000001b3;
	h ^= h >> 32;
	h *= 0x9e3779b97f4a7c15;
	return h ^ h >> 29;
}

struct str
dnsbl_canary(struct arena *a, const struct dnsbl_list *l, bool ipv6, uint64_t canary)
{
	/* Each list gets a name of its own, so that nobody can tell one from the other's. */
	uint64_t r = pick(l->zone, canary);
	struct ip ip = {
		.len = 4, .b = {127, (uint8_t)(128 | r), (uint8_t)(r >> 8), (uint8_t)(r >> 16)}};

	if (l->domains)
		return question(
			a, arena_printf(a, "c%016llx.invalid", (unsigned long long)r), l->zone);
	return mapped_question(a, l, ipv6, &ip);
}

struct str
dnsbl_entry_question(struct arena *a, const struct dnsbl_list *l, struct str entry)
{
	struct str name;
	struct ip ip;

	if (!entry.n)
		return STR("");
	if (!l->domains && ip_parse(entry, &ip))
		return mapped_question(a, l, !l->ipv4 && ip.len == 4, &ip);
	if (!dns_name_parse(a, entry, &name))
		return STR("");
	return dnsbl_name_question(a, l, name);
}

struct str
dnsbl_lookup(struct arena *a, const struct dnsbl_list *l, struct str entry)
{
	char room[512];
	struct buf b = BUF(room);
	struct str rest = l->lookup;

	while (rest.n) {
		size_t open = str_find(rest, '{');
		buf_put(&b, str_slice(rest, 0, open));
		rest = str_skip(rest, open);
		size_t close = str_find(rest, '}');
		if (close == rest.n) {
			buf_put(&b, rest);
			break;
		}
		buf_put(&b, entry);
		rest = str_skip(rest, close + 1);
	}
	return buf_is_cut(&b) ? STR("") : arena_str(a, buf_str(&b));
}

struct str
dnsbl_remedy(struct arena *a, const struct dnsbl_list *l, struct str entry)
{
	struct str page = dnsbl_lookup(a, l, entry);

	return page.n
		? arena_printf(a, "see %.*s for the reason and how to be taken off", STR_ARG(page))
		: STR("ask the operator of that list to take it off");
}

const struct action *
dnsbl_action(const struct dnsbl_list *l, const struct list_code *code)
{
	return &l->action[code - l->codes.code];
}

int64_t
dnsbl_weight(const struct dnsbl_list *l, const struct list_code *code)
{
	const struct action *a = dnsbl_action(l, code);

	if (a->kind == ACTION_SCORE)
		return a->points < 0 ? -(int64_t)a->points : a->points;
	return a->kind == ACTION_OFF ? -1 : (int64_t)a->kind << 40;
}

const struct list_code *
dnsbl_read(const struct dnsbl_list *l, const struct dns_answer *a, enum dnsbl_wrong *wrong_out)
{
	const struct list_code *best = NULL, *row;
	enum dnsbl_wrong wrong = DNSBL_FINE;

	for (size_t i = 0; i < a->n; i++) {
		switch (list_codes_read(&l->codes, &a->rr[i].ip, &row)) {
		case LIST_NOT_DECLARED:
			break;
		case LIST_LISTED:
			if (!best || dnsbl_weight(l, row) > dnsbl_weight(l, best))
				best = row;
			break;
		case LIST_ERROR:
			/* A code of the list's own is a complaint; anything else is no list. */
			if (row || (a->rr[i].ip.b[0] == 127 && a->rr[i].ip.b[1] == 255))
				wrong = DNSBL_REFUSED;
			else if (wrong == DNSBL_FINE)
				wrong = DNSBL_BROKEN;
			break;
		}
	}
	*wrong_out = best ? DNSBL_FINE : wrong;
	return best;
}

static uint64_t
bit(size_t i)
{
	return (uint64_t)1 << i;
}

struct dnsbl_said
dnsbl_ask(struct ask *q, const struct dnsbl_set *set, size_t i, struct str question,
	struct list_reports *reports)
{
	struct dnsbl_said said = {.code = NULL};
	enum dnsbl_wrong wrong;

	if (!question.n)
		return said;
	const struct dns_answer *a = ask_dns(q, DNS_A, question);
	if (!a) {
		said.waits = true;
		return said;
	}
	if (a->status == DNS_NONE)
		return said;
	if (a->status != DNS_OK) { /* an expired answer neither accuses nor praises */
		reports->failed |= a->ours ? 0 : bit(i);
		said.problem = "did not answer";
		return said;
	}
	said.code = dnsbl_read(&set->list[i], a, &wrong);
	said.seq = a->seq;
	if (wrong == DNSBL_REFUSED) {
		reports->refused |= bit(i);
		said.problem = "answered with an error code";
	} else if (wrong == DNSBL_BROKEN) {
		reports->broken |= bit(i);
		said.problem = "answered with what is no answer of a list";
	}
	return said;
}

const char *
dnsbl_ask_canary(struct ask *q, const struct dnsbl_set *set, size_t i, uint64_t seq,
	struct list_reports *reports, bool *waits_out)
{
	if (!q->lists.canary) /* a record that knows of none */
		return NULL;
	uint64_t number = q->lists.canary + seq * UINT64_C(0x9e3779b97f4a7c15);
	const struct dns_answer *a = ask_dns(
		q, DNS_A, dnsbl_canary(q->scratch, &set->list[i], q->client.len == 16, number));
	reports->tested |= bit(i);
	if (!a) {
		*waits_out = true;
		return NULL;
	}
	if (a->status == DNS_OK) {
		reports->wild |= bit(i);
		return "lists even what cannot be listed";
	}
	if (a->status != DNS_NONE) {
		reports->failed |= a->ours ? 0 : bit(i);
		return "did not answer when it was put to the test";
	}
	return NULL;
}
