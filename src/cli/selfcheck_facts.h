/*
 * cli/selfcheck: what DNS says about a domain that sends mail.
 *
 * Pure functions of facts, like checks: asked again from the top whenever an answer came, so they
 * run in a transaction of the engine's, with its budget of questions and its deadline.  What is
 * known only in part says so: trouble is never absence.
 */
#ifndef CLI_SELFCHECK_FACTS_H
#define CLI_SELFCHECK_FACTS_H

#include "core/check.h"
#include "mail/dkim_key.h"
#include "mail/dmarc_record.h"
#include "spf/record.h"

#define SELF_HOSTS_MAX	   10 /* mail exchangers that are looked at */
#define SELF_HOST_IPS_MAX  16
#define SELF_NETS_MAX	   64 /* networks of an SPF policy that are kept */
#define SELF_SELECTORS_MAX 8

enum self_known {
	SELF_NONE, /* there is no such record */
	SELF_OK,
	SELF_BAD,     /* there is one that nobody can use: problem */
	SELF_UNKNOWN, /* DNS did not answer: problem */
};

struct self_host {
	struct str name, alias; /* alias: what it is another name of, or empty */
	bool literal;		/* no name at all, but an address */
	bool failed;		/* some question about it has no answer */
	size_t n;
	struct ip ip[SELF_HOST_IPS_MAX];
};

struct self_mx {
	enum self_known known;
	struct str problem;
	bool nxdomain; /* SELF_NONE: the domain itself does not exist */
	bool null;     /* "0 .": it takes no mail */
	bool implicit; /* there is none, but the domain has an address: RFC 5321 5.1 */
	size_t n, n_all;
	struct self_host host[SELF_HOSTS_MAX];
};

struct self_net {
	struct ip_net net;
	struct str term, domain; /* which term of whose record */
};

struct self_spf {
	enum self_known known;
	struct str problem, record;
	unsigned lookups, voids; /* of a client that no term matches: the most there can be */
	struct str open;	 /* the term that lets everybody pass; empty: none */
	bool ptr;		 /* it uses the mechanism ptr */
	bool partial;		 /* of some terms only the receiver knows whom they let pass */
	bool more;		 /* not all networks are in the table */
	size_t n;
	struct self_net net[SELF_NETS_MAX];
};

struct self_dmarc {
	enum self_known known;
	struct str problem, name; /* name: where the record stands */
	struct str text;
	bool inherited; /* it is that of a domain above */
	struct dmarc_record record;
};

struct self_dkim {
	enum self_known known;
	struct str selector, name, problem;
	struct dkim_key key;
};

struct self_domain {
	struct str name;
	struct self_mx mx;
	struct self_spf spf;
	struct self_dmarc dmarc;
	size_t n_dkim;
	struct self_dkim dkim[SELF_SELECTORS_MAX];
};

/* The settings of the checks below. */
struct self_question {
	struct arena *a;   /* whatever *out points to lives here */
	struct str domain; /* canonical */
	size_t n_selectors;
	struct str selector[SELF_SELECTORS_MAX];
	struct self_domain *out;
};
/* Each of them fills its part of *out: MX; SPF; DMARC and DKIM.  Settings: struct self_question. */
#define SELF_DOMAIN_CHECKS 3
extern const struct check *const self_domain_checks[SELF_DOMAIN_CHECKS];

/* The reverse name of the transaction's client. */
struct self_reverse {
	enum self_known known;
	bool confirmed;	 /* name resolves back */
	struct str name; /* the one that does, else the first; empty: none */
};
struct self_reverse_question {
	struct arena *a;
	struct self_reverse *out;
};
extern const struct check self_reverse_check;

/* "no answer about NAME (TYPE: reason)", in a. */
struct str self_no_answer(
	struct arena *a, enum dns_type type, struct str name, const struct dns_answer *answer);
/* A and AAAA records of a host, as far as they are known; false: wait. */
bool self_ask_host(struct ask *q, struct arena *a, struct str name, struct self_host *out);
/* selfcheck_spf: how run() of that part goes. */
enum check_status self_ask_spf(struct ask *q, struct findings *ignored);

#endif
