/* Unit tests of the loader: defaults, sections, duplicates, hints, and every file that is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "conf/load.h"

struct policy {
	int32_t reject_at, defer_at;
	int profile;
	struct str url;
	unsigned url_line;
};

struct dns {
	int64_t timeout;
	struct words resolver;
};

struct actions {
	size_t n;
	struct entry last;
	int limit;
};

struct list {
	struct str name; /* the reader writes it */
	bool on;
	int32_t points;
	size_t lines;
};

static const char *const profiles[] = {"score", "strict", NULL};

static const struct setting policy_rows[] = {
	{"reject_at", SETTING_POINTS, offsetof(struct policy, reject_at), "8", 0, 0, NULL, "a"},
	{"defer_at", SETTING_POINTS, offsetof(struct policy, defer_at), "0", 0, 0, NULL, "b"},
	{"profile", SETTING_CHOICE, offsetof(struct policy, profile), "score", 0, 0, profiles, "c"},
	{"url", SETTING_STRING, offsetof(struct policy, url), "", 0, 0, NULL, "d",
		offsetof(struct policy, url_line)},
};
static const struct setting dns_rows[] = {
	{"timeout", SETTING_DURATION, offsetof(struct dns, timeout), "8s", 100, 10000, NULL, "e"},
	{"resolver", SETTING_WORDS, offsetof(struct dns, resolver), "system", 0, 0, NULL, "f"},
};

static bool
policy_check(void *section_struct, struct arena *a, void *ctx, struct errbuf *e)
{
	const struct policy *p = section_struct;

	*(int *)ctx += 1;
	return p->defer_at <= p->reject_at || err(e, "defer_at is above reject_at");
}

static bool
action_line(void *section_struct, struct arena *a, const struct entry *line, void *ctx,
	struct errbuf *e)
{
	struct actions *s = section_struct;

	if (str_eq(line->value, STR("bad")))
		return err(e, "bad action");
	s->n++;
	s->last = (struct entry){
		arena_str(a, line->key), arena_str(a, line->value), arena_str(a, line->comment)};
	return true;
}

static const struct section policy_section = {.name = "policy",
	.settings = policy_rows,
	.n = COUNT(policy_rows),
	.size = sizeof(struct policy),
	.check = policy_check};
static const struct section dns_section = {
	.name = "dns", .settings = dns_rows, .n = COUNT(dns_rows), .size = sizeof(struct dns)};
static const struct section actions_section = {
	.name = "actions", .size = sizeof(struct actions), .entry = action_line};

static const struct setting list_rows[] = {
	{"on", SETTING_BOOL, offsetof(struct list, on), "yes", 0, 0, NULL, "g"},
	{"points", SETTING_POINTS, offsetof(struct list, points), "2", 0, 0, NULL, "h"},
};

static bool
list_line(void *section_struct, struct arena *a, const struct entry *line, void *ctx,
	struct errbuf *e)
{
	struct list *l = section_struct;

	l->lines++;
	return str_eq(str_slice(line->key, 0, 4), STR("127.")) ||
		err(e, "%.*s wants 127.x", STR_ARG(l->name));
}

static bool
list_check(void *section_struct, struct arena *a, void *ctx, struct errbuf *e)
{
	const struct list *l = section_struct;

	return l->points > 0 || err(e, "%.*s: no points", STR_ARG(l->name));
}

static const struct section list_section = {.name = "dnsbl",
	.settings = list_rows,
	.n = COUNT(list_rows),
	.size = sizeof(struct list),
	.named = true,
	.entry = list_line,
	.check = list_check};
static const struct section *const sections[] = {
	&policy_section, &dns_section, &actions_section, &list_section};

/* What one load leaves. */
struct load {
	struct policy policy;
	struct dns dns;
	struct actions actions;
	struct named lists;
	int checks;	 /* calls of policy_check() */
	unsigned errors; /* told to report */
	char all[4096];	 /* their texts, one a line */
	struct errbuf e;
	struct arena arena;
};

static void
report(const struct errbuf *one, void *ctx)
{
	struct load *l = ctx;
	size_t at = strlen(l->all);

	l->errors++;
	if (at + 600 > sizeof(l->all))
		return;
	errbuf_print(one, l->all + at, 600);
	snprintf(l->all + strlen(l->all), 2, "\n");
}

static bool
load_text(struct load *l, struct str text)
{
	void *structs[] = {&l->policy, &l->dns, &l->actions, &l->lists};

	memset(l, 0, sizeof(*l));
	arena_init(&l->arena, 1024, SIZE_MAX);
	return conf_load_text("f", text, sections, COUNT(sections), structs, &l->checks, &l->arena,
		report, l, &l->e);
}

static bool
load_file(struct load *l, const char *path)
{
	void *structs[] = {&l->policy, &l->dns, &l->actions, &l->lists};

	memset(l, 0, sizeof(*l));
	arena_init(&l->arena, 1024, SIZE_MAX);
	return conf_load_file(
		path, sections, COUNT(sections), structs, &l->checks, &l->arena, report, l, &l->e);
}

static void
test_defaults(void **state)
{
	struct load l;

	assert_true(load_text(&l, STR("")));
	assert_int_equal(l.policy.reject_at, 800);
	assert_int_equal(l.policy.url.n, 0);
	assert_int_equal(l.dns.timeout, 8000);
	assert_int_equal(l.dns.resolver.n, 1);
	assert_int_equal(l.checks, 1);
	assert_int_equal(l.errors, 0);
	arena_done(&l.arena);
}

static void
test_values_outlive_the_text(void **state)
{
	char text[] =
		"[policy]\nurl = http://x/ ; why\nreject_at = 5\n[actions]\nrdns_none = tag # w\n"
		"[policy]\nprofile = strict\ndefer_at =\n[actions]\n2001:db8::/32 = off ; v\n";
	struct load l;

	assert_true(load_text(&l, str_of(text)));
	memset(text, 'X', sizeof(text) - 1);
	assert_true(str_eq(l.policy.url, STR("http://x/")));
	assert_int_equal(l.policy.reject_at, 500);
	assert_int_equal(l.policy.defer_at, 0);
	assert_int_equal(l.policy.profile, 1);
	assert_int_equal(l.actions.n, 2);
	assert_true(str_eq(l.actions.last.key, STR("2001:db8::/32")));
	assert_true(str_eq(l.actions.last.comment, STR("v")));
	arena_done(&l.arena);
}

/* Who wants to know where a setting stands is told, also that it stands nowhere. */
static void
test_lines(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
	} cases[] = {
		{"", 0},
		{"[policy]\nreject_at = 5\n", 0},
		{"[policy]\n\nurl =\n", 3},
		{"[policy]\n[dns]\n[policy]\nreject_at = 5\nurl = x\n", 5},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct load l;
		assert_true(load_text(&l, str_of(cases[i].text)));
		assert_int_equal(l.policy.url_line, cases[i].line);
		arena_done(&l.arena);
	}
}

static void
test_named_sections(void **state)
{
	char text[1024];
	struct buf b = BUF(text);
	struct load l;

	for (unsigned i = 0; i < 20; i++)
		buf_printf(&b, "[dnsbl z%u.example]\n127.0.0.2 = a\n", i);
	buf_puts(&b, "[dns]\n[dnsbl z3.Example]\non = no\n127.0.0.3 = b\n");
	assert_false(buf_is_cut(&b));
	if (!load_text(&l, buf_str(&b)))
		fail_msg("%s", l.all);
	assert_int_equal(l.lists.n, 20);
	for (size_t i = 0; i < l.lists.n; i++) {
		const struct list *one = l.lists.item[i].values;
		assert_true(str_eq(one->name, l.lists.item[i].name));
		assert_int_equal(one->on, i != 3);
		assert_int_equal(one->lines, i == 3 ? 2 : 1);
		assert_int_equal(one->points, 200);
	}
	assert_true(str_eq(l.lists.item[3].name, STR("z3.example")));
	arena_done(&l.arena);
}

static void
test_errors(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"\n[polciy]\nreject_at = 5\n",
			"f:2: unknown section [polciy]: did you mean [policy]?\n"},
		{"[zzzzzzz]\n", "f:1: unknown section [zzzzzzz]\n"},
		{"[policy]\nrejct_at = 5\n",
			"f:2: unknown key \"rejct_at\" in [policy]: did you mean \"reject_at\"?\n"},
		{"[policy]\ntimeout = 5s\n",
			"f:2: unknown key \"timeout\" in [policy]: it belongs in [dns]\n"},
		{"[policy]\nzzzzzzz = 1\n", "f:2: unknown key \"zzzzzzz\" in [policy]\n"},
		{"[policy]\nreject_at = 5\n[dns]\n[policy]\nreject_at = 6\n",
			"f:5: \"reject_at\" was already set in line 2\n"},
		{"[actions]\nx = 5\nx = 6\n", "f:3: \"x\" was already set in line 2\n"},
		{"[dns]\ntimeout = 20s\n", "f:2: timeout = 20s is out of range: 100ms to 10s\n"},
		{"[actions]\nx = bad\n", "f:2: bad action\n"},
		{"[policy x]\nreject_at = 5\n", "f:1: [policy] takes no name\n"},
		{"a = b\nc = d\n[dns]\n", "f:1: \"a\" stands before the first [section]\n"},
		{"[dns]\n[policy]\ndefer_at = 9\n", "f:2: defer_at is above reject_at\n"},
		/* All are told, in order; the check of a section with errors is left out. */
		{"[dns]\nnonsense\n[policy]\ndefer_at = 9\nprofile = x\n[dsn]\nq = 1\n",
			"f:2: neither a [section] nor key = value\n"
			"f:5: profile = x: it has to be score or strict\n"
			"f:6: unknown section [dsn]: did you mean [dns]?\n"},
		/* Sections with names. */
		{"[dnsbl]\non = no\n", "f:1: [dnsbl] wants a name: [dnsbl NAME]\n"},
		{"[dnsbl a]\nonn = no\n[dnsbl b]\n127.0.0.2 = x\npoints = 0\n",
			"f:2: a wants 127.x\nf:3: b: no points\n"},
		{"[dnsbl a]\non = no\n[dnsbl b]\non = no\n[dnsbl A]\non = yes\n",
			"f:6: \"on\" was already set in line 2\n"},
		/* The same key may stand in two sections. */
		{"[actions]\ntimeout = x\n[dns]\ntimeout = 9s\n", ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct load l;
		char first[1024];
		bool ok = load_text(&l, str_of(cases[i].text));
		assert_string_equal(l.all, cases[i].want);
		assert_int_equal(ok, l.errors == 0);
		assert_int_equal(l.e.count, l.errors);
		errbuf_print(&l.e, first, sizeof(first));
		if (!ok)
			assert_memory_equal(first, l.all, strlen(first));
		arena_done(&l.arena);
	}
}

static void
test_errors_are_bounded(void **state)
{
	static char text[200000];
	struct load l;

	for (size_t i = 0; i < sizeof(text); i += 2) {
		text[i] = 'x';
		text[i + 1] = '\n';
	}
	assert_false(load_text(&l, str_from(text, sizeof(text))));
	assert_int_equal(l.errors, CONF_ERRORS_MAX);
	arena_done(&l.arena);
}

/* A fresh file with this content; the caller unlinks it. */
static void
write_file(char path[32], struct str content)
{
	snprintf(path, 32, "/tmp/mxward-test-XXXXXX");
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, content.p, content.n), (ssize_t)content.n);
	close(fd);
}

static void
test_files(void **state)
{
	static char big[CONF_FILE_MAX + 1];
	char path[32], want[128];
	struct load l;

	write_file(path, STR("[dns]\ntimeout = 5s\n"));
	assert_true(load_file(&l, path));
	assert_int_equal(l.dns.timeout, 5000);
	arena_done(&l.arena);
	unlink(path);

	assert_false(load_file(&l, path));
	snprintf(want, sizeof(want), "%s: cannot be opened: No such file or directory\n", path);
	assert_string_equal(l.all, want);
	arena_done(&l.arena);

	assert_false(load_file(&l, "/tmp"));
	assert_string_equal(l.all, "/tmp: is a directory, not a settings file\n");
	arena_done(&l.arena);

	memset(big, '\n', sizeof(big));
	write_file(path, str_from(big, sizeof(big)));
	assert_false(load_file(&l, path));
	assert_non_null(strstr(l.all, "too big"));
	arena_done(&l.arena);
	unlink(path);
	write_file(path, str_from(big, CONF_FILE_MAX));
	assert_true(load_file(&l, path));
	arena_done(&l.arena);
	unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_values_outlive_the_text),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_named_sections),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_errors_are_bounded),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
