/*
 * core/cause: the catalogue of causes, the heart of the program.
 *
 * A receiver's finding and a sender's bounce lead to the same row: what is wrong, who can repair
 * it, how.  45 rows; ids are stable for ever.
 */
#ifndef CORE_CAUSE_H
#define CORE_CAUSE_H

#include "base/str.h"

enum fixer {
	FIXER_SENDER_USER,
	FIXER_SENDER_ADMIN,
	FIXER_SENDER_ISP,
	FIXER_RECIPIENT,
	FIXER_RECIPIENT_ADMIN,
	FIXER_NOBODY,
	FIXER_UNKNOWN,
	FIXER_COUNT
};

enum nature {
	NATURE_PERMANENT, /* repeating the same message cannot help until somebody changes something
			   */
	NATURE_TEMPORARY, /* waiting can help */
	NATURE_REPLY,	  /* believe the class of the reply */
};

#define CAUSES(X)                                         \
	X(NO_PTR, no_ptr)                                 \
	X(FCRDNS_MISMATCH, fcrdns_mismatch)               \
	X(DYNAMIC_IP, dynamic_ip)                         \
	X(HELO_INVALID, helo_invalid)                     \
	X(DNSBL_LISTED, dnsbl_listed)                     \
	X(IP_BLOCKED, ip_blocked)                         \
	X(DOMAIN_REPUTATION, domain_reputation)           \
	X(SPF_FAIL, spf_fail)                             \
	X(DKIM_FAIL, dkim_fail)                           \
	X(DMARC_FAIL, dmarc_fail)                         \
	X(AUTH_MISSING, auth_missing)                     \
	X(SENDER_VERIFY_FAILED, sender_verify_failed)     \
	X(SENDER_DOMAIN_INVALID, sender_domain_invalid)   \
	X(SENDER_DOMAIN_NEW, sender_domain_new)           \
	X(SENDER_REJECTED, sender_rejected)               \
	X(SENDER_SPOOFED, sender_spoofed)                 \
	X(SENDER_ACCOUNT_BLOCKED, sender_account_blocked) \
	X(HEADER_NONCOMPLIANT, header_noncompliant)       \
	X(SPAM_CONTENT, spam_content)                     \
	X(VIRUS, virus)                                   \
	X(CONTENT_REJECTED, content_rejected)             \
	X(MESSAGE_TOO_BIG, message_too_big)               \
	X(POLICY_REJECTED, policy_rejected)               \
	X(GREYLISTED, greylisted)                         \
	X(PROTOCOL_ERROR, protocol_error)                 \
	X(RATE_LIMITED, rate_limited)                     \
	X(TOO_MANY_ERRORS, too_many_errors)               \
	X(TOO_MANY_RECIPIENTS, too_many_recipients)       \
	X(RELAY_DENIED, relay_denied)                     \
	X(AUTH_REQUIRED, auth_required)                   \
	X(TLS_REQUIRED, tls_required)                     \
	X(USER_UNKNOWN, user_unknown)                     \
	X(MAILBOX_FULL, mailbox_full)                     \
	X(MAILBOX_DISABLED, mailbox_disabled)             \
	X(RECIPIENT_RESTRICTED, recipient_restricted)     \
	X(RECIPIENT_MOVED, recipient_moved)               \
	X(BAD_ADDRESS_SYNTAX, bad_address_syntax)         \
	X(HOST_UNKNOWN, host_unknown)                     \
	X(NO_MAIL_SERVICE, no_mail_service)               \
	X(NETWORK_ERROR, network_error)                   \
	X(DELIVERY_EXPIRED, delivery_expired)             \
	X(MAIL_LOOP, mail_loop)                           \
	X(SYSTEM_ERROR, system_error)                     \
	X(UNKNOWN, unknown)                               \
	X(NOT_BOUNCE, not_bounce)

enum cause_id {
#define CAUSE_ENUM(upper, lower) CAUSE_##upper,
	CAUSES(CAUSE_ENUM)
#undef CAUSE_ENUM
		CAUSE_COUNT
};

#define CAUSE_STEPS_MAX 6
#define CAUSE_REFS_MAX	4

struct cause {
	const char *id;
	const char *group; /* host_identity, reputation, ... */
	const char *title; /* one line: what is wrong */
	enum fixer fixer;  /* who can usually remove it */
	enum nature nature;
	const char *meaning; /* two or three sentences for somebody who got the bounce */
	/* What to do, in order.  Places {client}, {reverse}, {name}, {helo}, {domain}, {list}, ...
	 * stand for evidence; a step with a place that nothing fills is left out. */
	const char *steps[CAUSE_STEPS_MAX];
	const char *refs[CAUSE_REFS_MAX]; /* RFC sections, documents */
};

const struct cause *cause_get(enum cause_id id);
/* NULL for an unknown id. */
const struct cause *cause_find(struct str id);
/* "sender_isp" and, for people, "whoever owns the sending address's network". */
const char *fixer_name(enum fixer f);
const char *fixer_text(enum fixer f);

#endif
