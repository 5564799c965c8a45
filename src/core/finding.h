/*
 * core/finding: what a check can report, and what it has reported.
 *
 * A check owns a table of finding codes; a finding is a code plus evidence: the names and
 * addresses that were seen.  Every sentence shown to anybody is made from the code's templates
 * and the evidence, whose bytes are escaped on the way out.
 */
#ifndef CORE_FINDING_H
#define CORE_FINDING_H

#include "base/arena.h"
#include "base/buf.h"
#include "core/cause.h"

enum action_kind {
	ACTION_OFF,
	ACTION_SCORE,
	ACTION_TAG,
	ACTION_QUARANTINE,
	ACTION_DEFER,
	ACTION_REJECT,
	ACTION_ACCEPT, /* let in, whatever else was found; of good news only */
	ACTION_OWN     /* of a code whose findings bring theirs: what the list says that found it */
};

struct action {
	enum action_kind kind;
	int32_t points; /* hundredths, with ACTION_SCORE; negative: a reward */
};
#define SCORE(hundredths)                  \
	{                                  \
		ACTION_SCORE, (hundredths) \
	}

struct finding_code {
	const char *id;	   /* "rdns_none": stable for ever */
	const char *label; /* "no reverse name": in the itemised score */
	const char *text;  /* sentence with {places}, no full stop */
	const char *fix;   /* "ask ... to ...": who repairs it, with {places}; NULL for good news */
	/* What receivers expect instead, a sentence with {places}; NULL: it goes without saying. */
	const char *expected;
	/* The DNS record that is missing, as a line of a zone with {places}; beside evidence these:
	 * {host} the server's own name as far as it is known, {A} A or AAAA, {mechanism}
	 * "ip4:192.0.2.1", {policy} the SPF record with it.  NULL: no record would help. */
	const char *record;
	enum cause_id cause;
	struct action action;	   /* profile score */
	struct action action_ipv6; /* for IPv6 clients, where different (kind OFF: the same) */
	struct action strict;	   /* profile strict, where different (kind OFF: the same) */
	bool temporary;		   /* evidence is missing, not bad: may never refuse mail */
	bool passing;		   /* it ends by itself: may put mail off, never refuse it */
	bool late;		   /* waiting may mend it: the first refusal resting on it defers */
	bool good;		   /* good news: earns, never costs */
	bool final;		   /* its refusal or deferral decides, whatever else was found */
	uint16_t code;		   /* SMTP reply when it refuses: 550 */
	const char *enhanced;	   /* "5.7.25"; the class becomes 4 when it defers */
	const char *reference;	   /* "RFC 8601 3" */
	/* Keys of evidence: what somebody else says about it, and who; for a reply that has room.
	 * NULL: nobody says anything. */
	const char *words, *whose;
};

/* Who can repair it: as the cause says, but an error of DNS is always the sender's own to mend. */
enum fixer finding_fixer(const struct finding_code *code);

#define EVIDENCE_MAX 12

struct evidence {
	const char *key; /* literal: the {place} in templates, the key in JSON */
	struct str value;
};

/* What a refusal for this finding says instead of the code's words and numbers; the administrator's
 * own. */
struct finding_reply {
	uint16_t code;	     /* 4xx: a refusal is a deferral; 0: as the finding code says */
	struct str enhanced; /* of the same class */
	struct str text;     /* printable ASCII; empty: the code's sentence */
};

struct finding {
	const struct finding_code *code;
	uint8_t check; /* number of its check */
	uint8_t n;
	/* Where the code's action is ACTION_OWN; never that itself.  Of a temporary finding: the
	 * reward that may be missing for it, as negative points. */
	struct action own;
	struct finding_reply reply;
	struct evidence evidence[EVIDENCE_MAX];
};

/* RFC 8601 2.7 result words that checks produce besides findings. */
enum auth_result {
	AUTH_UNSET,
	AUTH_PASS,
	AUTH_FAIL,
	AUTH_SOFTFAIL,
	AUTH_NEUTRAL,
	AUTH_TEMPERROR,
	AUTH_PERMERROR,
	AUTH_NONE
};
const char *auth_result_name(enum auth_result r);

#define FINDINGS_MAX 32 /* of one check */

/* What the check of DNS lists has seen of their health; bit i is list i. */
struct list_reports {
	uint64_t failed;  /* no answer */
	uint64_t refused; /* answered with an error code: it does not want to be asked */
	uint64_t wild;	  /* has what nobody can have listed: lists everything */
	uint64_t broken;  /* answered with what is no answer of a list */
	uint64_t tested;  /* was asked for its canary, so what it says holds as long as that */
	uint64_t unasked; /* could not be asked, for want of a resolver (only tests tell) */
	uint64_t empty;	  /* does not have its test entry (only tests see that) */
};

/* What one run of one check reports; forgotten when the run ends in CHECK_WAIT. */
struct findings {
	size_t n;
	enum auth_result iprev, spf_helo, spf_mailfrom;
	struct str confirmed;  /* reverse name that forward DNS confirms, or empty */
	struct str spf_domain; /* the sender's, as SPF was asked about it, canonical; or empty */
	bool spf_vouches;      /* and there is a pass for it that is worth something */
	struct str spf_explanation; /* the sender's domain's words on a fail, or empty */
	bool sender_confirmed;	    /* the client may speak for the sender: see checks/history */
	struct list_reports lists;
	struct finding item[FINDINGS_MAX]; /* last: only the first n are ever touched or copied */
};

/* Add a finding; evidence follows with finding_note().  Values must live at least as long as the
 * run: the engine copies what it keeps. */
struct finding *found(struct findings *out, const struct finding_code *code);
void finding_note(struct finding *f, const char *key, struct str value);
/* Value of a key, or an empty string. */
struct str finding_get(const struct finding *f, const char *key);

/* Where it comes from, for the administrator and not for the sender: evidence "why", unless the
 * code's own sentence says it.  Empty: there is nothing to tell. */
struct str finding_why(const struct finding *f);

/* Fill a template: {key} becomes the evidence, escaped and cut to 255 bytes.  False when a place
 * has no evidence (its braces are then left out). */
bool finding_fill(const struct finding *f, const char *template, struct buf *out);

#endif
