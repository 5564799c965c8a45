/* conf/lex: see lex.h. */
#include "conf/lex.h"

struct lex
lex_on(const char *file, struct str text)
{
	if (str_has_prefix(text, STR("\xef\xbb\xbf")))
		text = str_skip(text, 3);
	return (struct lex){.file = file, .rest = text};
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool
is_comment(char c)
{
	return c == ';' || c == '#';
}

/* Where a comment begins that follows something else on the line, or s.n. */
static size_t
comment_at(struct str s)
{
	for (size_t i = 1; i < s.n; i++)
		if (is_comment(s.p[i]) && is_blank(s.p[i - 1]))
			return i;
	return s.n;
}

static struct str
comment_text(struct str s)
{
	return str_trim(str_skip(s, 1));
}

/* Is there nothing but a comment? */
static bool
is_idle(struct str s)
{
	s = str_trim(s);
	return s.n == 0 || is_comment(s.p[0]);
}

static bool
check_bytes(struct str line, struct errbuf *e)
{
	for (size_t i = 0; i < line.n; i++) {
		unsigned char c = (unsigned char)line.p[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return err(e, "a control byte (%u) in column %zu: settings are plain text",
				c, i + 1);
	}
	return true;
}

static bool
read_section(struct str line, struct lex_item *out, struct errbuf *e)
{
	size_t close = str_find(line, ']');
	struct str inside = str_slice(line, 1, close), more;

	if (close == line.n)
		return err(e, "the \"]\" of the section's name is missing");
	if (!is_idle(str_skip(line, close + 1)))
		return err(e, "only a comment can follow the \"]\" of a section's name");
	out->section = out->name = STR("");
	if (!str_word(&inside, &out->section))
		return err(e, "the name of the section is missing");
	(void)str_word(&inside, &out->name);
	if (str_word(&inside, &more))
		return err(e, "a section is written [section] or [kind name]: \"%.*s\" is too much",
			STR_ARG(more));
	return true;
}

/* s begins with the quote. */
static bool
read_quoted(struct str s, struct entry *out, struct errbuf *e)
{
	s = str_skip(s, 1);
	size_t close = str_find(s, '"');
	struct str after = str_trim(str_skip(s, close + 1));

	if (close == s.n)
		return err(e, "the quote that opens the value is not closed on this line");
	if (!is_idle(after))
		return err(e, "only a comment can follow the quoted value");
	out->value = str_slice(s, 0, close);
	out->comment = comment_text(after);
	return true;
}

static bool
read_value(struct str s, struct entry *out, struct errbuf *e)
{
	struct str trimmed = str_trim(s);

	if (trimmed.n && trimmed.p[0] == '"')
		return read_quoted(trimmed, out, e);
	size_t comment = comment_at(s);
	out->value = str_trim(str_slice(s, 0, comment));
	out->comment = comment_text(str_skip(s, comment));
	/* Both would be read in another way by somebody: better to ask than to guess. */
	if (str_find(out->value, '"') < out->value.n)
		return err(e, "a quote can only enclose the whole value");
	if (str_has_suffix(out->value, STR("\\")))
		return err(e,
			"a line cannot be continued: write the value in one line (or quote it, if "
			"the backslash belongs to it)");
	return true;
}

static bool
read_entry(struct str line, struct entry *out, struct errbuf *e)
{
	size_t equals = str_find(line, '=');

	if (equals >= comment_at(line))
		return err(e, "neither a [section] nor key = value%s",
			is_blank(line.p[0]) ? ": a line cannot continue the one before it" : "");
	out->key = str_trim(str_slice(line, 0, equals));
	if (out->key.n == 0)
		return err(e, "there is no key before the \"=\"");
	return read_value(str_skip(line, equals + 1), out, e);
}

enum lex_kind
lex_next(struct lex *l, struct lex_item *out, struct errbuf *e)
{
	struct str line;

	while (str_split(&l->rest, '\n', &line)) {
		errbuf_at(e, l->file, ++l->line);
		if (str_has_suffix(line, STR("\r")))
			line.n--;
		if (line.n > LEX_LINE_MAX) {
			err(e, "a line of %zu bytes: at most %zu are possible", line.n,
				LEX_LINE_MAX);
			return LEX_ERROR;
		}
		if (!check_bytes(line, e))
			return LEX_ERROR;
		if (is_idle(line))
			continue;
		struct str trimmed = str_trim(line);
		if (trimmed.p[0] == '[')
			return read_section(trimmed, out, e) ? LEX_SECTION : LEX_ERROR;
		return read_entry(line, &out->entry, e) ? LEX_ENTRY : LEX_ERROR;
	}
	return LEX_END;
}

static bool
needs_quotes(struct str value)
{
	if (value.n == 0)
		return false;
	return !str_eq(str_trim(value), value) || is_comment(value.p[0]) ||
		comment_at(value) < value.n || value.p[value.n - 1] == '\\';
}

void
lex_print_entry(const struct entry *entry, struct buf *out)
{
	const char *quote = needs_quotes(entry->value) ? "\"" : "";

	must(str_find(entry->value, '"') == entry->value.n);
	buf_put(out, entry->key);
	buf_puts(out, entry->value.n ? " = " : " =");
	buf_puts(out, quote);
	buf_put(out, entry->value);
	buf_puts(out, quote);
	if (entry->comment.n) {
		buf_puts(out, " ; ");
		buf_put(out, entry->comment);
	}
}
