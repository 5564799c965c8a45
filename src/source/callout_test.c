/* Unit tests of the source of callouts, before a caller that the tests play: equal questions are
 * asked once, each question has its answer whatever becomes of the caller, and what it says is not
 * believed. */
#include <setjmp.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "net/local.h"
#include "source/callout.h"
#include "wire/callout.h"

#define FACTS	    (SOURCE_CALLOUT_OPEN_MAX + 8)
#define PATIENCE_MS 5000

struct bed {
	struct loop *loop;
	struct source_callout *source;
	char name[LOCAL_NAME_MAX];
	int server, caller; /* -1: away */
	struct fact fact[FACTS];
	char room[FACTS][32];
	struct answer *got[FACTS];
	size_t n_got;
	size_t give_up; /* with the next answer this fact is given up, unless 0 */
	size_t ask_too; /* with the next answer this one is asked, unless 0 */
	/* what the caller has heard, not yet taken */
	char heard[CALLOUT_FRAME_MAX];
	size_t n_heard;
};

static struct bed *bed;

/* As a transaction does it: known at once, or started. */
static void
ask(size_t i, const char *address)
{
	struct callout_source *s = source_callout_source(bed->source);
	struct fact *f = &bed->fact[i];

	snprintf(bed->room[i], sizeof(bed->room[i]), "%s", address);
	*f = (struct fact){.name = str_of(bed->room[i]), .kind = FACT_CALLOUT};
	f->hash = callout_hash(f->name);
	assert_null(bed->got[i]);
	bed->got[i] = s->lookup(s, f->name, f->hash);
	if (bed->got[i])
		bed->n_got++;
	else
		s->start(s, f);
}

static void
answered(struct fact *f, struct answer *a)
{
	struct callout_source *s = source_callout_source(bed->source);
	size_t other;

	assert_null(bed->got[f - bed->fact]);
	bed->got[f - bed->fact] = a;
	bed->n_got++;
	if ((other = bed->give_up) != 0) {
		bed->give_up = 0;
		s->cancel(s, &bed->fact[other]);
	}
	if ((other = bed->ask_too) != 0) {
		bed->ask_too = 0;
		ask(other, "late@example.com");
	}
}

static void
begin(struct bed *b, uint64_t timeout_ms)
{
	struct errbuf e = {0};

	*b = (struct bed){.loop = loop_new(), .caller = -1};
	bed = b;
	local_name("test", b->name);
	b->server = local_listen(b->name, &e);
	assert_true(b->server >= 0);
	b->source = source_callout_new(&(struct source_callout_options){.loop = b->loop,
		.caller = b->name,
		.timeout_ms = timeout_ms,
		.answered = answered});
}

static void
end(struct bed *b)
{
	for (size_t i = 0; i < FACTS; i++)
		answer_unref(b->got[i]);
	source_callout_free(b->source);
	if (b->caller >= 0)
		close(b->caller);
	if (b->server >= 0)
		close(b->server);
	loop_free(b->loop);
}

static void
turn_until(size_t n)
{
	struct timer *t = timer_new(bed->loop, (void (*)(void *))abort, NULL);

	timer_set(t, PATIENCE_MS);
	while (bed->n_got < n)
		loop_once(bed->loop);
	timer_free(t);
	assert_int_equal(bed->n_got, n);
}

static void
turn_for(uint64_t ms)
{
	struct timer *t = timer_new(bed->loop, (void (*)(void *))loop_stop, bed->loop);

	timer_set(t, ms);
	loop_run(bed->loop);
	timer_free(t);
}

/* --- the caller --- */

static void
accept_worker(void)
{
	int fd = -1;

	for (uint64_t until = clock_ms() + PATIENCE_MS; fd < 0 && clock_ms() < until;) {
		turn_for(1);
		fd = accept(bed->server, NULL, NULL);
	}
	assert_true(fd >= 0);
	bed->caller = fd;
}

/* The next question; its number. */
static uint32_t
hear(const char *address)
{
	struct callout_frame f;
	size_t used;

	if (bed->caller < 0)
		accept_worker();
	while (callout_frame_read(str_from(bed->heard, bed->n_heard), &f, &used) !=
		CALLOUT_FRAME_OK) {
		turn_for(1);
		ssize_t n = recv(bed->caller, bed->heard + bed->n_heard,
			sizeof(bed->heard) - bed->n_heard, MSG_DONTWAIT);
		bed->n_heard += n > 0 ? (size_t)n : 0;
	}
	assert_false(f.is_answer);
	assert_true(str_eq(f.body, str_of(address)));
	memmove(bed->heard, bed->heard + used, bed->n_heard - used);
	bed->n_heard -= used;
	return f.id;
}

static void
expect_silence(void)
{
	char c;

	turn_for(20);
	assert_int_equal(bed->n_heard, 0);
	assert_int_equal(recv(bed->caller, &c, 1, MSG_DONTWAIT), -1);
}

static void
say(struct str bytes)
{
	assert_int_equal(send(bed->caller, bytes.p, bytes.n, MSG_NOSIGNAL), bytes.n);
}

static void
reply(uint32_t id, enum callout_status status, uint32_t hold_s)
{
	char room[CALLOUT_FRAME_MAX], text_room[CALLOUT_TEXT_MAX];
	struct buf out = BUF(room), text = BUF(text_room);

	callout_print(
		&(struct callout){.status = status, .code = 550, .said = STR("550 no")}, &text);
	callout_frame_put(&(struct callout_frame){true, id, hold_s, buf_str(&text)}, &out);
	say(buf_str(&out));
}

static const struct callout *
got(size_t i)
{
	assert_non_null(bed->got[i]);
	return &bed->got[i]->callout;
}

static void
expect_trouble(size_t i, const char *reason)
{
	assert_int_equal(got(i)->status, CALLOUT_UNVERIFIABLE);
	assert_true(str_eq(got(i)->reason, str_of(reason)));
}

/* --- tests --- */

static void
test_equal_questions_are_asked_once(void **state)
{
	struct bed b;

	begin(&b, 2000);
	ask(0, "ann@example.com");
	ask(1, "ann@example.com");
	ask(2, "bob@example.com");
	uint32_t ann = hear("ann@example.com"), bob = hear("bob@example.com");
	expect_silence();
	reply(bob, CALLOUT_OK, 60);
	turn_until(1);
	assert_int_equal(got(2)->status, CALLOUT_OK);
	reply(ann, CALLOUT_REFUSED, 60);
	turn_until(3);
	assert_int_equal(got(0)->status, CALLOUT_REFUSED);
	assert_int_equal(got(1)->status, CALLOUT_REFUSED);
	assert_true(str_eq(got(1)->said, STR("550 no")));
	ask(3, "ann@example.com"); /* known from now on */
	assert_int_equal(b.n_got, 4);
	assert_int_equal(got(3)->status, CALLOUT_REFUSED);
	expect_silence();
	end(&b);
}

/* Held for no longer than the caller allows. */
static void
test_hold(void **state)
{
	struct bed b;

	begin(&b, 2000);
	ask(0, "ann@example.com");
	reply(hear("ann@example.com"), CALLOUT_OK, 0);
	turn_until(1);
	ask(1, "ann@example.com");
	reply(hear("ann@example.com"), CALLOUT_REFUSED, 1);
	turn_until(2);
	assert_int_equal(got(0)->status, CALLOUT_OK);
	assert_int_equal(got(1)->status, CALLOUT_REFUSED);
	ask(2, "ann@example.com");
	assert_non_null(b.got[2]);
	turn_for(1100);
	ask(3, "ann@example.com");
	assert_null(b.got[3]);
	reply(hear("ann@example.com"), CALLOUT_OK, 60);
	turn_until(4);
	end(&b);
}

static void
test_no_answer_in_time(void **state)
{
	struct bed b;
	uint64_t begun = clock_ms();

	begin(&b, 100);
	ask(0, "ann@example.com");
	uint32_t id = hear("ann@example.com");
	turn_for(40);
	ask(1, "bob@example.com");
	turn_until(2);
	assert_true(clock_ms() - begun >= 140);
	expect_trouble(0, "no answer in time");
	expect_trouble(1, "no answer in time");
	reply(id, CALLOUT_REFUSED, 60); /* nobody waits for it any more */
	(void)hear("bob@example.com");
	turn_for(20);
	ask(2, "ann@example.com"); /* not asked again at once */
	expect_trouble(2, "no answer in time");
	end(&b);
}

static void
test_caller_away(void **state)
{
	struct bed b;

	begin(&b, 2000);
	close(b.server);
	b.server = -1;
	ask(0, "ann@example.com");
	assert_int_equal(b.n_got, 0); /* start() itself gives no answer */
	turn_until(1);
	expect_trouble(0, "nobody here makes callouts for now");
	end(&b);
}

/* It goes in the middle of it: all are told at once, and whoever takes its place is asked. */
static void
test_caller_dies(void **state)
{
	struct bed b;
	uint64_t begun = clock_ms();

	begin(&b, 4000);
	ask(0, "ann@example.com");
	ask(1, "bob@example.com");
	(void)hear("ann@example.com");
	(void)hear("bob@example.com");
	close(b.caller);
	b.caller = -1;
	turn_until(2);
	assert_true(clock_ms() - begun < 3000);
	expect_trouble(0, "nobody here makes callouts for now");
	expect_trouble(1, "nobody here makes callouts for now");
	turn_for(600);
	ask(2, "cleo@example.com");
	reply(hear("cleo@example.com"), CALLOUT_OK, 60);
	turn_until(3);
	assert_int_equal(got(2)->status, CALLOUT_OK);
	end(&b);
}

static void
test_cancel(void **state)
{
	struct bed b;

	begin(&b, 2000);
	struct callout_source *s = source_callout_source(b.source);
	ask(0, "ann@example.com");
	ask(1, "ann@example.com");
	s->cancel(s, &b.fact[0]);
	uint32_t id = hear("ann@example.com");
	s->cancel(s, &b.fact[1]);
	ask(2, "ann@example.com"); /* joins what is under way */
	expect_silence();
	reply(id, CALLOUT_OK, 60);
	turn_until(1);
	assert_int_equal(got(2)->status, CALLOUT_OK);
	ask(3, "bob@example.com"); /* for nobody, but worth knowing */
	s->cancel(s, &b.fact[3]);
	reply(hear("bob@example.com"), CALLOUT_REFUSED, 60);
	turn_for(20);
	ask(4, "bob@example.com");
	assert_int_equal(got(4)->status, CALLOUT_REFUSED);
	ask(5, "cleo@example.com"); /* open at the end, given up */
	s->cancel(s, &b.fact[5]);
	end(&b);
}

/* Whoever is told gives up another that was about to be told, and asks something else. */
static void
test_inside_of_an_answer(void **state)
{
	struct bed b;

	begin(&b, 2000);
	for (size_t i = 0; i < 3; i++)
		ask(i, "ann@example.com");
	b.give_up = 1;
	b.ask_too = 3;
	reply(hear("ann@example.com"), CALLOUT_OK, 60);
	turn_until(2);
	assert_null(b.got[1]);
	assert_int_equal(got(2)->status, CALLOUT_OK);
	reply(hear("late@example.com"), CALLOUT_REFUSED, 60);
	turn_until(3);
	assert_int_equal(got(3)->status, CALLOUT_REFUSED);
	end(&b);
}

/* The same where the caller has gone: what is asked then is answered as well. */
static void
test_inside_of_trouble(void **state)
{
	struct bed b;

	begin(&b, 2000);
	ask(0, "ann@example.com");
	ask(1, "bob@example.com");
	(void)hear("ann@example.com");
	b.give_up = 1;
	b.ask_too = 2;
	close(b.caller);
	close(b.server);
	b.caller = b.server = -1;
	turn_until(2);
	assert_null(b.got[1]);
	expect_trouble(2, "nobody here makes callouts for now");
	end(&b);
}

static void
test_garbage(void **state)
{
	static const struct str garbage[] = {STR_INIT("\xff\xff garbage"),
		STR_INIT("\0\x09\x02\0\0\0\x01\0\0\0\x3c"), /* no callout in it */
		STR_INIT("\0\x06\x01\0\0\0\x01x"),	    /* a question */
		STR_INIT("\0\x01\x02")};
	struct bed b;

	begin(&b, 4000);
	for (size_t i = 0; i < COUNT(garbage); i++) {
		char address[] = "a0@example.com";
		address[1] = (char)('0' + i);
		ask(i, address);
		(void)hear(address);
		say(garbage[i]);
		turn_until(i + 1);
		expect_trouble(i, "nobody here makes callouts for now");
		close(b.caller);
		b.caller = -1;
		turn_for(510);
	}
	ask(9, "ann@example.com");
	uint32_t id = hear("ann@example.com");
	reply(id + 1, CALLOUT_REFUSED, 60); /* nobody's */
	turn_for(20);
	assert_null(b.got[9]);
	reply(id, CALLOUT_OK, 60);
	turn_until(COUNT(garbage) + 1);
	assert_int_equal(got(9)->status, CALLOUT_OK);
	end(&b);
}

static void
test_too_many(void **state)
{
	struct bed b;
	char address[32];

	begin(&b, 300);
	for (size_t i = 0; i < FACTS; i++) {
		snprintf(address, sizeof(address), "a%zu@example.com", i);
		ask(i, address);
	}
	turn_until(FACTS - SOURCE_CALLOUT_OPEN_MAX);
	for (size_t i = SOURCE_CALLOUT_OPEN_MAX; i < FACTS; i++)
		expect_trouble(i, "too many callouts are under way");
	turn_until(FACTS);
	expect_trouble(0, "no answer in time");
	end(&b);
}

/* A thousand forged senders, each of whom cannot be asked about now: what is known stays. */
static void
test_flood(void **state)
{
	struct bed b;
	char address[32];

	begin(&b, 2000);
	ask(0, "ann@example.com");
	reply(hear("ann@example.com"), CALLOUT_OK, 60);
	turn_until(1);
	for (size_t i = 0; i < 1100; i++) {
		snprintf(address, sizeof(address), "a%zu@example.com", i);
		ask(1, address);
		reply(hear(address), CALLOUT_UNVERIFIABLE, 5);
		turn_until(2);
		answer_unref(b.got[1]);
		b.got[1] = NULL;
		b.n_got--;
	}
	ask(1, address); /* the last ones are known too */
	assert_int_equal(got(1)->status, CALLOUT_UNVERIFIABLE);
	ask(2, "ann@example.com");
	assert_int_equal(got(2)->status, CALLOUT_OK);
	end(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_questions_are_asked_once),
		cmocka_unit_test(test_hold),
		cmocka_unit_test(test_no_answer_in_time),
		cmocka_unit_test(test_caller_away),
		cmocka_unit_test(test_caller_dies),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_inside_of_an_answer),
		cmocka_unit_test(test_inside_of_trouble),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
