/* mail/address: see address.h. */
#include "base/cursor.h"

#include "mail/address.h"

#define LOCAL_MAX  64  /* RFC 5321 4.5.3.1.1 */
#define DOMAIN_MAX 255 /* RFC 5321 4.5.3.1.2 */
#define LABEL_MAX  63

static bool
is_utf8(char c)
{
	return (uint8_t)c > 0x7f;
}

/* RFC 5322 3.2.3, RFC 6531 3.3 */
static bool
is_atext(char c)
{
	static const struct str more = STR_INIT("!#$%&'*+-/=?^_`{|}~");

	return chr_is_alnum(c) || is_utf8(c) || str_find(more, c) < more.n;
}

static const char *
dot_string_wrong(struct cursor c)
{
	bool dot = true; /* the last one was a dot, or there was none yet */

	while (cursor_left(&c)) {
		char ch = (char)cursor_u8(&c);
		if (ch == '.' && dot)
			return "the part before the @ begins with a dot or has two in a row";
		if (ch != '.' && !is_atext(ch))
			return "the part before the @ has a character that may only stand between "
			       "quotation marks";
		dot = ch == '.';
	}
	return dot ? "the part before the @ ends in a dot" : NULL;
}

/* The cursor stands behind the opening mark. */
static const char *
quoted_string_wrong(struct cursor c)
{
	while (cursor_left(&c)) {
		char ch = (char)cursor_u8(&c);
		if (ch == '"')
			return cursor_left(&c)
				? "something stands between the closing quotation mark and the @"
				: NULL;
		if (ch == '\\')
			ch = (char)cursor_u8(&c);
		if (cursor_ok(&c) && !chr_is_print(ch) && !is_utf8(ch))
			return "the part before the @ has a control character";
	}
	return "a quotation mark is not closed";
}

static const char *
local_wrong(struct str local)
{
	struct cursor c = cursor_on(local);

	if (local.n == 0)
		return "nothing stands before the @";
	if (local.n > LOCAL_MAX)
		return "the part before the @ is longer than 64 characters";
	if (local.p[0] != '"')
		return dot_string_wrong(c);
	(void)cursor_u8(&c);
	return quoted_string_wrong(c);
}

const char *
mail_literal_parse(struct str text, struct ip *out)
{
	if (text.n == 0 || text.p[0] != '[' || text.p[text.n - 1] != ']')
		return "the closing bracket of the address is missing";
	struct str s = str_slice(text, 1, text.n - 1);
	if (str_has_prefix_nocase(s, STR("IPv6:"))) {
		s = str_skip(s, 5);
		/* Only a colon makes it IPv6: [IPv6:192.0.2.1] is neither. */
		if (str_find(s, ':') == s.n || !ip_parse(s, out))
			return "the brackets do not hold an IPv6 address";
	} else if (str_find(s, ':') < s.n || !ip_parse(s, out)) {
		return "the brackets do not hold an address (IPv6 wants [IPv6:...])";
	}
	return NULL;
}

static const char *
label_wrong(struct str label, struct mail_domain *d)
{
	if (label.n == 0)
		return "it has an empty label (a dot too many)";
	if (label.n > LABEL_MAX)
		return "a label is longer than 63 characters";
	if (label.p[0] == '-' || label.p[label.n - 1] == '-')
		return "a label begins or ends with a hyphen";
	for (size_t i = 0; i < label.n; i++) {
		char c = label.p[i];
		if (c == '_')
			d->underscore = true;
		else if (is_utf8(c))
			d->utf8 = true;
		else if (!chr_is_alnum(c) && c != '-')
			return "a label has a character other than letters, digits and hyphens";
	}
	return NULL;
}

const char *
mail_domain_parse(struct str text, struct mail_domain *out)
{
	struct mail_domain d = {.labels = 0};

	while (str_split(&text, '.', &d.last)) {
		const char *wrong = label_wrong(d.last, &d);
		if (wrong)
			return wrong;
		d.labels++;
	}
	*out = d;
	return NULL;
}

static const char *
parse_domain(struct str text, struct mail_address *out)
{
	struct mail_domain d;
	struct ip ip;

	out->domain = text;
	if (text.n == 0)
		return "it has no domain";
	if (text.n > DOMAIN_MAX)
		return "its domain is longer than 255 characters";
	if (text.p[0] == '[') {
		out->kind = MAIL_DOMAIN_LITERAL;
		return mail_literal_parse(text, &out->ip);
	}
	if (ip_parse(text, &ip))
		return "its domain is an IP address without brackets";
	const char *wrong = mail_domain_parse(text, &d);
	if (!wrong)
		out->kind = d.utf8 ? MAIL_DOMAIN_UTF8 : MAIL_DOMAIN_NAME;
	return wrong;
}

/* "@a.example,@b.example:", which is accepted and means nothing: RFC 5321 4.1.1.3. */
static const char *
skip_route(struct str *text)
{
	struct str hop, route = str_slice(*text, 0, str_find(*text, ':'));
	struct mail_domain ignored;

	if (text->n == 0 || text->p[0] != '@' || route.n == text->n)
		return NULL;
	*text = str_skip(*text, route.n + 1);
	while (str_split(&route, ',', &hop))
		if (hop.n < 2 || hop.p[0] != '@' || mail_domain_parse(str_skip(hop, 1), &ignored))
			return "its source route is malformed";
	return NULL;
}

const char *
mail_address_parse(struct str text, struct mail_address *out)
{
	struct mail_address a = {.kind = MAIL_DOMAIN_NAME};
	const char *wrong = skip_route(&text);
	/* No domain holds an @, a quoted local part may. */
	size_t at = str_rfind(text, '@');

	if (!wrong && at == text.n)
		wrong = "it has no domain";
	a.local = str_slice(text, 0, at);
	if (!wrong)
		wrong = local_wrong(a.local);
	if (!wrong)
		wrong = parse_domain(str_skip(text, at + 1), &a);
	if (!wrong)
		*out = a;
	return wrong;
}

/* Would quotation marks mend it? */
static bool
lacks_quotes(struct str local)
{
	if (local.n == 0 || local.n > LOCAL_MAX)
		return false;
	for (size_t i = 0; i < local.n; i++)
		if (!chr_is_print(local.p[i]) && !is_utf8(local.p[i]))
			return false;
	return local_wrong(local);
}

void
mail_address_quote(struct str text, struct buf *out)
{
	size_t at = str_rfind(text, '@');
	struct str local = str_slice(text, 0, at);

	if (at == text.n || !lacks_quotes(local)) {
		buf_put(out, text);
		return;
	}
	buf_putc(out, '"');
	for (size_t i = 0; i < local.n; i++) {
		if (local.p[i] == '"' || local.p[i] == '\\')
			buf_putc(out, '\\');
		buf_putc(out, local.p[i]);
	}
	buf_putc(out, '"');
	buf_put(out, str_skip(text, at));
}
