/* rdns_words: see rdns_words.h. */
#include "checks/rdns_words.h"

#include "base/buf.h"

#define WORD_MAX       32
#define DOMAIN_MAX     253
#define FILE_MAX       1048576
#define FILE_WORDS_MAX 65536

static const char *const kind_names[RDNS_KINDS] = {
	[RDNS_PLAIN] = "plain",
	[RDNS_ACCESS] = "access",
	[RDNS_CUSTOMER] = "customer",
	[RDNS_UNNAMED] = "unnamed",
	[RDNS_HOSTING] = "hosting",
	[RDNS_MAIL] = "mail",
	[RDNS_INFRA] = "infra",
	[RDNS_STATIC] = "static",
	[RDNS_MAILER] = "mailer",
	[RDNS_HOSTER] = "hoster",
	[RDNS_ISP] = "isp",
	[RDNS_LINES] = "lines",
};

static bool
is_kind_of_words(enum rdns_kind kind)
{
	return kind <= RDNS_STATIC;
}

static bool
is_kind_of_domains(enum rdns_kind kind)
{
	return kind >= RDNS_STATIC || kind == RDNS_PLAIN;
}

/* FNV-1a from the last byte to the first, so that one pass over a name yields the hashes of all
 * the domains above it.  tools/rdns_words does the same. */
#define HASH_START 2166136261u

static uint32_t
hash_byte(uint32_t h, char c)
{
	return (h ^ (unsigned char)c) * 16777619u;
}

static uint32_t
hash_of(struct str s)
{
	uint32_t h = HASH_START;

	for (size_t i = s.n; i-- > 0;)
		h = hash_byte(h, s.p[i]);
	return h;
}

/* The number of the slot that holds s, or of the free one where it belongs. */
static uint32_t
find_slot(const struct rdns_table *t, struct str text, uint32_t hash, struct str s)
{
	for (uint32_t i = hash ^ hash >> 15;; i++) {
		const struct rdns_entry *e = &t->slot[i & (t->size - 1)];
		if (e->n == 0 ||
			(e->hash == hash &&
				str_eq(str_slice(text, e->at, (size_t)e->at + e->n), s)))
			return i & (t->size - 1);
	}
}

static const struct rdns_entry *
look_up(const struct rdns_table *t, struct str text, uint32_t hash, struct str s)
{
	if (t->size == 0)
		return NULL;
	const struct rdns_entry *e = &t->slot[find_slot(t, text, hash, s)];
	return e->n ? e : NULL;
}

/* The letters that s has, a bit each; other bytes share the bits. */
static uint32_t
letters_of(struct str s)
{
	uint32_t letters = 0;

	for (size_t i = 0; i < s.n; i++)
		letters |= 1u << (s.p[i] & 31);
	return letters;
}

static bool
affix_matches(const struct rdns_affix *a, struct str text, struct str word)
{
	struct str part = str_slice(text, a->at, (size_t)a->at + a->n);

	if (a->front && a->back)
		return str_contains(word, part);
	return a->front ? str_has_prefix(word, part) : str_has_suffix(word, part);
}

enum rdns_kind
rdns_word_kind(const struct rdns_words *w, struct str word)
{
	uint32_t hash = hash_of(word);

	w = w ? w : &rdns_words_builtin;
	for (const struct rdns_words *l = w; l; l = l->under) {
		const struct rdns_entry *e = look_up(&l->words, l->text, hash, word);
		if (e)
			return (enum rdns_kind)e->kind;
	}
	uint32_t letters = letters_of(word);
	for (const struct rdns_words *l = w; l; l = l->under)
		for (size_t i = l->n_affixes; i-- > 0;) { /* of a file's lines the later wins */
			const struct rdns_affix *a = &l->affix[i];
			if ((a->letters & ~letters) == 0 && affix_matches(a, l->text, word))
				return (enum rdns_kind)a->kind;
		}
	return RDNS_PLAIN;
}

enum rdns_kind
rdns_domain_kind(const struct rdns_words *w, struct str name, struct str *domain)
{
	enum rdns_kind kind = RDNS_PLAIN;
	uint32_t hash = HASH_START;

	*domain = (struct str){0};
	w = w ? w : &rdns_words_builtin;
	for (size_t from = name.n; from-- > 0;) {
		hash = hash_byte(hash, name.p[from]);
		if (from > 0 && name.p[from - 1] != '.')
			continue;
		struct str suffix = str_skip(name, from);
		const struct rdns_entry *e = NULL;
		for (const struct rdns_words *l = w; l && !e; l = l->under)
			e = look_up(&l->domains, l->text, hash, suffix);
		if (e) {
			kind = (enum rdns_kind)e->kind;
			*domain = suffix;
		}
	}
	return kind;
}

/* What a file is read into: tables of its own, so large that they never fill. */
struct loader {
	struct str text;
	struct rdns_table words, domains;
	struct rdns_entry *word_slot, *domain_slot;
	struct rdns_affix *affix;
	size_t n_affixes;
	struct errbuf *e;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
is_word(struct str s, bool affix)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 'a' || s.p[i] > 'z')
			return false;
	/* two letters in any part of a word would be in most of them */
	return s.n >= (affix ? 3 : 1) && s.n <= WORD_MAX;
}

static bool
is_domain(struct str s)
{
	struct str rest = s, label;

	while (str_split(&rest, '.', &label)) {
		if (label.n == 0)
			return false;
		for (size_t i = 0; i < label.n; i++) {
			char c = label.p[i];
			if (c != chr_lower(c) || (!chr_is_alnum(c) && c != '-' && c != '_'))
				return false;
		}
	}
	return s.n <= DOMAIN_MAX;
}

static bool
refuse(struct loader *l, struct str word, const char *why)
{
	char room[80];
	struct buf b = BUF(room);

	buf_put_escaped(&b, word, 16);
	return err(l->e, "\"%.*s\" %s", STR_ARG(buf_str(&b)), why);
}

static void
insert(const struct rdns_table *t, struct rdns_entry *slot, struct str text, size_t at, size_t n,
	enum rdns_kind kind)
{
	struct str s = str_slice(text, at, at + n);
	uint32_t hash = hash_of(s);

	slot[find_slot(t, text, hash, s)] = (struct rdns_entry){
		.hash = hash, .at = (uint32_t)at, .n = (uint8_t)n, .kind = (uint8_t)kind};
}

static bool
add_word(struct loader *l, size_t at, size_t n, enum rdns_kind kind)
{
	struct str s = str_slice(l->text, at, at + n);
	bool back = str_has_prefix(s, STR("*")), front = n > 1 && str_has_suffix(s, STR("*"));
	struct str word = str_slice(s, back, n - front);

	if (!is_kind_of_words(kind))
		return refuse(l, s, "is no domain, which this kind wants");
	if (!is_word(word, front || back))
		return refuse(l, s, "is no word: letters a-z, at least three beside a \"*\"");
	if (!front && !back)
		insert(&l->words, l->word_slot, l->text, at, n, kind);
	else
		l->affix[l->n_affixes++] = (struct rdns_affix){.at = (uint32_t)(at + back),
			.letters = letters_of(word),
			.n = (uint8_t)word.n,
			.kind = (uint8_t)kind,
			.front = front,
			.back = back};
	return true;
}

static bool
add_domain(struct loader *l, size_t at, size_t n, enum rdns_kind kind)
{
	struct str s = str_slice(l->text, at, at + n);

	if (!is_kind_of_domains(kind))
		return refuse(l, s, "is a domain, but this kind wants words");
	if (!is_domain(s))
		return refuse(l, s, "is no domain name in lower case");
	insert(&l->domains, l->domain_slot, l->text, at, n, kind);
	return true;
}

static bool
find_kind(struct loader *l, struct str name, enum rdns_kind *out)
{
	for (size_t i = 0; i < RDNS_KINDS; i++)
		if (str_eq(name, str_of(kind_names[i]))) {
			*out = (enum rdns_kind)i;
			return true;
		}
	const char *near = nearest_name(name, kind_names, RDNS_KINDS);
	char why[64];
	struct buf b = BUF(why);
	buf_puts(&b, near ? "is no kind: did you mean " : "is no kind");
	buf_puts(&b, near ? near : "");
	buf_putc(&b, '\0');
	return refuse(l, name, why);
}

/* text[from..to) is one line. */
static bool
load_line(struct loader *l, size_t from, size_t to)
{
	struct str line = str_slice(l->text, from, to);
	enum rdns_kind kind = RDNS_PLAIN;
	bool ok = true;

	line = str_slice(line, 0, str_find(line, '#'));
	if (str_trim(line).n == 0)
		return true;
	size_t colon = str_find(line, ':');
	if (colon == line.n)
		return err(l->e, "no colon: a line is a kind, a colon and words");
	if (!find_kind(l, str_trim(str_slice(line, 0, colon)), &kind))
		return false;
	for (size_t at = colon + 1; at < line.n;) {
		size_t n = 0;
		while (at + n < line.n && !is_blank(line.p[at + n]))
			n++;
		if (n > 0) {
			struct str word = str_slice(line, at, at + n);
			bool domain = str_find(word, '.') < n;
			ok = (domain ? add_domain : add_word)(l, from + at, n, kind) && ok;
		}
		at += n + 1;
	}
	return ok;
}

/* How many words there are at most, and how many of them with "*". */
static size_t
count_words(struct str text, size_t *affixes)
{
	size_t n = 0;

	*affixes = 0;
	for (size_t i = 0; i < text.n; i++) {
		n += !is_blank(text.p[i]) && (i == 0 || is_blank(text.p[i - 1]));
		*affixes += text.p[i] == '*';
	}
	return n;
}

bool
rdns_words_load(struct rdns_words *out, const struct rdns_words *under, struct arena *a,
	const char *file, struct str text, struct errbuf *e)
{
	size_t n_affixes, n = count_words(text, &n_affixes);
	uint32_t size = 4;
	bool ok = true;

	errbuf_at(e, file, 0);
	if (text.n > FILE_MAX || n > FILE_WORDS_MAX || n_affixes > FILE_WORDS_MAX)
		return err(e, "the file is too large: at most %d bytes and %d words", FILE_MAX,
			FILE_WORDS_MAX);
	struct loader l = {.text = arena_str(a, text), .e = e};
	while (size < 2 * n)
		size *= 2;
	l.word_slot = arena_calloc(a, size, sizeof(*l.word_slot));
	l.domain_slot = arena_calloc(a, size, sizeof(*l.domain_slot));
	l.affix = arena_calloc(a, n_affixes + 1, sizeof(*l.affix));
	l.words = (struct rdns_table){l.word_slot, size};
	l.domains = (struct rdns_table){l.domain_slot, size};

	size_t from = 0;
	for (unsigned line = 1; from <= l.text.n; line++) {
		size_t to = from + str_find(str_skip(l.text, from), '\n');
		errbuf_at(e, file, line);
		ok = load_line(&l, from, to) && ok;
		from = to + 1;
	}
	if (ok)
		*out = (struct rdns_words){.under = under ? under : &rdns_words_builtin,
			.text = l.text,
			.words = l.words,
			.domains = l.domains,
			.affix = l.affix,
			.n_affixes = l.n_affixes};
	return ok;
}
