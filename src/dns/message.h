/*
 * dns/message: questions to bytes, bytes to answers.  No I/O.
 *
 * An answer is one of four kinds, told apart by type so that no check can mistake trouble for
 * absence:
 *	DNS_OK     there are records (at least one)
 *	DNS_NONE   there are none: NXDOMAIN (nxdomain set) or no data of this type
 *	DNS_FAIL   nobody knows: time-out, SERVFAIL, REFUSED, broken or oversized message, ...
 *	DNS_STALE  the records of an answer that has expired, while asking anew failed: may confirm
 *	           something good, never prove something bad
 * Aliases are followed inside the message (at most DNS_CNAME_MAX links): records are those of the
 * final name, which `alias` tells.  RFC 1035 4, RFC 2308 (negative TTL), RFC 6891 (EDNS).
 */
#ifndef DNS_MESSAGE_H
#define DNS_MESSAGE_H

#include "dns/name.h"

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
};

enum dns_status { DNS_OK, DNS_NONE, DNS_FAIL, DNS_STALE };

#define DNS_CNAME_MAX  8     /* links followed in one answer */
#define DNS_RR_MAX     512   /* records kept of one answer; more is a failure */
#define DNS_ANSWER_MAX 65536 /* bytes of memory one answer may take, else a failure */
#define DNS_TTL_MIN    5     /* seconds: clamp of what is kept */
#define DNS_TTL_MAX    86400
#define DNS_EDNS_SIZE  1232

/* One record; which members count is decided by the type that was asked. */
struct dns_rr {
	struct ip ip;	     /* A, AAAA */
	uint16_t preference; /* MX */
	struct str text; /* PTR, CNAME, NS, MX: canonical name; TXT: the bytes, strings joined */
};

struct dns_answer {
	enum dns_status status;
	bool nxdomain;	  /* with DNS_NONE: the name itself does not exist */
	bool ad;	  /* the resolver says that it validated (believed from loopback only) */
	uint32_t ttl;	  /* seconds, clamped; negative answers: RFC 2308 5, at most an hour */
	struct str alias; /* final name when CNAMEs were followed, else empty */
	unsigned links;	  /* how many were followed */
	size_t n;
	const struct dns_rr *rr;
	uint64_t seq; /* number of its arrival, so that two can be told apart; 0: unknown */
	bool ours;    /* with DNS_FAIL, DNS_STALE: it failed here, which says nothing of whoever was
			 asked */
	const char *reason; /* with DNS_FAIL: "timeout", "servfail", ...: a literal, for people */
};

/* "A" -> DNS_A; false for types that mxward does not ask. */
NODISCARD bool dns_type_parse(struct str name, enum dns_type *out);
const char *dns_type_name(enum dns_type type);

/* A recursive question, with EDNS where wanted; false where the name does not fit. */
NODISCARD bool dns_question_write(
	uint16_t id, struct str name, enum dns_type type, bool edns, struct buf *out);

enum dns_read {
	DNS_READ_OK,	    /* *out is set: any of DNS_OK, DNS_NONE, DNS_FAIL */
	DNS_READ_TRUNCATED, /* ask again over TCP */
	DNS_READ_FOREIGN,   /* not an answer to this question: keep waiting */
	/* Ends in a CNAME whose target is not in the message: ask for out->alias.  Set are also
	 * ttl and links. */
	DNS_READ_CHASE,
	/* The server seems not to understand EDNS: ask again without; *out is set as a failure, for
	 * whoever already did. */
	DNS_READ_NO_EDNS,
};
/* Read a message that should answer (id, name, type).  Everything *out points to lives in a.
 * A message that is ours but broken gives DNS_READ_OK with DNS_FAIL; a broken record alone (bad
 * name, bad length) is left out, and only where none is left the answer counts as broken.
 * ad is as the message says; whether to believe it is for the caller to decide. */
enum dns_read dns_answer_read(struct arena *a, struct str message, uint16_t id, struct str name,
	enum dns_type type, struct dns_answer *out);

/* Record data in the presentation form of replay records and zone files ("10 mx.example", TXT as
 * one string with \DDD), both ways.  Parse: text and names live in a. */
void dns_rr_print(enum dns_type type, const struct dns_rr *rr, struct buf *out);
NODISCARD bool dns_rr_parse(
	struct arena *a, enum dns_type type, struct str text, struct dns_rr *out);

bool dns_answer_has_ip(const struct dns_answer *a, const struct ip *ip);

#endif
