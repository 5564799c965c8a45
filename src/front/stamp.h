/*
 * front/stamp: what travels on with a message that was let in.
 *
 * From what was found and decided it makes the fields that the message gets (Authentication-Results
 * of RFC 8601, Received-SPF of RFC 7208 9.1, and one of our own with score, findings and case), the
 * fields that go because they claim to be ours, and the reason where it is to be held.  It knows no
 * connection: a front puts the result into the words of its protocol.  Nothing else of a message is
 * ever changed.
 */
#ifndef FRONT_STAMP_H
#define FRONT_STAMP_H

#include "core/policy.h"
#include "wire/milter.h"

/* Which messages get the field of our own. */
enum stamp_on { STAMP_NONE, STAMP_TAGGED, STAMP_CHECKED };

/* All zero: nothing is said or removed. */
struct stamp_settings {
	struct str id;	  /* authserv-id: our name in Authentication-Results; not empty */
	struct words ids; /* further ones, that nobody else may use either */
	bool auth_results, received_spf;
	bool remove_forged;
	enum stamp_on on;
	struct str field; /* name of our own field */
};

#define STAMP_FIELD_MAX 64 /* bytes of that name */
/* "X-", then letters, digits and hyphens: no field that means something to others can be meant, of
 * which the message's own would then be removed. */
bool stamp_field_valid(struct str name);

/* --- fields that claim to be ours --- */

/* More of them are not removed, and a message that has more is to be refused. */
#define STAMP_FORGED_MAX 10000

struct stamp_forged {
	bool too_many;
	uint32_t results, fields; /* how many of either name have come, forged or not */
	uint32_t n, room;
	/* Index among the fields of its name, 1, 2, ..., times two; odd: of our own field. */
	uint32_t *found;
};

/* A field of the message's header, in its order, as the mail server tells them.  Memory of a, at
 * most 8 bytes for each that is forged. */
void stamp_see(struct stamp_forged *f, const struct stamp_settings *s, struct str name,
	struct str value, struct arena *a);

/* --- the stamp --- */

struct stamp {
	const struct stamp_settings *settings;
	/* Values, empty: none; folded with LF and tab. */
	struct str results, received_spf, field;
	enum verdict_kind kind; /* that the field tells: accept, tag, quarantine */
	struct str hold;	/* why the message is to be held; empty: it is not */
	const struct stamp_forged *forged;
};

struct stamp_message {
	const struct stamp_settings *settings;
	const struct check_set *checks;
	const struct result *result;   /* NULL: nothing was checked, and nothing is said */
	const struct verdict *verdict; /* the gravest that let it in for anybody */
	enum verdict_kind kind;	       /* what becomes of the message */
	const struct ip *client;
	struct str helo, from; /* p NULL: not known */
	struct str receiver;   /* our host name */
	struct str case_id;
	const struct stamp_forged *forged; /* NULL: its header was not seen */
};

/* Values live in a. */
void stamp_make(const struct stamp_message *m, struct arena *a, struct stamp *out);

/* It has fields to add. */
bool stamp_adds(const struct stamp *s);
/* All of it for a milter's end of message, as far as was agreed on: what goes, from the last to the
 * first, what comes, the quarantine.  The final reply, which lets it in, must follow. */
void stamp_put_milter(const struct stamp *s, const struct milter_terms *terms, struct buf *out);
/* Bytes that this takes at most. */
size_t stamp_milter_size(const struct stamp *s);

/* A value on one line: each fold becomes a blank. */
void stamp_put_unfolded(struct str value, struct buf *out);

#endif
