/*
 * checks/dnsbl: DNS lists as the check asks them, made from the sections [dnsbl NAME], [dnswl NAME]
 * and [lists].
 *
 * A section says what it wants; the rest comes from what is known of that list (lists/known.h).
 * What is read of a file is a struct dnsbl_settings; dnsbl_compile() makes the set of lists that a
 * generation keeps.  A list that is known to be dead stays in the set, but is never asked.
 */
#ifndef CHECKS_DNSBL_H
#define CHECKS_DNSBL_H

#include <assert.h>

#include "checks/checks.h"
#include "dns/domains.h"
#include "lists/known.h"

#define LISTS_MAX 32 /* sections; each can have one finding */
static_assert(LISTS_MAX <= 64 && LISTS_MAX <= FINDINGS_MAX, "a bit and a finding for each list");

/* What one section [dnsbl NAME] or [dnswl NAME] says. */
struct dnsbl_settings {
	struct str name; /* first: the reader writes it */
	int kind, names;
	struct words families, ask;
	bool text;
	struct str lookup, group, key_file;
	struct words age;
	int64_t test_every;
	/* its lines with answers */
	struct dnsbl_line *line;
	size_t n, room;
};

struct dnsbl_line {
	struct list_code code;
	struct action action;
};

/* [lists] */
struct lists_settings {
	int32_t group_cap, total_cap, provider_cap;
	struct str providers;
};

/* What a list of domains is asked about, as bits. */
enum dnsbl_about {
	DNSBL_HELO = 1,
	DNSBL_RDNS = 2,
	DNSBL_SENDER = 4,
	DNSBL_SPF = 8, /* whose SPF pass proves nothing: asked by checks/spf */
};

/* Answers of a list of new domains, and how old a domain with one of them is at most. */
struct dnsbl_age {
	struct list_code code;
	int64_t seconds;
	bool by_last_byte; /* times the answer's last byte */
};

struct dnsbl_list {
	struct str name, zone; /* for people; canonical, with FACT_KEY_LABEL for a key */
	bool off;	       /* it is dead: never asked */
	const char *note;      /* what is to be said about its state, or NULL */
	bool allow;	       /* a DNSWL */
	bool domains;	       /* a list of domains */
	bool ipv4, ipv6;
	unsigned about;	       /* names that a list of domains is asked for: enum dnsbl_about */
	bool registrable;      /* not for the whole name */
	bool text;	       /* TXT is asked for too */
	struct str group;      /* lists of the same group share a cap */
	unsigned group_number; /* the same group, the same number: dnsbl_number_groups() */
	struct str lookup;     /* page on an entry, {address} or {domain} in its place; or empty */
	struct str key;	       /* never printed; empty: none */
	struct list_codes codes;
	const struct action *action; /* by code */
	size_t n_ages;		     /* not 0: a list of new domains, for the check domain_age */
	const struct dnsbl_age *age;
	int32_t reward;		     /* the greatest that it can give, as negative points */
	/* Entries that always and never are on it (RFC 5782 5), or empty. */
	struct str test_listed, test_unlisted;
	int64_t test_every_ms;
};

struct dnsbl_set {
	size_t n;
	const struct dnsbl_list *list;
	size_t n_groups;
	int32_t group_cap, total_cap, provider_cap; /* 0: none */
	struct domains providers;
	struct domains spared; /* [exempt] domains whose clients no list is asked about */
};

/* The pairs of the setting age, which is not empty; *out and *n_out live in a. */
NODISCARD bool dnsbl_ages_parse(struct arena *a, const struct words *words,
	const struct dnsbl_age **out, size_t *n_out, struct errbuf *e);

/* [dnsbl NAME], [dnswl NAME]. */
extern const struct section dnsbl_section, dnswl_section;

/* One list from its settings.  The key is for the caller to read, providers and spared too.  What
 * *out points to lives in a or in s.  False with e filled: what a single line cannot show. */
NODISCARD bool dnsbl_compile(struct arena *a, const struct dnsbl_settings *s, bool allow,
	struct dnsbl_list *out, struct errbuf *e);

/* Bits of the lists that have these names; unknown names count for nothing. */
uint64_t dnsbl_bits(const struct dnsbl_set *set, const struct words *names);
/* Fill in n_groups and each list's group_number. */
void dnsbl_number_groups(struct dnsbl_set *set, struct dnsbl_list *list);

/* The question about an address or a name; empty where it does not fit into a name.  In a. */
struct str dnsbl_ip_question(struct arena *a, const struct dnsbl_list *l, const struct ip *ip);
struct str dnsbl_client_question(struct ask *q, const struct dnsbl_list *l); /* in scratch */
/* What of a name the list is asked for: all of it, or its registrable domain. */
struct str dnsbl_entry(const struct dnsbl_list *l, struct str name);
struct str dnsbl_name_question(struct arena *a, const struct dnsbl_list *l, struct str name);
/* The question about what nobody can have listed: an address of the loopback network, or a name
 * below .invalid, that the number picks. */
struct str dnsbl_canary(struct arena *a, const struct dnsbl_list *l, bool ipv6, uint64_t canary);
/* A test entry as settings and the table of known lists write it: an address or a name; empty for
 * an empty one. */
struct str dnsbl_entry_question(struct arena *a, const struct dnsbl_list *l, struct str entry);
/* The page about one entry, or empty. */
struct str dnsbl_lookup(struct arena *a, const struct dnsbl_list *l, struct str entry);

/* What an answer of the list says: the code that weighs most, or NULL with *wrong set where it is
 * no answer of a list. */
enum dnsbl_wrong { DNSBL_FINE, DNSBL_REFUSED, DNSBL_BROKEN };
const struct list_code *dnsbl_read(
	const struct dnsbl_list *l, const struct dns_answer *a, enum dnsbl_wrong *wrong_out);
/* The same about question i of a set's list, with what it shows of the list's health noted. */
struct dnsbl_said {
	bool waits;
	const struct list_code *code; /* NULL: not listed, or not known */
	uint64_t seq;		      /* of the answer */
	const char *problem;	      /* it cannot be believed now; NULL: it can */
};
struct dnsbl_said dnsbl_ask(struct ask *q, const struct dnsbl_set *set, size_t i,
	struct str question, struct list_reports *reports);
/* A listing that came with this seq: does the list list everything, or does nobody know?  NULL: it
 * is to be believed, or *waits_out is set. */
const char *dnsbl_ask_canary(struct ask *q, const struct dnsbl_set *set, size_t i, uint64_t seq,
	struct list_reports *reports, bool *waits_out);
/* Of a list of new domains: how many seconds old is a domain with this answer at most?  -1: that
 * cannot be told. */
int64_t dnsbl_age(const struct dnsbl_list *l, const struct dns_answer *a);
/* Who can take an entry off, for a fix. */
struct str dnsbl_remedy(struct arena *a, const struct dnsbl_list *l, struct str entry);
/* Refusing weighs more than any points, points more than a tag, rewards by their size; what is off
 * less than nothing. */
int64_t dnsbl_weight(const struct dnsbl_list *l, const struct list_code *code);
const struct action *dnsbl_action(const struct dnsbl_list *l, const struct list_code *code);

#endif
