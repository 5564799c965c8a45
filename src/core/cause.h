/*
 * core/cause: the catalogue of causes, the heart of the program.
 *
 * A receiver's finding and a sender's bounce lead to the same row: what is wrong, who can repair
 * it, how.  45 rows; ids are stable for ever.  The words for it, in each language: core/texts.h.
 */
#ifndef CORE_CAUSE_H
#define CORE_CAUSE_H

#include "base/str.h"

#define FIXERS(X)                           \
	X(SENDER_USER, sender_user)         \
	X(SENDER_ADMIN, sender_admin)       \
	X(SENDER_ISP, sender_isp)           \
	X(RECIPIENT, recipient)             \
	X(RECIPIENT_ADMIN, recipient_admin) \
	X(NOBODY, nobody)                   \
	X(UNKNOWN, unknown)

enum fixer {
#define FIXER_ENUM(upper, lower) FIXER_##upper,
	FIXERS(FIXER_ENUM)
#undef FIXER_ENUM
		FIXER_COUNT
};

#define CAUSE_GROUPS(X)                   \
	X(HOST_IDENTITY, host_identity)   \
	X(REPUTATION, reputation)         \
	X(AUTHENTICATION, authentication) \
	X(SENDER_ADDRESS, sender_address) \
	X(MESSAGE, message)               \
	X(POLICY, policy)                 \
	X(PROTOCOL, protocol)             \
	X(RECIPIENT, recipient)           \
	X(TRANSPORT, transport)           \
	X(NONE, none)

enum cause_group {
#define GROUP_ENUM(upper, lower) GROUP_##upper,
	CAUSE_GROUPS(GROUP_ENUM)
#undef GROUP_ENUM
		GROUP_COUNT
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

#define CAUSE_STEPS_MAX	  6
#define CAUSE_RECORDS_MAX 3
#define CAUSE_REFS_MAX	  4

/* What is the same in all languages; the words are in core/texts.h. */
struct cause {
	const char *id;
	enum cause_group group;
	enum fixer fixer; /* who can usually remove it */
	enum nature nature;
	const char *records[CAUSE_RECORDS_MAX]; /* DNS records that help, as an example */
	const char *refs[CAUSE_REFS_MAX];	/* RFC sections, documents */
};

const struct cause *cause_get(enum cause_id id);
/* False: there is none of this name. */
bool cause_find(struct str name, enum cause_id *out);
/* The id that comes nearest to a word; NULL: none does. */
const char *cause_nearest(struct str word);
/* "host_identity" */
const char *cause_group_name(enum cause_group g);
/* "permanent", "temporary", "reply" */
const char *nature_name(enum nature n);
/* "sender_isp" and, for people, "whoever owns the sending address's network". */
const char *fixer_name(enum fixer f);
const char *fixer_text(enum fixer f);

#endif
