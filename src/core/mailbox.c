/* core/mailbox: see mailbox.h. */
#include "core/mailbox.h"

#include "base/hash.h"

const char *const mailbox_keys[MAILBOX_KEYS] = {[MAILBOX_SKIP] = "skip",
	[MAILBOX_ONLY] = "only",
	[MAILBOX_POLICY] = "policy",
	[MAILBOX_PROFILE] = "profile",
	[MAILBOX_REJECT_AT] = "reject_at",
	[MAILBOX_DEFER_AT] = "defer_at",
	[MAILBOX_REFUSE] = "refuse"};

struct mailboxes {
	size_t n, room, mask;
	const struct mailbox **box;
	uint32_t *slot; /* by hash, probed onwards: number and 1, or 0 */
};

static bool
has(const struct switches *s, enum mailbox_key key)
{
	return s->set >> key & 1;
}

uint64_t
switches_spare(const struct switches *s, size_t n_checks)
{
	uint64_t all = ((uint64_t)1 << n_checks) - 1, spare = 0;

	if (has(s, MAILBOX_SKIP))
		spare |= s->skip;
	if (has(s, MAILBOX_ONLY))
		spare |= ~s->only;
	return spare & all;
}

static void
put_lower(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_putc(out, chr_lower(s.p[i]));
}

bool
mailbox_canonical(struct str address, struct buf *out)
{
	size_t at = str_rfind(address, '@');
	struct str local = str_slice(address, 0, at), domain = str_skip(address, at);

	if (domain.n < 2 || address.n > MAILBOX_WHO_MAX)
		return false;
	/* RFC 5321 4.1.2: the quotation marks are not part of the name. */
	if (local.n >= 2 && local.p[0] == '"' && local.p[local.n - 1] == '"') {
		local = str_slice(local, 1, local.n - 1);
		for (size_t i = 0; i < local.n; i++) {
			i += local.p[i] == '\\' && i + 1 < local.n;
			buf_putc(out, chr_lower(local.p[i]));
		}
	} else {
		put_lower(out, local);
	}
	put_lower(out, domain);
	return !buf_is_cut(out);
}

struct mailboxes *
mailboxes_new(struct arena *a, size_t room)
{
	struct mailboxes *m = arena_new(a, struct mailboxes);
	size_t slots = 2;

	must(room <= MAILBOXES_MAX);
	while (slots < 2 * room)
		slots *= 2;
	m->room = room;
	m->mask = slots - 1;
	m->box = arena_calloc(a, room + 1, sizeof(struct mailbox *));
	m->slot = arena_calloc(a, slots, sizeof(*m->slot));
	return m;
}

/* Where it stands, or would. */
static uint32_t *
place(const struct mailboxes *m, struct str who)
{
	size_t i = hash_str(who) & m->mask;

	while (m->slot[i] && !str_eq(m->box[m->slot[i] - 1]->who, who))
		i = (i + 1) & m->mask;
	return &m->slot[i];
}

void
mailboxes_add(struct mailboxes *m, const struct mailbox *b)
{
	uint32_t *at = place(m, b->who);

	must(m->n < m->room);
	m->box[m->n++] = b;
	*at = (uint32_t)m->n;
}

size_t
mailboxes_count(const struct mailboxes *m)
{
	return m ? m->n : 0;
}

const struct mailbox *
mailboxes_get(const struct mailboxes *m, struct str who)
{
	uint32_t at = mailboxes_count(m) ? *place(m, who) : 0;

	return at ? m->box[at - 1] : NULL;
}

/* What this one has stands in the place of what is there. */
static void
lay_over(struct switches *s, const struct switches *own)
{
	s->set |= own->set;
	if (has(own, MAILBOX_SKIP))
		s->skip = own->skip;
	if (has(own, MAILBOX_ONLY))
		s->only = own->only;
	if (has(own, MAILBOX_POLICY))
		s->off = own->off;
	if (has(own, MAILBOX_PROFILE))
		s->profile = own->profile;
	if (has(own, MAILBOX_REJECT_AT))
		s->reject_at = own->reject_at;
	if (has(own, MAILBOX_DEFER_AT))
		s->defer_at = own->defer_at;
	if (has(own, MAILBOX_REFUSE))
		s->refuse = own->refuse;
}

/* Where the extension of a local part begins; its length where there is none.  A name does not
 * begin with it. */
static size_t
extension(struct str local, struct str delimiters)
{
	for (size_t i = 1; i < local.n; i++)
		if (str_find(delimiters, local.p[i]) < delimiters.n)
			return i;
	return local.n;
}

bool
mailboxes_find(const struct mailboxes *m, struct str rcpt, struct str delimiters,
	struct mailbox_found *out)
{
	UNSET char room[MAILBOX_WHO_MAX], base_room[MAILBOX_WHO_MAX];
	struct buf who = BUF(room), base = BUF(base_room);

	if (!mailboxes_count(m) || !mailbox_canonical(rcpt, &who))
		return false;
	size_t at = str_rfind(buf_str(&who), '@');
	struct str local = str_slice(buf_str(&who), 0, at), domain = str_skip(buf_str(&who), at);
	size_t end = extension(local, delimiters);
	*out = (struct mailbox_found){.n = 0};
	const struct mailbox *by[MAILBOX_LAYERS] = {mailboxes_get(m, buf_str(&who))};
	if (end < local.n) {
		buf_put(&base, str_slice(local, 0, end));
		buf_put(&base, domain);
		by[1] = mailboxes_get(m, buf_str(&base));
	}
	if (local.n)
		by[2] = mailboxes_get(m, domain);
	for (size_t i = 0; i < COUNT(by); i++)
		if (by[i])
			out->by[out->n++] = by[i];
	for (size_t i = out->n; i-- > 0;)
		lay_over(&out->switches, &out->by[i]->switches);
	return out->n > 0;
}
