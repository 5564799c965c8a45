/* daemon/config_store: see config_store.h. */
#include <errno.h>
#include <stdio.h>

#include "daemon/config_store.h"
#include "store/redis.h"

#define PASSWORD_MAX 512
#define MS	     1000 /* settings are in milliseconds, the store counts seconds */

bool
config_has_store(const struct config *c)
{
	return c->store.file.n > 0 || c->store.redis.n > 0;
}

void
config_store_keep(const struct config *c, struct store_keep *out)
{
	const struct store_settings *s = &c->store;

	*out = (struct store_keep){.max_size = s->max_size};
	out->s[STORE_CASE][0] = s->keep_accepted / MS;
	out->s[STORE_CASE][1] = s->keep_refused / MS;
	out->s[STORE_HISTORY][0] = s->keep_history / MS;
	out->s[STORE_SEEN][0] = s->keep_seen / MS;
}

/* The first line of the file, which lives in room.  Nothing where no file is named. */
static bool
read_password(struct arena *a, struct str path, char room[PASSWORD_MAX], struct str *out,
	struct errbuf *e)
{
	*out = STR("");
	if (!path.n)
		return true;
	FILE *f = fopen(arena_z(a, path), "re");
	if (!f)
		return err(e, "cannot read redis_password_file %.*s: %s", STR_ARG(path),
			strerror(errno));
	size_t n = fread(room, 1, PASSWORD_MAX, f);
	fclose(f);
	struct str line = str_from(room, n);
	line = str_trim(str_slice(line, 0, str_find(line, '\n')));
	if (line.n == 0 || n == PASSWORD_MAX || str_find(line, '\0') < line.n)
		return err(e, "redis_password_file %.*s: a line with a password is expected",
			STR_ARG(path));
	*out = line;
	return true;
}

static struct store *
open_redis(const struct config *c, const struct store_options *o, struct arena *a, struct errbuf *e)
{
	char room[PASSWORD_MAX];
	struct store_redis where = {.at = c->store.redis,
		.user = c->store.redis_user,
		.prefix = c->store.redis_prefix,
		.db = c->store.redis_db,
		.timeout_ms = (uint64_t)c->store.redis_timeout};
	struct store *s = NULL;

	if (read_password(a, c->store.redis_password_file, room, &where.password, e))
		s = store_open_redis(&where, o, e);
	explicit_bzero(room, sizeof(room));
	return s;
}

struct store *
config_open_store(const struct config *c, const struct store_options *o, struct errbuf *e)
{
	struct arena a;
	struct store_options with = *o;

	if (!config_has_store(c)) {
		(void)err(e, "there is no store: [store] names neither file nor redis");
		return NULL;
	}
	arena_init(&a, 512, 8192);
	config_store_keep(c, &with.keep);
	struct store *s = c->store.redis.n
		? open_redis(c, &with, &a, e)
		: store_open_sqlite(arena_z(&a, c->store.file), &with, e);
	arena_done(&a);
	return s;
}
