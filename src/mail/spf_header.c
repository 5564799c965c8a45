/* mail/spf_header: see spf_header.h. */
#include "mail/quote.h"
#include "mail/spf_header.h"

/* Bytes of one foreign value, and of one in the comment; more is cut. */
#define VALUE_MAX   255
#define COMMENT_MAX 100

/* RFC 5322 3.2.3: atext and dots. */
static bool
is_dot_atom(struct str s)
{
	static const char more[] = "!#$%&'*+-/=?^_`{|}~.";

	if (s.n == 0 || s.p[0] == '.' || s.p[s.n - 1] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!chr_is_alnum(s.p[i]) && str_find(str_of(more), s.p[i]) == sizeof(more) - 1)
			return false;
		if (s.p[i] == '.' && s.p[i + 1] == '.')
			return false;
	}
	return true;
}

/* dot-atom or quoted-string */
static void
put_value(struct buf *out, struct str s)
{
	if (s.n <= VALUE_MAX && is_dot_atom(s)) {
		buf_put(out, s);
		return;
	}
	quote_put_string(out, s, VALUE_MAX);
}

static void
put_pair(struct buf *out, const char *key, struct str value)
{
	if (!value.n)
		return;
	buf_puts(out, ";\n\t");
	buf_puts(out, key);
	buf_putc(out, '=');
	put_value(out, value);
}

/* What the result means, in the words of RFC 7208 9.1's examples. */
static void
put_meaning(const struct spf_header *h, struct buf *out)
{
	char ip[IP_TEXT_MAX];
	const char *verb = strcmp(h->result, "pass") == 0 ? "designates"
		: strcmp(h->result, "fail") == 0	  ? "does not designate"
		: strcmp(h->result, "softfail") == 0	  ? "probably does not designate"
							  : NULL;

	quote_put_clean(out, h->receiver, COMMENT_MAX, "()\\");
	buf_puts(out, ": domain of ");
	quote_put_clean(out, h->of_helo ? h->helo : h->sender, COMMENT_MAX, "()\\");
	if (verb)
		buf_printf(out, " %s %s as permitted sender", verb, ip_text(&h->client, ip));
	else
		buf_printf(out, " says nothing certain about %s", ip_text(&h->client, ip));
}

void
received_spf_print(const struct spf_header *h, struct buf *out)
{
	char ip[IP_TEXT_MAX];

	buf_puts(out, h->result);
	buf_puts(out, "\n\t(");
	put_meaning(h, out);
	buf_putc(out, ')');
	/* The first pair follows the comment without a semicolon. */
	buf_puts(out, "\n\tidentity=");
	buf_puts(out, h->of_helo ? "helo" : "mailfrom");
	put_pair(out, "client-ip", str_of(ip_text(&h->client, ip)));
	put_pair(out, "receiver", h->receiver);
	put_pair(out, "helo", h->helo);
	put_pair(out, "envelope-from", h->sender);
	put_pair(out, "mechanism", h->mechanism);
	put_pair(out, "problem", h->problem);
}

void
auth_results_spf_print(const struct spf_header *h, struct buf *out)
{
	buf_puts(out, "spf=");
	buf_puts(out, h->result);
	if (!quote_is_domain(h->domain))
		return;
	buf_puts(out, h->of_helo ? " smtp.helo=" : " smtp.mailfrom=");
	buf_put(out, h->domain);
}
