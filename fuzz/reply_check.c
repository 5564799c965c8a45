/* reply_check: see reply_check.h. */
#include "reply_check.h"

#include "base/must.h"

static size_t
digits(struct str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	return n;
}

void
check_reply_line(struct str line, char sep)
{
	for (size_t i = 0; i < line.n; i++)
		must(line.p[i] >= ' ' && line.p[i] <= '~');
	must(line.n <= 510);
	must(digits(line) == 3 && line.n > 4 && line.p[3] == sep);
	must(line.p[0] == '4' || line.p[0] == '5');
	must(line.p[4] == line.p[0]);
	struct str rest = str_skip(line, 4);
	must(digits(rest) == 1 && rest.n > 1 && rest.p[1] == '.');
	rest = str_skip(rest, 2);
	size_t n = digits(rest);
	must(n >= 1 && n <= 3 && rest.n > n && rest.p[n] == '.');
	rest = str_skip(rest, n + 1);
	n = digits(rest);
	must(n >= 1 && n <= 3 && rest.n > n && rest.p[n] == ' ');
}

void
check_replycode(struct str data)
{
	must(data.n > 0 && str_find(data, '\0') == data.n - 1);
	struct str text = str_slice(data, 0, data.n - 1), first = str_slice(text, 0, 3);
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] != '%')
			continue;
		must(i + 1 < text.n && text.p[i + 1] == '%');
		i++;
	}
	for (int lines = 1;; lines++) {
		size_t cr = str_find(text, '\r');
		must(lines <= 32);
		must(str_eq(str_slice(text, 0, 3), first));
		check_reply_line(str_slice(text, 0, cr), cr == text.n ? ' ' : '-');
		if (cr == text.n)
			return;
		must(cr + 2 < text.n && text.p[cr + 1] == '\n');
		text = str_skip(text, cr + 2);
	}
}

/* "Name: value" of one of ours. */
static void
check_field_line(struct str line)
{
	static const struct str names[] = {STR_INIT("X-Mxward: "),
		STR_INIT("Authentication-Results: "), STR_INIT("Received-SPF: ")};
	size_t i = 0;

	while (!str_has_prefix(line, names[i]))
		must(++i < COUNT(names));
	must(line.n > names[i].n);
}

void
check_policy_answer(struct str answer)
{
	must(str_has_prefix(answer, STR("action=")) && str_has_suffix(answer, STR("\n\n")));
	struct str action = str_slice(answer, 7, answer.n - 2);
	if (str_eq(action, STR("DUNNO")))
		return;
	bool field = str_has_prefix(action, STR("PREPEND "));
	if (!field && !str_has_prefix(action, STR("HOLD "))) {
		check_reply_line(action, ' ');
		return;
	}
	for (size_t i = 0; i < action.n; i++)
		must(action.p[i] >= ' ' && action.p[i] <= '~');
	must(action.n <= 8 + 998);
	if (field)
		check_field_line(str_skip(action, 8));
}
