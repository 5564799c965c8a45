/* Unit tests of fetching pages: from a server in a process of its own that answers by the path. */
#include <setjmp.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/clock.h"

#include "net/http.h"

#define PATIENCE_MS 400
#define BODY_MAX    1000

static uint16_t port;
static pid_t server;

/* --- the server --- */

static void
say(int fd, const char *text, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);
		if (sent <= 0)
			return;
		text += sent;
		n -= (size_t)sent;
	}
}

static void
answer(int fd, const char *request)
{
	static const struct {
		const char *path, *answer;
	} pages[] = {
		{"/good", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
		{"/none", "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"},
		{"/busy", "HTTP/1.1 429 Slow\r\nRetry-After: 77\r\nContent-Length: 0\r\n\r\n"},
		{"/moved", "HTTP/1.1 302 Go\r\nLocation: there?x=1\r\nContent-Length: 0\r\n\r\n"},
		{"/claims", "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\nhello"},
		{"/short", "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nhello"},
		{"/old", "hello without a header"},
		{"/zip",
			"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: "
			"5\r\n\r\nhello"},
	};
	char block[4096];

	memset(block, 'x', sizeof(block));
	for (size_t i = 0; i < COUNT(pages); i++)
		if (strncmp(request + 4, pages[i].path, strlen(pages[i].path)) == 0)
			say(fd, pages[i].answer, strlen(pages[i].answer));
	if (strncmp(request, "GET /endless", 12) == 0) {
		say(fd, "HTTP/1.1 200 OK\r\n\r\n", 19);
		for (int i = 0; i < 1000; i++)
			say(fd, block, sizeof(block));
	} else if (strncmp(request, "GET /headers", 12) == 0) {
		say(fd, "HTTP/1.1 200 OK\r\n", 17);
		for (int i = 0; i < 100000; i++)
			say(fd, "X: yyyyyyyyyyyyyyyyy\r\n", 22);
	} else if (strncmp(request, "GET /slow", 9) == 0) {
		say(fd, "HTTP/1.1 200 OK\r\n\r\n", 19);
		for (int i = 0; i < 100 && send(fd, "x", 1, MSG_NOSIGNAL) == 1; i++)
			usleep(20000);
	}
}

static void
serve(int listening)
{
	for (;;) {
		char request[2048];
		int fd = accept(listening, NULL, NULL);
		ssize_t n = recv(fd, request, sizeof(request) - 1, 0);
		if (n > 0) {
			request[n] = '\0';
			answer(fd, request);
		}
		close(fd);
	}
}

static int
setup(void **state)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (const struct sockaddr *)&at, size) != 0 || listen(fd, 16) != 0 ||
		getsockname(fd, (struct sockaddr *)&at, &size) != 0)
		return -1;
	port = ntohs(at.sin_port);
	server = fork();
	if (server == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
		serve(fd);
	close(fd);
	return server > 0 ? 0 : -1;
}

static int
teardown(void **state)
{
	kill(server, SIGKILL);
	return waitpid(server, NULL, 0) == server ? 0 : -1;
}

/* --- asking --- */

struct got {
	struct loop *loop;
	struct http_answer a;
	char body[BODY_MAX + 1], location[256];
	unsigned n;
};

static void
done(void *ctx, const struct http_answer *a)
{
	struct got *g = ctx;

	g->a = *a;
	g->n++;
	snprintf(g->body, sizeof(g->body), "%.*s", STR_ARG(a->body));
	snprintf(g->location, sizeof(g->location), "%.*s", STR_ARG(a->location));
	loop_stop(g->loop);
}

static const char *scheme = "http";

static struct got
fetch_with(const char *path, const char *host, bool anywhere, uint16_t at_port)
{
	struct got g = {.loop = loop_new()};
	struct http *h = http_new(g.loop);
	char url[256];
	struct http_request r = {.url = url,
		.port = at_port,
		.anywhere = anywhere,
		.accept = "application/rdap+json",
		.body_max = BODY_MAX,
		.timeout_ms = PATIENCE_MS};

	snprintf(
		url, sizeof(url), "%s://%s:%u%s", scheme, host ? host : "127.0.0.1", at_port, path);
	if (host) {
		r.host = host;
		r.n = 1;
		assert_true(ip_parse(STR("127.0.0.1"), &r.address[0]));
	}
	(void)http_get(h, &r, done, &g);
	loop_run(g.loop);
	assert_int_equal(g.n, 1);
	http_free(h);
	loop_free(g.loop);
	return g;
}

static struct got
fetch(const char *path)
{
	return fetch_with(path, NULL, true, port);
}

static void
test_answers(void **state)
{
	struct got g = fetch("/good");

	assert_int_equal(g.a.end, HTTP_ANSWER);
	assert_int_equal(g.a.code, 200);
	assert_string_equal(g.body, "hello");
	assert_int_equal(g.a.retry_after_s, -1);
	assert_int_equal(fetch("/none").a.code, 404);
	g = fetch("/busy");
	assert_int_equal(g.a.code, 429);
	assert_int_equal(g.a.retry_after_s, 77);
	/* Not followed, but made absolute. */
	g = fetch("/moved");
	assert_int_equal(g.a.code, 302);
	char want[64];
	snprintf(want, sizeof(want), "http://127.0.0.1:%u/there?x=1", port);
	assert_string_equal(g.location, want);
	/* Nothing is unpacked. */
	assert_string_equal(fetch("/zip").body, "hello");
}

static void
test_by_name(void **state)
{
	assert_int_equal(fetch_with("/good", "rdap.invalid", true, port).a.code, 200);
	/* Where there is no address nobody else is asked for one. */
	assert_int_equal(fetch_with("/good", "rdap.invalid", false, port).a.end, HTTP_FORBIDDEN);
}

static void
test_bounds(void **state)
{
	assert_int_equal(fetch("/claims").a.end, HTTP_TOO_BIG);
	assert_int_equal(fetch("/endless").a.end, HTTP_TOO_BIG);
	assert_int_equal(fetch("/headers").a.end, HTTP_TOO_BIG);
	assert_int_equal(fetch("/short").a.end, HTTP_FAILED);
	assert_int_equal(fetch("/old").a.end, HTTP_FAILED);
	uint64_t began = clock_ms();
	assert_int_equal(fetch("/slow").a.end, HTTP_TIMEOUT);
	assert_true(clock_ms() - began < PATIENCE_MS + 600);
}

static void
test_no_connection(void **state)
{
	assert_int_equal(fetch_with("/good", NULL, true, 1).a.end, HTTP_FAILED);
	assert_int_equal(fetch_with("/good", NULL, false, port).a.end, HTTP_FORBIDDEN);
	scheme = "https";
	assert_int_equal(fetch("/good").a.end, HTTP_TLS);
	scheme = "http";
}

/* Given up: no call, and nothing is left behind. */
static void
test_given_up(void **state)
{
	struct got g = {.loop = loop_new()};
	struct http *h = http_new(g.loop);
	char url[64];
	const struct http_request r = {.url = url,
		.port = port,
		.anywhere = true,
		.accept = "*/*",
		.body_max = BODY_MAX,
		.timeout_ms = 60000};

	snprintf(url, sizeof(url), "http://127.0.0.1:%u/slow", port);
	struct http_get *first = http_get(h, &r, done, &g);
	(void)http_get(h, &r, done, &g);
	for (int i = 0; i < 3; i++)
		loop_once(g.loop);
	assert_int_equal(g.n, 0);
	http_cancel(first);
	http_free(h);
	assert_int_equal(g.n, 0);
	loop_free(g.loop);
}

static void
test_public(void **state)
{
	static const struct {
		const char *ip;
		bool is;
	} cases[] = {{"8.8.8.8", true}, {"199.7.83.42", true}, {"2001:500:88::53", true},
		{"2606:4700::1111", true}, {"127.0.0.1", false}, {"10.1.2.3", false},
		{"172.16.0.1", false}, {"192.168.1.1", false}, {"169.254.169.254", false},
		{"100.64.0.1", false}, {"0.0.0.0", false}, {"224.0.0.1", false},
		{"255.255.255.255", false}, {"203.0.113.5", false}, {"::1", false}, {"::", false},
		{"::ffff:127.0.0.1", false}, {"64:ff9b::7f00:1", false}, {"fe80::1", false},
		{"fd00::1", false}, {"ff02::1", false}, {"2001:db8::1", false},
		{"2002:7f00:1::", false}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ip ip;
		assert_true(ip_parse(str_of(cases[i].ip), &ip));
		if (http_is_public(&ip) != cases[i].is)
			fail_msg("%s", cases[i].ip);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_by_name),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_no_connection),
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_public),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
