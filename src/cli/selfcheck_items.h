/*
 * cli/selfcheck: what is examined, item by item; from facts and findings, without asking anybody.
 *
 * An item passes, fails, or deserves a warning; where DNS did not answer it is unknown, and what
 * cannot be seen from here at all is to be looked at by hand.
 */
#ifndef CLI_SELFCHECK_ITEMS_H
#define CLI_SELFCHECK_ITEMS_H

#include "cli/selfcheck_facts.h"
#include "fact/callout.h"
#include "front/gate.h"

/* Name, id in JSON and in data/receivers/, and title for people.  tools/receivers reads the ids
 * here. */
#define SELF_ITEMS(X)                                                      \
	X(ADDRESS, address, "public address")                              \
	X(PTR, ptr, "reverse name")                                        \
	X(FCRDNS, fcrdns, "leads back")                                    \
	X(NAME, name, "name of a server")                                  \
	X(HELO, helo, "greeting")                                          \
	X(SPF, spf, "SPF passes")                                          \
	X(LISTS, lists, "block lists")                                     \
	X(VERDICT, verdict, "in all")                                      \
	X(OUTGOING, outgoing, "outgoing addresses")                        \
	X(MX, mx, "takes mail (MX)")                                       \
	X(POSTMASTER, postmaster, "postmaster")                            \
	X(SENDER, sender, "sender can be answered")                        \
	X(SPF_RECORD, spf_record, "SPF record")                            \
	X(SPF_LOOKUPS, spf_lookups, "SPF look-ups")                        \
	X(SPF_WIDTH, spf_width, "SPF is narrow")                           \
	X(DMARC, dmarc, "DMARC record")                                    \
	X(DMARC_POLICY, dmarc_policy, "DMARC policy")                      \
	X(DKIM, dkim, "DKIM key")                                          \
	X(ALIGNMENT, alignment, "From: of the same domain as SPF or DKIM") \
	X(FORMAT, format, "messages as RFC 5322 wants them")               \
	X(TLS, tls, "encrypted transport")                                 \
	X(COMPLAINTS, complaints, "few complaints")                        \
	X(UNSUBSCRIBE, unsubscribe, "one-click unsubscription")

enum self_item_id {
#define SELF_ENUM(upper, lower, title) SELF_##upper,
	SELF_ITEMS(SELF_ENUM)
#undef SELF_ENUM
		SELF_ITEM_COUNT
};

/* From good to bad. */
enum self_state { SELF_PASS, SELF_HAND, SELF_UNSURE, SELF_WARN, SELF_FAIL, SELF_STATE_COUNT };

struct self_item {
	enum self_item_id id;
	enum self_state state;
	struct str subject; /* an address, a domain, a selector */
	bool ipv6;	    /* it is about an IPv6 address */
	struct str text;    /* what was seen, a sentence without full stop */
	struct str fix;	    /* "ask ... to ..."; may be empty */
	enum fixer fixer;   /* who, where there is a fix */
};

#define SELF_ADDRESSES_MAX 32
#define SELF_ITEMS_MAX	   (SELF_ADDRESSES_MAX * 8 + 32)
#define SELF_NOTES_MAX	   24

/* An address that mail may leave from. */
struct self_address {
	struct ip ip;
	struct str text; /* the same for people */
	struct str helo; /* given, or the reverse name; empty: none known */
	bool helo_given;
	struct str from; /* where it was found: "given", "SPF: ip4:..." */
	bool maybe;	 /* one of a whole network: perhaps nobody sends from it */
	struct self_reverse reverse;
	/* What mxward itself would answer. */
	bool judged;
	enum verdict_kind verdict;
	int32_t score;
	struct str reply; /* refusals: with its codes */
	/* What records would help. */
	bool wants_ptr, wants_forward, wants_helo, wants_spf;
};

/* What the domain's own mail servers say to a callout. */
struct self_callout {
	struct str address; /* empty: nobody was asked */
	struct callout got; /* its texts are the report's */
};
enum { SELF_CALLOUT_POSTMASTER, SELF_CALLOUT_SENDER, SELF_CALLOUTS };

struct self_report {
	struct arena *a; /* all of it lives here */
	struct self_domain domain;
	bool lists_asked;	     /* some DNS list is in the settings */
	struct str lists;	     /* their names */
	struct str mx_leads_nowhere; /* what the engine says of it; empty: nothing */
	struct self_callout callout[SELF_CALLOUTS];
	size_t n_addresses, n_items, n_notes;
	struct self_address address[SELF_ADDRESSES_MAX];
	struct self_item item[SELF_ITEMS_MAX];
	struct str note[SELF_NOTES_MAX]; /* addresses that are not looked at, and why */
};

/* The addresses that mail of the domain may leave from, by its SPF policy and its MX records, where
 * none was given. */
void self_find_addresses(struct self_report *r);
/* What the engine found about address number i. */
void self_judge_address(struct self_report *r, size_t i, const struct decision *d);
/* The address cannot be judged at all: it is none of the Internet's. */
void self_refuse_address(struct self_report *r, size_t i);
/* After the addresses: what is to be said of the domain. */
void self_judge_domain(struct self_report *r);

/* selfcheck_callout: postmaster, and the sender where one was asked about. */
void self_judge_callouts(struct self_report *r);

/* How many items have each state. */
void self_count(const struct self_report *r, size_t count[SELF_STATE_COUNT]);
/* The worst state of the items with this id; false: there is none.  ipv6: of IPv6 addresses only.
 */
bool self_worst(const struct self_report *r, enum self_item_id id, bool ipv6, enum self_state *out);

const char *self_item_name(enum self_item_id id);
const char *self_item_title(enum self_item_id id);
bool self_item_find(struct str name, enum self_item_id *out);
const char *self_state_name(enum self_state state); /* "pass", "by hand", ... */

#endif
