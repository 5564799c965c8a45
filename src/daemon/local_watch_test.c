/* Unit tests of lists in files that change: what is seen, what is taken, and what stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "daemon/local_watch.h"
#include "daemon/log.h"
#include "net/loop.h"

#define EVERY_MS 10

static char dir[] = "/tmp/mxward-local-XXXXXX";

static struct bed {
	struct loop *loop;
	struct timer *end;
	struct local_watch *watch;
	struct generation *now; /* borrowed */
	unsigned renewals;
} bed;

static const char *
path_of(const char *name)
{
	static char path[4][64];
	static unsigned turn;
	char *p = path[turn++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

static void
written(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void
aged(const char *path, int64_t seconds)
{
	const struct timespec times[2] = {
		{.tv_sec = clock_wall() - seconds}, {.tv_sec = clock_wall() - seconds}};

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* As an administrator should: made elsewhere, renamed into place. */
static void
put(const char *name, const char *text)
{
	const char *made = path_of("new");

	written(made, text);
	aged(made, 60);
	assert_int_equal(rename(made, path_of(name)), 0);
}

static void
renewed(void *ctx, struct generation *next)
{
	bed.now = next;
	bed.renewals++;
	loop_stop(bed.loop);
}

static void
stop(void *ctx)
{
	loop_stop(bed.loop);
}

/* Until there is a new generation, or for so long. */
static bool
renews(uint64_t ms)
{
	unsigned before = bed.renewals;

	timer_set(bed.end, ms);
	loop_run(bed.loop);
	timer_clear(bed.end);
	return bed.renewals != before;
}

static bool
has(const struct generation *g, size_t list, const char *address)
{
	struct table_hit hit;
	struct ip ip;

	assert_non_null(g->site.local);
	assert_true(ip_parse(str_of(address), &ip));
	return table_find_ip(g->site.local->list[list].table, &ip, &hit);
}

static struct config *
config_with(bool lists)
{
	char room[512];
	struct buf b = BUF(room);
	struct errbuf e = {0};

	if (lists)
		buf_printf(&b, "[list a]\nfile = %s\n[list b]\nkind = allow\nfile = %s\n",
			path_of("a"), path_of("b"));
	struct config *c = config_load_text("test", buf_str(&b), &e);
	if (!c)
		fail_msg("%s", e.text);
	c->generation.number = 1;
	return c;
}

static struct config *
begin(void)
{
	put("a", "192.0.2.1\n");
	put("b", "192.0.2.2\n");
	struct config *c = config_with(true);
	bed.loop = loop_new();
	bed.end = timer_new(bed.loop, stop, NULL);
	bed.watch = local_watch_new(bed.loop, EVERY_MS, renewed, NULL);
	bed.now = local_watch_use(bed.watch, c);
	bed.renewals = 0;
	return c;
}

static void
finish(struct config *c)
{
	local_watch_free(bed.watch);
	timer_free(bed.end);
	config_free(c);
	loop_free(bed.loop);
}

static void
test_change(void **state)
{
	struct config *c = begin();
	struct generation *before = generation_ref(bed.now);

	assert_int_equal(before->site.local->n, 2);
	assert_int_equal(
		before->site.local->block, LOCAL_CLIENT | LOCAL_RDNS | LOCAL_HELO | LOCAL_SENDER);
	assert_int_equal(before->site.local->allow, LOCAL_CLIENT | LOCAL_RDNS | LOCAL_HELO);
	assert_false(renews(60)); /* nothing has changed */
	put("a", "192.0.2.7\n");
	assert_true(renews(5000));
	assert_true(has(bed.now, 0, "192.0.2.7") && !has(bed.now, 0, "192.0.2.1"));
	assert_int_equal(bed.now->number, 2);
	/* Whoever began before goes on with what there was; the other list is the same one. */
	assert_true(has(before, 0, "192.0.2.1") && !has(before, 0, "192.0.2.7"));
	assert_ptr_equal(before->site.local->list[1].table, bed.now->site.local->list[1].table);
	assert_ptr_equal(before->policy.actions[0][0], bed.now->policy.actions[0][0]);
	generation_unref(before);
	put("b", "192.0.2.8\n");
	assert_true(renews(5000));
	assert_true(has(bed.now, 0, "192.0.2.7") && has(bed.now, 1, "192.0.2.8"));
	assert_false(renews(60));
	finish(c);
}

static void
test_broken_and_missing(void **state)
{
	struct config *c = begin();

	put("a", "192.0.2.7\n192.0.2.0/99\n");
	assert_false(renews(100));
	assert_true(has(bed.now, 0, "192.0.2.1") && !has(bed.now, 0, "192.0.2.7"));
	assert_int_equal(unlink(path_of("a")), 0);
	assert_false(renews(60));
	assert_int_equal(mkdir(path_of("a"), 0700), 0);
	assert_false(renews(60));
	assert_true(has(bed.now, 0, "192.0.2.1"));
	assert_int_equal(rmdir(path_of("a")), 0);
	/* One bad list does not keep another from being read. */
	put("b", "192.0.2.8\n");
	assert_true(renews(5000));
	assert_true(has(bed.now, 0, "192.0.2.1") && has(bed.now, 1, "192.0.2.8"));
	put("a", "192.0.2.9\n");
	assert_true(renews(5000));
	assert_true(has(bed.now, 0, "192.0.2.9"));
	finish(c);
}

/* What is being written is not read; of the same size and age, it is seen all the same. */
static void
test_young(void **state)
{
	struct config *c = begin();

	uint64_t since = clock_ms();
	written(path_of("a"), "192.0.2.7\n");
	if (renews(100))
		assert_true(clock_ms() - since > 900); /* a very slow machine */
	aged(path_of("a"), 60);
	assert_true(renews(5000));
	assert_true(has(bed.now, 0, "192.0.2.7"));
	written(path_of("a"), "192.0.2.8\n");
	aged(path_of("a"), 60);
	assert_true(renews(5000));
	assert_true(has(bed.now, 0, "192.0.2.8"));
	finish(c);
}

/* A file that was young when the settings were read is looked at once more. */
static void
test_young_at_start(void **state)
{
	struct config *c = begin();

	written(path_of("b"), "192.0.2.8\n");
	struct config *next = config_with(true);
	config_free(c);
	bed.now = local_watch_use(bed.watch, next);
	assert_true(has(bed.now, 1, "192.0.2.8"));
	aged(path_of("b"), 60);
	assert_true(renews(5000));
	finish(next);
}

/* More than a piece: it is read while the loop does other things. */
static void
test_big(void **state)
{
	struct config *c = begin();
	FILE *f = fopen(path_of("new"), "w");

	assert_non_null(f);
	for (unsigned i = 0; i < 100000; i++)
		fprintf(f, "10.%u.%u.%u # number %u\n", i >> 16, i >> 8 & 255, i & 255, i);
	assert_int_equal(fclose(f), 0);
	aged(path_of("new"), 60);
	assert_int_equal(rename(path_of("new"), path_of("a")), 0);
	assert_true(renews(30000));
	assert_true(has(bed.now, 0, "10.1.134.159") && !has(bed.now, 0, "10.1.134.160"));
	/* Freed in the middle. */
	put("b", "192.0.2.8\n");
	written(path_of("new"), "");
	assert_int_equal(rename(path_of("a"), path_of("new")), 0);
	aged(path_of("new"), 120);
	assert_int_equal(rename(path_of("new"), path_of("a")), 0);
	renews(EVERY_MS + 2);
	finish(c);
}

static void
test_no_lists(void **state)
{
	struct config *c = begin();
	struct config *next = config_with(false);

	bed.now = local_watch_use(bed.watch, next);
	config_free(c);
	assert_ptr_equal(bed.now, config_generation(next));
	assert_null(bed.now->site.local);
	put("a", "192.0.2.7\n");
	assert_false(renews(60));
	finish(next);
}

static int
make_dir(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int
remove_dir(void **state)
{
	unlink(path_of("a"));
	unlink(path_of("b"));
	unlink(path_of("new"));
	return rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_broken_and_missing),
		cmocka_unit_test(test_young),
		cmocka_unit_test(test_young_at_start),
		cmocka_unit_test(test_big),
		cmocka_unit_test(test_no_lists),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
