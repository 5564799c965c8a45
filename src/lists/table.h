/*
 * lists/table: a list kept in a file, for looking up without DNS.
 *
 * One entry a line, with an SMTP reply and a comment of its own where wanted:
 *
 *	192.0.2.0/24				a network; the narrowest one that fits counts
 *	2001:db8::7				an address
 *	!192.0.2.9				an exception: not on this list, whatever is around
 *it example.org				a domain and every name below it .example.org
 *the names below it only =mail.example.org			this very name only
 *	someone@example.org			a sender's address
 *	192.0.2.7 553 5.7.1 you know why ; complaint of 2 March
 *
 * Of names the longest entry that fits counts, of equally long ones that with "=" or "." before it.
 * Upper and lower case are the same, in the local part too, as Postfix has it in access(5).  The
 * reply is a code 4xx or 5xx, an enhanced code of the same class and a text, where the latter two
 * may be missing.  A comment begins with ';' or '#' at the start of the line or after a blank.
 * Empty lines count for nothing, a line may end in CR LF.  Nothing is guessed: what cannot be read
 * is an error, and so are a network with bits behind its length, which are most often a slip, and
 * an entry that is an exception as well.  Of the same entry twice the first counts.
 *
 * Memory: 14 bytes an IPv4 prefix, 26 an IPv6 prefix, 13 and its text a name; and 6 and its text a
 * comment, once for many of the same.  A look-up takes a fraction of a microsecond in a million.
 * Does not read files.
 */
#ifndef LISTS_TABLE_H
#define LISTS_TABLE_H

#include "base/buf.h"
#include "base/errbuf.h"
#include "base/ip.h"

#define TABLE_LINE_MAX	  1024
#define TABLE_ENTRIES_MAX 10000000
#define TABLE_REPLY_MAX	  300 /* bytes of a reply's text */
#define TABLE_ENTRY_MAX	  300 /* of an entry as table_print_entry() writes it */

/* What an SMTP client is told. */
struct table_reply {
	uint16_t code;	     /* 400..599; 0: no reply */
	struct str enhanced; /* "5.7.1" */
	struct str text;     /* may be empty; printable ASCII */
};

/* "553 5.7.1 text", "553 text", "553": without an enhanced code it is x.7.1.  Strings of *out point
 * into text.  421 and 521 are refused: with them Postfix and sendmail end the session, and other
 * recipients with it. */
NODISCARD bool table_reply_parse(struct str text, struct table_reply *out, struct errbuf *e);

enum table_kind { TABLE_ADDRESSES = 1, TABLE_NAMES = 2, TABLE_SENDERS = 4 };

struct table;

/* The entry that was found.  Strings live as long as the table. */
struct table_hit {
	struct ip_net net; /* ip.len 0: not an address */
	struct str name;   /* a domain or a sender's address, as looked up; lower case */
	char mark;	   /* '=' or '.' before a domain, or 0 */
	struct str comment;
	struct table_reply reply;
};

/* Bytes in, table out.  name stands in errors; kinds: a bit of table_kind for each kind of entry
 * that is of use, since an entry that can never be found is an error too. */
struct table_reader *table_reader_new(const char *name, unsigned kinds);
/* Any part of the text, lines may be cut anywhere.  After an error all else is an error: e has
 * the first. */
NODISCARD bool table_reader_feed(struct table_reader *r, struct str bytes, struct errbuf *e);
/* The text is at its end.  NULL on an error, also on one that feeding has told.  The reader is
 * gone in any case. */
struct table *table_reader_done(struct table_reader *r, struct errbuf *e);

/* Read no further. */
void table_reader_free(struct table_reader *r); /* NULL is fine */

/* All of it at once. */
struct table *table_parse(const char *name, unsigned kinds, struct str text, struct errbuf *e);

/* A table is counted: it begins with one reference. */
struct table *table_ref(struct table *t);
void table_unref(struct table *t); /* NULL is fine */

/* False where the address, name or sender is not on the list, or is an exception; *out is then not
 * touched.  A name may be any text: what no entry can be is not found.  A sender is found by its
 * whole address, else by its domain; one without "@" is not found. */
bool table_find_ip(const struct table *t, const struct ip *ip, struct table_hit *out);
bool table_find_name(const struct table *t, struct str name, struct table_hit *out);
bool table_find_sender(const struct table *t, struct str sender, struct table_hit *out);

/* The entry as it could stand in the file. */
void table_print_entry(const struct table_hit *hit, struct buf *out);

/* Entries of all kinds, exceptions too, and the bytes that they take. */
size_t table_count(const struct table *t);
size_t table_memory(const struct table *t);

#endif
