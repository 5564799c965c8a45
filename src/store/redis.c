/*
 * store/redis: reading and writing records in a Redis server.
 *
 * A batch of changes is one transaction that is computed here, with the code that all backs share:
 * watch the records, read them, apply the changes, and write the outcome under MULTI and EXEC,
 * which the server does only if nobody else has changed one of them meanwhile; else from the start.
 * So sums of several hosts add up, a record is always a blob with its checksum, and the server
 * needs no scripts.
 *
 * When the answer to an EXEC does not come, nobody knows whether it was done, or will be done yet
 * by a server that reads it late.  So each transaction counts, under a key of its writer, the
 * changes that the writer has made, and that key is watched too.  Before the same changes are tried
 * again it says how many of them are made; and of all transactions that were sent from the same
 * count, only the first to arrive can be done.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/hash.h"
#include "net/caller.h"
#include "store/image.h"
#include "store/redis_private.h"

#define BATCH_MAX     512 /* changes of a transaction, at most */
#define BATCH_BYTES   ((size_t)1 << 20)
#define PAUSE_MAX_MS  4000
#define WRITERS_FIRST 4 /* values that are read in front of the records: see ask_for() */

struct entry {
	enum store_table table;
	struct str key;
	bool was_there;	   /* something is stored under the key */
	bool known, after; /* before, now */
	struct rested was, is;
};

struct batch {
	const struct store_op *const *op;
	size_t n;
	struct entry *entry;
	size_t n_entries;
	uint32_t *slot; /* open hashing: index of the entry plus one */
	size_t slots;
	int64_t now;
	bool hot;	   /* a hot table changes */
	bool odd_hot;	   /* its number is none */
	uint64_t until_us; /* no new attempt after this */
};

/* --- reading --- */

enum store_status
redis_read_record(struct store *s, const struct redis_value *v, enum store_table table,
	struct str key, struct rested *out)
{
	struct redis *q = s->own;
	enum store_status status = redis_record(v, table, key, out);

	if (status != STORE_FAIL)
		return status;
	s->count.damaged++;
	if (!q->told_damaged)
		store_say(s, STORE_SAY_WARN,
			"a record of table %s in Redis at %s is damaged and not used; "
			"\"mxward store check\" shows all",
			store_tables[table].name, q->at);
	q->told_damaged = true;
	return store_trouble(s, "a record in Redis at %s is damaged", q->at);
}

struct foreseen {
	struct wish wish;
	const struct redis_value *v;
};

struct foreseeing {
	const struct wish *wish;
	size_t n;
};

static enum store_status
foresee_step(struct store *s, void *ctx)
{
	struct redis *q = s->own;
	const struct foreseeing *f = ctx;

	/* Not MGET, for which a key of another type is none. */
	for (size_t i = 0; i < f->n; i++) {
		redis_command(q, "GET", 1);
		redis_put_record(q, f->wish[i].table, f->wish[i].key);
	}
	enum store_status status = redis_call(s);
	if (status != STORE_OK)
		return status;
	q->foreseen = arena_alloc(&q->work, f->n * sizeof(*q->foreseen));
	for (size_t i = 0; i < f->n; i++)
		q->foreseen[i] = (struct foreseen){
			{f->wish[i].table, arena_str(&q->work, f->wish[i].key)}, q->value[i]};
	q->n_foreseen = f->n;
	q->next_foreseen = 0;
	return STORE_OK;
}

static void
redis_foresee(struct store *s, const struct wish *wish, size_t n)
{
	struct foreseeing f = {wish, n};

	(void)redis_try(s, false, foresee_step, &f);
}

/* They are read in order, but some may have been withdrawn meanwhile. */
static const struct redis_value *
foreseen(struct redis *q, enum store_table table, struct str key)
{
	while (q->next_foreseen < q->n_foreseen) {
		const struct foreseen *f = &q->foreseen[q->next_foreseen++];
		if (f->wish.table == table && str_eq(f->wish.key, key))
			return f->v;
	}
	return NULL;
}

struct reading {
	enum store_table table;
	struct str key;
	struct rested *out;
};

static enum store_status
read_step(struct store *s, void *ctx)
{
	struct redis *q = s->own;
	const struct reading *r = ctx;

	redis_command(q, "GET", 1);
	redis_put_record(q, r->table, r->key);
	enum store_status status = redis_call(s);
	return status == STORE_OK ? redis_read_record(s, q->value[0], r->table, r->key, r->out)
				  : status;
}

static enum store_status
redis_read(struct store *s, enum store_table table, struct str key, struct rested *out)
{
	struct redis *q = s->own;
	struct reading r = {table, key, out};
	const struct redis_value *v = foreseen(q, table, key);

	if (v)
		return redis_read_record(s, v, table, key, out);
	return redis_try(s, false, read_step, &r);
}

/* --- a server that has lost something --- */

/* What an administrator wrote is still in memory here, and is written again; how much. */
static size_t
restore(struct store *s)
{
	struct redis *q = s->own;
	size_t n = 0;

	q->had_format = false;
	if (s->o.read_only)
		return 0;
	for (size_t t = 0; t < STORE_TABLES; t++) {
		const struct store_image *image = &s->image[t].shown;
		for (size_t i = 0; image->status == STORE_OK && i < image->n; i++) {
			struct store_op op;
			n += image_put_again(s, image->record[i], &op) && store_write_own(s, &op);
		}
	}
	store_say(s, STORE_SAY_WARN,
		"Redis at %s has lost what was stored there: was it emptied, started without its "
		"data, or replaced by another?  %zu exemptions and switches are written again",
		q->at, n);
	return n;
}

/* False: there is nothing any more where there was a store. */
static bool
look_at_format(struct redis *q, const struct redis_value *format)
{
	q->has_format = format->type == REDIS_TEXT;
	if (q->has_format)
		q->had_format = true;
	return q->has_format || !q->had_format;
}

struct hot {
	bool changed;
};

static enum store_status
hot_step(struct store *s, void *ctx)
{
	struct redis *q = s->own;
	struct hot *h = ctx;
	int64_t n = 0;

	redis_command(q, "MGET", 3);
	redis_put_name(q, "hot");
	redis_put_name(q, "format");
	redis_put_name(q, "time");
	redis_time_ask(q);
	enum store_status status = redis_call(s);
	if (status != STORE_OK)
		return status;
	const struct redis_value *known = q->value[0];
	if (!redis_is_list(known, 3))
		return store_trouble(s, "Redis at %s says something else than three values", q->at);
	redis_time_learn(s, known->item[2], q->value[1]);
	bool lost = !look_at_format(q, known->item[1]);
	if (!redis_number(known->item[0], &n))
		n = 0;
	/* Somebody else may have begun to write again already: but this number only grows. */
	lost = lost || (q->hot_known && n < q->hot);
	h->changed = !q->hot_known || n != q->hot;
	/* What is in memory counts until it is written again, and then it is loaded. */
	if (lost && restore(s) > 0)
		h->changed = false;
	q->hot = n;
	q->hot_known = true;
	return STORE_OK;
}

static bool
redis_hot_changed(struct store *s)
{
	struct redis *q = s->own;
	struct hot h = {false};

	if (redis_try(s, false, hot_step, &h) != STORE_OK)
		return false;
	if (q->hot_mine)
		h.changed = true;
	q->hot_mine = false;
	return h.changed;
}

/* --- writing: what is there --- */

static struct entry *
entry_of(struct batch *b, enum store_table table, struct str key)
{
	size_t at = (size_t)hash_str_with(key, table) & (b->slots - 1);

	for (; b->slot[at]; at = (at + 1) & (b->slots - 1)) {
		struct entry *e = &b->entry[b->slot[at] - 1];
		if (e->table == table && str_eq(e->key, key))
			return e;
	}
	struct entry *e = &b->entry[b->n_entries++];
	*e = (struct entry){.table = table, .key = key};
	b->slot[at] = (uint32_t)b->n_entries;
	return e;
}

static void
collect(struct redis *q, struct batch *b)
{
	size_t n = b->n - q->done;

	arena_reset(&q->work);
	b->slots = 16;
	while (b->slots < 2 * n)
		b->slots *= 2;
	b->slot = arena_calloc(&q->work, b->slots, sizeof(*b->slot));
	b->entry = arena_alloc(&q->work, n * sizeof(*b->entry));
	b->n_entries = 0;
	for (size_t i = q->done; i < b->n; i++)
		(void)entry_of(b, b->op[i]->table, b->op[i]->key);
}

/* Watch and read what the changes are about. */
static enum store_status
ask_for(struct store *s, const struct batch *b)
{
	struct redis *q = s->own;

	redis_command(q, "UNWATCH", 0);
	redis_command(q, "WATCH", 1 + b->n_entries);
	redis_put_writer(q, str_of(q->id));
	for (size_t i = 0; i < b->n_entries; i++)
		redis_put_record(q, b->entry[i].table, b->entry[i].key);
	redis_command(q, "MGET", WRITERS_FIRST + b->n_entries);
	redis_put_writer(q, str_of(q->id));
	redis_put_name(q, "format");
	redis_put_name(q, "time");
	redis_put_name(q, "hot");
	for (size_t i = 0; i < b->n_entries; i++)
		redis_put_record(q, b->entry[i].table, b->entry[i].key);
	redis_time_ask(q);
	enum store_status status = redis_call(s);
	if (status == STORE_OK && !redis_is_list(q->value[2], WRITERS_FIRST + b->n_entries))
		return store_trouble(s, "Redis at %s says something else than was asked", q->at);
	return status;
}

/* True: what nobody knew of was made, and the batch is another one now. */
static bool
settle_doubt(struct redis *q, const struct redis_value *count)
{
	int64_t n;

	/* Less than before: the server has lost something, or everything. */
	if (!q->doubt || !redis_number(count, &n) || n <= q->position ||
		n - q->position > (int64_t)q->doubt)
		return false;
	q->done += (size_t)(n - q->position);
	q->position = n;
	q->doubt = 0;
	return true;
}

static enum store_status
learn(struct store *s, struct batch *b, struct redis_value *const *item)
{
	struct redis *q = s->own;
	int64_t n;

	if (!look_at_format(q, item[1]))
		(void)restore(s);
	if (q->has_format && !str_eq(item[1]->text, STR("1"))) {
		redis_disconnect(q);
		return store_trouble(s, "Redis at %s holds a store of a newer mxward", q->at);
	}
	redis_time_learn(s, item[2], q->value[3]);
	b->now = store_now(s);
	b->odd_hot = item[3]->type != REDIS_NIL && !redis_number(item[3], &n);
	for (size_t i = 0; i < b->n_entries; i++) {
		struct entry *e = &b->entry[i];
		const struct redis_value *v = item[WRITERS_FIRST + i];
		e->was_there = v->type != REDIS_NIL;
		e->known = redis_read_record(s, v, e->table, e->key, &e->was) == STORE_OK;
		e->after = e->known;
		if (e->known)
			e->is = e->was;
	}
	return STORE_OK;
}

static void
compute(struct redis *q, struct batch *b)
{
	struct rested next;

	b->hot = false;
	for (size_t i = q->done; i < b->n; i++) {
		const struct store_op *op = b->op[i];
		struct entry *e = entry_of(b, op->table, op->key);
		b->hot = b->hot || (op->op != STORE_ADD && store_tables[op->table].hot);
		if (op->op == STORE_DEL) {
			e->after = false;
			continue;
		}
		rested_apply(e->after ? &e->is : NULL, op, b->now, &next);
		e->is = next;
		e->after = true;
	}
}

/* --- writing: what it becomes --- */

/* What Redis itself takes for a string, an entry of a sorted set, and a word, as measured. */
#define COST_RECORD 96
#define COST_FILED  128
#define COST_HEAD   100 /* of the blob */

int64_t
redis_cost(const struct rested *r)
{
	const struct store_record *rec = &r->r;
	size_t n = COST_HEAD + rec->value.n + rec->key.n + COST_RECORD;

	n += (rec->key.n + COST_FILED) * (r->expires ? 2 : 1);
	for (size_t i = 0; i < rec->n_words; i++)
		n += 2 * rec->word[i].n + rec->key.n + COST_FILED;
	return (int64_t)n;
}

static bool
has_word(const struct store_record *r, struct str word)
{
	for (size_t i = 0; i < r->n_words; i++)
		if (str_eq(r->word[i], word))
			return true;
	return false;
}

/* Words of r that the other one, where there is one, does not have. */
static void
put_words(struct redis *q, const char *command, const struct store_record *r,
	const struct store_record *other)
{
	bool adds = command[1] == 'A'; /* ZADD, ZREM */
	size_t n = 0;

	for (size_t i = 0; i < r->n_words; i++)
		n += !other || !has_word(other, r->word[i]);
	if (n == 0)
		return;
	redis_command(q, command, 1 + n * (adds ? 2 : 1));
	redis_put_index(q, 'w', r->table);
	for (size_t i = 0; i < r->n_words; i++) {
		char room[REDIS_WORD_MAX];
		struct buf b = BUF(room);
		if (other && has_word(other, r->word[i]))
			continue;
		redis_word_print(r->word[i], r->key, &b);
		if (adds)
			redis_put_number(q, 0);
		redis_put(q, buf_str(&b));
	}
}

static void
unfile_by_time(struct redis *q, enum store_table table, int kind, struct str key)
{
	redis_command(q, "ZREM", 2);
	redis_put_by_time(q, table, kind);
	redis_put(q, key);
}

static void
unfile_expiry(struct redis *q, enum store_table table, struct str key)
{
	redis_command(q, "ZREM", 2);
	redis_put_index(q, 'x', table);
	redis_put(q, key);
}

/* Words of one that cannot be read stay: a search compares them with the record. */
void
redis_take_out(struct redis *q, enum store_table table, struct str key, const struct rested *r)
{
	redis_command(q, "DEL", 1);
	redis_put_record(q, table, key);
	for (int k = 0; k < store_tables[table].kinds; k++)
		if (!r || r->r.kind == k)
			unfile_by_time(q, table, k, key);
	if (!r || r->expires)
		unfile_expiry(q, table, key);
	if (r)
		put_words(q, "ZREM", &r->r, NULL);
}

static void
file_times(struct redis *q, const struct entry *e)
{
	const struct rested *was = e->known ? &e->was : NULL, *is = &e->is;

	for (int k = 0; k < store_tables[e->table].kinds; k++)
		if (k != is->r.kind && (was ? was->r.kind == k : e->was_there))
			unfile_by_time(q, e->table, k, e->key);
	if (!was || was->touched != is->touched || was->r.kind != is->r.kind) {
		redis_command(q, "ZADD", 3);
		redis_put_by_time(q, e->table, is->r.kind);
		redis_put_number(q, -is->touched);
		redis_put(q, e->key);
	}
	if (is->expires && (!was || was->expires != is->expires)) {
		redis_command(q, "ZADD", 3);
		redis_put_index(q, 'x', e->table);
		redis_put_number(q, is->expires);
		redis_put(q, e->key);
	} else if (!is->expires && (was ? was->expires != 0 : e->was_there)) {
		unfile_expiry(q, e->table, e->key);
	}
}

static void
put_entry(struct redis *q, const struct entry *e)
{
	struct buf b = BUF(q->blob);

	if (!e->after) {
		if (e->was_there)
			redis_take_out(q, e->table, e->key, e->known ? &e->was : NULL);
		return;
	}
	rested_print(&e->is, &b);
	must(!buf_is_cut(&b));
	redis_command(q, "SET", 2);
	redis_put_record(q, e->table, e->key);
	redis_put(q, buf_str(&b));
	file_times(q, e);
	if (e->known)
		put_words(q, "ZREM", &e->was.r, &e->is.r);
	put_words(q, "ZADD", &e->is.r, e->known ? &e->was.r : NULL);
}

void
redis_put_sizes(struct redis *q, const int64_t grown[STORE_TABLES], int sign)
{
	for (int t = 0; t < STORE_TABLES; t++) {
		if (grown[t] == 0)
			continue;
		redis_command(q, "HINCRBY", 3);
		redis_put_name(q, "size");
		redis_put_number(q, t);
		redis_put_number(q, sign * grown[t]);
	}
}

static void
put_sizes(struct redis *q, const struct batch *b)
{
	int64_t grown[STORE_TABLES] = {0};

	for (size_t i = 0; i < b->n_entries; i++) {
		const struct entry *e = &b->entry[i];
		grown[e->table] +=
			(e->after ? redis_cost(&e->is) : 0) - (e->known ? redis_cost(&e->was) : 0);
	}
	redis_put_sizes(q, grown, 1);
}

static void
put_transaction(struct store *s, const struct batch *b)
{
	struct redis *q = s->own;

	redis_command(q, "MULTI", 0);
	for (size_t i = 0; i < b->n_entries; i++)
		put_entry(q, &b->entry[i]);
	put_sizes(q, b);
	if (b->hot && b->odd_hot) {
		redis_command(q, "SET", 2);
		redis_put_name(q, "hot");
		redis_put_number(q, b->now);
	} else if (b->hot) {
		redis_command(q, "INCR", 1);
		redis_put_name(q, "hot");
	}
	redis_command(q, "SET", 2);
	redis_put_writer(q, str_of(q->id));
	redis_put_number(q, q->position + (int64_t)(b->n - q->done));
	redis_command(q, "ZADD", 3);
	redis_put_name(q, "writers");
	redis_put_number(q, b->now);
	redis_put_z(q, q->id);
	redis_time_tell(s, b->now);
	if (!q->has_format) {
		redis_command(q, "SET", 2);
		redis_put_name(q, "format");
		redis_put_number(q, 1);
	}
	redis_command(q, "EXEC", 0);
}

/* Redis does the rest of a transaction when one of its commands fails, as on a key that somebody
 * else has put in the place of ours. */
static void
look_at_outcome(struct store *s, const struct redis_value *done)
{
	struct redis *q = s->own;

	for (size_t i = 0; i < done->n; i++) {
		if (done->item[i]->type != REDIS_ERROR)
			continue;
		s->count.damaged++;
		(void)redis_error(s, done->item[i]->text);
		if (!q->told_partly)
			store_say(s, STORE_SAY_ERROR, "not all could be written: %s", s->trouble);
		q->told_partly = true;
	}
}

static enum store_status
commit(struct store *s, const struct batch *b)
{
	struct redis *q = s->own;

	size_t n = b->n - q->done;
	put_transaction(s, b);
	q->doubt = n > q->doubt ? n : q->doubt;
	size_t asked = q->out.commands;
	enum store_status status = redis_call(s);
	if (q->n_values < asked)
		return status; /* nobody knows */
	const struct redis_value *last = q->value[asked - 1];
	if (last->type == REDIS_NIL)
		return STORE_BUSY;
	if (last->type != REDIS_LIST)
		return status == STORE_FAIL
			? status
			: store_trouble(s, "Redis at %s says something else than was asked", q->at);
	look_at_outcome(s, last);
	q->position += (int64_t)n;
	q->doubt = 0;
	q->done = 0;
	q->had_format = q->has_format = true;
	q->hot_mine = q->hot_mine || b->hot;
	return STORE_OK;
}

static enum store_status
attempt(struct store *s, struct batch *b)
{
	struct redis *q = s->own;

	for (;;) {
		if (b->n > 0 && q->done >= b->n) {
			q->done -= b->n;
			return STORE_OK;
		}
		collect(q, b);
		enum store_status status = ask_for(s, b);
		if (status != STORE_OK)
			return status;
		struct redis_value *const *item = q->value[2]->item;
		if (settle_doubt(q, item[0]))
			continue;
		status = learn(s, b, item);
		if (status != STORE_OK)
			return status;
		compute(q, b);
		return commit(s, b);
	}
}

/* Somebody else was quicker: again, but not for ever. */
static enum store_status
apply_step(struct store *s, void *ctx)
{
	struct batch *b = ctx;
	enum store_status status;

	for (;;) {
		status = attempt(s, b);
		if (status != STORE_BUSY || clock_us() >= b->until_us)
			return status;
	}
}

static enum store_status
redis_apply(struct store *s, const struct store_op *const *ops, size_t n, bool safely)
{
	struct redis *q = s->own;
	/* Who would rather wait says so, as for a file. */
	uint64_t patience_ms = q->timeout_ms;
	if (s->o.busy_ms > 0 && (uint64_t)s->o.busy_ms > patience_ms)
		patience_ms = (uint64_t)s->o.busy_ms;
	struct batch b = {.op = ops, .n = n, .until_us = clock_us() + patience_ms * 1000};

	(void)safely; /* that is for the server's own settings to say */
	enum store_status status = redis_try(s, true, apply_step, &b);
	/* Perhaps it was too much at once, for the line or for others who write the same. */
	if (status == STORE_OK)
		s->batch_max = s->batch_max < BATCH_MAX ? s->batch_max * 2 : BATCH_MAX;
	else
		s->batch_max = s->batch_max >= 4 ? s->batch_max / 4 : 1;
	return status;
}

/* --- opening and closing --- */

bool
store_redis_at_is_valid(struct str at, struct errbuf *e)
{
	return caller_valid(at, e);
}

static bool
redis_backup(struct store *s, const char *path, struct errbuf *e)
{
	const struct redis *q = s->own;

	return err(e,
		"cannot copy the store to %s: Redis at %s makes copies itself, with BGSAVE, "
		"\"redis-cli --rdb FILE\" or a replica",
		path, q->at);
}

/* Nobody else asks for the count; what our clock said counts for a while yet. */
static void
say_goodbye(struct store *s)
{
	struct redis *q = s->own;

	if (q->fd < 0 || s->o.read_only || q->position == 0 || q->doubt)
		return;
	redis_command(q, "DEL", 1);
	redis_put_writer(q, str_of(q->id));
	(void)redis_call(s);
}

static void
redis_close(struct store *s)
{
	struct redis *q = s->own;

	say_goodbye(s);
	redis_disconnect(q);
	redis_reader_free(q->reader);
	arena_done(&q->work);
	explicit_bzero(q->password, strlen(q->password));
	heap_free(q->at);
	heap_free(q->prefix);
	heap_free(q->user);
	heap_free(q->password);
	heap_free(q->out.p);
	heap_free(q->value);
	heap_free(q);
}

static char *
copied(struct str s)
{
	char *z = heap_alloc(s.n + 1);

	if (s.n)
		memcpy(z, s.p, s.n);
	z[s.n] = '\0';
	return z;
}

static void
draw_id(struct redis *q)
{
	unsigned char bytes[8];

	random_bytes(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(q->id + 2 * i, 3, "%02x", bytes[i]);
}

struct store *
store_open_redis(const struct store_redis *where, const struct store_options *o, struct errbuf *e)
{
	static const struct store_back back = {.apply = redis_apply,
		.read = redis_read,
		.foresee = redis_foresee,
		.find = redis_find,
		.hot_changed = redis_hot_changed,
		.sweep = redis_sweep,
		.stats = redis_stats,
		.check = redis_check,
		.backup = redis_backup,
		.wall = redis_time_wall,
		.close = redis_close};

	if (!store_redis_at_is_valid(where->at, e))
		return NULL;
	struct store *s = store_new(&back, o);
	struct redis *q = heap_calloc(1, sizeof(*q));
	s->own = q;
	s->batch_max = BATCH_MAX;
	s->batch_bytes = BATCH_BYTES;
	s->pause_max_ms = PAUSE_MAX_MS;
	q->at = copied(where->at);
	q->user = copied(where->user);
	q->password = copied(where->password);
	q->prefix = copied(where->prefix.n ? where->prefix : STR(REDIS_PREFIX));
	q->prefix_n = strlen(q->prefix);
	q->db = where->db;
	q->timeout_ms = where->timeout_ms ? where->timeout_ms : REDIS_TIMEOUT_MS;
	q->fd = -1;
	q->reader = redis_reader_new();
	arena_init(&q->work, 4096, SIZE_MAX);
	draw_id(q);
	age_begin(&s->age, 0, 0, store_wall(s), store_ms(s));
	/* Whether it can be reached is told when it is used. */
	(void)redis_ready(s, true);
	return s;
}
