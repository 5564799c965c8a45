/* Fuzz target: domain names, read from text and from messages.  Whatever is taken has one canonical
 * form, which every way back and forth leaves as it is. */
#include <stdint.h>

#include "dns/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_canonical(struct arena *a, struct str name)
{
	char room[255];
	struct buf wire = BUF(room);
	struct str again;

	must(name.n > 0 && name.n <= DNS_NAME_TEXT_MAX);
	for (size_t i = 0; i < name.n; i++)
		must(chr_is_print(name.p[i]) && name.p[i] != ' ' &&
			name.p[i] == chr_lower(name.p[i]));
	must(dns_name_parse(a, name, &again) && str_eq(again, name));
	must(dns_name_write(name, &wire));
	struct cursor c = cursor_on(buf_str(&wire));
	must(dns_name_read(a, &c, &again) && str_eq(again, name));
	must(cursor_left(&c) == 0);
	must(dns_name_labels(name) <= 127);
	must(dns_name_is_under(name, name) && dns_name_is_under(name, STR(".")));
	(void)dns_name_is_hostname(name);
}

/* A name at each of the first places, as pointers may lead anywhere. */
static void
read_names(struct arena *a, struct str message)
{
	for (size_t at = 0; at < message.n && at < 64; at++) {
		struct cursor c = cursor_on(message), skip;
		struct str name;

		cursor_seek(&c, at);
		skip = c;
		dns_name_skip(&skip);
		if (dns_name_read(a, &c, &name)) {
			must(cursor_ok(&c) && cursor_ok(&skip) && c.at == skip.at);
			check_canonical(a, name);
		} else {
			must(!cursor_ok(&c));
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = str_from((const char *)data, size), name;
	struct arena a;

	arena_init(&a, 4096, 1 << 20);
	if (dns_name_parse(&a, bytes, &name))
		check_canonical(&a, name);
	read_names(&a, bytes);
	arena_done(&a);
	return 0;
}
