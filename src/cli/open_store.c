/* cli/open_store: see open_store.h. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/open_store.h"
#include "cli/settings.h"
#include "daemon/config_store.h"

#define BUSY_MS	  5000 /* nobody waits for us */
#define ANSWER_MS 10000
#define RULES_MS  2000 /* a store that does not tell its exemptions is not waited for */

static void
say(void *ctx, enum store_say level, const char *text)
{
	if (level != STORE_SAY_INFO)
		fprintf(stderr, "mxward: %s\n", text);
}

static int
no_store(const char *path)
{
	return cli_fail(EX_CONFIG,
		"there is no store to keep it in: set \"file\" or \"redis\" in section [store] of "
		"%s",
		path ? path : CONFIG_FILE);
}

/* A file that root makes before the daemon has begun must be the daemon's: its directory is. */
static void
make_for_daemon(struct config *c)
{
	const char *path = arena_z(&c->arena, c->store.file);
	struct str dir = str_slice(c->store.file, 0, str_rfind(c->store.file, '/') + 1);
	struct stat st;

	if (geteuid() != 0 || !dir.n || stat(arena_z(&c->arena, dir), &st) != 0)
		return;
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return; /* mostly since it is there; else opening it says why */
	if (fchown(fd, st.st_uid, st.st_gid) != 0)
		(void)cli_fail(0, "%s: its owner should be that of its directory", path);
	close(fd);
}

static int
open_named(const char *settings, const char *file, enum opened_how how, struct opened *out)
{
	struct errbuf e = {0};
	const char *path = settings_path(settings);
	const struct store_options o = {
		.busy_ms = BUSY_MS, .say = say, .read_only = how == OPENED_READ};

	*out = (struct opened){NULL, NULL};
	struct config *c = settings_load(path);
	if (!c)
		return cli_fail(EX_CONFIG, "the settings have errors");
	if (file) {
		c->store.file = arena_str(&c->arena, str_of(file));
		c->store.redis = STR("");
	}
	if (!config_has_store(c)) {
		if (how == OPENED_READ) {
			out->config = c;
			return -1;
		}
		config_free(c);
		return no_store(path);
	}
	if (how == OPENED_WRITE && c->store.file.n)
		make_for_daemon(c);
	out->store = config_open_store(c, &o, &e);
	if (!out->store && how == OPENED_READ && c->store.file.n &&
		access(arena_z(&c->arena, c->store.file), F_OK) != 0) {
		out->config = c; /* nothing was written to it yet */
		return -1;
	}
	if (!out->store) {
		config_free(c);
		return cli_fail(EX_UNAVAILABLE, "the store cannot be used: %s", e.text);
	}
	out->config = c;
	return -1;
}

int
cli_open_store(const char *settings, enum opened_how how, struct opened *out)
{
	return open_named(settings, NULL, how, out);
}

int
cli_need_store(const char *settings, const char *file, enum opened_how how, struct opened *out)
{
	int status = open_named(settings, file, how, out);
	struct config *c = out->config;

	if (status != -1 || out->store)
		return status;
	if (config_has_store(c))
		status = cli_fail(EX_NOINPUT, "there is no %s: nothing was kept yet",
			arena_z(&c->arena, c->store.file));
	else
		status = cli_fail(EX_CONFIG,
			"there is no store, so nothing is kept: set \"file\" or \"redis\" in "
			"section "
			"[store], or name one with --file");
	cli_close_store(out);
	return status;
}

void
cli_close_store(struct opened *o)
{
	store_close(o->store);
	config_free(o->config);
	*o = (struct opened){NULL, NULL};
}

int
cli_store_failed(const struct store *s, enum store_status status)
{
	if (status == STORE_BUSY)
		return cli_fail(EX_TEMPFAIL, "the store is busy: try again");
	const char *why = store_why(s);
	return cli_fail(EX_IOERR,
		"the store cannot be read or written%s%s; \"mxward store check\" says more",
		why[0] ? ": " : "", why);
}

int
cli_store_write(struct store *s, const struct store_op *op, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!store_write(s, &op[i]))
			return cli_store_failed(s, STORE_FAIL);
	enum store_status status = store_sync(s);
	return status == STORE_OK ? EX_OK : cli_store_failed(s, status);
}

struct waiting {
	bool answered;
	enum store_status status;
	void (*take)(void *ctx, const struct store_record *r);
	void *ctx;
};

static void
answer(void *ctx, enum store_status status, const struct store_record *r)
{
	struct waiting *w = ctx;

	w->answered = true;
	w->status = status;
	if (status == STORE_OK && w->take)
		w->take(w->ctx, r);
}

enum store_status
cli_store_get(struct store *s, enum store_table table, struct str key,
	void (*take)(void *ctx, const struct store_record *r), void *ctx)
{
	struct waiting w = {.take = take, .ctx = ctx};
	uint64_t until = clock_ms() + ANSWER_MS;

	if (!store_get(s, table, key, answer, &w))
		return STORE_FAIL;
	while (!w.answered && clock_ms() < until) {
		uint64_t in_ms = store_work(s);
		if (!w.answered)
			poll(NULL, 0, in_ms < 20 ? (int)in_ms : 20);
	}
	if (w.answered)
		return w.status;
	store_forget(s, &w);
	return STORE_FAIL;
}

struct rules *
cli_read_rules(struct store *s, enum store_table table, const struct config *config)
{
	const struct store_image *image = store_image(s, table);
	uint64_t until = clock_ms() + RULES_MS;

	for (; image->status != STORE_OK && clock_ms() < until; image = store_image(s, table)) {
		uint64_t in_ms = store_work(s);
		if (store_image(s, table)->status != STORE_OK)
			poll(NULL, 0, in_ms < 50 ? (int)in_ms : 50);
	}
	if (image->status == STORE_OK)
		return rules_read(table, image, &config->generation.checks);
	(void)cli_fail(
		EX_OK, "nothing is known of the table %s of the store", store_tables[table].name);
	return NULL;
}
