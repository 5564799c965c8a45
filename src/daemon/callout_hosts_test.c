/* Unit tests of which servers are asked about a domain: the order of its MX hosts, and everybody
 * who is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "daemon/callout_hosts.h"
#include "daemon/callout_run.h"
#include "daemon/resolver.h"

static const char zone[] = "order.example. 300 IN MX 30 c.example.\n"
			   "order.example. 300 IN MX 10 a.example.\n"
			   "order.example. 300 IN MX 20 b.example.\n"
			   "a.example. 300 IN A 198.41.0.1\n"
			   "a.example. 300 IN AAAA 2a00::1\n"
			   "b.example. 300 IN A 198.41.0.2\n"
			   "c.example. 300 IN A 198.41.0.3\n"
			   "plain.example. 300 IN A 198.41.0.4\n"
			   "null.example. 300 IN MX 0 .\n"
			   "gone.example. 300 IN MX 10 nowhere.example.\n"
			   "nowhere.example. 300 IN TXT \"no address\"\n"
			   "private.example. 300 IN MX 10 private4.example.\n"
			   "private.example. 300 IN MX 20 private6.example.\n"
			   "private4.example. 300 IN A 10.1.2.3\n"
			   "private4.example. 300 IN A 127.0.0.1\n"
			   "private4.example. 300 IN A 0.0.0.0\n"
			   "private4.example. 300 IN A 169.254.1.1\n"
			   "private6.example. 300 IN AAAA ::10.1.2.3\n"
			   "private6.example. 300 IN AAAA 64:ff9b::10.1.2.3\n"
			   "private6.example. 300 IN AAAA 64:ff9b:1::a01:203\n"
			   "private6.example. 300 IN AAAA 2002:a01:203::1\n"
			   "private6.example. 300 IN AAAA 2001:0:a01:203::1\n"
			   "private6.example. 300 IN AAAA fd00::1\n"
			   "private6.example. 300 IN AAAA ::1\n"
			   "half.example. 300 IN MX 10 private4.example.\n"
			   "half.example. 300 IN MX 20 b.example.\n"
			   "ours.example. 300 IN MX 10 ours4.example.\n"
			   "ours.example. 300 IN MX 20 ours-asking.example.\n"
			   "ours4.example. 300 IN A 198.41.7.7\n"
			   "ours-asking.example. 300 IN A 198.41.8.8\n"
			   "skipped.example. 300 IN MX 10 in.mx.Skipped-Host.example.\n"
			   "in.mx.skipped-host.example. 300 IN A 198.41.0.5\n"
			   "many.example. 300 IN MX 10 many1.example.\n"
			   "many1.example. 300 IN A 198.41.1.1\n"
			   "many1.example. 300 IN A 198.41.1.2\n"
			   "many1.example. 300 IN A 198.41.1.3\n"
			   "many1.example. 300 IN A 198.41.1.4\n"
			   "deep.example. 300 IN MX 1 nowhere.example.\n"
			   "deep.example. 300 IN MX 2 nowhere.example.\n"
			   "deep.example. 300 IN MX 3 nowhere.example.\n"
			   "deep.example. 300 IN MX 4 nowhere.example.\n"
			   "deep.example. 300 IN MX 5 b.example.\n"
			   "even.example. 300 IN MX 10 a.example.\n"
			   "even.example. 300 IN MX 10 b.example.\n";

static struct loop *loop;
static struct config *config;
static char path[] = "/tmp/mxward-hosts-XXXXXX";

static int
setup(void **state)
{
	char text[512];
	struct errbuf e = {0};
	int fd = mkstemp(path);

	if (fd < 0 || write(fd, zone, sizeof(zone) - 1) != (ssize_t)(sizeof(zone) - 1))
		return -1;
	close(fd);
	snprintf(text, sizeof(text),
		"[dns]\nresolver = none\nzone = %s\n"
		"[site]\nhostname = mx.example.org\naddresses = 198.41.7.0/24\n"
		"[callout]\naddress4 = 198.41.8.8\nskip = skipped-host.example\n",
		path);
	loop = loop_new();
	config = config_load_text("test", str_of(text), &e);
	if (config && resolver_attach(config, NULL, loop, &e))
		return 0;
	errbuf_print(&e, text, sizeof(text));
	print_error("%s\n", text);
	return -1;
}

static int
teardown(void **state)
{
	config_free(config);
	loop_free(loop);
	return unlink(path);
}

static struct arena arena;

static struct callout_hosts
hosts_of(const char *domain)
{
	const struct generation *g = config_generation(config);
	struct arena work, scratch;
	const struct ip nobody = {.len = 4};
	struct callout_hosts h = {.settings = callout_settings_of(config),
				     .domain = str_of(domain),
				     .a = &arena},
			     *settings = &h;
	const struct check *check[] = {&check_callout_hosts};
	const void *check_settings[] = {&settings};
	const struct check_set checks = {1, check, check_settings};

	arena_init(&work, 0, SIZE_MAX);
	arena_init(&scratch, 0, SIZE_MAX);
	struct transaction *t = transaction_begin(&(struct transaction_options){.checks = &checks,
							  .site = &g->site,
							  .source = g->source,
							  .arena = &work,
							  .scratch = &scratch,
							  .now = clock_wall()},
		&nobody);
	transaction_run(t);
	for (uint64_t end = clock_ms() + 5000;
		transaction_waits_for_network(t) && clock_ms() < end;)
		loop_once(loop);
	assert_false(transaction_waits_for_network(t));
	transaction_end(t);
	arena_done(&work);
	arena_done(&scratch);
	return h;
}

/* hosts: "NAME ADDRESS, ..."; or none, and why. */
static void
expect(const char *domain, const char *hosts, const char *reason)
{
	char room[512], ip[IP_TEXT_MAX];
	struct buf b = BUF(room);

	arena_init(&arena, 0, SIZE_MAX);
	const struct callout_hosts h = hosts_of(domain);
	for (size_t i = 0; i < h.n; i++) {
		buf_puts(&b, i ? ", " : "");
		buf_put(&b, h.host[i].name);
		buf_putc(&b, ' ');
		buf_puts(&b, ip_text(&h.host[i].ip, ip));
	}
	buf_putc(&b, '\0');
	assert_string_equal(room, hosts);
	if (!h.n)
		assert_string_equal(h.reason, reason);
	arena_done(&arena);
}

static void
test_order(void **state)
{
	expect("order.example", "a.example 198.41.0.1, a.example 2a00::1, b.example 198.41.0.2",
		NULL);
	expect("even.example", "a.example 198.41.0.1, a.example 2a00::1, b.example 198.41.0.2",
		NULL);
	expect("plain.example", "plain.example 198.41.0.4", NULL);
	expect("many.example",
		"many1.example 198.41.1.1, many1.example 198.41.1.2, many1.example 198.41.1.3",
		NULL);
	expect("half.example", "b.example 198.41.0.2", NULL);
}

static void
test_nobody(void **state)
{
	static const char untold[] = "DNS does not tell the domain's mail server";

	expect("null.example", "", "the domain takes no mail");
	expect("gone.example", "", untold);
	expect("unheard-of.example", "", untold);
	expect("deep.example", "", untold); /* four hosts are looked up, not more */
	expect("private.example", "", "the domain's mail server is not on the Internet");
	expect("ours.example", "", "the domain's mail server is this site itself");
	expect("skipped.example", "", "the domain's mail server is one that is never asked");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
