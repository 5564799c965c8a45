/*
 * explain/rules: which words of a reply mean which cause.
 *
 * Rules are text (data/bounces/, whose first file tells the form; users' own come in front of
 * them): a pattern, the cause it means, how sure that is, and an example that shows it.  They are
 * tried in order on the folded text (explain/text.h), and the first that fits counts: tokens and
 * words of providers stand first, words that mean little last, codes after all words, since
 * providers use codes as they like.  Patterns are PCRE2, compiled to machine code and limited in
 * what they may cost.
 */
#ifndef EXPLAIN_RULES_H
#define EXPLAIN_RULES_H

#include "base/errbuf.h"
#include "core/cause.h"
#include "explain/gate.h"
#include "explain/text.h"

#define RULE_CAPTURES_MAX 4

/* Who runs a receiving server, and where to turn to. */
struct bounce_provider {
	struct str name;  /* "google" */
	struct str title; /* "Gmail and Google Workspace" */
	struct str form;  /* page or address for senders; may be empty */
	struct str asks;  /* what it wants to know there; may be empty */
	size_t n_hosts;
	struct str hosts[12]; /* domains of its servers */
	struct gate gate;
	void *code; /* pattern of its words, or NULL */
};

struct bounce_rule {
	struct str name;
	enum cause_id cause;
	unsigned sure;	     /* 1..99 per cent */
	unsigned number;     /* place in the order */
	struct str provider; /* what fits is this provider's; may be empty */
	bool only;	     /* and the rule is for its servers alone */
	struct str list;     /* the list that is meant; may be empty */
	struct str example;
	struct str first; /* the pattern as written */
	/* Compiled patterns or NULL: of the text without and with URLs, of both codes. */
	void *plain, *whole, *enhanced, *code;
	void *unless; /* of the text without URLs; the rule does not hold where it fits */
	struct gate plain_gate, whole_gate, unless_gate;
	const char *file;
	unsigned line;
};

struct bounce_rules;

/* What a rule was tried on. */
struct rule_input {
	const struct explain_text *text;
	unsigned code;
	struct str enhanced;
	const struct bounce_provider *provider; /* or NULL */
};

struct rule_match {
	const struct bounce_rule *rule;
	struct str words; /* of the text as it was; empty where only codes were looked at */
	size_t n;
	struct {
		struct str name, value; /* what named groups have caught */
	} capture[RULE_CAPTURES_MAX];
};

/* The rules that are built in.  a: for all that lasts. */
struct bounce_rules *bounce_rules_new(struct arena *a, struct errbuf *e);
/* Put the rules of a text in front of all there are; file stands in errors.  False with e. */
bool bounce_rules_add(struct bounce_rules *r, const char *file, struct str text, struct errbuf *e);
/* What PCRE2 holds; the rest goes with the arena.  NULL is accepted. */
void bounce_rules_free(struct bounce_rules *r);

size_t bounce_rules_count(const struct bounce_rules *r);
const struct bounce_rule *bounce_rules_get(const struct bounce_rules *r, size_t i);
/* Whose server it is: by the name of the host, else by its words; NULL: not known. */
const struct bounce_provider *bounce_provider_find(
	const struct bounce_rules *r, struct str host, const struct explain_text *text);
const struct bounce_provider *bounce_provider_get(const struct bounce_rules *r, struct str name);
/* The first rule that fits, from number `from` on; false: none. */
bool bounce_rules_match(const struct bounce_rules *r, const struct rule_input *in, size_t from,
	struct rule_match *out);
/* Blank what bounces say to everybody, whatever has happened ("noise" in the files). */
void bounce_rules_clean(const struct bounce_rules *r, struct explain_text *text);
/* The name under which lists known by other words ("SpamCop") are known; empty: none. */
struct str bounce_list_alias(const struct bounce_rules *r, const struct explain_text *text);

/* Made of data/bounces/ by tools/bounce-rules: name and text of each file, in their order. */
extern const struct bounce_rules_file {
	const char *name;
	struct str text;
} bounce_rules_files[];
extern const size_t bounce_rules_files_count;

#endif
