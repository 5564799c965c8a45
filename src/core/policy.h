/*
 * core/policy: findings in, verdict out.
 *
 * A pure function of findings, policy, and who the recipient is: it may be computed again from a
 * record under another policy.  Two promises are kept here: a temporary finding never refuses and
 * never adds points, and a refusal by score stands only if no answer that is missing could have
 * lowered the score below the threshold.  "accept" lets in whatever else was found, except where
 * the administrator's own word (finding_code.final) refuses or puts off; and where an answer that
 * is missing might have led to it, nothing else refuses either.  What waiting may put right refuses
 * nobody the first time: the verdict says so, and whoever remembers tries acts on it.
 *
 * Switches of the recipient's mailbox (core/mailbox) change what counts, from where on it refuses,
 * and what becomes of a refusal; none of them takes anything from these promises.
 */
#ifndef CORE_POLICY_H
#define CORE_POLICY_H

#include "conf/value.h"

#include "core/exempts.h"
#include "core/kinds.h"
#include "core/mailbox.h"
#include "core/run.h"

/* What a profile does: as policy.actions. */
struct profile_actions {
	const struct action *of[2][CHECKS_MAX];
};

struct policy {
	enum profile profile;
	int32_t reject_at, defer_at; /* hundredths; defer_at 0: never */
	bool first_defers;	     /* a refusal that rests on late findings is one later only */
	bool terse;		     /* reply without evidence */
	bool show_score;	     /* itemised score in the reply */
	struct str help_url;	     /* shown in replies; %c: the case id, %i: the cause */
	const struct action *actions[2][CHECKS_MAX]; /* [0] IPv4, [1] IPv6; by check, by its code */
	/* Those of all profiles, for mailboxes that have another one; NULL: they cannot. */
	const struct profile_actions *profiles;
	struct nets ours;
	struct exempt_tables exempts;
	const struct mailboxes *mailboxes; /* NULL: none has switches */
	struct str delimiters;		   /* each begins the extension of an address */
	bool rules_unknown; /* there may be exemptions and switches that are not known yet */
};

/* What the state of the daemon adds to a judgement (all zero: nothing). */
struct circumstances {
	const char *accept_because; /* literal; accept whatever was found ("client address lost") */
	uint64_t suspended[CHECKS_MAX]; /* bit j: code j of check i is in monitor mode */
};

#define REPLY_LINES	4
#define REPLY_MAX	430 /* bytes of one_line: with codes below the 450 that Postfix likes */
#define REPLY_LINE_MAX	400 /* octets in a milter's message, where each '%' is doubled */
#define REPLY_WORDS_MAX 450 /* bytes of somebody else's words, escaped */

struct verdict {
	enum verdict_kind kind;
	enum verdict_kind
		would; /* what it were without monitor profile and what lets this recipient's in */
	uint16_t code; /* 550, 451; 0 where it is let in */
	struct str enhanced; /* "5.7.25" */
	int32_t score;	     /* hundredths */
	bool temporary;	     /* a deferral for want of evidence: the caller caps these */
	bool first_defers;   /* a refusal that rests on what waiting may put right: the caller
			      * defers the first one */
	const char *because; /* why findings did not count ("postmaster", ...), or NULL */
	bool passing; /* that is the state of the daemon or an earlier try, no setting: what the
		       * settings say is `would` */
	const struct exemption *exemption; /* the narrowest that applied, or NULL */
	struct exempted exempted;	   /* all that did */
	uint64_t spared;		   /* bit i: what check i has found does not count */
	/* What it was judged under: the settings', or what the mailbox's switches make of that.
	 * NULL: nothing was judged. */
	const struct policy *policy;
	struct str mailbox;	    /* the switches that hold for it, or empty */
	const struct finding *main; /* the finding that decided, or NULL */
	/* Reply text without codes; one to REPLY_LINES lines for the milter, all in one for policy.
	 */
	size_t n_lines;
	struct str line[REPLY_LINES];
	struct str one_line;
};

struct judgement {
	const struct policy *policy;
	const struct check_set *checks;
	const struct result *result;
	const struct ip *client;
	struct str helo, from;		 /* as said; empty: not known */
	struct str rcpt;		 /* empty: no recipient known */
	const struct exempted *exempted; /* by the client's address: policy_skip(); NULL: nobody */
	uint64_t now_ms;		 /* clock_ms(), for exemptions that end */
	const struct circumstances *now; /* NULL: none */
	struct str case_id;		 /* empty: none shown */
};

/* Strings of *out live in a. */
void policy_judge(const struct judgement *j, struct arena *a, struct verdict *out);
/* For what is known only when all recipients are, at the end of the message, where one reply goes
 * to all: the mildest verdict that any of them would get, so that nobody's mail is refused, put
 * off, held or tagged for what he has switched off.  j->rcpt does not count; n 0: no recipient is
 * known. */
void policy_judge_all(const struct judgement *j, const struct str *rcpt, size_t n, struct arena *a,
	struct verdict *out);
/* The verdict that a capped deferral turns into: accept, saying why. */
void verdict_accept_instead(struct verdict *v, const char *because);
/* What a refusal with first_defers is the first time: a deferral in the same words. */
void verdict_defer_instead(struct verdict *v, struct arena *a);

/* What action a finding has under a policy (suspension and exemption aside). */
struct action policy_action(const struct policy *p, const struct check_set *checks,
	const struct finding *f, const struct ip *client);
bool policy_is_ours(const struct policy *p, const struct ip *client);
/* The action as it counted in this verdict, which was judged: off where its check was spared. */
struct action policy_action_in(const struct verdict *v, const struct check_set *checks,
	const struct finding *f, const struct ip *client);
/* Checks to skip for this address, by whose exemption; the same as out->skip. */
uint64_t policy_skip(
	const struct policy *p, const struct ip *client, uint64_t now_ms, struct exempted *out);
/* postmaster@ and abuse@ of any domain, RFC 5321 4.5.1, RFC 2142. */
bool rcpt_is_always_reachable(struct str rcpt);

/* "score 4", "score -0.5", "off", "tag", "quarantine", "defer", "reject", "accept", "own"; e says
 * what is wrong otherwise. */
NODISCARD bool action_parse(struct str s, struct action *out, struct errbuf *e);
void action_print(struct action a, struct buf *out);
const char *action_name(enum action_kind kind); /* "off", "score", ... */

#endif
