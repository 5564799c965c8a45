/* daemon/callout_hosts: see callout_hosts.h. */
#include "daemon/callout_hosts.h"

#define MX_MAX 4 /* hosts that are looked up: more than one is there to step in */

static bool
has_ip(const struct nets *nets, const struct ip *ip)
{
	for (size_t i = 0; i < nets->n; i++)
		if (ip_net_has(&nets->net[i], ip))
			return true;
	return false;
}

static bool
is_ours(const struct ask *q, const struct callout_settings *s, const struct ip *ip)
{
	return has_ip(&q->site->addresses, ip) || (s->address4.len && ip_eq(&s->address4, ip)) ||
		(s->address6.len && ip_eq(&s->address6, ip));
}

static void
add_addresses(
	const struct ask *q, struct callout_hosts *h, struct str name, const struct dns_answer *a)
{
	for (size_t i = 0; i < a->n && h->n < CALLOUT_HOSTS_MAX; i++) {
		const struct ip *ip = &a->rr[i].ip;
		if (is_ours(q, h->settings, ip))
			h->reason = "the domain's mail server is this site itself";
		else if (has_ip(&h->settings->unreachable, ip))
			h->reason = "the domain's mail server is not on the Internet";
		else
			h->host[h->n++] = (struct callout_host){arena_str(h->a, name), *ip};
	}
}

/* False: wait. */
static bool
ask_host(struct ask *q, struct callout_hosts *h, struct str name)
{
	if (callout_skips(h->settings, name)) {
		h->reason = "the domain's mail server is one that is never asked";
		return true;
	}
	/* Side by side, then in this order. */
	const struct dns_answer *a = ask_dns(q, DNS_A, name);
	const struct dns_answer *aaaa = ask_dns(q, DNS_AAAA, name);
	if (!a || !aaaa)
		return false;
	if (a->status == DNS_OK)
		add_addresses(q, h, name, a);
	if (aaaa->status == DNS_OK)
		add_addresses(q, h, name, aaaa);
	return true;
}

static const struct dns_rr *
next_by_preference(const struct dns_answer *mx, const struct dns_rr *after)
{
	const struct dns_rr *best = NULL;

	for (size_t i = 0; i < mx->n; i++) {
		const struct dns_rr *rr = &mx->rr[i];
		bool later = !after || rr->preference > after->preference ||
			(rr->preference == after->preference && rr > after);
		if (later && (!best || rr->preference < best->preference))
			best = rr;
	}
	return best;
}

static enum check_status
run(struct ask *q, struct findings *out)
{
	struct callout_hosts *h = *(struct callout_hosts *const *)q->settings;
	const struct dns_answer *mx = ask_dns(q, DNS_MX, h->domain);
	bool waits = false;

	h->n = 0;
	h->reason = "DNS does not tell the domain's mail server";
	if (!mx)
		return CHECK_WAIT;
	if (mx->status == DNS_FAIL || mx->status == DNS_STALE)
		return CHECK_DONE;
	if (mx->status == DNS_NONE)
		return ask_host(q, h, h->domain) ? CHECK_DONE : CHECK_WAIT;
	const struct dns_rr *rr = NULL;
	for (size_t i = 0; i < MX_MAX && (rr = next_by_preference(mx, rr)); i++) {
		if (dns_name_labels(rr->text) == 0)
			h->reason = "the domain takes no mail";
		else
			waits |= !ask_host(q, h, rr->text);
	}
	return waits ? CHECK_WAIT : CHECK_DONE;
}

const struct check check_callout_hosts = {.name = "callout_hosts", .run = run};
