/* Fuzz target: an exemption as the store has it, its key on the first line and its value behind it.
 * What can be read prints back to the same, applies to itself, and spares known checks only. */
#include <stdint.h>

#include "checks/checks.h"
#include "core/exempt_value.h"
#include "daemon/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
print_back(struct arena *a, const struct exempt_value *v, const struct check_set *set)
{
	static char room[EXEMPT_VALUE_MAX];
	struct buf b = BUF(room);
	struct exempt_value again;

	/* Escapes can make it longer than a value may be. */
	if (!exempt_value_print(v, set, &b))
		return;
	must(exempt_value_parse(a, buf_str(&b), set, &again));
	must(again.checks == v->checks && str_eq(again.reason, v->reason));
	must(str_eq(again.owner, v->owner) && str_eq(again.case_id, v->case_id));
	must(str_eq(again.by, v->by));
}

static void
apply(const struct rules *r)
{
	const struct exempts *x = rules_exempts(r);
	const struct exempt_tables t = {{NULL, x}};
	const struct exemption *e = exempts_get(x, 0);
	struct exempted out = {.skip = 0};

	if (e->by_domain)
		exempts_by_name(&t, e->what, STR(""), 1, &out);
	else
		exempts_by_ip(&t, &e->net.ip, 1, &out);
	must(out.n == 1 && out.by[0] == e && out.skip == e->checks);
	must(!exempts_wider(x, e));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct check_set set = {.n = 0};
	struct str value = str_from((const char *)data, size), key = STR("");
	struct exempt_value v;
	struct arena a;

	(void)str_split(&value, '\n', &key);
	if (!value.p || !key.n || key.n > STORE_KEY_MAX)
		return 0;
	set.check = checks_all(&set.n);
	arena_init(&a, 4096, (size_t)1 << 20);
	if (exempt_value_parse(&a, value, &set, &v)) {
		must(v.checks && v.checks >> set.n == 0);
		print_back(&a, &v, &set);
	}
	const struct store_record record = {.key = key, .value = value, .left_s = 9};
	const struct store_record *const list[] = {&record};
	const struct store_image image = {.n = 1, .record = list};
	struct rules *r = rules_read(STORE_EXEMPT, &image, &set);
	must(rules_count(r) + rules_unread(r) == 1);
	if (rules_count(r))
		apply(r);
	rules_unref(r);
	arena_done(&a);
	return 0;
}
