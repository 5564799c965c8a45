/*
 * core/cause: see cause.h.  The words are in data/texts/ (core/texts.h).
 *
 * Records are examples, with the names and addresses that are kept for such: what a page about the
 * cause shows.  Those of a case are made from its findings (core/advice.h).
 */
#include "core/cause.h"

#include "base/errbuf.h"
#include "base/must.h"
#include "core/texts.h"

static const struct cause rows[CAUSE_COUNT] = {
	[CAUSE_NO_PTR] = {.id = "no_ptr",
		.group = GROUP_HOST_IDENTITY,
		.fixer = FIXER_SENDER_ISP,
		.nature = NATURE_REPLY,
		.records = {"5.113.0.203.in-addr.arpa. IN PTR mail.example.com.",
			"mail.example.com. IN A 203.0.113.5"},
		.refs = {"RFC 8601 3", "RFC 7372 3.3", "RFC 1912 2.1"}},
	[CAUSE_FCRDNS_MISMATCH] = {.id = "fcrdns_mismatch",
		.group = GROUP_HOST_IDENTITY,
		.fixer = FIXER_SENDER_ISP,
		.nature = NATURE_REPLY,
		.records = {"5.113.0.203.in-addr.arpa. IN PTR mail.example.com.",
			"mail.example.com. IN A 203.0.113.5"},
		.refs = {"RFC 8601 3", "RFC 7372 3.3", "RFC 1912 2.1"}},
	[CAUSE_DYNAMIC_IP] = {.id = "dynamic_ip",
		.group = GROUP_HOST_IDENTITY,
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_REPLY,
		.records = {"5.113.0.203.in-addr.arpa. IN PTR mail.example.com.",
			"mail.example.com. IN A 203.0.113.5"},
		.refs = {"RFC 5068 3"}},
	[CAUSE_HELO_INVALID] = {.id = "helo_invalid",
		.group = GROUP_HOST_IDENTITY,
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_REPLY,
		.records = {"mail.example.com. IN A 203.0.113.5",
			"5.113.0.203.in-addr.arpa. IN PTR mail.example.com."},
		.refs = {"RFC 5321 4.1.1.1", "RFC 5321 4.1.4", "RFC 5321 2.3.5"}},
	[CAUSE_DNSBL_LISTED] = {.id = "dnsbl_listed",
		.group = GROUP_REPUTATION,
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_REPLY,
		.refs = {"RFC 5782 2.1", "RFC 6471 2"}},
	[CAUSE_IP_BLOCKED] = {.id = "ip_blocked",
		.group = GROUP_REPUTATION,
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_REPLY,
		.refs = {"RFC 5321 4.5.1"}},
	[CAUSE_DOMAIN_REPUTATION] = {.id = "domain_reputation",
		.group = GROUP_REPUTATION,
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_REPLY,
		.refs = {"RFC 5782 3"}},
	[CAUSE_SPF_FAIL] = {.id = "spf_fail",
		.group = GROUP_AUTHENTICATION,
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_REPLY,
		.records = {"example.com. IN TXT \"v=spf1 ip4:203.0.113.5 mx -all\""},
		.refs = {"RFC 7208 8.4", "RFC 7208 4.6.4", "RFC 7372 3.2"}},
	[CAUSE_DKIM_FAIL] = {.id = "dkim_fail",
		.group = GROUP_AUTHENTICATION,
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_REPLY,
		.records = {"selector._domainkey.example.com. IN TXT \"v=DKIM1; k=rsa; p=...\""},
		.refs = {"RFC 6376 6.1", "RFC 6376 3.6.2", "RFC 7372 3.1"}},
	[CAUSE_DMARC_FAIL] = {.id = "dmarc_fail",
		.group = GROUP_AUTHENTICATION,
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_REPLY,
		.records = {"_dmarc.example.com. IN TXT \"v=DMARC1; p=none\""},
		.refs = {"RFC 7489 3.1", "RFC 7489 6.6.2"}},
	[CAUSE_AUTH_MISSING] = {.id = "auth_missing",
		.group = GROUP_AUTHENTICATION,
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_REPLY,
		.records = {"example.com. IN TXT \"v=spf1 ip4:203.0.113.5 mx -all\"",
			"selector._domainkey.example.com. IN TXT \"v=DKIM1; k=rsa; p=...\"",
			"_dmarc.example.com. IN TXT \"v=DMARC1; p=none\""},
		.refs = {"RFC 7208 3", "RFC 6376 5", "RFC 7372 3.4"}},
	[CAUSE_SENDER_VERIFY_FAILED] = {.id = "sender_verify_failed",
		.group = GROUP_SENDER_ADDRESS,
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_REPLY,
		.refs = {"RFC 5321 4.5.5", "RFC 5321 6.1"}},
	[CAUSE_SENDER_DOMAIN_INVALID] = {.id = "sender_domain_invalid",
		.group = GROUP_SENDER_ADDRESS,
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_REPLY,
		.records = {"example.com. IN MX 10 mail.example.com.",
			"mail.example.com. IN A 203.0.113.5"},
		.refs = {"RFC 5321 2.3.5", "RFC 5321 5.1", "RFC 7505 4.2"}},
	[CAUSE_SENDER_DOMAIN_NEW] = {.id = "sender_domain_new",
		.group = GROUP_SENDER_ADDRESS,
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_TEMPORARY,
		.refs = {NULL}},
	[CAUSE_SENDER_REJECTED] = {.id = "sender_rejected",
		.group = GROUP_SENDER_ADDRESS,
		.fixer = FIXER_RECIPIENT_ADMIN,
		.nature = NATURE_PERMANENT,
		.refs = {"RFC 3463 3.8"}},
	[CAUSE_SENDER_SPOOFED] = {.id = "sender_spoofed",
		.group = GROUP_SENDER_ADDRESS,
		.fixer = FIXER_SENDER_USER,
		.nature = NATURE_PERMANENT,
		.refs = {"RFC 6409 6.1", "RFC 3463 3.8"}},
	[CAUSE_SENDER_ACCOUNT_BLOCKED] = {.id = "sender_account_blocked",
		.group = GROUP_SENDER_ADDRESS,
		.fixer = FIXER_SENDER_USER,
		.nature = NATURE_REPLY,
		.refs = {"RFC 3463 3.8"}},
	[CAUSE_HEADER_NONCOMPLIANT] = {.id = "header_noncompliant",
		.group = GROUP_MESSAGE,
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_PERMANENT,
		.refs = {"RFC 5322 3.6", "RFC 2045 2", "RFC 2047 2"}},
	[CAUSE_SPAM_CONTENT] = {.id = "spam_content",
		.group = GROUP_MESSAGE,
		.fixer = FIXER_SENDER_USER,
		.nature = NATURE_REPLY,
		.refs = {"RFC 3463 3.8", "RFC 8058 3.1"}},
	[CAUSE_VIRUS] = {.id = "virus",
		.group = GROUP_MESSAGE,
		.fixer = FIXER_SENDER_USER,
		.nature = NATURE_PERMANENT,
		.refs = {"RFC 3463 3.8"}},
	[CAUSE_CONTENT_REJECTED] = {.id = "content_rejected",
		.group = GROUP_MESSAGE,
		.fixer = FIXER_SENDER_USER,
		.nature = NATURE_PERMANENT,
		.refs = {"RFC 3463 3.7"}},
	[CAUSE_MESSAGE_TOO_BIG] = {.id = "message_too_big",
		.group = GROUP_MESSAGE,
		.fixer = FIXER_SENDER_USER,
		.nature = NATURE_PERMANENT,
		.refs = {"RFC 1870 6", "RFC 3463 3.4"}},
	[CAUSE_POLICY_REJECTED] = {.id = "policy_rejected",
		.group = GROUP_POLICY,
		.fixer = FIXER_RECIPIENT_ADMIN,
		.nature = NATURE_REPLY,
		.refs = {"RFC 5321 4.5.1", "RFC 3463 3.8"}},
	[CAUSE_GREYLISTED] = {.id = "greylisted",
		.group = GROUP_POLICY,
		.fixer = FIXER_NOBODY,
		.nature = NATURE_TEMPORARY,
		.refs = {"RFC 6647 2", "RFC 5321 4.5.4.1"}},
	[CAUSE_PROTOCOL_ERROR] = {.id = "protocol_error",
		.group = GROUP_PROTOCOL,
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_PERMANENT,
		.refs = {"RFC 5321 4.1.4", "RFC 5321 4.5.3.1", "RFC 2920 3.1"}},
	[CAUSE_RATE_LIMITED] = {.id = "rate_limited",
		.group = GROUP_PROTOCOL,
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_TEMPORARY,
		.refs = {"RFC 3463 3.8", "RFC 5321 4.5.4.1"}},
	[CAUSE_TOO_MANY_ERRORS] = {.id = "too_many_errors",
		.group = GROUP_PROTOCOL,
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_REPLY,
		.refs = {"RFC 5321 7.3", "RFC 5321 4.3.2"}},
	[CAUSE_TOO_MANY_RECIPIENTS] = {.id = "too_many_recipients",
		.group = GROUP_PROTOCOL,
		.fixer = FIXER_SENDER_USER,
		.nature = NATURE_TEMPORARY,
		.refs = {"RFC 5321 4.5.3.1.8", "RFC 5321 4.5.3.1.10"}},
	[CAUSE_RELAY_DENIED] = {.id = "relay_denied",
		.group = GROUP_PROTOCOL,
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_PERMANENT,
		.refs = {"RFC 5321 3.6.2", "RFC 5321 7.9"}},
	[CAUSE_AUTH_REQUIRED] = {.id = "auth_required",
		.group = GROUP_PROTOCOL,
		.fixer = FIXER_SENDER_USER,
		.nature = NATURE_PERMANENT,
		.refs = {"RFC 4954 4", "RFC 8314 3.3"}},
	[CAUSE_TLS_REQUIRED] = {.id = "tls_required",
		.group = GROUP_PROTOCOL,
		.fixer = FIXER_SENDER_ADMIN,
		.nature = NATURE_PERMANENT,
		.refs = {"RFC 3207 4", "RFC 8461 5", "RFC 7672 2.2"}},
	[CAUSE_USER_UNKNOWN] = {.id = "user_unknown",
		.group = GROUP_RECIPIENT,
		.fixer = FIXER_SENDER_USER,
		.nature = NATURE_PERMANENT,
		.refs = {"RFC 3463 3.2", "RFC 5321 4.2.3"}},
	[CAUSE_MAILBOX_FULL] = {.id = "mailbox_full",
		.group = GROUP_RECIPIENT,
		.fixer = FIXER_RECIPIENT,
		.nature = NATURE_TEMPORARY,
		.refs = {"RFC 3463 3.3", "RFC 5321 4.2.2"}},
	[CAUSE_MAILBOX_DISABLED] = {.id = "mailbox_disabled",
		.group = GROUP_RECIPIENT,
		.fixer = FIXER_RECIPIENT,
		.nature = NATURE_PERMANENT,
		.refs = {"RFC 3463 3.3"}},
	[CAUSE_RECIPIENT_RESTRICTED] = {.id = "recipient_restricted",
		.group = GROUP_RECIPIENT,
		.fixer = FIXER_RECIPIENT,
		.nature = NATURE_PERMANENT,
		.refs = {"RFC 3463 3.8"}},
	[CAUSE_RECIPIENT_MOVED] = {.id = "recipient_moved",
		.group = GROUP_RECIPIENT,
		.fixer = FIXER_SENDER_USER,
		.nature = NATURE_PERMANENT,
		.refs = {"RFC 3463 3.2", "RFC 5321 3.4"}},
	[CAUSE_BAD_ADDRESS_SYNTAX] = {.id = "bad_address_syntax",
		.group = GROUP_RECIPIENT,
		.fixer = FIXER_SENDER_USER,
		.nature = NATURE_PERMANENT,
		.refs = {"RFC 5321 4.1.2", "RFC 3463 3.2", "RFC 6531 3.1"}},
	[CAUSE_HOST_UNKNOWN] = {.id = "host_unknown",
		.group = GROUP_TRANSPORT,
		.fixer = FIXER_SENDER_USER,
		.nature = NATURE_PERMANENT,
		.records = {"example.com. IN MX 10 mail.example.com.",
			"mail.example.com. IN A 203.0.113.5"},
		.refs = {"RFC 5321 5.1", "RFC 3463 3.2"}},
	[CAUSE_NO_MAIL_SERVICE] = {.id = "no_mail_service",
		.group = GROUP_TRANSPORT,
		.fixer = FIXER_RECIPIENT_ADMIN,
		.nature = NATURE_PERMANENT,
		.records = {"example.com. IN MX 10 mail.example.com.",
			"mail.example.com. IN A 203.0.113.5"},
		.refs = {"RFC 7505 3", "RFC 7504 3"}},
	[CAUSE_NETWORK_ERROR] = {.id = "network_error",
		.group = GROUP_TRANSPORT,
		.fixer = FIXER_RECIPIENT_ADMIN,
		.nature = NATURE_TEMPORARY,
		.refs = {"RFC 5321 4.5.4.1", "RFC 3463 3.5"}},
	[CAUSE_DELIVERY_EXPIRED] = {.id = "delivery_expired",
		.group = GROUP_TRANSPORT,
		.fixer = FIXER_RECIPIENT_ADMIN,
		.nature = NATURE_PERMANENT,
		.refs = {"RFC 5321 4.5.4.1", "RFC 3463 3.5"}},
	[CAUSE_MAIL_LOOP] = {.id = "mail_loop",
		.group = GROUP_TRANSPORT,
		.fixer = FIXER_RECIPIENT_ADMIN,
		.nature = NATURE_PERMANENT,
		.refs = {"RFC 5321 6.3", "RFC 3463 3.5"}},
	[CAUSE_SYSTEM_ERROR] = {.id = "system_error",
		.group = GROUP_TRANSPORT,
		.fixer = FIXER_RECIPIENT_ADMIN,
		.nature = NATURE_REPLY,
		.refs = {"RFC 3463 3.4", "RFC 5321 4.2.2"}},
	[CAUSE_UNKNOWN] = {.id = "unknown",
		.group = GROUP_NONE,
		.fixer = FIXER_UNKNOWN,
		.nature = NATURE_REPLY,
		.refs = {"RFC 5321 4.2.1", "RFC 3463 2"}},
	[CAUSE_NOT_BOUNCE] = {.id = "not_bounce",
		.group = GROUP_NONE,
		.fixer = FIXER_NOBODY,
		.nature = NATURE_REPLY,
		.refs = {"RFC 3464 2.3.3", "RFC 3834 2"}},
};

const struct cause *
cause_get(enum cause_id id)
{
	must(id < CAUSE_COUNT);
	return &rows[id];
}

bool
cause_find(struct str name, enum cause_id *out)
{
	for (enum cause_id i = 0; i < CAUSE_COUNT; i++)
		if (str_eq(name, str_of(rows[i].id))) {
			*out = i;
			return true;
		}
	return false;
}

const char *
cause_nearest(struct str word)
{
	const char *names[CAUSE_COUNT];

	for (enum cause_id i = 0; i < CAUSE_COUNT; i++)
		names[i] = rows[i].id;
	return nearest_name(word, names, COUNT(names));
}

#define NAME(upper, lower) #lower,

const char *
cause_group_name(enum cause_group g)
{
	static const char *const names[] = {CAUSE_GROUPS(NAME)};

	must(g < GROUP_COUNT);
	return names[g];
}

const char *
nature_name(enum nature n)
{
	static const char *const names[] = {[NATURE_PERMANENT] = "permanent",
		[NATURE_TEMPORARY] = "temporary",
		[NATURE_REPLY] = "reply"};

	must(n < COUNT(names));
	return names[n];
}

const char *
fixer_name(enum fixer f)
{
	static const char *const names[] = {FIXERS(NAME)};

	must(f < FIXER_COUNT);
	return names[f];
}

const char *
fixer_text(enum fixer f)
{
	must(f < FIXER_COUNT);
	return texts_english()->fixer[f];
}
