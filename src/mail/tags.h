/*
 * mail/tags: lists of tags, "v=DKIM1; k=rsa; p=...", as DKIM keys and DMARC records are written:
 * RFC 6376 3.2, RFC 9989 4.7.  What a tag means is the caller's business.
 */
#ifndef MAIL_TAGS_H
#define MAIL_TAGS_H

#include "base/str.h"

struct tag {
	struct str name, value; /* without blanks around; both as written */
};

enum tag_read { TAG_OK, TAG_END, TAG_BAD };

/* The next tag of *rest, which begins as the whole list; TAG_BAD: what stands there is no
 * "name=value", which out->value then is.  An empty place between two semicolons is passed over. */
enum tag_read tag_next(struct str *rest, struct tag *out);

#endif
