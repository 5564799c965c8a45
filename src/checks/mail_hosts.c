/* checks/mail_hosts: see mail_hosts.h. */
#include <assert.h>

#include "checks/mail_hosts.h"

static bool
is_unreachable(const struct nets *nets, const struct ip *ip)
{
	for (size_t i = 0; i < nets->n; i++)
		if (ip_net_has(&nets->net[i], ip))
			return true;
	return false;
}

static void
note_addresses(const struct dns_answer *a, const struct nets *unreachable, struct mail_hosts *h)
{
	for (size_t i = 0; i < a->n && !h->found; i++) {
		h->found = !is_unreachable(unreachable, &a->rr[i].ip);
		if (h->n_bad < LIST_SHOWN)
			h->bad[h->n_bad] = a->rr[i];
		h->n_bad += !h->found;
	}
}

/* False: the answer is still to come. */
static bool
try_address(struct ask *q, enum dns_type type, struct str host, const struct nets *unreachable,
	struct mail_hosts *h)
{
	const struct dns_answer *a = ask_dns(q, type, host);

	if (!a) {
		h->waiting = true;
		return false;
	}
	note_addresses(a, unreachable, h);
	if (!h->failed.p && (a->status == DNS_FAIL || a->status == DNS_STALE)) {
		h->failed = host;
		h->failed_type = type;
		h->reason = a->status == DNS_STALE ? "answer has expired" : a->reason;
	}
	return true;
}

/* By preference; equal ones as DNS gave them. */
static size_t
first_hosts(const struct dns_answer *mx, struct dns_rr out[MAIL_HOSTS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < mx->n; i++) {
		size_t at = n;
		for (; at > 0 && out[at - 1].preference > mx->rr[i].preference; at--)
			if (at < MAIL_HOSTS_MAX)
				out[at] = out[at - 1];
		if (at < MAIL_HOSTS_MAX)
			out[at] = mx->rr[i];
		n += n < MAIL_HOSTS_MAX;
	}
	return n;
}

static void
begin(struct mail_hosts *h)
{
	h->found = h->waiting = h->skipped = false;
	h->failed = (struct str){NULL, 0};
	h->n_bad = 0;
}

void
mail_hosts_ask(struct ask *q, const struct dns_answer *mx, size_t questions,
	const struct nets *unreachable, struct mail_hosts *out)
{
	size_t n = first_hosts(mx, out->host);

	static_assert(LIST_SHOWN <= MAIL_HOSTS_MAX, "a list shows what was sorted");
	begin(out);
	n = n < questions ? n : questions;
	out->skipped = n < mx->n;
	for (size_t i = 0; i < n && !out->found; i++) {
		struct str host = out->host[i].text;
		if (dns_name_labels(host) == 0) /* RFC 7505 3: "." says something only alone */
			continue;
		if (!try_address(q, DNS_A, host, unreachable, out) || out->found)
			continue;
		if (i < questions - n)
			(void)try_address(q, DNS_AAAA, host, unreachable, out);
		else
			out->skipped = true;
	}
}

void
mail_hosts_ask_itself(
	struct ask *q, struct str domain, const struct nets *unreachable, struct mail_hosts *out)
{
	begin(out);
	(void)try_address(q, DNS_A, domain, unreachable, out);
	if (!out->found)
		(void)try_address(q, DNS_AAAA, domain, unreachable, out);
}
