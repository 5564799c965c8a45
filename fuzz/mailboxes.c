/* Fuzz target: lists of addresses.  The first mailbox is inside of the text and, standing alone, is
 * one mailbox without fault; what is in order says so. */
#include <stdint.h>

#include "base/buf.h"
#include "mail/mailboxes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_first(const struct mail_mailbox *box)
{
	static char room[11000];
	struct buf b = BUF(room);
	struct mail_mailboxes m;

	buf_printf(&b, "%.*s <%.*s@%.*s>", STR_ARG(box->name), STR_ARG(box->local),
		STR_ARG(box->domain));
	mail_mailboxes_parse(buf_str(&b), &m);
	must(m.n == 1 && m.fault == MAIL_MAILBOXES_FINE && !m.broken);
	must(str_eq(m.first.local, box->local) && str_eq(m.first.domain, box->domain));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_from((const char *)data, size);
	struct mail_mailboxes m;

	if (size > 10000)
		return 0;
	mail_mailboxes_parse(text, &m);
	must(m.at <= size && m.n <= size && m.groups <= size);
	must(m.n + m.broken <= MAIL_MAILBOXES_MAX + 1);
	must(m.fault != MAIL_MAILBOXES_FINE || (!m.broken && m.n + m.groups > 0));
	if (m.n)
		check_first(&m.first);
	return 0;
}
