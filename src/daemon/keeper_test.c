/* Unit tests of the keeper and the client that speaks with it: a real store, in a process of its
 * own that is killed, stopped and started at will. */
#include <setjmp.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/must.h"
#include "daemon/keeper.h"
#include "daemon/log.h"
#include "net/local.h"
#include "store/client.h"

static char directory[64], settings_path[96], log_path[96];
/* The keeper and the reader. */
static char name[2][LOCAL_NAME_MAX];
static int listening[2];
static pid_t keeper[2];
static struct loop *loop;
static struct store_client *client;
static int images[STORE_TABLES];

static void
write_settings(const char *store)
{
	FILE *f = fopen(settings_path, "w");

	assert_non_null(f);
	fprintf(f, "[dns]\nresolver = none\n[store]\nfile = %s\n", store);
	fclose(f);
}

static _Noreturn void
keep(bool reads)
{
	struct errbuf e = {0};
	int fd = listening[reads];

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing outlives a test that fails */
	/* Our side of a connection must end with us. */
	(void)close_range(3, (unsigned)fd - 1, 0);
	(void)close_range((unsigned)fd + 1, ~0U, 0);
	if (!log_open(str_of(log_path), LOG_LEVEL_INFO, &e))
		_exit(99);
	struct keeper_options o = {.path = settings_path,
		.config = config_load_file(settings_path, NULL, NULL, &e),
		.fd = fd,
		.reads = reads};
	if (!o.config)
		_exit(98);
	_exit(keeper_run(&o));
}

static void
start_keeper(void)
{
	for (int i = 0; i < 2; i++) {
		keeper[i] = fork();
		assert_true(keeper[i] >= 0);
		if (keeper[i] == 0)
			keep(i == 1);
	}
}

/* By SIGTERM after the client, which it would wait for. */
static void
end_keeper(int signo)
{
	int status;

	if (signo == SIGTERM) {
		store_client_free(client);
		client = NULL;
	}

	for (int i = 0; i < 2; i++)
		kill(keeper[i], signo);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(waitpid(keeper[i], &status, 0), keeper[i]);
		assert_true(signo == SIGKILL ? WIFSIGNALED(status)
					     : WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
}

static bool
is_logged(const char *words)
{
	static char room[1 << 16];
	FILE *f = fopen(log_path, "r");
	size_t n = f ? fread(room, 1, sizeof(room) - 1, f) : 0;

	if (f)
		fclose(f);
	room[n] = '\0';
	return strstr(room, words) != NULL;
}

static struct store_client_counters
counters(void)
{
	struct store_client_counters c;

	store_client_counters(client, &c);
	return c;
}

static void
nothing(void *ctx)
{
}

/* Let the loop run until a condition holds, for ten seconds at most. */
#define UNTIL(condition)                                                \
	do {                                                            \
		uint64_t end_ms = clock_ms() + 10000;                   \
		struct timer *tick = timer_new(loop, nothing, NULL);    \
		bool holds;                                             \
		while (!(holds = (condition)) && clock_ms() < end_ms) { \
			timer_set(tick, 5);                             \
			loop_once(loop);                                \
		}                                                       \
		timer_free(tick);                                       \
		assert_true(holds);                                     \
	} while (0)

static void
on_image(void *ctx, enum store_table table, const struct store_image *image)
{
	images[table]++;
}

static void
dial(void)
{
	const struct store_client_options o = {.image = on_image, .get_ms = 3000};

	const struct store_client_names names = {name[0], name[1]};

	memset(images, 0, sizeof(images));
	client = store_client_dial(loop, &names, &o);
}

static void
add(const char *key, int64_t n)
{
	const struct store_op op = {.op = STORE_ADD,
		.table = STORE_HISTORY,
		.key = str_of(key),
		.add = {n, -n},
		.score = 1000,
		.half_life_s = 86400};

	assert_true(store_client_write(client, &op));
}

static void
exempt(const char *key, const char *value)
{
	const struct store_op op = {.op = STORE_PUT,
		.table = STORE_EXEMPT,
		.key = str_of(key),
		.value = str_of(value),
		.keep_s = 3600,
		.n_words = 2,
		.word = {STR("c:x"), STR("d:y")}};

	assert_true(store_client_write(client, &op));
}

struct heard {
	int n;
	enum store_status status;
	struct store_record r; /* what it points to is gone */
	char value[32];
};

static void
on_answer(void *ctx, enum store_status status, const struct store_record *r)
{
	struct heard *a = ctx;

	a->n++;
	a->status = status;
	if (!r)
		return;
	a->r = *r;
	snprintf(a->value, sizeof(a->value), "%.*s", STR_ARG(r->value));
}

static struct heard
get_once(enum store_table table, const char *key)
{
	struct heard a = {0};

	assert_true(store_client_get(client, table, str_of(key), on_answer, &a));
	assert_int_equal(a.n, 0); /* never from inside */
	UNTIL(a.n == 1);
	return a;
}

/* The reader may need a moment to find the store. */
static struct heard
get(enum store_table table, const char *key)
{
	struct heard a = get_once(table, key);

	for (uint64_t end = clock_ms() + 10000; a.status == STORE_FAIL && clock_ms() < end;)
		a = get_once(table, key);
	return a;
}

static bool
all_written(void)
{
	struct store_client_counters c = counters();

	return c.queued == 0 && c.keeper && c.keeper->queued == 0 && c.keeper->written > 0;
}

static int
remove_one(const char *path, const struct stat *st, int what, struct FTW *where)
{
	return remove(path);
}

static int
setup(void **state)
{
	struct errbuf e = {0};
	char store[128];

	snprintf(directory, sizeof(directory), "/tmp/mxward-keeper-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	snprintf(settings_path, sizeof(settings_path), "%s/conf", directory);
	snprintf(log_path, sizeof(log_path), "%s/log", directory);
	snprintf(store, sizeof(store), "%s/store.db", directory);
	write_settings(store);
	for (int i = 0; i < 2; i++) {
		local_name("test", name[i]);
		listening[i] = local_listen(name[i], &e);
	}
	loop = loop_new();
	return listening[0] >= 0 && listening[1] >= 0 ? 0 : -1;
}

static int
teardown(void **state)
{
	store_client_free(client);
	client = NULL;
	loop_free(loop);
	close(listening[0]);
	close(listening[1]);
	return nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* --- cases --- */

static void
test_writes_and_answers(void **state)
{
	start_keeper();
	dial();
	add("c:192.0.2.1", 3);
	add("c:192.0.2.1", 4);
	exempt("192.0.2.0/24", "{\"checks\":[\"rdns\"]}");
	UNTIL(all_written());
	struct heard a = get(STORE_HISTORY, "c:192.0.2.1");
	assert_int_equal(a.status, STORE_OK);
	assert_int_equal(a.r.number[0], 7);
	assert_int_equal(a.r.number[1], -7);
	assert_in_range(a.r.score, 1990, 2000);
	assert_in_range(a.r.age_s, 0, 5);
	assert_int_equal(get(STORE_HISTORY, "c:192.0.2.2").status, STORE_NONE);
	a = get(STORE_EXEMPT, "192.0.2.0/24");
	assert_string_equal(a.value, "{\"checks\":[\"rdns\"]}");
	assert_int_equal(a.r.n_words, 2);
	assert_in_range(a.r.left_s, 3590, 3600);
	assert_int_equal(counters().lost + counters().dropped, 0);
	end_keeper(SIGTERM);
}

static void
test_images(void **state)
{
	const struct store_image *image;

	start_keeper();
	dial();
	UNTIL(images[STORE_EXEMPT] == 1 && images[STORE_MAILBOX] == 1);
	image = store_client_image(client, STORE_EXEMPT);
	assert_int_equal(image->status, STORE_OK);
	assert_int_equal(image->n, 0);
	exempt("example.org", "one");
	exempt("192.0.2.1", "two");
	UNTIL(store_client_image(client, STORE_EXEMPT)->n == 2);
	image = store_client_image(client, STORE_EXEMPT);
	assert_string_equal("two",
		str_eq(store_image_find(image, STR("192.0.2.1"))->value, STR("two")) ? "two" : "");
	assert_null(store_image_find(image, STR("192.0.2.2")));
	/* Killed or not, what was known stays known, and comes again from the next. */
	uint64_t generation = image->generation;
	end_keeper(SIGKILL);
	UNTIL(!counters().reachable);
	assert_int_equal(store_client_image(client, STORE_EXEMPT)->n, 2);
	start_keeper();
	UNTIL(store_client_image(client, STORE_EXEMPT)->generation > generation);
	assert_int_equal(store_client_image(client, STORE_EXEMPT)->n, 2);
	end_keeper(SIGTERM);
}

/* What a worker has handed over by its end is in the store after the keeper's. */
static void
test_the_end_writes_all(void **state)
{
	char key[16];

	start_keeper();
	dial();
	UNTIL(counters().reachable);
	for (int i = 0; i < 16000; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		add(key, i);
	}
	end_keeper(SIGTERM);
	start_keeper();
	dial();
	UNTIL(counters().reachable);
	assert_int_equal(get(STORE_HISTORY, "k0").status, STORE_OK);
	assert_int_equal(get(STORE_HISTORY, "k15999").r.number[0], 15999);
	end_keeper(SIGTERM);
}

/* While the keeper is away nobody waits and nothing is lost that fits. */
static void
test_away(void **state)
{
	uint64_t began;

	dial();
	for (int i = 0; i < 16384; i++)
		add("c", 1);
	const struct store_op more = {.op = STORE_DEL, .table = STORE_CASE, .key = STR("x")};
	assert_false(store_client_write(client, &more));
	assert_int_equal(counters().dropped, 1);
	assert_int_equal(counters().queued, 16384);
	assert_false(counters().reachable);
	assert_null(counters().keeper);
	began = clock_ms();
	assert_int_equal(get_once(STORE_HISTORY, "c").status, STORE_FAIL);
	assert_true(clock_ms() - began < 1000);
	assert_int_equal(counters().failed, 1);
	start_keeper();
	UNTIL(all_written());
	assert_int_equal(get(STORE_HISTORY, "c").r.number[0], 16384);
	end_keeper(SIGTERM);
}

/* Each change arrives once, or is counted. */
static void
test_killed_again_and_again(void **state)
{
	int64_t sum = 0, rounds = 0;

	dial();
	for (; rounds < 12; rounds++) {
		start_keeper();
		uint64_t end = clock_ms() + 150 + (uint64_t)(random() % 300);
		while (clock_ms() < end) {
			add("c", 1);
			sum++;
			UNTIL(counters().queued < 5000);
		}
		end_keeper(SIGKILL);
	}
	start_keeper();
	add("c", 1);
	sum++;
	UNTIL(all_written());
	int64_t there = get(STORE_HISTORY, "c").r.number[0];
	int64_t lost = (int64_t)counters().lost;
	print_message(
		"%d written, %d there, %d counted as lost\n", (int)sum, (int)there, (int)lost);
	assert_int_equal(counters().dropped, 0);
	assert_true(there <= sum);
	assert_true(there + lost >= sum);
	assert_true(there > 0 && lost > 0);
	assert_false(is_logged("corrupt"));
	end_keeper(SIGTERM);
}

static void
test_store_that_cannot_be_opened(void **state)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/none/store.db", directory);
	write_settings(path);
	start_keeper();
	dial();
	UNTIL(counters().keeper);
	assert_false(counters().reachable);
	assert_int_equal(get_once(STORE_CASE, "x").status, STORE_FAIL);
	add("c", 1);
	UNTIL(is_logged("there is no store for now: cannot make"));
	snprintf(path, sizeof(path), "%s/none", directory);
	assert_int_equal(mkdir(path, 0755), 0);
	UNTIL(counters().reachable);
	UNTIL(all_written());
	assert_int_equal(get(STORE_HISTORY, "c").r.number[0], 1);
	end_keeper(SIGTERM);
}

/* Whoever asks does not wait for whoever writes. */
static void
test_answers_while_the_disk_is_slow(void **state)
{
	start_keeper();
	dial();
	add("c", 1);
	UNTIL(all_written());
	assert_int_equal(get(STORE_HISTORY, "c").status, STORE_OK);
	kill(keeper[0], SIGSTOP);
	for (int i = 0; i < 20; i++) {
		uint64_t began = clock_ms();
		assert_int_equal(get_once(STORE_HISTORY, "c").status, STORE_OK);
		assert_true(clock_ms() - began < 500);
	}
	kill(keeper[0], SIGCONT);
	end_keeper(SIGTERM);
}

/* The store is put aside, and whoever only reads finds the new one too. */
static void
test_file_is_replaced(void **state)
{
	static const char *const files[] = {"store.db", "store.db-wal", "store.db-shm"};
	char path[128], aside[160];

	start_keeper();
	dial();
	add("old", 1);
	UNTIL(all_written());
	assert_int_equal(get(STORE_HISTORY, "old").status, STORE_OK);
	for (size_t i = 0; i < COUNT(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, files[i]);
		snprintf(aside, sizeof(aside), "%s.aside", path);
		assert_int_equal(rename(path, aside), 0);
	}
	snprintf(path, sizeof(path), "%s/store.db", directory);
	kill(keeper[0], SIGHUP); /* it looks at once then, and in ten seconds otherwise */
	UNTIL(access(path, F_OK) == 0);
	add("new", 2);
	UNTIL(get_once(STORE_HISTORY, "new").status == STORE_OK);
	assert_int_equal(get(STORE_HISTORY, "old").status, STORE_NONE);
	end_keeper(SIGTERM);
}

/* Whoever connects and is no worker, or says what a worker does not, is shown the door. */
static void
test_hostile_workers(void **state)
{
	static const struct str words[] = {STR_INIT("\0\0\0\1\1"), STR_INIT("\0\0\0\1\2"),
		STR_INIT("\0\0\0\6\2\0\0\0\1\0"), STR_INIT("\0\0\0\x7\2\0\0\0\1\377k"),
		STR_INIT("\0\0\0\1\x10"), STR_INIT("EHLO example.org\r\n")};

	start_keeper();
	dial();
	UNTIL(counters().reachable);
	for (size_t i = 0; i < 2 * COUNT(words); i++) {
		int fd = local_dial(name[i & 1]);
		struct str w = words[i / 2];
		char c[4096];
		assert_true(fd >= 0);
		assert_int_equal(write(fd, w.p, w.n), w.n);
		ssize_t n = 1;
		UNTIL((n = read(fd, c, sizeof(c))) == 0 || (n < 0 && errno == ECONNRESET));
		close(fd);
	}
	/* Who says nothing, or half of something, holds up nobody. */
	int silent = local_dial(name[0]), half = local_dial(name[0]);
	assert_int_equal(write(half, "\0\4\0\0\1", 5), 5);
	add("c", 1);
	UNTIL(all_written());
	assert_int_equal(get(STORE_HISTORY, "c").status, STORE_OK);
	assert_true(is_logged("said what makes no sense"));
	assert_int_equal(counters().lost, 0);
	close(silent);
	close(half);
	end_keeper(SIGTERM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_writes_and_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_images, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_end_writes_all, setup, teardown),
		cmocka_unit_test_setup_teardown(test_away, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed_again_and_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_store_that_cannot_be_opened, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_answers_while_the_disk_is_slow, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file_is_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_workers, setup, teardown),
	};

	return cmocka_run_group_tests_name("daemon/keeper", tests, NULL, NULL);
}
