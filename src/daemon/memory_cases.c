/* daemon/memory_cases: see memory_cases.h. */
#include "daemon/memory_cases.h"
#include "checks/dnsbl.h"
#include "core/record_put.h"
#include "daemon/case_words.h"

#define RCPT_KEEP_S (90 * 86400) /* a mailbox is listed so long after its last mail */

struct memory_cases {
	struct arena arena; /* emptied before each case */
	char room[RECORD_PUT_MAX];
};

struct memory_cases *
memory_cases_new(void)
{
	struct memory_cases *m = heap_alloc(sizeof(*m));

	arena_init(&m->arena, 16 << 10, SIZE_MAX);
	return m;
}

void
memory_cases_free(struct memory_cases *m)
{
	if (!m)
		return;
	arena_done(&m->arena);
	heap_free(m);
}

static struct str
kept_rcpt(struct memory_cases *m, const struct privacy_settings *p, struct str rcpt)
{
	UNSET char room[PRIVACY_RCPT_MAX + 64];
	struct buf b = BUF(room);

	privacy_put_rcpt(p, rcpt, &b);
	return arena_str(&m->arena, buf_str(&b));
}

/* Names of the DNS lists that were not asked. */
static struct words
suspended(struct memory_cases *m, const struct visit_case *c)
{
	const struct dnsbl_set *set = c->generation->site.lists;
	uint64_t bits = set ? transaction_lists(c->transaction).suspended : 0;

	if (!bits)
		return (struct words){0, NULL};
	struct str *name = arena_calloc(&m->arena, set->n, sizeof(*name));
	size_t n = 0;
	for (size_t i = 0; i < set->n; i++)
		if (bits >> i & 1)
			name[n++] = set->list[i].name;
	return (struct words){n, name};
}

static struct str
print(struct memory_cases *m, const struct visit_case *c, const struct str *kept, bool hides)
{
	struct record_rcpt rcpt[VISIT_RCPTS];
	struct buf b = BUF(m->room);
	const struct dnsbl_set *set = c->generation->site.lists;

	for (size_t i = 0; i < c->n; i++)
		rcpt[i] = (struct record_rcpt){
			kept[i], c->rcpt[i].verdict, c->rcpt[i].took_us, c->rcpt[i].at_end};
	record_put(&(struct record_out){.id = c->case_id,
			   .queue_id = c->queue_id,
			   .way = c->client->way,
			   .port = c->client->port,
			   .transaction = c->transaction,
			   .checks = &c->generation->checks,
			   .has_lists = set && set->n,
			   .suspended = suspended(m, c),
			   .hides_mailboxes = hides,
			   .settings = c->generation->number,
			   .n = c->n,
			   .rcpt = rcpt},
		&b);
	must(!buf_is_cut(&b)); /* record_put.h promises room for so many recipients */
	return buf_str(&b);
}

static void
put_case(struct memory_cases *m, struct store_client *store, const struct visit_case *c,
	const struct str *kept, bool hides, bool refused)
{
	struct store_op op = {.op = STORE_PUT,
		.table = STORE_CASE,
		.key = c->case_id,
		.kind = refused,
		.value = print(m, c, kept, hides)};

	case_words_fill(&m->arena, c, kept, &op);
	(void)store_client_write(store, &op);
}

/* The list of mailboxes comes about by itself. */
static void
count_rcpts(struct memory_cases *m, struct store_client *store, const struct visit_case *c,
	const struct str *kept)
{
	for (size_t i = 0; i < c->n; i++) {
		enum verdict_kind v = c->rcpt[i].verdict->kind;
		struct store_op op = {.op = STORE_ADD,
			.table = STORE_COUNTER,
			.key = arena_printf(&m->arena, "rcpt:%.*s", STR_ARG(kept[i])),
			.keep_s = RCPT_KEEP_S};
		if (!kept[i].n || c->before >> i & 1)
			continue;
		op.add[v == VERDICT_REJECT ? 1 : v == VERDICT_DEFER ? 2 : 0] = 1;
		(void)store_client_write(store, &op);
	}
}

void
memory_cases_put(struct memory_cases *m, const struct config *config, struct store_client *store,
	const struct visit_case *c)
{
	struct str kept[VISIT_RCPTS];
	int which = config->store.cases;
	bool refused = false, plain = privacy_is_plain(&config->privacy);

	arena_reset(&m->arena);
	for (size_t i = 0; i < c->n; i++) {
		kept[i] = kept_rcpt(m, &config->privacy, c->rcpt[i].rcpt);
		refused |= verdict_refuses(c->rcpt[i].verdict->kind);
	}
	if (which == CASES_ALL || (which == CASES_REFUSED && refused))
		put_case(m, store, c, kept, !plain, refused);
	if (plain)
		count_rcpts(m, store, c, kept);
}
