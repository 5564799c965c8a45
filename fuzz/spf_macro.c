/* Fuzz target: macros.  The first line is "ADDRESS LOCAL DOMAIN HELO NAME", the rest the text. What
 * the grammar accepts is expanded; the name is what a naive expansion cut by the letter of RFC 7208
 * 7.3 gives. */
#include "base/must.h"
#include "spf/macro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str
next_word(struct str *rest)
{
	struct str word = STR("");

	(void)str_split(rest, ' ', &word);
	return word;
}

static void
read_values(struct arena *a, struct str line, struct spf_macros *m)
{
	if (!ip_parse(next_word(&line), &m->client))
		(void)ip_parse(STR("192.0.2.1"), &m->client);
	m->local = next_word(&line);
	m->origin = m->domain = next_word(&line);
	m->helo = next_word(&line);
	m->validated = next_word(&line);
	m->receiver = STR("rx.example.org");
	m->now = 1764000000;
	m->sender = arena_printf(a, "%.*s@%.*s", STR_ARG(m->local), STR_ARG(m->domain));
}

static void
check_name(struct arena *a, struct str text, const struct spf_macros *m)
{
	size_t room = (size_t)1 << 20;
	struct buf b = buf_on(arena_alloc(a, room), room);
	struct str name = spf_expand_name(a, text, m);

	spf_expand_text(text, m, &b);
	struct str naive = buf_str(&b);
	if (buf_is_cut(&b))
		return;
	if (naive.n && naive.p[naive.n - 1] == '.')
		naive.n--;
	while (naive.n > SPF_NAME_MAX && str_find(naive, '.') < naive.n)
		naive = str_skip(naive, str_find(naive, '.') + 1);
	if (naive.n <= SPF_NAME_MAX)
		must(str_eq(name, naive));
	else
		must(name.n > SPF_NAME_MAX); /* a label too long for any name */
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_from((const char *)data, size), line;
	struct spf_macros m = {.now = 0};
	struct arena a;
	char room[450];
	struct buf b = BUF(room);

	if (!size || size > 6000 || !str_split(&text, '\n', &line) || !text.p)
		return 0;
	arena_init(&a, 4096, (size_t)16 << 20);
	read_values(&a, line, &m);
	if (spf_macro_string_ok(text, true))
		spf_expand_text(text, &m, &b);
	must(b.n <= sizeof(room));
	if (spf_macro_string_ok(text, false))
		check_name(&a, text, &m);
	if (spf_domain_spec_ok(text))
		must(spf_macro_string_ok(text, false) && text.n > 0);
	arena_done(&a);
	return 0;
}
