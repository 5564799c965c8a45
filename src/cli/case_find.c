/* cli/case_find: see case_find.h. */
#include <inttypes.h>
#include <sysexits.h>

#include "cli/case_find.h"
#include "cli/cli.h"

/* For how long cases are kept, as words. */
static void
put_time(struct buf *b, int64_t ms)
{
	int64_t hours = ms / 3600000;

	if (hours % 24 == 0)
		buf_printf(b, "%" PRId64 " day%s", hours / 24, hours == 24 ? "" : "s");
	else
		buf_printf(b, "%" PRId64 " hour%s", hours, hours == 1 ? "" : "s");
}

static int
not_found(const char *id, int none, const struct config *c)
{
	char refused_room[32], accepted_room[32];
	struct buf refused = BUF(refused_room), accepted = BUF(accepted_room);

	put_time(&refused, c->store.keep_refused);
	put_time(&accepted, c->store.keep_accepted);
	return cli_fail(none,
		"there is no case %s: one of this moment takes a second or two to be kept; one "
		"that was refused is kept for %.*s, one that was accepted for %.*s, less where the "
		"store is full%s",
		id, STR_ARG(buf_str(&refused)), STR_ARG(buf_str(&accepted)),
		c->store.cases == CASES_NONE ? "; at present none are kept"
			: c->store.cases == CASES_REFUSED
			? "; at present only refused ones are kept"
			: "");
}

int
case_find(struct opened *o, const char *id, int none,
	void (*take)(void *ctx, const struct store_record *r), void *ctx)
{
	enum store_status found = cli_store_get(o->store, STORE_CASE, str_of(id), take, ctx);

	if (found == STORE_NONE)
		return not_found(id, none, o->config);
	return found == STORE_OK ? EX_OK : cli_store_failed(o->store, found);
}
