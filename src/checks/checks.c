/* checks: see checks.h. */
#include <assert.h>

#include "checks/checks.h"
#include "dns/domains.h"

const struct check *const *
checks_all(size_t *n)
{
	static const struct check *const all[] = {&check_local, &check_rdns, &check_generic_rdns,
		&check_helo, &check_spf, &check_sender, &check_dnsbl, &check_history,
		&check_domain_age, &check_session, &check_header, &check_callout};

	static_assert(COUNT(all) <= CHECKS_MAX, "raise CHECKS_MAX");
	*n = COUNT(all);
	return all;
}

const struct dns_answer *
ask_reverse_names(struct ask *q)
{
	return ask_dns(q, DNS_PTR, q->reverse);
}

size_t
reverse_names_count(const struct dns_answer *ptr)
{
	return ptr->n < REVERSE_NAMES_MAX ? ptr->n : REVERSE_NAMES_MAX;
}

enum dns_type
address_type(const struct ip *client)
{
	return client->len == 4 ? DNS_A : DNS_AAAA;
}

bool
word_is_in(struct str s, const struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (str_eq_nocase(s, w->word[i]))
			return true;
	return false;
}

enum confirmed
ask_confirmed(struct ask *q, const struct domains *d, struct str *name_out)
{
	const struct dns_answer *ptr = d->n ? ask_reverse_names(q) : NULL;
	bool waits = false, unknown = false, yes = false;

	if (!d->n)
		return CONFIRMED_NO;
	if (!ptr)
		return CONFIRMED_WAIT;
	if (ptr->status == DNS_FAIL)
		return CONFIRMED_UNKNOWN;
	for (size_t i = 0; i < reverse_names_count(ptr); i++) {
		struct str name = ptr->rr[i].text;
		if (!domains_find(d, name).n)
			continue;
		const struct dns_answer *a = ask_dns(q, address_type(&q->client), name);
		waits |= !a;
		if (a && !yes && dns_answer_has_ip(a, &q->client)) {
			*name_out = name;
			yes = true;
		}
		unknown |= a && a->status != DNS_OK && a->status != DNS_NONE;
	}
	if (waits) /* which name it is must not depend on who answers first */
		return CONFIRMED_WAIT;
	return yes ? CONFIRMED_YES : unknown ? CONFIRMED_UNKNOWN : CONFIRMED_NO;
}

struct str
ip_str(struct ask *q, const struct ip *ip)
{
	char text[IP_TEXT_MAX];

	return arena_str(q->scratch, str_of(ip_text(ip, text)));
}

static struct str
list(struct ask *q, const struct dns_answer *answer, bool addresses)
{
	UNSET char room[800];
	struct buf b = BUF(room);

	for (size_t i = 0; i < answer->n && i < LIST_SHOWN; i++) {
		if (i)
			buf_puts(&b, ", ");
		if (addresses)
			ip_print(&answer->rr[i].ip, &b);
		else
			buf_put(&b, answer->rr[i].text);
	}
	if (answer->n > LIST_SHOWN) {
		buf_puts(&b, " and ");
		buf_putu(&b, answer->n - LIST_SHOWN);
		buf_puts(&b, " more");
	}
	return arena_str(q->scratch, buf_str(&b));
}

struct str
names_list(struct ask *q, const struct dns_answer *answer)
{
	return list(q, answer, false);
}

struct str
addresses_list(struct ask *q, const struct dns_answer *answer)
{
	return list(q, answer, true);
}
