/* cli/message: see message.h. */
#include <errno.h>
#include <stdio.h>
#include <sysexits.h>

#include "cli/cli.h"
#include "cli/message.h"
#include "mail/date.h"
#include "mail/received.h"

#define READ_MAX (HEADER_BYTES_MAX + 65536) /* so that a section too long is seen to be */

int
cli_message_read(const char *path, struct cli_message *out)
{
	bool dash = str_eq(str_of(path), STR("-"));
	FILE *f = dash ? stdin : fopen(path, "r");

	if (!f)
		return cli_fail(EX_NOINPUT, "%s: %s", path, strerror(errno));
	char *text = heap_alloc(READ_MAX);
	size_t n = fread(text, 1, READ_MAX, f);
	int failed = ferror(f) ? errno : 0;
	if (!dash)
		fclose(f);
	if (!failed) {
		arena_init(&out->arena, 4096, (size_t)8 << 20);
		headers_init(&out->headers, &out->arena);
		(void)headers_read(&out->headers, str_from(text, n));
	}
	heap_free(text);
	return failed ? cli_fail(EX_NOINPUT, "%s: %s", path, strerror(failed)) : EX_OK;
}

void
cli_message_done(struct cli_message *m)
{
	arena_done(&m->arena);
}

static bool
is_us(struct str name, const struct site *site)
{
	if (str_eq_nocase(name, site->hostname))
		return true;
	for (size_t i = 0; i < site->hostnames.n; i++)
		if (str_eq_nocase(name, site->hostnames.word[i]))
			return true;
	return false;
}

int64_t
cli_message_taken(const struct cli_message *m, const struct site *site)
{
	const struct header_known *top = &m->headers.known[HEADER_RECEIVED];
	struct mail_date d;

	if (!top->count)
		return 0;
	struct received r = received_parse(top->value);
	if (!r.by.n || !is_us(r.by, site))
		return 0;
	mail_date_parse(r.time, &d);
	return d.known && d.zone_known ? d.time : 0;
}

bool
cli_time_parse(struct str text, int64_t *out)
{
	struct mail_date d;
	uint64_t seconds;

	if (str_to_u64(text, INT64_C(253402300799), &seconds)) {
		*out = (int64_t)seconds;
		return true;
	}
	mail_date_parse(text, &d);
	*out = d.time;
	return d.known && d.zone_known;
}
