/*
 * spf/record: the text of an SPF record to its terms, RFC 7208 4.5, 4.6, 12.
 *
 * The whole record is read before anything is asked: a syntax error anywhere makes it void, also
 * behind a term that matches (4.6).  Nothing is looked up and no macro expanded here.
 */
#ifndef SPF_RECORD_H
#define SPF_RECORD_H

#include "base/arena.h"
#include "base/ip.h"

/* Longer records are not read.  RFC 7208 3.4 wants them below 512 bytes; the longest honest ones
 * seen have about 4.4 KB. */
#define SPF_RECORD_MAX	  5120
#define SPF_DNS_TERMS_MAX 10 /* terms that cause questions, in one check: 4.6.4 */

enum spf_result {
	SPF_NONE,
	SPF_NEUTRAL,
	SPF_PASS,
	SPF_FAIL,
	SPF_SOFTFAIL,
	SPF_TEMPERROR,
	SPF_PERMERROR,
	SPF_WAIT,     /* a fact is missing */
	SPF_NO_MATCH, /* inside an evaluation: go on with the next term */
};

enum spf_kind { SPF_ALL, SPF_INCLUDE, SPF_A, SPF_MX, SPF_PTR, SPF_EXISTS, SPF_IP4, SPF_IP6 };

struct spf_term {
	enum spf_kind kind;
	enum spf_result result; /* when it matches: what the qualifier says */
	struct str text;	/* as written */
	struct str spec;	/* domain-spec; p NULL: none, the current domain */
	uint8_t bits4, bits6;	/* A, MX: dual CIDR length */
	struct ip_net net;	/* IP4, IP6 (also mapped addresses, which match nobody) */
};

struct spf_record {
	size_t n;
	const struct spf_term *term;	  /* up to "all", which nothing behind it survives */
	struct str redirect, explanation; /* domain-specs; p NULL: none */
};

/* Is this TXT record one of ours: "v=spf1" and a blank or nothing? */
bool spf_record_is(struct str txt);
/* Read a record of which spf_record_is() is true.  On false *problem is a sentence for people, in a
 * like the terms; peer's bytes in it are not escaped. */
NODISCARD bool spf_record_parse(
	struct arena *a, struct str txt, struct spf_record *out, struct str *problem);

#endif
