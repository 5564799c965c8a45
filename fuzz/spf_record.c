/* Fuzz target: the text of an SPF record.  What is kept lies within the record, every kept term is
 * a record of its own, and what is refused is refused with a reason. */
#include "base/must.h"
#include "spf/macro.h"
#include "spf/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
is_within(struct str s, struct str whole)
{
	return !s.p || (s.p >= whole.p && s.p + s.n <= whole.p + whole.n);
}

/* "v=spf1 TERM" reads as that term. */
static void
check_term(struct arena *a, const struct spf_term *t, struct str txt)
{
	struct str alone = arena_printf(a, "v=spf1 %.*s", STR_ARG(t->text)), problem;
	struct spf_record r;

	must(is_within(t->text, txt) && is_within(t->spec, t->text));
	must(!t->spec.p || spf_domain_spec_ok(t->spec));
	must(t->bits4 <= 32 && t->bits6 <= 128);
	must(spf_record_parse(a, alone, &r, &problem));
	must(r.n == 1 && r.term[0].kind == t->kind && r.term[0].result == t->result);
	must(r.term[0].bits4 == t->bits4 && r.term[0].bits6 == t->bits6);
	must(r.term[0].net.bits == t->net.bits && ip_eq(&r.term[0].net.ip, &t->net.ip));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str txt = str_from((const char *)data, size), problem = STR("");
	struct spf_record r;
	struct arena a;

	if (!spf_record_is(txt))
		return 0;
	arena_init(&a, 4096, (size_t)4 << 20);
	if (spf_record_parse(&a, txt, &r, &problem)) {
		for (size_t i = 0; i < r.n; i++) {
			check_term(&a, &r.term[i], txt);
			must(r.term[i].kind != SPF_ALL || i + 1 == r.n);
		}
		must(is_within(r.redirect, txt) && is_within(r.explanation, txt));
	} else {
		must(problem.n > 0);
	}
	arena_done(&a);
	return 0;
}
