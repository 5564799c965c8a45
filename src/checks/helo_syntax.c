/* checks/helo_syntax: see helo_syntax.h. */
#include "checks/helo_syntax.h"
#include "mail/address.h"

static struct helo_form
malformed(const char *wrong)
{
	return (struct helo_form){.kind = HELO_MALFORMED, .wrong = wrong};
}

/* "mail.example.org", "mailserver" */
static struct helo_form
parse_name(struct str helo)
{
	struct mail_domain d;

	if (helo.n > 253)
		return malformed("it is longer than 253 characters");
	const char *wrong = mail_domain_parse(helo, &d);
	if (wrong)
		return malformed(wrong);
	if (d.utf8)
		return malformed("it has letters other than a to z");
	/* Top-level domains are alphabetic, RFC 1123 2.1: "1.2.3" is half an address. */
	if (str_is_digits(d.last))
		return malformed("its last label is a number");
	return (struct helo_form){.kind = d.labels < 2 ? HELO_ONE_LABEL
			: d.underscore		       ? HELO_UNDERSCORE
						       : HELO_NAME};
}

void
helo_parse(struct str helo, struct helo_form *out)
{
	const char *wrong = NULL;

	*out = (struct helo_form){.kind = HELO_BARE_IP};
	if (helo.n == 0) {
		wrong = "it is empty";
	} else if (helo.p[0] == '[') {
		out->kind = HELO_LITERAL;
		wrong = mail_literal_parse(helo, &out->ip);
	} else if (!ip_parse(helo, &out->ip)) {
		*out = parse_name(helo);
	}
	if (wrong)
		*out = malformed(wrong);
}

const char *
helo_is_private(struct str helo)
{
	/* RFC 6761, RFC 6762, RFC 8375, RFC 9476, and what routers and guides have made common. */
	static const struct str suffixes[] = {STR_INIT("local"), STR_INIT("lan"),
		STR_INIT("localdomain"), STR_INIT("localhost"), STR_INIT("internal"),
		STR_INIT("intranet"), STR_INIT("private"), STR_INIT("corp"), STR_INIT("home"),
		STR_INIT("home.arpa"), STR_INIT("workgroup"), STR_INIT("alt")};

	if (str_eq_nocase(helo, STR("localhost")))
		return "is the name by which every host calls itself";
	for (size_t i = 0; i < COUNT(suffixes); i++) {
		struct str s = suffixes[i];
		if (helo.n > s.n && helo.p[helo.n - s.n - 1] == '.' &&
			str_has_suffix_nocase(helo, s))
			return "is a name of a private network that nobody outside can look up";
	}
	return NULL;
}
