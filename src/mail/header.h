/*
 * mail/header: one bounded pass over the header section of a message.
 *
 * RFC 5322 2.1-2.2 and 3.6 with the obsolete syntax of its section 4.5 (blanks before the colon),
 * RFC 6532 3 (UTF-8).  Fields come one at a time from a milter, or all at once from a file; both
 * give the same answers.  What is kept is bounded whatever is sent: how often each field that
 * matters stood there, the first value of it, and where each fault was met first.  What the values
 * mean is not looked at here (mail/date, mail/message_id, mail/mailboxes, mail/mime,
 * mail/received), and nothing is judged: whether a fault is worth a refusal is the business of
 * checks/.
 */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include "base/arena.h"
#include "base/buf.h"

/* What can be wrong with the bytes of a field, whatever the field is. */
enum header_fault {
	HEADER_BAD_NAME, /* none, or bytes that no name has */
	HEADER_BARE_CR,	 /* CR without LF */
	HEADER_BARE_LF,	 /* a line end inside of the value that does not fold; in a file whose lines
			  * end in CR LF, also an LF alone */
	HEADER_NUL,	 /* a byte 0 */
	HEADER_CONTROL,	 /* another control character: obsolete, RFC 5322 4.1 */
	HEADER_UTF8,	 /* bytes above 0x7f that make up UTF-8: they need SMTPUTF8 */
	HEADER_8BIT,	 /* bytes above 0x7f that do not */
	HEADER_LONG_LINE, /* over HEADER_LINE_MAX bytes without its end, RFC 5322 2.1.1 */
	HEADER_BLANK_LINE /* folded, with nothing but blanks on a line: obsolete, RFC 5322 3.2.2 */
};
#define HEADER_FAULTS	(HEADER_BLANK_LINE + 1)
#define HEADER_LINE_MAX 998

/* "has a byte 0": continues "the field X ...". */
const char *header_fault_text(enum header_fault f);

/* The fields that somebody asks about. */
enum header_id {
	HEADER_OTHER,
	HEADER_DATE,
	HEADER_FROM,
	HEADER_SENDER,
	HEADER_REPLY_TO,
	HEADER_TO,
	HEADER_CC,
	HEADER_BCC,
	HEADER_MESSAGE_ID,
	HEADER_IN_REPLY_TO,
	HEADER_REFERENCES,
	HEADER_SUBJECT,
	HEADER_MIME_VERSION,
	HEADER_CONTENT_TYPE,
	HEADER_ENCODING, /* Content-Transfer-Encoding */
	HEADER_RECEIVED,
	HEADER_AUTH_RESULTS,
};
#define HEADER_IDS (HEADER_AUTH_RESULTS + 1)

/* In any case, blanks at the end left out. */
enum header_id header_id_of(struct str name);
/* "Message-ID"; empty for HEADER_OTHER. */
struct str header_name(enum header_id id);
/* May it stand only once (RFC 5322 3.6, RFC 2045 3)? */
bool header_is_single(enum header_id id);

struct header_field {
	struct str name;  /* without blanks at its end */
	struct str value; /* without blanks at its beginning and the line end at its end */
	enum header_id id;
	uint32_t faults;	  /* bit 1 << fault */
	size_t at[HEADER_FAULTS]; /* index of the first wrong byte in value; of HEADER_BAD_NAME in
				   * name; of HEADER_LONG_LINE the first that is too many */
};

/* A field as a milter tells it: a value with LF or CR LF and a blank where it is folded.  Borrows.
 */
void header_field_scan(struct str name, struct str value, struct header_field *out);

/* A byte's place for people, both from 1: the line of the field, the byte in what of the value
 * stands on that line.  The same whether lines end in LF or in CR LF. */
struct header_place {
	size_t line, byte;
};
struct header_place header_place_of(struct str value, size_t at);

/* What is beyond these limits is neither scanned nor kept, only counted: no mail server that could
 * be in use lets a hundredth part of it pass. */
#define HEADER_FIELDS_MAX 10000
#define HEADER_BYTES_MAX  ((size_t)2 << 20)

/* How a section in a file ends. */
enum header_end {
	HEADER_END_EMPTY_LINE,
	HEADER_END_OF_TEXT, /* a message without a body */
	HEADER_END_NO_FIELD /* a line without a colon: mail servers begin the body there */
};

struct header_known {
	unsigned count;
	unsigned number, second; /* which field of the section it is, from 1; 0: none */
	bool differs;		 /* one of the others has another value than the first */
	bool cut;		 /* the value was longer than HEADER_VALUE_KEPT */
	struct str value;	 /* of the first */
};
#define HEADER_VALUE_KEPT 8192 /* bytes */

struct header_met {
	unsigned count;	 /* fields that have this fault */
	unsigned number; /* of the first of them, from 1 */
	struct str name; /* at most 80 bytes of it */
	struct header_place place;
	uint8_t byte; /* the wrong one */
};

struct headers {
	struct arena *arena;
	unsigned fields; /* all of them, also those beyond the limits */
	size_t bytes;	 /* as on the wire: each line with CR LF */
	bool too_big;	 /* one of the limits was passed */
	enum header_end end; /* of headers_read() */
	struct header_known known[HEADER_IDS];
	struct header_met fault[HEADER_FAULTS];
};

/* What is kept is copied into arena. */
void headers_init(struct headers *h, struct arena *arena);
/* The next field, of a milter. */
void headers_add(struct headers *h, struct str name, struct str value);
/* A message, or its header section alone, with lines that end in LF or in CR LF; a line "From ..."
 * of a mailbox file before it is left out.  Returns how many bytes belong to the section, the empty
 * line with them. */
size_t headers_read(struct headers *h, struct str message);

#endif
