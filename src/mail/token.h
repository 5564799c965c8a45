/*
 * mail/token: the words of structured header fields.
 *
 * RFC 5322 3.2 with the obsolete syntax of its section 4.1, or the tokens of RFC 2045 5.1, which
 * MIME and Authentication-Results use.  Blanks, line ends that fold (LF or CR LF, then a blank) and
 * comments are skipped and show as `spaced` of the token that follows.  Bytes above 0x7f are
 * letters (RFC 6532 3.2), whether or not they make up UTF-8: whether they may be there is not asked
 * here. Nothing recurses: comments are counted, not entered, and end at TOKEN_DEPTH_MAX.
 */
#ifndef MAIL_TOKEN_H
#define MAIL_TOKEN_H

#include "base/buf.h"

#define TOKEN_DEPTH_MAX 32 /* comments within comments */

enum token_syntax {
	TOKEN_MAIL, /* RFC 5322 3.2.3: atoms end at a dot */
	TOKEN_MIME, /* RFC 2045 5.1: dots are letters, "/", "?" and "=" are not */
};

enum token_kind {
	TOKEN_END,
	TOKEN_ATOM,
	TOKEN_QUOTED,  /* text between the marks, backslashes still in it */
	TOKEN_LITERAL, /* "[...]", brackets included */
	TOKEN_SPECIAL, /* one byte */
	TOKEN_BAD,     /* see wrong; TOKEN_END follows */
};

struct token {
	enum token_kind kind;
	struct str text;   /* slice of what is read */
	size_t at;	   /* index of its first byte, marks included; of TOKEN_BAD the wrong one */
	bool spaced;	   /* blanks or comments stand before it */
	const char *wrong; /* of TOKEN_BAD: continues "the field ..." */
};

struct token_reader {
	struct str text;
	size_t at;
	enum token_syntax syntax;
};

/* Borrows text: the value of a field, without its name. */
struct token_reader token_reader_on(struct str text, enum token_syntax syntax);
/* The next token. */
struct token token_next(struct token_reader *r);
/* Is it this byte, as TOKEN_SPECIAL? */
bool token_is(const struct token *t, char special);

/* Goes on to the next byte that is neither blank, folding nor comment.  NULL, or what is wrong at
 * r->at. */
const char *token_skip_blanks(struct token_reader *r);

/* A quoted string's text without its backslashes and line ends. */
void token_unquote(struct str quoted, struct buf *out);

#endif
