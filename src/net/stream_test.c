/*
 * Unit tests of streams.  The protocol is lines: "X\n" is answered "<X>\n"; a line "pause" answers
 * only after a timer, "now" pauses and resumes at once, "quit" answers and closes, "drop" closes
 * without an answer, "big" answers with 8 KiB, "hold" and "free" hold the stream and let it go.  Of
 * a long line the answer tells the length.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"

#include "net/loop.h"
#include "net/stream.h"

static struct loop *loop;
static const struct stream_limits roomy = {
	.input_max = 4096, .output_max = 1 << 20, .unfinished_ms = 60000, .idle_ms = 60000};

struct peer {
	struct stream *s;
	int fd; /* the other end */
	struct timer *timer;
	const char *why;
	unsigned inputs, closes;
	char lines_room[8192];
	struct buf lines; /* the messages as the handler saw them */
};

static const char big[8192];

/* One line; false when the handler has to stop here. */
static bool
answer(struct peer *p, struct str line)
{
	char room[128];
	struct buf out = BUF(room);

	buf_put(&p->lines, line);
	buf_putc(&p->lines, '\n');
	buf_putc(&out, '<');
	if (line.n < 100)
		buf_put(&out, line);
	else
		buf_putu(&out, line.n);
	buf_puts(&out, ">\n");
	if (str_eq(line, STR("drop"))) {
		stream_close(p->s);
		return false;
	}
	if (str_eq(line, STR("pause"))) {
		stream_pause(p->s);
		timer_set(p->timer, 2);
		return false;
	}
	if (str_eq(line, STR("big"))) {
		stream_write(p->s, str_from(big, sizeof(big)));
		return true;
	}
	if (str_eq(line, STR("now"))) {
		stream_pause(p->s);
		stream_write(p->s, buf_str(&out));
		stream_resume(p->s);
		return false;
	}
	if (str_eq(line, STR("hold")) || str_eq(line, STR("free")))
		stream_hold(p->s, line.p[0] == 'h');
	stream_write(p->s, buf_str(&out));
	if (str_eq(line, STR("quit"))) {
		stream_close(p->s);
		return false;
	}
	return true;
}

static size_t
input(void *ctx, struct str bytes)
{
	struct peer *p = ctx;
	size_t used = 0;

	assert_int_equal(p->closes, 0);
	p->inputs++;
	for (;;) {
		struct str rest = str_skip(bytes, used);
		size_t end = str_find(rest, '\n');

		if (end == rest.n)
			return used;
		used += end + 1;
		if (!answer(p, str_slice(rest, 0, end)))
			return used;
	}
}

static void
verdict(void *ctx)
{
	struct peer *p = ctx;

	stream_write(p->s, STR("<pause>\n"));
	stream_resume(p->s);
}

static void
closed(void *ctx, const char *why)
{
	struct peer *p = ctx;

	p->closes++;
	p->why = why;
	p->s = NULL;
	timer_clear(p->timer);
}

static const struct stream_handler handler = {input, closed};

static void
peer_init(struct peer *p, const struct stream_limits *limits)
{
	int pair[2], size = 4096;

	*p = (struct peer){0};
	p->lines = BUF(p->lines_room);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	/* Small buffers in between: what is not read is soon noticed. */
	assert_int_equal(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
	p->fd = pair[1];
	p->timer = timer_new(loop, verdict, p);
	p->s = stream_new(loop, pair[0], limits, &handler, p);
}

static void
peer_done(struct peer *p)
{
	close(p->fd);
	if (p->closes == 0)
		loop_run(loop);
	assert_int_equal(p->closes, 1);
	timer_free(p->timer);
}

static void
say(struct peer *p, struct str bytes)
{
	assert_int_equal(send(p->fd, bytes.p, bytes.n, MSG_NOSIGNAL), bytes.n);
}

/* Run the loop until n bytes have come back; the bytes. */
static struct str
hear(struct peer *p, size_t n)
{
	static char room[65536];
	size_t got = 0;

	for (unsigned turns = 0; got < n; turns++) {
		ssize_t r = recv(p->fd, room + got, n - got, MSG_DONTWAIT);

		assert_int_not_equal(r, 0);
		if (r > 0)
			got += (size_t)r;
		else
			loop_once(loop);
		assert_true(turns < 10000);
	}
	return str_from(room, n);
}

static void
expect(struct peer *p, const char *want)
{
	struct str w = str_of(want), got = hear(p, w.n);

	if (!str_eq(got, w))
		fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(got), want);
}

/* Nothing has come back, and after ms nothing still. */
static void
nothing(void *ctx)
{
	*(bool *)ctx = true;
}

static void
run_for(uint64_t ms)
{
	bool over = false;
	struct timer *t = timer_new(loop, nothing, &over);

	timer_set(t, ms);
	while (!over)
		loop_once(loop);
	timer_free(t);
}

static int
setup(void **state)
{
	loop = loop_new();
	return loop ? 0 : -1;
}

static int
teardown(void **state)
{
	loop_free(loop);
	return 0;
}

static const struct {
	const char *in, *out;
} talks[] = {
	{"a\n", "<a>\n"},
	{"one\ntwo\n\nfour\n", "<one>\n<two>\n<>\n<four>\n"},
	{"pause\nb\n", "<pause>\n<b>\n"},
	{"a\npause\npause\nb\npause\n", "<a>\n<pause>\n<pause>\n<b>\n<pause>\n"},
	{"now\nnow\nb\nnow\npause\nnow\n", "<now>\n<now>\n<b>\n<now>\n<pause>\n<now>\n"},
};

/* However the bytes are cut, the messages and the answers are the same. */
static void
test_cutting_changes_nothing(void **state)
{
	static const size_t cuts[] = {1, 2, 3, 5, 1000};

	for (size_t i = 0; i < COUNT(talks) * COUNT(cuts); i++) {
		struct str rest = str_of(talks[i / COUNT(cuts)].in);
		size_t cut = cuts[i % COUNT(cuts)];
		struct peer p;

		peer_init(&p, &roomy);
		while (rest.n > 0) {
			say(&p, str_slice(rest, 0, cut));
			rest = str_skip(rest, cut);
			if (cut == 1)
				run_for(0);
		}
		expect(&p, talks[i / COUNT(cuts)].out);
		assert_string_equal(talks[i / COUNT(cuts)].in, (buf_putc(&p.lines, 0), p.lines.p));
		peer_done(&p);
		assert_string_equal(p.why, "eof");
	}
}

static void
test_64_messages_in_one_read(void **state)
{
	struct peer p;
	char in[64 * 8 + 1], out[64 * 10 + 1];

	for (int i = 0; i < 64; i++) {
		snprintf(in + 8 * i, 9, "line %02d\n", i);
		snprintf(out + 10 * i, 11, "<line %02d>\n", i);
	}
	peer_init(&p, &roomy);
	say(&p, str_of(in));
	expect(&p, out);
	assert_int_equal(p.inputs, 1);
	peer_done(&p);
}

/* Messages longer than the loop's buffer, and a rest behind each. */
static void
test_long_messages(void **state)
{
	static char in[300000];
	static const struct stream_limits limits = {
		.input_max = 200000, .output_max = 4096, .unfinished_ms = 60000, .idle_ms = 60000};
	struct peer p;
	size_t sent = 0;

	memset(in, 'x', sizeof(in));
	in[150000] = in[299999] = '\n';
	peer_init(&p, &limits);
	while (sent < sizeof(in)) {
		ssize_t n = send(p.fd, in + sent, sizeof(in) - sent, MSG_DONTWAIT);

		if (n > 0)
			sent += (size_t)n;
		else
			loop_once(loop);
	}
	expect(&p, "<150000>\n<149998>\n");
	peer_done(&p);
}

static const struct {
	const char *in, *out, *why;
} ends[] = {
	{"quit\n", "<quit>\n", "closed"},
	{"a\nquit\nnever\n", "<a>\n<quit>\n", "closed"},
	{"drop\nnever\n", "", "closed"},
	{"a\ndrop\n", "<a>\n", "closed"},
	{"pause\nquit\n", "<pause>\n<quit>\n", "closed"},
};

static void
test_close_inside_input(void **state)
{
	for (size_t i = 0; i < COUNT(ends); i++) {
		struct peer p;
		char c;

		peer_init(&p, &roomy);
		say(&p, str_of(ends[i].in));
		loop_run(loop);
		assert_int_equal(p.closes, 1);
		assert_string_equal(p.why, ends[i].why);
		expect(&p, ends[i].out);
		/* The end: an orderly one, or a reset where bytes were left unread. */
		assert_true(recv(p.fd, &c, 1, MSG_DONTWAIT) <= 0);
		assert_null(strstr((buf_putc(&p.lines, 0), p.lines.p), "never"));
		peer_done(&p);
	}
}

/* A peer that has ended its sending still waits for its answer. */
static void
test_half_closed_peer_is_answered(void **state)
{
	struct peer p;

	peer_init(&p, &roomy);
	say(&p, STR("a\npause\nb\nunfinished"));
	shutdown(p.fd, SHUT_WR);
	loop_run(loop);
	assert_string_equal(p.why, "eof");
	expect(&p, "<a>\n<pause>\n<b>\n");
	peer_done(&p);
}

static void
test_peer_gone_while_paused(void **state)
{
	struct peer p;

	peer_init(&p, &roomy);
	say(&p, STR("pause\nb\n"));
	close(p.fd);
	loop_run(loop);
	assert_int_equal(p.closes, 1);
	assert_string_equal(p.why, "error"); /* the answer met a closed door */
	p.fd = -1;
	peer_done(&p);
}

static void
test_too_long_a_message(void **state)
{
	static const struct stream_limits limits = {
		.input_max = 100, .output_max = 1000, .unfinished_ms = 60000, .idle_ms = 60000};
	char line[102];
	struct peer p;

	memset(line, 'x', sizeof(line));
	peer_init(&p, &limits);
	say(&p, str_from(line, 100));
	run_for(0);
	assert_int_equal(p.closes, 0);
	say(&p, str_from("\n", 1)); /* 100 and its end: allowed */
	run_for(0);
	assert_int_equal(p.lines.n, 101);
	say(&p, str_from(line, 101));
	loop_run(loop);
	assert_string_equal(p.why, "too much");
	peer_done(&p);
}

/* Complete messages behind a pause are no unfinished message, however many they are. */
static void
test_pipelined_behind_a_pause_is_no_long_message(void **state)
{
	static const struct stream_limits limits = {
		.input_max = 8, .output_max = 4096, .unfinished_ms = 60000, .idle_ms = 60000};
	struct peer p;

	peer_init(&p, &limits);
	say(&p, STR("pause\n1\n2\n3\n4\n5\n6\n7\n8\n9\n"));
	expect(&p, "<pause>\n<1>\n<2>\n<3>\n<4>\n<5>\n<6>\n<7>\n<8>\n<9>\n");
	peer_done(&p);
}

static void
test_peer_that_reads_late_gets_all_in_order(void **state)
{
	struct peer p;
	char expected[sizeof(big)] = {0};
	struct str got;

	peer_init(&p, &roomy);
	for (int i = 0; i < 6; i++)
		say(&p, STR("big\n"));
	run_for(5);
	say(&p, STR("a\n")); /* is not looked at before the rest has left */
	run_for(5);
	assert_null(strstr((buf_putc(&p.lines, 0), p.lines.p), "a\n"));
	got = hear(&p, 6 * sizeof(big));
	for (size_t i = 0; i < 6; i++)
		assert_memory_equal(got.p + i * sizeof(big), expected, sizeof(big));
	expect(&p, "<a>\n");
	peer_done(&p);
	assert_string_equal(p.why, "eof");
}

static void
test_peer_that_never_reads(void **state)
{
	static const struct {
		struct stream_limits limits;
		const char *why;
	} rows[] = {
		{{4096, 16384, 60000, 60000}, "too much"},
		{{4096, 1 << 20, 120, 60000}, "stuck"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct peer p;

		peer_init(&p, &rows[i].limits);
		for (int j = 0; j < 10; j++)
			say(&p, STR("big\n"));
		loop_run(loop);
		assert_int_equal(p.closes, 1);
		assert_string_equal(p.why, rows[i].why);
		peer_done(&p);
	}
}

/* One byte now and then does not prolong the time of a message. */
static void
test_slow_message_is_stuck(void **state)
{
	static const struct stream_limits limits = {
		.input_max = 4096, .output_max = 4096, .unfinished_ms = 300, .idle_ms = 60000};
	uint64_t begin = clock_ms(), took;
	struct peer p;

	peer_init(&p, &limits);
	while (p.closes == 0 && clock_ms() - begin < 5000) {
		if (send(p.fd, "x", 1, MSG_NOSIGNAL) < 0)
			break;
		run_for(20);
	}
	took = clock_ms() - begin;
	assert_int_equal(p.closes, 1);
	assert_string_equal(p.why, "stuck");
	assert_in_range(took, 280, 1500);
	peer_done(&p);
}

static void
test_idle_is_closed_but_not_while_paused(void **state)
{
	static const struct stream_limits limits = {
		.input_max = 4096, .output_max = 4096, .unfinished_ms = 60000, .idle_ms = 150};
	struct peer p, busy;
	uint64_t begin = clock_ms();

	peer_init(&busy, &limits);
	stream_pause(busy.s);
	peer_init(&p, &limits);
	run_for(60);
	say(&p, STR("a\n")); /* a message starts the time anew */
	while (p.closes == 0)
		loop_once(loop);
	assert_string_equal(p.why, "idle");
	assert_in_range(clock_ms() - begin, 200, 1500);
	run_for(300);
	assert_int_equal(busy.closes, 0);
	stream_resume(busy.s);
	loop_run(loop);
	assert_string_equal(busy.why, "idle");
	peer_done(&p);
	peer_done(&busy);
}

static void
all_gone(void *ctx)
{
	++*(unsigned *)ctx;
}

static void
test_finish_waits_for_answers(void **state)
{
	struct peer idle, busy;
	unsigned calls = 0;

	peer_init(&idle, &roomy);
	peer_init(&busy, &roomy);
	say(&busy, STR("pause\n"));
	loop_once(loop);
	assert_int_equal(busy.lines.n, 6);
	streams_finish(loop, all_gone, &calls);
	assert_int_equal(idle.closes, 0); /* never from inside a call */
	loop_run(loop);
	assert_int_equal(calls, 1);
	assert_string_equal(idle.why, "closed");
	assert_string_equal(busy.why, "closed");
	expect(&busy, "<pause>\n");
	peer_done(&idle);
	peer_done(&busy);
}

static void
test_finish_and_shed_spare_the_held(void **state)
{
	struct peer held;
	unsigned calls = 0;

	peer_init(&held, &roomy);
	say(&held, STR("hold\n"));
	loop_once(loop);
	run_for(20);
	assert_false(streams_shed(loop, 0));
	streams_finish(loop, all_gone, &calls);
	say(&held, STR("more\n"));
	run_for(20);
	assert_int_equal(held.closes, 0);
	assert_int_equal(calls, 0);
	say(&held, STR("free\n"));
	loop_run(loop);
	assert_int_equal(calls, 1);
	assert_string_equal(held.why, "closed");
	expect(&held, "<hold>\n<more>\n<free>\n");
	peer_done(&held);
}

static void
test_finish_without_streams(void **state)
{
	unsigned calls = 0;

	streams_finish(loop, all_gone, &calls);
	assert_int_equal(calls, 0);
	loop_run(loop);
	assert_int_equal(calls, 1);
}

static void
test_shed_takes_the_longest_idle(void **state)
{
	struct peer p[3];

	for (size_t i = 0; i < COUNT(p); i++) {
		peer_init(&p[i], &roomy);
		run_for(20);
	}
	say(&p[0], STR("a\n")); /* the oldest is the youngest now */
	stream_pause(p[1].s);	/* and this one is busy */
	run_for(10);
	assert_false(streams_shed(loop, 10000));
	assert_true(streams_shed(loop, 0));
	run_for(0);
	assert_int_equal(p[0].closes + p[1].closes, 0);
	assert_string_equal(p[2].why, "idle");
	assert_int_equal(streams_count(loop), 2);
	stream_resume(p[1].s);
	for (size_t i = 0; i < COUNT(p); i++)
		close(p[i].fd);
	loop_run(loop);
	for (size_t i = 0; i < COUNT(p); i++) {
		p[i].fd = -1;
		peer_done(&p[i]);
	}
}

int
main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_cutting_changes_nothing),
		T(test_64_messages_in_one_read),
		T(test_long_messages),
		T(test_close_inside_input),
		T(test_half_closed_peer_is_answered),
		T(test_peer_gone_while_paused),
		T(test_too_long_a_message),
		T(test_pipelined_behind_a_pause_is_no_long_message),
		T(test_peer_that_reads_late_gets_all_in_order),
		T(test_peer_that_never_reads),
		T(test_slow_message_is_stuck),
		T(test_idle_is_closed_but_not_while_paused),
		T(test_finish_waits_for_answers),
		T(test_finish_and_shed_spare_the_held),
		T(test_finish_without_streams),
		T(test_shed_takes_the_longest_idle),
	};

	return cmocka_run_group_tests_name("net/stream", tests, NULL, NULL);
}
