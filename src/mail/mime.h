/*
 * mail/mime: is the MIME of a header section so broken that readers disagree about the body?
 *
 * RFC 2045 4-6, RFC 2046 5.1.1: MIME-Version, Content-Type and Content-Transfer-Encoding, looked at
 * only so far as their damage makes one program see an attachment where another sees text.  What
 * type it is, and the body, are nobody's business here.
 */
#ifndef MAIL_MIME_H
#define MAIL_MIME_H

#include "base/str.h"

enum mime_fault {
	MIME_VERSION,		/* MIME-Version is not 1.0 */
	MIME_TYPE,		/* Content-Type does not begin with type "/" subtype */
	MIME_PARAMETER,		/* a parameter that is not name "=" value */
	MIME_NO_BOUNDARY,	/* multipart without a boundary, or with an empty one */
	MIME_TWO_BOUNDARIES,	/* more than one */
	MIME_LONG_BOUNDARY,	/* over MIME_BOUNDARY_MAX */
	MIME_BOUNDARY,		/* bytes that no boundary has, or a blank at its end */
	MIME_ENCODING,		/* Content-Transfer-Encoding that is unknown */
	MIME_MULTIPART_ENCODING /* of a multipart, another than 7bit, 8bit, binary */
};
#define MIME_FAULTS	  (MIME_MULTIPART_ENCODING + 1)
#define MIME_BOUNDARY_MAX 70 /* RFC 2046 5.1.1 */

/* "has no boundary": continues "the field Content-Type ...". */
const char *mime_fault_text(enum mime_fault f);

/* Whose field it is. */
enum mime_field { MIME_FIELD_VERSION, MIME_FIELD_TYPE, MIME_FIELD_ENCODING };
enum mime_field mime_fault_field(enum mime_fault f);

struct mime {
	uint32_t faults;	/* bit 1 << fault */
	size_t at[MIME_FAULTS]; /* index in the value of the field in question */
	bool multipart;
};

/* Values of the three fields; p NULL: the message does not have it. */
void mime_parse(struct str version, struct str type, struct str encoding, struct mime *out);

#endif
