/*
 * explain: what a bounce means, whom it concerns, how sure that is.
 *
 * Puts bounce.h and rules.h together: for each recipient the reply is tried first, then the words
 * for people, and what is surest counts.  "Unknown" is an answer.  advice.h says what to do.
 */
#ifndef EXPLAIN_EXPLAIN_H
#define EXPLAIN_EXPLAIN_H

#include "explain/asked.h"
#include "explain/bounce.h"
#include "explain/rules.h"

/* Whether the same message may get through when it is sent again. */
enum explain_retry {
	RETRY_NO,    /* not before somebody changes something */
	RETRY_WAITS, /* the server still tries, or trying later helps */
	RETRY_MAYBE, /* not known */
};

/* What is known of one recipient's case; empty strings for what is not. */
struct explained {
	const struct failure *failure;
	enum cause_id cause;
	enum fixer fixer;
	unsigned sure;			/* per cent */
	const struct bounce_rule *rule; /* NULL: none fits */
	struct str words;		/* on which it rests, as they stand in the bounce */
	const struct bounce_provider *provider;
	enum explain_retry retry;
	int permanent;	  /* by the reply: 1, 0, or -1 where it says nothing */
	struct ip client; /* the sending address; len 0: not known */
	struct str client_name;
	struct str list; /* the DNS list: its zone, or its name as it was written */
	struct str helo, domain, sender, recipient, url;
	struct asked asked; /* of CAUSE_SENDER_VERIFY_FAILED */
};

struct explanation {
	struct bounce bounce;
	size_t n; /* at least one */
	struct explained item[BOUNCE_FAILURES_MAX];
};

/* Whether a name is that of a DNS list: for the caller who knows them.  Returns the zone that it
 * stands for, or an empty string. */
typedef struct str explain_list_fn(void *ctx, struct str name);

struct explain_options {
	const struct bounce_rules *rules;
	explain_list_fn *find_list; /* NULL: none is known */
	void *ctx;
};

/* bytes: as bounce_read(), which may change them.  False: there is nothing to read in it. */
bool explain_bytes(struct arena *a, const struct explain_options *o, char *bytes, size_t n,
	struct explanation *out);

#endif
