/* Unit tests of the table of known lists. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "lists/known.h"

/* What the build made of a pattern is what settings would make of it. */
static void
check_code(const struct known_list *list, const struct list_code *c)
{
	char room[LIST_CODE_TEXT_MAX];
	struct buf b = BUF(room);
	struct list_code again;
	struct errbuf e = {0};
	struct ip one = {.len = 4, .b = {127, 0, 0, 1}};

	list_code_print(c, &b);
	if (!list_code_parse(buf_str(&b), &again, &e))
		fail_msg("%s: %s", list->zone, e.text);
	if (again.from != c->from || again.to != c->to || again.mask != c->mask)
		fail_msg("%s: %.*s", list->zone, STR_ARG(buf_str(&b)));
	if (!c->text.n)
		fail_msg("%s: %.*s says nothing", list->zone, STR_ARG(buf_str(&b)));
	if (c->error)
		return;
	if (list_code_has(c, &one) || c->to >= 0x7fffff00)
		fail_msg("%s: %.*s cannot be a listing", list->zone, STR_ARG(buf_str(&b)));
	if (!c->weighs || (list->allow ? c->points > 0 : c->points <= 0) || c->points > 800)
		fail_msg("%s: %.*s has %d points", list->zone, STR_ARG(buf_str(&b)), c->points);
}

static void
test_table(void **state)
{
	size_t n;
	const struct known_list *all = known_lists(&n);

	assert_true(n > 0);
	for (size_t i = 0; i < n; i++) {
		const struct known_list *k = &all[i];
		if (i && strcmp(all[i - 1].zone, k->zone) >= 0)
			fail_msg("%s: not sorted, or twice", k->zone);
		if (!k->title || !k->owner || (k->state != LIST_LIVE && !k->note))
			fail_msg("%s: something is missing", k->zone);
		if (k->state == LIST_DEAD ? k->codes.n > 0 : !k->lookup || !k->terms)
			fail_msg("%s: no look-up page or terms, or codes of a dead list", k->zone);
		if (k->state != LIST_DEAD && k->kind == LIST_OF_ADDRESSES && !k->ipv4 && !k->ipv6)
			fail_msg("%s: no family", k->zone);
		for (size_t c = 0; c < k->codes.n; c++)
			check_code(k, &k->codes.code[c]);
		assert_ptr_equal(known_list_find(str_of(k->zone)), k);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
