/* mail/auth_results: see auth_results.h. */
#include "mail/auth_results.h"
#include "mail/quote.h"
#include "mail/token.h"

#define SQUEEZED_MAX \
	8192 /* bytes; a malformed field that is longer is not believed to be harmless */

bool
auth_results_is_field(struct str name)
{
	return str_eq_nocase(str_trim(name), STR("Authentication-Results"));
}

static struct str
without_dot(struct str s)
{
	return str_has_suffix(s, STR(".")) ? str_slice(s, 0, s.n - 1) : s;
}

/* [version] then ";" or the end.  RFC 8601 2.2: the version is digits. */
static bool
goes_on_right(struct token_reader *r)
{
	struct token t = token_next(r);

	if (t.kind == TOKEN_ATOM && t.spaced && str_is_digits(t.text))
		t = token_next(r);
	return t.kind == TOKEN_END || token_is(&t, ';');
}

/* The value without blanks, line ends, quotation marks and backslashes, and where so wished without
 * what stands in parentheses: what any reader may see who puts together what is apart.  Ends at a
 * byte of `stop` behind something. */
static void
squeeze(struct str value, bool comments, const char *stop, struct buf *out)
{
	size_t depth = 0;

	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];
		depth += c == '(';
		bool shown = comments || depth == 0;
		if (shown && out->n && str_find(str_of(stop), c) < strlen(stop))
			return;
		if (shown && chr_is_print(c) && str_find(STR(" \"\\"), c) == 3)
			buf_putc(out, chr_lower(c));
		depth -= c == ')' && depth;
	}
}

static bool
has_id(struct str value, bool comments, struct str id)
{
	char room[SQUEEZED_MAX];
	struct buf b = BUF(room);

	squeeze(value, comments, "", &b);
	return buf_is_cut(&b) || str_contains(buf_str(&b), id);
}

/* Is what stands before a semicolon our name, or its first word, for a reader who does not know
 * what backslashes in comments and quotation marks around semicolons mean? */
static bool
is_id_for_the_careless(struct str value, struct str id)
{
	for (unsigned how = 0; how < 4; how++) {
		char room[AUTH_RESULTS_ID_MAX + 1];
		struct buf b = BUF(room);
		squeeze(value, how & 1, how & 2 ? "; \t\r\n" : ";", &b);
		if (!buf_is_cut(&b) && str_eq(without_dot(buf_str(&b)), id))
			return true;
	}
	return false;
}

/* Letters beyond ASCII may be folded into ours (U+FF4D is a wide m), an encoded word may be
 * decoded, a control character left out. */
static bool
has_disguise(struct str value)
{
	for (size_t i = 0; i < value.n; i++)
		if (!chr_is_print(value.p[i]) && str_find(STR("\t\r\n"), value.p[i]) == 3)
			return true;
	return str_contains(value, STR("=?"));
}

enum auth_results_owner
auth_results_owner(struct str value, struct str id)
{
	struct token_reader r = token_reader_on(value, TOKEN_MIME);
	struct token t = token_next(&r);
	char room[AUTH_RESULTS_ID_MAX + 1], id_room[AUTH_RESULTS_ID_MAX + 1]; /* a dot behind it */
	struct buf b = BUF(room), squeezed_id = BUF(id_room);

	if (t.kind == TOKEN_QUOTED)
		token_unquote(t.text, &b);
	else if (t.kind == TOKEN_ATOM)
		buf_put(&b, t.text);
	struct str name = without_dot(str_trim(buf_str(&b)));
	if (str_eq_nocase(name, without_dot(id)))
		return AUTH_RESULTS_OURS;
	squeeze(id, true, "", &squeezed_id);
	id = without_dot(buf_str(&squeezed_id));
	bool right = !buf_is_cut(&b) && quote_is_domain(name) && goes_on_right(&r);
	if (is_id_for_the_careless(value, id))
		return AUTH_RESULTS_MALFORMED;
	if (!right && (has_disguise(value) || has_id(value, true, id) || has_id(value, false, id)))
		return AUTH_RESULTS_MALFORMED;
	return AUTH_RESULTS_OTHER;
}

/* RFC 8601 2.7.3.  An IPv6 address has colons, which want quotation marks. */
static void
put_iprev(const struct auth_results *r, struct buf *out)
{
	char ip[IP_TEXT_MAX];
	struct str text = str_of(ip_text(&r->client, ip));

	buf_puts(out, ";\n\tiprev=");
	buf_puts(out, r->iprev);
	if (quote_is_domain(r->confirmed)) {
		buf_puts(out, " (");
		buf_put(out, r->confirmed);
		buf_putc(out, ')');
	}
	buf_puts(out, " policy.iprev=");
	if (r->client.len == 4)
		buf_put(out, text);
	else
		quote_put_string(out, text, text.n);
}

void
auth_results_print(const struct auth_results *r, struct buf *out)
{
	bool any = r->iprev;

	if (quote_is_domain(r->id))
		buf_put(out, r->id);
	else
		quote_put_string(out, r->id, AUTH_RESULTS_ID_MAX);
	if (r->iprev)
		put_iprev(r, out);
	for (size_t i = 0; i < COUNT(r->spf); i++) {
		if (!r->spf[i])
			continue;
		any = true;
		buf_puts(out, ";\n\t");
		auth_results_spf_print(r->spf[i], out);
	}
	if (!any)
		buf_puts(out, "; none");
}
