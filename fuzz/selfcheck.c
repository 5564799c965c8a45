/* Fuzz target: a domain all of whose DNS a stranger has written, as `mxward selfcheck` sees it.
 * Each line is the answer to one question, in the order of asking: "n" no data, "x" no such name,
 * "f" failure, or records in presentation form with '|' between them.  Whatever they say: an end,
 * no more items and addresses than there is room for, and records that can stand in a zone. */
#include "cli/receivers.h"
#include "cli/selfcheck_records.h"
#include "core/run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORDS_MAX 16

static struct str rest;

static struct answer *
next_answer(struct source *s, struct str name, enum dns_type type, uint64_t hash)
{
	struct answer *a = answer_new();
	struct str line = STR("n"), part;
	struct dns_rr *rr = arena_calloc(&a->arena, RECORDS_MAX, sizeof(*rr));

	if (rest.p)
		(void)str_split(&rest, '\n', &line);
	a->dns.status = DNS_NONE;
	a->dns.nxdomain = str_eq(line, STR("x"));
	if (str_eq(line, STR("f"))) {
		a->dns.status = DNS_FAIL;
		a->dns.reason = "timeout";
		return a;
	}
	while (line.p && str_split(&line, '|', &part) && a->dns.n < RECORDS_MAX)
		a->dns.n += dns_rr_parse(&a->arena, type, part, &rr[a->dns.n]);
	a->dns.rr = rr;
	if (a->dns.n)
		a->dns.status = DNS_OK;
	return a;
}

static void
start(struct source *s, struct fact *f)
{
	must(false); /* everything is answered at once */
}

static void
judge(struct self_report *r)
{
	static struct receivers all;
	static struct arena a;
	struct self_record record[SELF_RECORDS_MAX];
	struct errbuf e = {0};

	if (!all.n) {
		arena_init(&a, 65536, SIZE_MAX);
		must(receivers_builtin(&a, &all, &e));
	}
	for (size_t i = 0; i < r->n_addresses; i++)
		r->address[i].judged = r->address[i].wants_ptr = r->address[i].wants_spf =
			r->address[i].wants_forward = true;
	for (size_t i = 0; i < all.n_demands; i++)
		(void)demand_judge(&all.demand[i], r);
	size_t n = self_records(r, record);
	for (size_t i = 0; i < n; i++) {
		must(str_printable(record[i].line, 0) == record[i].line.n);
		must(str_contains(record[i].line, STR(" IN ")));
	}
	for (size_t i = 0; i < r->n_items; i++)
		must(r->item[i].text.n > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ip nobody = {.len = 4};
	struct source source = {next_answer, start, NULL};
	struct arena a, own, scratch;

	if (size > 16384)
		return 0;
	arena_init(&a, 65536, SIZE_MAX);
	arena_init(&own, 4096, SIZE_MAX);
	arena_init(&scratch, 4096, SIZE_MAX);
	struct self_report *r = arena_new(&a, struct self_report);
	struct self_question q = {.a = &a,
		.domain = STR("a.example"),
		.n_selectors = 1,
		.selector = {STR("s1")},
		.out = &r->domain};
	const void *settings[SELF_DOMAIN_CHECKS] = {&q, &q, &q};
	const struct check_set set = {SELF_DOMAIN_CHECKS, self_domain_checks, settings};

	rest = str_from((const char *)data, size);
	r->a = &a;
	r->domain.name = q.domain;
	struct transaction *t = transaction_begin(
		&(struct transaction_options){
			.checks = &set, .source = &source, .arena = &own, .scratch = &scratch},
		&nobody);
	transaction_run(t);
	must(transaction_is_done(t));
	self_find_addresses(r);
	self_judge_domain(r);
	judge(r);
	transaction_end(t);
	arena_done(&a);
	arena_done(&own);
	arena_done(&scratch);
	return 0;
}
