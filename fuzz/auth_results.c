/* Fuzz target: Authentication-Results.  Whatever careless readers take for ours is not let through
 * as somebody else's; and whatever strangers' names go into one of our own, it is one field and
 * ours. */
#include <stdint.h>

#include "mail/auth_results.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ID "mx.example.net"

/* Bytes up to one of `stop`, without those of `drop`, and where so wished without comments. */
static bool
is_id_for(struct str value, const char *stop, const char *drop, bool comments)
{
	char room[200];
	struct buf b = BUF(room);
	size_t depth = 0;

	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];
		if (!comments && c == '(')
			depth++;
		else if (!comments && c == ')' && depth)
			depth--;
		else if (depth == 0 && b.n && str_find(str_of(stop), c) < strlen(stop))
			break;
		else if (depth == 0 && str_find(str_of(drop), c) == strlen(drop))
			buf_putc(&b, c);
	}
	return !buf_is_cut(&b) && str_eq_nocase(buf_str(&b), STR(ID));
}

static void
check_owner(struct str value)
{
	bool careless = is_id_for(value, ";", " \t\r\n\"\\", false) ||
		is_id_for(value, ";", " \t\r\n\"", true) ||
		is_id_for(value, "; \t\r\n", " \t\r\n", false) ||
		is_id_for(value, "; \t\r\n/=(", " \t\r\n\"", true);

	must(!careless || auth_results_owner(value, STR(ID)) != AUTH_RESULTS_OTHER);
}

static void
check_print(struct str s)
{
	char room[4096];
	struct buf b = BUF(room);
	struct str name = str_slice(s, 0, s.n / 3), helo = str_slice(s, s.n / 3, s.n / 2);
	struct spf_header spf[2] = {{.result = "pass", .domain = str_skip(s, s.n / 2)},
		{.result = "fail", .of_helo = true, .domain = helo}};
	struct auth_results r = {
		.id = STR(ID), .iprev = "pass", .confirmed = name, .spf = {&spf[0], &spf[1]}};

	(void)ip_parse(s.n % 2 ? STR("2001:db8::1") : STR("192.0.2.1"), &r.client);
	auth_results_print(&r, &b);
	must(!buf_is_cut(&b));
	must(auth_results_owner(buf_str(&b), STR(ID)) == AUTH_RESULTS_OURS);
	struct str rest = buf_str(&b), line;
	for (size_t n = 0; str_split(&rest, '\n', &line); n++) {
		must(line.n > 0 && line.n <= 600 && n < 4);
		must(n == 0 || line.p[0] == '\t');
		must(str_printable(str_skip(line, n > 0), '\0') == line.n - (n > 0));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_from((const char *)data, size);

	if (size > 10000)
		return 0;
	check_owner(text);
	check_print(text);
	return 0;
}
