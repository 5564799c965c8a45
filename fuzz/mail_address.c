/* Fuzz target: mail addresses.  What is taken has slices inside the text and stays valid when put
 * together again; a domain that is a name is canonical as soon as it is lowered; added quotation
 * marks never spoil an address, and are not added twice. */
#include <stdint.h>

#include "dns/name.h"
#include "mail/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str
quote(struct str text, struct buf *out)
{
	mail_address_quote(text, out);
	must(!buf_is_cut(out));
	return buf_str(out);
}

static void
check_parts(struct str text, const struct mail_address *a)
{
	char room[400];
	struct buf b = BUF(room);
	struct mail_address again;

	must(a->local.n > 0 && a->local.n <= 64 && a->domain.n > 0 && a->domain.n <= 255);
	must(str_has_suffix(text, a->domain));
	must((a->kind == MAIL_DOMAIN_LITERAL) == (a->domain.p[0] == '['));
	must((a->kind == MAIL_DOMAIN_LITERAL) == (a->ip.len > 0));
	buf_printf(&b, "%.*s@%.*s", STR_ARG(a->local), STR_ARG(a->domain));
	must(!mail_address_parse(buf_str(&b), &again));
	must(str_eq(again.local, a->local) && str_eq(again.domain, a->domain));
}

static void
check_name(struct str domain)
{
	struct arena a;
	struct str name;

	arena_init(&a, 1024, 1 << 16);
	must(dns_name_parse(&a, domain, &name) == (domain.n <= 253));
	must(domain.n > 253 || str_eq(name, arena_lower(&a, domain)));
	arena_done(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char room[5000], room_again[5000];
	struct buf b = BUF(room), c = BUF(room_again);
	struct str text = str_from((const char *)data, size);
	struct mail_address a, quoted;

	if (size == 0 || size > 4096)
		return 0;
	const char *wrong = mail_address_parse(text, &a);
	if (!wrong)
		check_parts(text, &a);
	if (!wrong && a.kind == MAIL_DOMAIN_NAME)
		check_name(a.domain);
	struct str once = quote(text, &b);
	must(str_eq(quote(once, &c), once));
	if (!wrong && text.p[0] != '@')
		must(str_eq(once, text) && !mail_address_parse(once, &quoted));
	return 0;
}
