/*
 * lists/table_read: a list's text into a table, see table.h.
 *
 * Lines may come in pieces, so that a file is never in memory as a whole.  Replies and comments
 * that come again are kept once.  Sorting, the links between prefixes and the hash of names are
 * made at the end.
 */
#include "base/arena.h"
#include "base/hash.h"

#include "lists/sort.h"
#include "lists/table_private.h"
#include "mail/enhanced.h"

#define NAME_LEN_MAX   253 /* RFC 1035: 255 bytes on the wire */
#define LABEL_MAX      63
#define SENDER_LEN_MAX 254 /* RFC 5321 4.5.3.1.3, without the brackets */
#define SHOWN_MAX      80
/* More than one line can add to the text block. */
#define TEXT_SPARE (4 * (size_t)TABLE_LINE_MAX)

/* What was put into the text block last of all that have these bits of the hash: to find what comes
 * again, as most comments do.  A list whose comments are all different gains nothing from knowing
 * them all, and would pay for it. */
#define SEEN 8192

struct seen {
	uint64_t hash;
	uint32_t place; /* 0: none */
};

struct table_reader {
	const char *name;
	unsigned kinds;
	unsigned line;
	bool failed;
	struct table *t; /* its text block and prefixes grow */
	size_t text_room;
	/* names, in the order of the file */
	uint32_t *place, *place_line;
	size_t n_names, names_room;
	struct seen *seen; /* SEEN of them, from the first comment on */
	size_t n_carry;
	/* A line whose end has not come yet, with room for a byte order mark and a CR. */
	char carry[TABLE_LINE_MAX + 4];
};

struct table_reader *
table_reader_new(const char *name, unsigned kinds)
{
	struct table_reader *r = heap_calloc(1, sizeof(*r));

	r->name = name;
	r->kinds = kinds;
	r->t = heap_calloc(1, sizeof(*r->t));
	r->t->refs = 1;
	r->t->net[0].width = 4;
	r->t->net[1].width = 16;
	r->text_room = 4096;
	r->t->text = heap_alloc(r->text_room);
	r->t->text[0] = '\0';
	r->t->n_text = 1; /* place 0 is none */
	return r;
}

/* Where an error belongs; only asked for when there is one, since a million lines have none. */
static struct errbuf *
here(const struct table_reader *r, struct errbuf *e)
{
	errbuf_at(e, r->name, r->line);
	return e;
}

/* What stands in the file, fit for a terminal. */
static const char *
shown(struct str s, char room[SHOWN_MAX * 4 + 8])
{
	struct buf b = buf_on(room, SHOWN_MAX * 4 + 7);

	buf_put_escaped(&b, s, SHOWN_MAX);
	room[b.n] = '\0';
	return room;
}

/* --- the text block --- */

/* Room for n bytes more at the end. */
static char *
text_grow(struct table_reader *r, size_t n)
{
	struct table *t = r->t;

	if (t->n_text + n > r->text_room) {
		r->text_room += r->text_room / 2 + n;
		t->text = heap_realloc(t->text, r->text_room);
	}
	char *at = t->text + t->n_text;
	t->n_text += n;
	return at;
}

static struct str
seen_text(const struct table_reader *r, uint32_t place)
{
	const unsigned char *p = (const unsigned char *)r->t->text + place;

	return str_from(r->t->text + place + 2, (size_t)p[0] << 8 | p[1]);
}

/* The place of these bytes in the text block. */
static uint32_t
intern(struct table_reader *r, struct str s)
{
	uint64_t hash = hash_str(s);

	if (!r->seen)
		r->seen = heap_calloc(SEEN, sizeof(*r->seen));
	struct seen *seen = &r->seen[hash % SEEN];

	must(s.n <= UINT16_MAX);
	if (seen->hash == hash && str_eq(seen_text(r, seen->place), s))
		return seen->place;
	*seen = (struct seen){hash, (uint32_t)r->t->n_text};
	char *at = text_grow(r, s.n + 2);
	at[0] = (char)(s.n >> 8);
	at[1] = (char)s.n;
	if (s.n)
		memcpy(at + 2, s.p, s.n);
	return seen->place;
}

/* --- replies and comments --- */

/* "5.7.1" and the like, of whatever class: no text begins so. */
static bool
looks_enhanced(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!chr_is_digit(s.p[i]) && s.p[i] != '.')
			return false;
	return s.n > 1 && s.p[1] == '.';
}

bool
table_reply_parse(struct str text, struct table_reply *out, struct errbuf *e)
{
	char room[SHOWN_MAX * 4 + 8];
	struct str rest = text, word = STR(""), next, after;
	struct table_reply r = {.text = STR("")};
	uint64_t code;

	(void)str_word(&rest, &word);
	if (word.n != 3 || !str_to_u64(word, 599, &code) || code < 400 || word.p[1] > '5')
		return err(e,
			"\"%s\" is no reply: it begins with a code, as in \"553 5.7.1 text\"; a "
			"comment begins with #",
			shown(text, room));
	if (code == 421 || code == 521)
		return err(e,
			"code %u would end the SMTP session for all its messages: use "
			"another",
			(unsigned)code);
	r.code = (uint16_t)code;
	r.enhanced = code < 500 ? STR("4.7.1") : STR("5.7.1");
	after = rest;
	if (str_word(&after, &next) && looks_enhanced(next)) {
		if (!mail_enhanced_is_of(next, word.p[0]))
			return err(e, "\"%s\" is no enhanced code that belongs to %u: %c.7.1 is",
				shown(next, room), (unsigned)code, word.p[0]);
		r.enhanced = next;
		rest = after;
	}
	r.text = str_trim(rest);
	if (r.text.n > TABLE_REPLY_MAX)
		return err(e, "the text of the reply has %zu bytes: at most %d are possible",
			r.text.n, TABLE_REPLY_MAX);
	for (size_t i = 0; i < r.text.n; i++)
		if (!chr_is_print(r.text.p[i]))
			return err(e, "the text of a reply is ASCII: \"%s\"", shown(r.text, room));
	*out = r;
	return true;
}

/* The place of a note; reply and comment may be empty. */
static bool
take_note(struct table_reader *r, struct str reply, struct str comment, uint32_t *out,
	struct errbuf *e)
{
	char room[TABLE_LINE_MAX + 64];
	struct buf b = BUF(room);
	uint32_t place = 0;

	if (reply.n) {
		struct table_reply parsed;
		if (!table_reply_parse(reply, &parsed, here(r, e)))
			return false;
		buf_put16(&b, parsed.code);
		buf_putc(&b, (char)parsed.enhanced.n);
		buf_put(&b, parsed.enhanced);
		buf_put(&b, parsed.text);
		place = intern(r, buf_str(&b));
		buf_reset(&b);
	}
	buf_put(&b, str_from((const char *)&place, sizeof(place)));
	buf_put(&b, comment);
	must(!buf_is_cut(&b));
	*out = place || comment.n ? intern(r, buf_str(&b)) : 0;
	return true;
}

/* --- entries --- */

static void
take_net(struct table_reader *r, const struct ip_net *net, uint32_t note)
{
	struct prefixes *p = &r->t->net[net->ip.len == 16];
	size_t size = prefix_size(p);

	if (p->n == p->room) {
		p->room = p->room ? p->room * 2 : 64;
		p->at = heap_realloc(p->at, p->room * size);
	}
	uint8_t *at = p->at + p->n++ * size;
	memcpy(at, net->ip.b, p->width);
	at[p->width] = net->bits;
	struct buf line = buf_on(at + p->width + 1, 4);
	buf_put32(&line, r->line);
	set32(at + p->width + 5, note);
	if (p->n > 1 && memcmp(at - size, at, p->width + 1) >= 0)
		p->unsorted = true;
}

/* An address or a network; *is_one: it was meant as such. */
static bool
read_net(struct table_reader *r, struct str word, uint32_t note, bool *is_one, struct errbuf *e)
{
	char room[SHOWN_MAX * 4 + 8], base[IP_TEXT_MAX];
	size_t slash = str_find(word, '/');
	struct ip_net net;
	struct ip ip;

	*is_one = ip_parse(str_slice(word, 0, slash), &ip);
	if (!*is_one)
		return true;
	if (!ip_net_parse(word, &net))
		return err(here(r, e), "\"%s\": the length after \"/\" is a number from 0 to %u",
			shown(word, room), ip.len * 8u);
	if (!ip_eq(&net.ip, &ip))
		return err(here(r, e),
			"\"%s\" has bits behind its length: %s/%u is the network, an address alone "
			"has no \"/\"",
			shown(word, room), ip_text(&net.ip, base), net.bits);
	if (!(r->kinds & TABLE_ADDRESSES))
		return err(here(r, e),
			"\"%s\" is an address, but this list is not compared with the client's",
			shown(word, room));
	take_net(r, &net, note);
	return true;
}

static void
take_name(struct table_reader *r, struct str name, char mark, uint32_t note)
{
	if (r->n_names == r->names_room) {
		r->names_room = r->names_room ? r->names_room * 2 : 64;
		r->place = heap_realloc(r->place, r->names_room * sizeof(*r->place));
		r->place_line = heap_realloc(r->place_line, r->names_room * sizeof(*r->place_line));
	}
	r->place[r->n_names] = (uint32_t)r->t->n_text;
	r->place_line[r->n_names++] = r->line;
	char *at = text_grow(r, NAME_HEAD + name.n);
	set32(at, note);
	at[4] = mark;
	at[5] = (char)name.n;
	for (size_t i = 0; i < name.n; i++)
		at[NAME_HEAD + i] = chr_lower(name.p[i]);
}

/* Letters, digits, hyphens and, since reverse names have them, underscores.  The last label is no
 * number, or every slip in an address would be a domain. */
static bool
domain_is_valid(struct str s)
{
	struct str label;
	bool is_number = false;

	if (s.n > NAME_LEN_MAX)
		return false;
	while (str_split(&s, '.', &label)) {
		if (label.n == 0 || label.n > LABEL_MAX)
			return false;
		is_number = true;
		for (size_t i = 0; i < label.n; i++) {
			is_number = is_number && chr_is_digit(label.p[i]);
			if (!chr_is_alnum(label.p[i]) && label.p[i] != '-' && label.p[i] != '_')
				return false;
		}
	}
	return !is_number;
}

static struct str
without_dot(struct str s)
{
	if (s.n > 1 && s.p[s.n - 1] == '.')
		s.n--;
	return s;
}

static bool
read_domain(struct table_reader *r, struct str word, uint32_t note, struct errbuf *e)
{
	char room[SHOWN_MAX * 4 + 8];
	char mark = word.p[0] == '=' || word.p[0] == '.' ? word.p[0] : '\0';
	struct str name = without_dot(str_skip(word, mark ? 1 : 0));

	if (!domain_is_valid(name))
		return err(here(r, e), "\"%s\" is no address, network, domain or sender",
			shown(word, room));
	if (!(r->kinds & TABLE_NAMES))
		return err(here(r, e),
			"\"%s\" is a domain, but this list is not compared with any name",
			shown(word, room));
	take_name(r, name, mark, note);
	return true;
}

static bool
read_sender(struct table_reader *r, struct str word, size_t at, uint32_t note, struct errbuf *e)
{
	char room[SHOWN_MAX * 4 + 8];
	struct str sender = without_dot(word);

	if (at == 0)
		return err(here(r, e), "\"%s\": all senders of a domain are written as the domain",
			shown(word, room));
	/* Marks are for domains: in front of a sender they are meant as such, but mean nothing. */
	bool marked = sender.p[0] == '=' || sender.p[0] == '.';
	if (marked || sender.n > SENDER_LEN_MAX || !domain_is_valid(str_skip(sender, at + 1)))
		return err(here(r, e), "\"%s\" is no sender's address", shown(word, room));
	if (!(r->kinds & TABLE_SENDERS))
		return err(here(r, e),
			"\"%s\" is a sender, but this list is not compared with senders",
			shown(word, room));
	take_name(r, sender, '@', note);
	return true;
}

static bool
read_entry(struct table_reader *r, struct str word, uint32_t note, struct errbuf *e)
{
	bool is_net = false;

	if (word.p[0] == '!') {
		note |= NOTE_EXCEPT;
		word = str_skip(word, 1);
	}
	if (table_count(r->t) + r->n_names >= TABLE_ENTRIES_MAX)
		return err(here(r, e), "more than %d entries", TABLE_ENTRIES_MAX);
	size_t at = str_rfind(word, '@');
	if (at < word.n)
		return read_sender(r, word, at, note, e);
	/* Only what has a colon or begins with a digit can be an address. */
	if ((chr_is_digit(word.p[0]) || str_find(word, ':') < word.n) &&
		!read_net(r, word, note, &is_net, e))
		return false;
	return is_net || read_domain(r, word, note, e);
}

/* Cut at the comment; control bytes are in no text. */
static bool
split_comment(struct table_reader *r, struct str line, struct str *entry, struct str *comment,
	struct errbuf *e)
{
	bool after_blank = true;
	size_t end = line.n;

	for (size_t i = 0; i < line.n; i++) {
		char c = line.p[i];
		if ((unsigned char)c < 0x20 && c != '\t')
			return err(here(r, e), "a control byte (%u) in column %zu: lists are text",
				(unsigned char)c, i + 1);
		if (after_blank && (c == '#' || c == ';') && end == line.n)
			end = i;
		after_blank = c == ' ' || c == '\t';
	}
	*entry = str_trim(str_slice(line, 0, end));
	*comment = str_trim(str_skip(line, end + 1));
	return true;
}

static bool
read_line(struct table_reader *r, struct str line, struct errbuf *e)
{
	struct str rest, comment, word;
	uint32_t note;

	r->line++;
	if (str_has_suffix(line, STR("\r")))
		line.n--;
	if (r->line == 1 && str_has_prefix(line, STR("\xef\xbb\xbf")))
		line = str_skip(line, 3);
	if (line.n > TABLE_LINE_MAX)
		return err(here(r, e), "a line of more than %d bytes", TABLE_LINE_MAX);
	if (!split_comment(r, line, &rest, &comment, e))
		return false;
	if (!str_word(&rest, &word))
		return true;
	if (str_eq(word, STR("!")))
		return err(here(r, e), "\"!\" stands right before the entry");
	if (r->t->n_text + TEXT_SPARE > TEXT_MAX)
		return err(here(r, e), "the list is too big");
	return take_note(r, str_trim(rest), comment, &note, e) && read_entry(r, word, note, e);
}

/* A piece of a line, to be completed by what comes next. */
static bool
carry(struct table_reader *r, struct str piece, struct errbuf *e)
{
	if (piece.n > sizeof(r->carry) - r->n_carry) {
		r->line++;
		return err(here(r, e), "a line of more than %d bytes", TABLE_LINE_MAX);
	}
	if (piece.n)
		memcpy(r->carry + r->n_carry, piece.p, piece.n);
	r->n_carry += piece.n;
	return true;
}

static bool
feed_lines(struct table_reader *r, struct str bytes, struct errbuf *e)
{
	while (bytes.n) {
		size_t end = str_find(bytes, '\n');
		struct str line = str_slice(bytes, 0, end);
		if (end == bytes.n)
			return carry(r, line, e);
		bytes = str_skip(bytes, end + 1);
		if (r->n_carry) {
			if (!carry(r, line, e))
				return false;
			line = str_from(r->carry, r->n_carry);
			r->n_carry = 0;
		}
		if (!read_line(r, line, e))
			return false;
	}
	return true;
}

bool
table_reader_feed(struct table_reader *r, struct str bytes, struct errbuf *e)
{
	if (!r->failed && !feed_lines(r, bytes, e))
		r->failed = true;
	return !r->failed;
}

/* --- at the end --- */

/* The same entry, once with "!" and once without. */
static bool
contradiction(
	const struct table_reader *r, struct str entry, unsigned a, unsigned b, struct errbuf *e)
{
	char room[SHOWN_MAX * 4 + 8];

	errbuf_at(e, r->name, a > b ? a : b);
	return err(e, "\"%s\" stands in line %u too, one of the two an exception",
		shown(entry, room), a > b ? b : a);
}

static uint32_t
line_of(const struct prefixes *p, size_t i)
{
	struct cursor c =
		cursor_on(str_from((const char *)prefix_at(p, i) + p->width + 1, sizeof(uint32_t)));

	return cursor_u32(&c);
}

static bool
net_contradiction(const struct table_reader *r, const struct prefixes *p, size_t a, size_t b,
	struct errbuf *e)
{
	char room[IP_TEXT_MAX + 8];
	struct buf text = BUF(room);
	const uint8_t *at = prefix_at(p, a);
	struct ip_net net = {.ip = {.len = (uint8_t)p->width}, .bits = at[p->width]};

	memcpy(net.ip.b, at, p->width);
	ip_net_print(&net, &text);
	return contradiction(r, buf_str(&text), line_of(p, a), line_of(p, b), e);
}

static bool
is_except(const struct prefixes *p, size_t i)
{
	return get32(prefix_at(p, i) + p->width + 5) & NOTE_EXCEPT;
}

/* Sort; of equal prefixes the first in the file stays. */
static bool
sort_nets(const struct table_reader *r, struct prefixes *p, struct errbuf *e)
{
	size_t kept = 0;

	if (!p->unsorted)
		return true;
	records_sort(p->at, p->n, prefix_size(p), p->width + 5); /* address, length, line */
	for (size_t i = 1; i < p->n; i++) {
		if (memcmp(prefix_at(p, kept), prefix_at(p, i), p->width + 1) != 0)
			memmove(prefix_at(p, ++kept), prefix_at(p, i), prefix_size(p));
		else if (is_except(p, kept) != is_except(p, i))
			return net_contradiction(r, p, kept, i, e);
	}
	p->n = kept + 1;
	return true;
}

static bool
has_inside(const struct prefixes *p, size_t wide, size_t narrow)
{
	const uint8_t *w = prefix_at(p, wide), *n = prefix_at(p, narrow);
	struct ip_net net = {.ip = {.len = (uint8_t)p->width}, .bits = w[p->width]};
	struct ip ip = {.len = (uint8_t)p->width};

	memcpy(net.ip.b, w, p->width);
	memcpy(ip.b, n, p->width);
	return ip_net_has(&net, &ip);
}

/* Whatever has a prefix inside stands before it, so those around the current one are a chain. */
static void
link_nets(struct prefixes *p)
{
	uint32_t around = NO_PREFIX;

	for (size_t i = 0; i < p->n; i++) {
		while (around != NO_PREFIX && !has_inside(p, around, i))
			around = get32(prefix_at(p, around) + p->width + 1);
		set32(prefix_at(p, i) + p->width + 1, around);
		around = (uint32_t)i;
	}
}

/* The address of each FENCE-th of what lies below, until all are few. */
static void
build_fences(struct prefixes *p)
{
	const uint8_t *below = p->at;
	size_t n = p->n, stride = prefix_size(p);

	for (; n > FENCE; p->levels++) {
		must(p->levels < FENCES_MAX);
		struct fence *f = &p->fence[p->levels];
		f->n = (n + FENCE - 1) / FENCE;
		f->at = heap_alloc(f->n * p->width);
		for (size_t i = 0; i < f->n; i++)
			memcpy(f->at + i * p->width, below + i * FENCE * stride, p->width);
		below = f->at;
		n = f->n;
		stride = p->width;
	}
}

static bool
finish_nets(const struct table_reader *r, struct prefixes *p, struct errbuf *e)
{
	if (!sort_nets(r, p, e))
		return false;
	link_nets(p);
	if (p->n) {
		p->at = heap_realloc(p->at, p->n * prefix_size(p));
		build_fences(p);
	}
	return true;
}

static unsigned
line_of_name(const struct table_reader *r, uint32_t place)
{
	size_t i = 0;

	while (r->place[i] != place)
		i++;
	return r->place_line[i];
}

/* Into the hash; of equal entries the first stays. */
static bool
add_name(struct table_reader *r, size_t number, struct errbuf *e)
{
	struct names *n = &r->t->names;
	const char *text = r->t->text;
	uint32_t place = r->place[number];
	struct str name = name_text(text, place);
	struct name_hash h = name_hash(n, name);
	size_t i = h.slot;

	for (; n->tag[i]; i = i + 1 == n->slots ? 0 : i + 1) {
		uint32_t other = n->place[i];
		if (n->tag[i] != h.tag || name_mark(text, other) != name_mark(text, place) ||
			!str_eq(name_text(text, other), name))
			continue;
		if ((get32(text + other) ^ get32(text + place)) & NOTE_EXCEPT)
			return contradiction(
				r, name, line_of_name(r, other), r->place_line[number], e);
		return true;
	}
	n->tag[i] = h.tag;
	n->place[i] = place;
	n->n++;
	return true;
}

static bool
finish_names(struct table_reader *r, struct errbuf *e)
{
	struct names *n = &r->t->names;

	if (!r->n_names)
		return true;
	n->slots =
		r->n_names + r->n_names / 3 + 1; /* three in four are taken: one is always free */
	n->tag = heap_calloc(n->slots, sizeof(*n->tag));
	n->place = heap_calloc(n->slots, sizeof(*n->place));
	for (size_t i = 0; i < r->n_names; i++)
		if (!add_name(r, i, e))
			return false;
	return true;
}

void
table_reader_free(struct table_reader *r)
{
	if (!r)
		return;
	table_unref(r->t);
	heap_free(r->seen);
	heap_free(r->place);
	heap_free(r->place_line);
	heap_free(r);
}

struct table *
table_reader_done(struct table_reader *r, struct errbuf *e)
{
	struct table *t = NULL;

	if (!r->failed && r->n_carry && !read_line(r, str_from(r->carry, r->n_carry), e))
		r->failed = true;
	if (!r->failed && finish_nets(r, &r->t->net[0], e) && finish_nets(r, &r->t->net[1], e) &&
		finish_names(r, e)) {
		t = table_ref(r->t);
		t->text = heap_realloc(t->text, t->n_text);
	}
	table_reader_free(r);
	return t;
}

struct table *
table_parse(const char *name, unsigned kinds, struct str text, struct errbuf *e)
{
	struct table_reader *r = table_reader_new(name, kinds);

	(void)(table_reader_feed(r, text, e) || e->count);
	return table_reader_done(r, e);
}
