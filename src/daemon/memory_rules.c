/* daemon/memory_rules: see memory_rules.h. */
#include "daemon/memory_rules.h"

struct str
exempt_counter_key(struct str what, char room[EXEMPT_COUNTER_MAX])
{
	struct buf b = buf_on(room, EXEMPT_COUNTER_MAX);

	buf_puts(&b, EXEMPT_COUNTER);
	buf_put(&b, str_slice(what, 0, EXEMPT_WHAT_MAX));
	return buf_str(&b);
}

void
memory_rules_decided(struct store_client *store, const struct decision *d)
{
	const struct exempted *e = &d->verdict->exempted;
	char room[EXEMPT_COUNTER_MAX];

	for (size_t i = 0; i < e->n; i++) {
		const struct store_op op = {.op = STORE_ADD,
			.table = STORE_COUNTER,
			.key = exempt_counter_key(e->by[i]->what, room),
			.keep_s = EXEMPT_COUNTER_KEEP_S,
			.add = {1}};
		(void)store_client_write(store, &op);
	}
}
