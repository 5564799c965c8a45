/* Unit tests of the file that tells which registry is responsible for a domain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "source/rdap_bootstrap.h"

#define FILE_OF(services) \
	"{\"version\":\"1.0\",\"publication\":\"2025-01-01\",\"services\":[" services "]}"

static void
assert_url(const struct rdap_bootstrap *b, const char *domain, const char *want)
{
	size_t i;
	bool found = rdap_bootstrap_find(b, str_of(domain), &i);

	if (found != (want != NULL) || (found && !str_eq(b->url[i], str_of(want))))
		fail_msg("%s: %d", domain, found);
}

static void
test_find(void **state)
{
	struct rdap_bootstrap b;
	struct errbuf e = {0};
	struct arena a;

	arena_init(&a, 4096, SIZE_MAX);
	assert_true(rdap_bootstrap_parse(&a,
		STR(FILE_OF("[[\"net\",\"COM\"],[\"http://a.example/\",\"https://b.example/v1\"]],"
			    "[[\"uk\"],[\"https://uk.example/\"]],"
			    "[[\"co.uk\"],[\"https://co.example/\"]],"
			    "[[\"old\"],[\"http://old.example/\"]],"
			    "[[\"user\"],[\"https://me@old.example/\"]]")),
		&b, &e));
	assert_url(&b, "sender.com", "https://b.example/v1/");
	assert_url(&b, "a.sender.net", "https://b.example/v1/");
	assert_url(&b, "sender.uk", "https://uk.example/");
	assert_url(&b, "sender.co.uk", "https://co.example/");
	assert_url(&b, "sender.old", NULL); /* nobody is asked in the clear */
	assert_url(&b, "sender.user", NULL);
	assert_url(&b, "sender.org", NULL);
	assert_url(&b, "", NULL);
	arena_done(&a);
}

static void
test_wrong_files(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{"", "it is no JSON"},
		{"<html>", "it is no JSON"},
		{"[]", "it is no object"},
		{"{\"services\":[]}", "its version is not 1"},
		{"{\"version\":\"2.0\",\"services\":[]}", "its version is not 1"},
		{"{\"version\":\"1.0\"}", "\"services\" is missing"},
		{FILE_OF(""), "it names no registry"},
		{FILE_OF("[[\"com\"],[\"http://a.example/\"]]"), "it names no registry"},
		{FILE_OF("1"), "a service is a list"},
		{FILE_OF("[[\"com\"]]"), "a service is a list"},
		{FILE_OF("[\"com\",\"https://a.example/\"]"), "a service is a list"},
		{FILE_OF("[[5],[\"https://a.example/\"]]"), "a name in a service"},
		{FILE_OF("[[\"a b\"],[\"https://a.example/\"]]"), "a name in a service"},
		{FILE_OF("[[\"com\",\"com\"],[\"https://a.example/\"]]"), "com stands there twice"},
	};
	struct arena a;

	arena_init(&a, 4096, SIZE_MAX);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rdap_bootstrap b;
		struct errbuf e = {0};
		if (rdap_bootstrap_parse(&a, str_of(cases[i].text), &b, &e) ||
			strncmp(e.text, cases[i].error, strlen(cases[i].error)) != 0)
			fail_msg("%s: %s", cases[i].text, e.text);
	}
	arena_done(&a);
}

/* What is built in is a file that can be used, and what is printed of it says the same. */
static void
test_builtin(void **state)
{
	char *room = malloc(RDAP_BOOTSTRAP_MAX);
	struct buf out = buf_on(room, RDAP_BOOTSTRAP_MAX);
	struct rdap_bootstrap b, again;
	struct errbuf e = {0};
	struct arena a;

	arena_init(&a, 4096, SIZE_MAX);
	assert_true(rdap_bootstrap_parse(&a, rdap_bootstrap_builtin, &b, &e));
	assert_true(b.n > 1000);
	assert_url(&b, "example.com", "https://rdap.verisign.com/com/v1/");
	assert_url(&b, "example.org", "https://rdap.publicinterestregistry.org/rdap/");
	rdap_bootstrap_print(&b, &out);
	assert_false(buf_is_cut(&out));
	assert_true(rdap_bootstrap_parse(&a, buf_str(&out), &again, &e));
	assert_int_equal(again.n, b.n);
	for (size_t i = 0; i < b.n; i++) {
		assert_true(str_eq(again.suffix[i].name, b.suffix[i].name));
		assert_true(
			str_eq(again.url[again.suffix[i].registry], b.url[b.suffix[i].registry]));
	}
	arena_done(&a);
	free(room);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_wrong_files),
		cmocka_unit_test(test_builtin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
