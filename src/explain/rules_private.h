/* explain/rules: what its files share. */
#ifndef EXPLAIN_RULES_PRIVATE_H
#define EXPLAIN_RULES_PRIVATE_H

#include "explain/rules.h"

/* Other words for a list: "spamcop" for bl.spamcop.net. */
struct list_alias {
	struct str zone;
	void *code;
};

/* Blocks of one file, or of several put together. */
struct rule_set {
	size_t n_rules, n_providers, n_aliases, n_noises;
	struct bounce_rule *rule;
	struct bounce_provider *provider;
	struct list_alias *alias;
	void **noise; /* patterns */
};

/* A compiled pattern, or NULL with e filled.  Kept in a chain that r frees. */
void *bounce_rules_compile(struct bounce_rules *r, struct str pattern, struct errbuf *e);
/* Read one file.  sure: what a rule that does not say it has; *out is only set on success. */
bool bounce_rules_read(struct bounce_rules *r, const char *file, struct str text,
	struct rule_set *out, struct errbuf *e);
struct arena *bounce_rules_arena(struct bounce_rules *r);

#endif
