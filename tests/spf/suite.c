/*
 * spf/suite: the public SPF suites and policies made to hurt, played against spf_check().
 *
 * Each file of corpora/spf under $MXWARD_SHARED holds scenarios: a zone and tests.  Each test is a
 * transaction over the real engine whose questions are answered from the zone, once at once and
 * then one by one in random orders: the outcome must be the expected one and always the same.  No
 * transaction may ask more than SPF_QUESTIONS_MAX questions over both identities or use more than
 * CPU_MS of processor time; a policy made to hurt must not pass.
 *
 * Usage: suite SOURCE_ROOT [FILE [TEST]].  Without the folder: a line, and status 77 (skipped).
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "core/run.h"
#include "spf/eval.h"

/* Times under a sanitizer are not ours. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif

#define ORDERS	      40
#define CPU_MS	      5.0
#define RECORDS_MAX   64
#define HELO_BUDGET   10
#define SENDER_BUDGET (SPF_QUESTIONS_MAX - HELO_BUDGET)

static const struct suite {
	const char *file;
	unsigned tests, explanations; /* how many there must be */
	bool hostile;
	double cpu_ms; /* of one transaction, 0: CPU_MS */
	/* Tests that expect what RFC 7208 does not say. */
	const char *except[3];
} suites[] = {
	{"rfc7208-tests.json", 203, 22, false, 0, {NULL}},
	/* RFC 7208 chose one of the results that RFC 4408 allowed, so all of these still hold. */
	{"rfc4408-tests.json", 191, 22, false, 0, {NULL}},
	/* default= is a modifier of pyspf's lax mode, unknown to the RFC; "ambiguous" a result of
	 * its strict mode. */
	{"pyspf-tests.json", 14, 0, false, 0, {"default-modifier", "default-modifier-harsh"}},
	{"abuse.json", 12, 0, true, 0, {NULL}},
	{"tree.json", 3, 0, true, 0, {NULL}},
};

static unsigned failures;
static double slowest_ms;
static unsigned most_questions;

static void
complain(const struct suite *suite, const json_t *test, const char *what, struct str got)
{
	fprintf(stderr, "%s: %s: %s: got %.*s, want %s%s%s\n", suite->file,
		json_string_value(json_object_get(test, "id")), what, STR_ARG(got),
		json_dumps(json_object_get(test, "result"), JSON_COMPACT),
		json_object_get(test, "explanation") ? " " : "",
		json_object_get(test, "explanation")
			? json_string_value(json_object_get(test, "explanation"))
			: "");
	failures++;
}

/* --- the zone: two forms of the same thing, see tools/testdns.py --- */

struct zone {
	struct arena *arena;
	const json_t *json;
	bool at_once;
	struct fact *open[FACTS_MAX];
	size_t n_open;
};

/* The entry of a name; NULL: none.  *below: names below it exist. */
static const json_t *
find_entry(const struct zone *z, struct str name, bool *below)
{
	const json_t *value, *found = NULL;
	const char *key;
	size_t i;

	*below = false;
	if (json_is_object(z->json)) {
		void *it = json_object_iter((json_t *)(uintptr_t)z->json);
		for (; it; it = json_object_iter_next((json_t *)(uintptr_t)z->json, it)) {
			key = json_object_iter_key(it);
			struct str own;
			if (!dns_name_parse(z->arena, str_of(key), &own))
				continue;
			if (str_eq(own, name))
				found = json_object_iter_value(it);
			else if (dns_name_is_under(own, name))
				*below = true;
		}
		return found;
	}
	json_array_foreach(z->json, i, value)
	{
		struct str own;
		key = json_string_value(json_object_get(value, "name"));
		if (!dns_name_parse(z->arena, str_of(key), &own))
			continue;
		if (str_eq(own, name))
			found = value;
		else if (dns_name_is_under(own, name))
			*below = true;
	}
	return found;
}

/* With the usual meaning of wildcards. */
static const json_t *
find_or_wild(const struct zone *z, struct str name, bool *exists)
{
	const json_t *entry = find_entry(z, name, exists);
	struct str rest = name, label;

	*exists = *exists || entry;
	while (!*exists && str_split(&rest, '.', &label) && rest.p) {
		bool below;
		entry = find_entry(z, arena_printf(z->arena, "*.%.*s", STR_ARG(rest)), &below);
		if (entry) {
			*exists = true;
			return entry;
		}
		if (find_entry(z, rest, &below) || below)
			return NULL;
	}
	return entry;
}

static struct str
joined(struct arena *a, const json_t *parts, bool hex)
{
	static char room[65536];
	struct buf b = BUF(room);
	const json_t *part;
	size_t i;

	if (json_is_string(parts))
		return arena_str(a, str_of(json_string_value(parts)));
	json_array_foreach(parts, i, part)
	{
		struct str s = str_of(json_string_value(part));
		if (!hex)
			buf_put(&b, s);
		for (size_t k = 0; hex && k + 1 < s.n; k += 2)
			buf_putc(&b, (char)(chr_hex(s.p[k]) << 4 | chr_hex(s.p[k + 1])));
	}
	return arena_str(a, buf_str(&b));
}

/* A record of the type from its JSON; false: of another type. */
static bool
read_record(struct arena *a, const json_t *r, const char *type, struct dns_rr *out)
{
	const char *own = json_string_value(json_object_get(r, "type"));
	const json_t *data = json_object_get(r, own ? "data" : type);
	struct str text = str_of(json_string_value(data));

	if (own ? strcmp(own, type) != 0 : !data)
		return false;
	*out = (struct dns_rr){.text = STR("")};
	if (strcmp(type, "TXT") == 0) {
		const json_t *hex = json_object_get(r, "hex");
		out->text = own ? joined(a, hex ? hex : json_object_get(r, "strings"), hex)
				: joined(a, data, false);
		return true;
	}
	if (strcmp(type, "MX") == 0 && json_is_array(data))
		text = str_of(json_string_value(json_array_get(data, 1)));
	if (strcmp(type, "A") == 0 || strcmp(type, "AAAA") == 0)
		return ip_parse(text, &out->ip);
	return dns_name_parse(a, text.n ? text : STR("."), &out->text);
}

static bool
is_silent(const json_t *entry)
{
	const json_t *r;
	size_t i;

	json_array_foreach(entry, i, r) if (json_is_string(r)) return true; /* "TIMEOUT" */
	return json_is_true(json_object_get(entry, "timeout"));
}

static size_t
read_records(struct arena *a, const json_t *entry, const char *type, struct dns_rr *rr)
{
	const json_t *list = json_is_array(entry) ? entry : json_object_get(entry, "records"), *r;
	size_t n = 0, i;

	json_array_foreach(list, i, r) if (json_is_object(r) && read_record(a, r, type, &rr[n]))
		must(++n < RECORDS_MAX);
	return n;
}

static struct answer *
answer_from(const struct zone *z, struct str name, enum dns_type type)
{
	struct answer *answer = answer_new();
	struct dns_answer *d = &answer->dns;
	struct dns_rr *rr = arena_calloc(&answer->arena, RECORDS_MAX, sizeof(*rr)), alias;

	d->reason = "timeout";
	for (int links = 0; links <= DNS_CNAME_MAX; links++) {
		bool exists;
		const json_t *entry = find_or_wild(z, name, &exists);
		size_t n = entry ? read_records(&answer->arena, entry, dns_type_name(type), rr) : 0;
		if (n > 0) {
			d->status = DNS_OK;
			d->rr = rr;
			d->n = n;
			return answer;
		}
		if (entry && read_records(&answer->arena, entry, "CNAME", rr)) {
			alias = rr[0];
			d->alias = name = alias.text;
			continue;
		}
		if (entry && is_silent(entry))
			return answer;
		d->status = DNS_NONE;
		d->nxdomain = !exists;
		return answer;
	}
	return answer; /* a loop, or too long a chain */
}

static struct answer *
lookup(struct source *s, struct str name, enum dns_type type, uint64_t hash)
{
	struct zone *z = *(struct zone **)(s + 1);

	return z->at_once ? answer_from(z, name, type) : NULL;
}

static void
start(struct source *s, struct fact *f)
{
	struct zone *z = *(struct zone **)(s + 1);

	must(z->n_open < FACTS_MAX);
	z->open[z->n_open++] = f;
}

static void
cancel(struct source *s, struct fact *f)
{
}

/* --- the transaction --- */

struct test_settings {
	struct str local, domain, helo;
	struct spf_outcome helo_outcome, outcome;
};

static enum check_status
run_check(struct ask *q, struct findings *out)
{
	struct test_settings *t = (struct test_settings *)(uintptr_t)q->settings;
	struct spf_request r = {.local = STR(""),
		.domain = t->helo,
		.helo = t->helo,
		.receiver = STR("rx.example.org"),
		.client = q->client,
		.now = 1764000000,
		.questions = HELO_BUDGET,
		.voids = 2};
	enum spf_result helo = spf_check(q, &r, &t->helo_outcome);

	r.local = t->local;
	r.domain = t->domain;
	r.questions = SENDER_BUDGET;
	r.measure = true;
	enum spf_result sender = spf_check(q, &r, &t->outcome);
	if (helo == SPF_WAIT || sender == SPF_WAIT)
		return CHECK_WAIT;
	/* Findings outlive the run, outcomes do not: note what is compared. */
	static const struct finding_code code = {.id = "outcome"};
	struct finding *f = found(out, &code);
	const struct spf_width *w = &t->outcome.width;
	finding_note(f, "result", str_of(spf_result_name(sender)));
	finding_note(f, "explanation", t->outcome.explanation);
	finding_note(f, "all",
		arena_printf(q->scratch,
			"helo=%s term=%.*s of %.*s problem=%.*s terms=%u voids=%u questions=%u+%u "
			"all=%llu outside=%llu widest=%.*s partial=%d",
			spf_result_name(helo), STR_ARG(t->outcome.term), STR_ARG(t->outcome.record),
			STR_ARG(t->outcome.problem), t->outcome.terms, t->outcome.voids,
			t->helo_outcome.questions, t->outcome.questions, (unsigned long long)w->all,
			(unsigned long long)w->outside, STR_ARG(w->term), w->partial));
	return CHECK_DONE;
}

static const struct check check = {.name = "suite", .run = run_check};

struct played {
	struct str result, explanation, all;
	size_t questions;
	double cpu_ms;
};

static double
cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static size_t
draw(size_t below)
{
	uint32_t r;

	random_bytes(&r, sizeof(r));
	return r % below;
}

/* What it says lives in keep. */
static struct played
play(struct zone *z, struct test_settings *t, const struct ip *client, bool at_once,
	struct arena *keep)
{
	struct {
		struct source source;
		struct zone *zone;
	} s = {{.lookup = lookup, .start = start, .cancel = cancel}, z};
	const struct check *const checks[] = {&check};
	const void *const settings[] = {t};
	const struct check_set set = {1, checks, settings};
	struct arena arena, scratch, zone_arena;
	struct played p = {.cpu_ms = 0};

	arena_init(&arena, 8192, (size_t)4 << 20);
	arena_init(&scratch, 8192, (size_t)4 << 20);
	arena_init(&zone_arena, 8192, (size_t)64 << 20);
	z->arena = &zone_arena;
	z->at_once = at_once;
	z->n_open = 0;
	struct transaction *txn = transaction_begin(
		&(struct transaction_options){
			.checks = &set, .source = &s.source, .arena = &arena, .scratch = &scratch},
		client);
	double before = cpu_ms();
	transaction_run(txn);
	p.cpu_ms = cpu_ms() - before;
	while (z->n_open) {
		size_t i = draw(z->n_open);
		struct fact *f = z->open[i];
		z->open[i] = z->open[--z->n_open];
		struct answer *a = answer_from(z, f->name, f->type);
		before = cpu_ms();
		transaction_answer(f, a);
		p.cpu_ms += cpu_ms() - before;
	}
	struct result r = transaction_result(txn);
	must(r.n == 1);
	p.result = arena_str(keep, finding_get(r.finding[0], "result"));
	p.explanation = arena_str(keep, finding_get(r.finding[0], "explanation"));
	p.all = arena_str(keep, finding_get(r.finding[0], "all"));
	p.questions = transaction_facts(txn);
	transaction_end(txn);
	arena_done(&arena);
	arena_done(&scratch);
	arena_done(&zone_arena);
	return p;
}

static bool
is_expected(const json_t *test, struct str result)
{
	const json_t *wanted;
	size_t i;

	json_array_foreach(json_object_get(test, "result"), i,
		wanted) if (str_eq(str_of(json_string_value(wanted)), result)) return true;
	return false;
}

static struct str
member(const json_t *test, const char *key)
{
	return str_of(json_string_value(json_object_get(test, key)));
}

/* Under a sanitizer or on a busy machine times say little: the best of a few plays counts. */
static void
check_cost(const struct suite *suite, const json_t *test, const struct played *p, double best_ms)
{
	char room[64];
	struct buf b = BUF(room);

	if (p->questions > most_questions)
		most_questions = (unsigned)p->questions;
	if (best_ms > slowest_ms)
		slowest_ms = best_ms;
	buf_printf(&b, "%zu questions, %.2f ms", p->questions, best_ms);
	if (p->questions > SPF_QUESTIONS_MAX)
		complain(suite, test, "too many questions", buf_str(&b));
#ifndef SANITIZED
	if (best_ms > (suite->cpu_ms > 0 ? suite->cpu_ms : CPU_MS))
		complain(suite, test, "too slow", buf_str(&b));
#endif
}

static void
run_test(const struct suite *suite, const json_t *zone, const json_t *test, unsigned *explanations)
{
	struct str from = member(test, "mailfrom"), want = member(test, "explanation");
	struct test_settings t = {.helo = member(test, "helo")};
	struct zone z = {.json = zone};
	size_t at = str_rfind(from, '@');
	struct ip client;
	struct arena keep;
	double best_ms = 1e9;

	arena_init(&keep, 4096, (size_t)4 << 20);
	must(ip_parse(member(test, "host"), &client));
	t.local = str_slice(from, 0, at);
	t.domain = from.n ? str_skip(from, at + 1) : t.helo;
	struct played first = play(&z, &t, &client, true, &keep);
	if (!is_expected(test, first.result))
		complain(suite, test, "result", first.all);
	if (suite->hostile && str_eq(first.result, STR("pass")))
		complain(suite, test, "a hostile policy passes", first.all);
	if (want.n) {
		bool none = str_eq(want, STR("DEFAULT"));
		bool ok = str_eq(first.explanation, none ? STR("") : want);
		*explanations += ok;
		if (!ok)
			complain(suite, test, "explanation", first.explanation);
	}
	for (int i = 0; i < ORDERS; i++) {
		struct played p = play(&z, &t, &client, false, &keep);
		best_ms = p.cpu_ms < best_ms ? p.cpu_ms : best_ms;
		if (!str_eq(p.all, first.all) || !str_eq(p.explanation, first.explanation) ||
			p.questions != first.questions) {
			complain(suite, test, "depends on the order of answers", p.all);
			complain(suite, test, "... and at once", first.all);
			break;
		}
	}
	check_cost(suite, test, &first, best_ms);
	if (suite->hostile || getenv("SPF_VERBOSE"))
		printf("  %-24s %2zu questions %6.2f ms  %.*s: %.*s\n",
			json_string_value(json_object_get(test, "id")), first.questions, best_ms,
			STR_ARG(first.result), STR_ARG(first.all));
	arena_done(&keep);
}

static bool
is_excepted(const struct suite *suite, struct str id)
{
	for (size_t i = 0; i < COUNT(suite->except) && suite->except[i]; i++)
		if (str_eq(str_of(suite->except[i]), id))
			return true;
	return false;
}

static void
run_suite(const struct suite *suite, const char *dir, const char *only)
{
	char path[4096];
	json_error_t why;
	json_t *scenario, *test;
	unsigned tests = 0, explanations = 0;
	size_t i, k;

	snprintf(path, sizeof(path), "%s/%s", dir, suite->file);
	json_t *root = json_load_file(path, 0, &why);
	if (!root) {
		fprintf(stderr, "%s: %s\n", path, why.text);
		failures++;
		return;
	}
	json_array_foreach(json_object_get(root, "scenarios"), i, scenario)
	{
		json_array_foreach(json_object_get(scenario, "tests"), k, test)
		{
			struct str id = member(test, "id");
			if (is_excepted(suite, id) || (only && !str_eq(str_of(only), id)))
				continue;
			run_test(suite, json_object_get(scenario, "zone"), test, &explanations);
			tests++;
		}
	}
	printf("%s: %u tests, %u explanations\n", suite->file, tests, explanations);
	if (!only && (tests != suite->tests || explanations != suite->explanations)) {
		fprintf(stderr, "%s: there should be %u tests and %u explanations\n", suite->file,
			suite->tests, suite->explanations);
		failures++;
	}
	json_decref(root);
}

/* A policy as long as it can be: each record is full of networks and includes the next one, the
 * last one lets the client pass, so that everything is read, and read again for the measure. */
static void
run_longest(const char *filler, const char *from)
{
	/* Measured: 4 ms. */
	static const struct suite own = {.file = "longest", .cpu_ms = 15};
	static char room[SPF_RECORD_MAX];
	json_t *zone = json_array(), *test;
	unsigned explanations = 0;

	for (int i = 0; i <= SPF_DNS_TERMS_MAX; i++) {
		struct buf b = BUF(room);
		bool last = i == SPF_DNS_TERMS_MAX;
		if (last)
			buf_puts(&b, "v=spf1 ip4:203.0.113.5 ip6:2001:db8::5");
		else
			buf_printf(&b, "v=spf1 include:c%d.test", i + 1);
		while (b.n + strlen(filler) <= SPF_RECORD_MAX)
			buf_puts(&b, filler);
		json_array_append_new(zone,
			json_pack("{s:s++, s:[{s:s, s:[s%]}]}", "name", "c",
				last ? "10" : (char[2]){(char)('0' + i), '\0'}, ".test", "records",
				"type", "TXT", "strings", b.p, b.n));
	}
	test = json_pack("{s:s, s:s, s:s, s:s, s:[s]}", "id", filler, "helo", "h.test", "host",
		from, "mailfrom", "a@c0.test", "result", "pass");
	run_test(&own, zone, test, &explanations);
	json_decref(zone);
	json_decref(test);
}

int
main(int argc, char **argv)
{
	const char *shared = getenv("MXWARD_SHARED");
	char dir[4000];

	if (argc < 2)
		return fprintf(stderr, "usage: suite SOURCE_ROOT [FILE [TEST]]\n"), 64;
	if (shared)
		snprintf(dir, sizeof(dir), "%s/corpora/spf", shared);
	else
		snprintf(dir, sizeof(dir), "%s/../shared/corpora/spf", argv[1]);
	if (argc < 3) {
		run_longest(" ip4:10.0.0.0/8", "203.0.113.5");
		run_longest(" ip4:1.1.1.1", "203.0.113.5");
		run_longest(" ip6:::", "2001:db8::5");
		run_longest(" ?ip6:::", "2001:db8::5");
		run_longest(" x=%{d2r-}%%", "203.0.113.5");
	}
	if (!failures && access(dir, R_OK) != 0) {
		printf("skipped: there is no %s (set MXWARD_SHARED)\n", dir);
		return 77;
	}
	for (size_t i = 0; i < COUNT(suites); i++)
		if (argc < 3 || strcmp(argv[2], suites[i].file) == 0)
			run_suite(&suites[i], dir, argc > 3 ? argv[3] : NULL);
	printf("%u failures; at most %u questions, %.2f ms of CPU\n", failures, most_questions,
		slowest_ms);
	return failures ? 1 : 0;
}
