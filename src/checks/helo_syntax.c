/* checks/helo_syntax: see helo_syntax.h. */
#include "checks/helo_syntax.h"

static struct helo_form
malformed(const char *wrong)
{
	return (struct helo_form){.kind = HELO_MALFORMED, .wrong = wrong};
}

static struct helo_form
parse_literal(struct str s)
{
	struct helo_form form = {.kind = HELO_LITERAL};

	if (s.p[s.n - 1] != ']')
		return malformed("the closing bracket of the address is missing");
	s = str_slice(s, 1, s.n - 1);
	if (str_has_prefix_nocase(s, STR("IPv6:"))) {
		s = str_skip(s, 5);
		/* Only a colon makes it IPv6: [IPv6:192.0.2.1] is neither. */
		if (str_find(s, ':') == s.n || !ip_parse(s, &form.ip))
			return malformed("the brackets do not hold an IPv6 address");
	} else if (str_find(s, ':') < s.n || !ip_parse(s, &form.ip)) {
		return malformed("the brackets do not hold an address (IPv6 wants [IPv6:...])");
	}
	return form;
}

/* Why a label is no host name's label, or NULL. */
static const char *
label_wrong(struct str label, bool *underscore)
{
	if (label.n == 0)
		return "it has an empty label (a dot too many)";
	if (label.n > 63)
		return "a label is longer than 63 characters";
	if (label.p[0] == '-' || label.p[label.n - 1] == '-')
		return "a label begins or ends with a hyphen";
	for (size_t i = 0; i < label.n; i++) {
		if (label.p[i] == '_')
			*underscore = true;
		else if (!chr_is_alnum(label.p[i]) && label.p[i] != '-')
			return "it contains a character other than letters, digits, hyphens and "
			       "dots";
	}
	return NULL;
}

static bool
all_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!chr_is_digit(s.p[i]))
			return false;
	return true;
}

void
helo_parse(struct str helo, struct helo_form *out)
{
	struct str rest = helo, label = STR("");
	bool underscore = false;
	size_t labels = 0;

	*out = (struct helo_form){.kind = HELO_BARE_IP};
	if (helo.n == 0) {
		*out = malformed("it is empty");
		return;
	}
	if (helo.p[0] == '[') {
		*out = parse_literal(helo);
		return;
	}
	if (ip_parse(helo, &out->ip))
		return;
	if (helo.n > 253) {
		*out = malformed("it is longer than 253 characters");
		return;
	}
	while (str_split(&rest, '.', &label)) {
		const char *wrong = label_wrong(label, &underscore);
		if (wrong) {
			*out = malformed(wrong);
			return;
		}
		labels++;
	}
	/* Top-level domains are alphabetic, RFC 1123 2.1: "1.2.3" is half an address. */
	if (all_digits(label)) {
		*out = malformed("its last label is a number");
		return;
	}
	out->kind = labels < 2 ? HELO_ONE_LABEL : underscore ? HELO_UNDERSCORE : HELO_NAME;
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
