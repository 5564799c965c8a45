/* lists/table: see table.h.  Here a finished table is searched; it is made in table_read.c. */
#include "base/arena.h"
#include "base/hash.h"

#include "lists/table_private.h"

#define NAME_MAX_LOOKED 254 /* no entry is longer */

struct table *
table_ref(struct table *t)
{
	t->refs++;
	return t;
}

static void
prefixes_free(struct prefixes *p)
{
	for (size_t i = 0; i < p->levels; i++)
		heap_free(p->fence[i].at);
	heap_free(p->at);
}

void
table_unref(struct table *t)
{
	if (!t || --t->refs)
		return;
	prefixes_free(&t->net[0]);
	prefixes_free(&t->net[1]);
	heap_free(t->names.tag);
	heap_free(t->names.place);
	heap_free(t->text);
	heap_free(t);
}

/* --- notes --- */

/* A string in the text block: length (2), bytes. */
static struct str
text_at(const struct table *t, uint32_t place)
{
	struct cursor c = cursor_on(str_from(t->text, t->n_text));

	cursor_seek(&c, place);
	size_t n = cursor_u16(&c);
	struct str s = cursor_bytes(&c, n);
	must(cursor_ok(&c));
	return s;
}

/* Reply record: code (2), length of the enhanced code (1), it, text. */
static struct table_reply
read_reply(struct str record)
{
	struct cursor c = cursor_on(record);
	struct table_reply r = {.code = cursor_u16(&c)};
	size_t n = cursor_u8(&c);

	r.enhanced = cursor_bytes(&c, n);
	r.text = cursor_rest(&c);
	must(cursor_ok(&c));
	return r;
}

static void
fill_note(const struct table *t, uint32_t note, struct table_hit *out)
{
	out->comment = out->reply.enhanced = out->reply.text = STR("");
	out->reply.code = 0;
	if (!note)
		return;
	struct str record = text_at(t, note);
	uint32_t reply = get32(record.p);
	out->comment = str_skip(record, sizeof(reply));
	if (reply)
		out->reply = read_reply(text_at(t, reply));
}

/* --- addresses --- */

/* Compilers make one load of it. */
static inline uint32_t
get_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t
get_be64(const uint8_t *p)
{
	return (uint64_t)get_be32(p) << 32 | get_be32(p + 4);
}

/* a <= b, for addresses of both lengths. */
static inline bool
not_above(const uint8_t *a, const uint8_t *b, size_t width)
{
	if (width == 4)
		return get_be32(a) <= get_be32(b);
	uint64_t x = get_be64(a), y = get_be64(b);
	return x != y ? x < y : get_be64(a + 8) <= get_be64(b + 8);
}

/* The last of n sorted addresses that is not above this one; n: all are. */
static size_t
last_not_above(const uint8_t *at, size_t stride, size_t n, const uint8_t *ip, size_t width)
{
	size_t i = 0, left = n;

	/* All lines of the cache at once, not one after the other as halving comes to them. */
	for (size_t k = 0; k < n * stride; k += 64)
		__builtin_prefetch(at + k);
	while (left > 1) {
		size_t half = left / 2;
		i += not_above(at + (i + half) * stride, ip, width) ? half : 0;
		left -= half;
	}
	return left && not_above(at + i * stride, ip, width) ? i : n;
}

/* The last prefix that does not begin above the address: the narrowest that has it inside is this
 * one or one around this one.  NO_PREFIX: all begin above. */
static uint32_t
last_below(const struct prefixes *p, const uint8_t *ip)
{
	size_t from = 0, n = p->levels ? p->fence[p->levels - 1].n : p->n;

	if (n == 0)
		return NO_PREFIX;
	for (size_t level = p->levels; level > 0; level--) {
		const struct fence *f = &p->fence[level - 1];
		size_t i = last_not_above(f->at + from * p->width, p->width, n, ip, p->width);
		if (i == n)
			return NO_PREFIX;
		size_t below = level > 1 ? p->fence[level - 2].n : p->n;
		from = (from + i) * FENCE;
		n = below - from < FENCE ? below - from : FENCE;
	}
	size_t i = last_not_above(prefix_at(p, from), prefix_size(p), n, ip, p->width);
	return i < n ? (uint32_t)(from + i) : NO_PREFIX;
}

static struct ip_net
net_of(const struct prefixes *p, uint32_t i)
{
	const uint8_t *at = prefix_at(p, i);
	struct ip_net net = {.ip = {.len = (uint8_t)p->width}, .bits = at[p->width]};

	memcpy(net.ip.b, at, p->width);
	return net;
}

bool
table_find_ip(const struct table *t, const struct ip *ip, struct table_hit *out)
{
	if (ip->len == 0)
		return false;
	const struct prefixes *p = &t->net[ip->len == 16];
	for (uint32_t i = last_below(p, ip->b); i != NO_PREFIX;) {
		const uint8_t *at = prefix_at(p, i);
		struct ip_net net = net_of(p, i);
		if (!ip_net_has(&net, ip)) {
			i = get32(at + p->width + 1);
			continue;
		}
		uint32_t note = get32(at + p->width + 5);
		if (note & NOTE_EXCEPT)
			return false;
		*out = (struct table_hit){.net = net, .name = STR("")};
		fill_note(t, note, out);
		return true;
	}
	return false;
}

/* --- names --- */

struct name_hash
name_hash(const struct names *n, struct str name)
{
	uint64_t h = hash_str(name);
	uint8_t tag = (uint8_t)h;

	/* The upper half of the hash as a fraction of the slots. */
	return (struct name_hash){(size_t)((h >> 32) * n->slots >> 32), tag ? tag : 1};
}

/* The record of a name with this mark, else one without a mark, or 0. */
static uint32_t
find_record(const struct table *t, struct str name, char mark)
{
	const struct names *n = &t->names;
	struct name_hash h = name_hash(n, name);
	uint32_t plain = 0;

	for (size_t i = h.slot; n->tag[i]; i = i + 1 == n->slots ? 0 : i + 1) {
		if (n->tag[i] != h.tag || !str_eq(name_text(t->text, n->place[i]), name))
			continue;
		char got = name_mark(t->text, n->place[i]);
		if (got == mark)
			return n->place[i];
		if (!got)
			plain = n->place[i];
	}
	return plain;
}

static bool
take_record(const struct table *t, uint32_t place, struct table_hit *out)
{
	uint32_t note = get32(t->text + place);
	char mark = name_mark(t->text, place);

	if (note & NOTE_EXCEPT)
		return false;
	*out = (struct table_hit){
		.name = name_text(t->text, place), .mark = mark == '@' ? '\0' : mark};
	fill_note(t, note, out);
	return true;
}

/* Lower case, without a dot at the end; only so much of it as an entry can be. */
static struct str
fold(struct str s, char room[NAME_MAX_LOOKED])
{
	if (s.n && s.p[s.n - 1] == '.')
		s.n--;
	if (s.n > NAME_MAX_LOOKED)
		s = str_skip(s, s.n - NAME_MAX_LOOKED);
	for (size_t i = 0; i < s.n; i++)
		room[i] = chr_lower(s.p[i]);
	return str_from(room, s.n);
}

bool
table_find_name(const struct table *t, struct str name, struct table_hit *out)
{
	char room[NAME_MAX_LOOKED];
	struct str rest = fold(name, room), label;
	/* Of a name that was too long the first label is half a one, which nothing may match. */
	bool whole = name.n <= NAME_MAX_LOOKED;

	if (!t->names.n)
		return false;
	for (char mark = '='; rest.n; mark = '.') {
		uint32_t place = whole ? find_record(t, rest, mark) : 0;
		if (place)
			return take_record(t, place, out);
		whole = true;
		(void)str_split(&rest, '.', &label);
	}
	return false;
}

bool
table_find_sender(const struct table *t, struct str sender, struct table_hit *out)
{
	char room[NAME_MAX_LOOKED];
	size_t at = str_rfind(sender, '@');

	if (at == sender.n || !t->names.n)
		return false;
	if (sender.n <= NAME_MAX_LOOKED) {
		uint32_t place = find_record(t, fold(sender, room), '@');
		if (place)
			return take_record(t, place, out);
	}
	return table_find_name(t, str_skip(sender, at + 1), out);
}

/* --- the rest --- */

void
table_print_entry(const struct table_hit *hit, struct buf *out)
{
	if (hit->net.ip.len) {
		ip_net_print(&hit->net, out);
		return;
	}
	if (hit->mark)
		buf_putc(out, hit->mark);
	buf_put(out, hit->name);
}

size_t
table_count(const struct table *t)
{
	return t->net[0].n + t->net[1].n + t->names.n;
}

size_t
table_memory(const struct table *t)
{
	size_t sum = sizeof(*t) + t->n_text + t->names.slots * (1 + sizeof(uint32_t));

	for (int i = 0; i < 2; i++) {
		const struct prefixes *p = &t->net[i];
		sum += p->n * prefix_size(p);
		for (size_t k = 0; k < p->levels; k++)
			sum += p->fence[k].n * p->width;
	}
	return sum;
}
