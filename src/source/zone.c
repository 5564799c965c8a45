/* source/zone: see zone.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "source/zone.h"

#define TTL_DEFAULT 300
#define BUCKETS_MIN 64

/* One record of a name. */
struct record {
	struct record *next;
	enum dns_type type;
	uint32_t ttl;
	const char *fault; /* literal: "servfail", "timeout", "nxdomain"; NULL: rr counts */
	struct dns_rr rr;
};

struct node {
	struct node *next;
	uint64_t hash;
	struct str name;
	struct record *first, *last;
};

struct zone {
	struct arena arena;
	struct node **bucket;
	size_t n_buckets, n_nodes;
};

/* Where the reader stands. */
struct reader {
	struct zone *zone;
	struct errbuf *e;
	struct str origin; /* canonical, empty: none */
	struct str last;   /* owner of the line before */
	uint32_t ttl;
};

static struct node *
find(const struct zone *z, struct str name)
{
	uint64_t hash = hash_str(name);

	for (struct node *n = z->bucket[hash & (z->n_buckets - 1)]; n; n = n->next)
		if (n->hash == hash && str_eq(n->name, name))
			return n;
	return NULL;
}

static void
grow(struct zone *z)
{
	size_t n = z->n_buckets * 2;
	struct node **bucket = heap_calloc(n, sizeof(struct node *));

	for (size_t i = 0; i < z->n_buckets; i++) {
		for (struct node *at = z->bucket[i], *next; at; at = next) {
			next = at->next;
			at->next = bucket[at->hash & (n - 1)];
			bucket[at->hash & (n - 1)] = at;
		}
	}
	heap_free(z->bucket);
	z->bucket = bucket;
	z->n_buckets = n;
}

static struct node *
find_or_add(struct zone *z, struct str name)
{
	struct node *n = find(z, name);

	if (n)
		return n;
	if (z->n_nodes >= z->n_buckets)
		grow(z);
	n = arena_new(&z->arena, struct node);
	n->name = arena_str(&z->arena, name);
	n->hash = hash_str(n->name);
	n->next = z->bucket[n->hash & (z->n_buckets - 1)];
	z->bucket[n->hash & (z->n_buckets - 1)] = n;
	z->n_nodes++;
	return n;
}

/* --- reading --- */

/* Cut the comment: ';' anywhere, '#' at the beginning or after a blank, neither inside quotes nor
 * behind a backslash. */
static struct str
without_comment(struct str line)
{
	bool quoted = false;

	for (size_t i = 0; i < line.n; i++) {
		char c = line.p[i], before = i ? line.p[i - 1] : ' ';
		if (c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == ';' || (c == '#' && (before == ' ' || before == '\t'))))
			return str_slice(line, 0, i);
	}
	return line;
}

/* A name of the file in canonical text: absolute with a dot or without $ORIGIN, else relative. */
static bool
read_name(struct reader *r, struct str text, struct str *out)
{
	struct arena *a = &r->zone->arena;
	bool absolute = !r->origin.n || (text.n && text.p[text.n - 1] == '.');

	if (str_eq(text, STR("@")) && r->origin.n) {
		*out = r->origin;
		return true;
	}
	if (!absolute)
		text = arena_printf(a, "%.*s.%.*s", STR_ARG(text), STR_ARG(r->origin));
	if (!dns_name_parse(a, text, out))
		return err(r->e, "\"%.*s\" is no domain name", STR_ARG(text));
	return true;
}

/* "one" "two" or bare words, as one string with presentation escapes, without the quotes. */
static bool
read_txt(struct reader *r, struct str text, struct str *out)
{
	char *joined = arena_alloc(&r->zone->arena, text.n);
	size_t n = 0;
	bool quoted = false;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (c == '\\' && i + 1 < text.n) {
			/* \" is only needed inside quotes; other escapes are the record's. */
			if (text.p[i + 1] != '"')
				joined[n++] = c;
			joined[n++] = text.p[++i];
		} else if (c == '"') {
			quoted = !quoted;
		} else if (quoted || (c != ' ' && c != '\t')) {
			joined[n++] = c;
		}
	}
	if (quoted)
		return err(r->e, "a quoted string is not closed");
	*out = str_from(joined, n);
	return true;
}

static bool
read_fault(struct reader *r, struct str word, const char **out)
{
	static const char *const faults[] = {"servfail", "timeout", "nxdomain"};

	for (size_t i = 0; i < COUNT(faults); i++) {
		if (!str_eq(word, str_of(faults[i])))
			continue;
		*out = faults[i];
		return true;
	}
	const char *near = nearest_name(word, faults, COUNT(faults));
	return err(r->e, "unknown fault \"!%.*s\"%s%s: it is one of !servfail, !timeout, !nxdomain",
		STR_ARG(word), near ? "; did you mean !" : "", near ? near : "");
}

/* Names in record data obey $ORIGIN too. */
static bool
read_data(struct reader *r, struct str data, struct record *rec)
{
	struct str name;

	if (data.n == 0)
		return err(r->e, "the record has no data");
	if (data.p[0] == '!')
		return read_fault(r, str_skip(data, 1), &rec->fault);
	if (rec->type == DNS_TXT && !read_txt(r, data, &data))
		return false;
	if (rec->type == DNS_PTR || rec->type == DNS_CNAME || rec->type == DNS_NS) {
		if (!read_name(r, data, &name))
			return false;
		data = name;
	} else if (rec->type == DNS_MX) {
		struct str rest = data, preference = STR("");
		if (!str_word(&rest, &preference) || !str_trim(rest).n)
			return err(r->e, "an MX record wants a preference and a name");
		if (!read_name(r, str_trim(rest), &name))
			return false;
		data = arena_printf(
			&r->zone->arena, "%.*s %.*s", STR_ARG(preference), STR_ARG(name));
	}
	if (!dns_rr_parse(&r->zone->arena, rec->type, data, &rec->rr))
		return err(r->e, "\"%.*s\" is no data of an %s record", STR_ARG(data),
			dns_type_name(rec->type));
	return true;
}

static bool
read_type(struct reader *r, struct str word, enum dns_type *out)
{
	static const char *const types[] = {"A", "AAAA", "PTR", "MX", "TXT", "CNAME", "NS"};

	for (size_t i = 0; i < COUNT(types); i++)
		if (str_eq_nocase(word, str_of(types[i])))
			return dns_type_parse(str_of(types[i]), out);
	const char *near = nearest_name(word, types, COUNT(types));
	return err(r->e, "unknown record type \"%.*s\"%s%s", STR_ARG(word),
		near ? "; did you mean " : "", near ? near : "");
}

static bool
read_ttl(struct reader *r, struct str word, uint32_t *out)
{
	uint64_t ttl;

	if (!str_to_u64(word, INT32_MAX, &ttl))
		return err(r->e, "\"%.*s\" is no number of seconds", STR_ARG(word));
	*out = (uint32_t)ttl;
	return true;
}

static bool
read_directive(struct reader *r, struct str word, struct str rest)
{
	rest = str_trim(rest);
	if (str_eq_nocase(word, STR("$TTL")))
		return read_ttl(r, rest, &r->ttl);
	if (str_eq_nocase(word, STR("$ORIGIN"))) {
		r->origin = STR("");
		return read_name(r, rest, &r->origin);
	}
	return err(r->e, "unknown directive \"%.*s\": $ORIGIN and $TTL are known", STR_ARG(word));
}

static bool
read_line(struct reader *r, struct str line)
{
	struct zone *z = r->zone;
	bool same_owner = line.n && (line.p[0] == ' ' || line.p[0] == '\t');
	struct str rest = str_trim(without_comment(line)), word = STR("");
	struct record *rec = arena_new(&z->arena, struct record);

	if (rest.n == 0)
		return true;
	if (rest.p[0] == '$')
		return str_word(&rest, &word) && read_directive(r, word, rest);
	if (!same_owner && (!str_word(&rest, &word) || !read_name(r, word, &r->last)))
		return false;
	if (!r->last.n)
		return err(r->e, "the first record has no name");
	rec->ttl = r->ttl;
	(void)(str_word(&rest, &word) || (word = STR(""), true));
	if (word.n && chr_is_digit(word.p[0])) {
		if (!read_ttl(r, word, &rec->ttl))
			return false;
		(void)(str_word(&rest, &word) || (word = STR(""), true));
	}
	if (str_eq_nocase(word, STR("IN")))
		(void)(str_word(&rest, &word) || (word = STR(""), true));
	if (!read_type(r, word, &rec->type) || !read_data(r, str_trim(rest), rec))
		return false;
	struct node *n = find_or_add(z, r->last);
	if (n->last)
		n->last->next = rec;
	else
		n->first = rec;
	n->last = rec;
	return true;
}

struct zone *
zone_parse(const char *file, struct str text, struct errbuf *e)
{
	struct zone *z = heap_calloc(1, sizeof(*z));
	struct reader r = {
		.zone = z, .e = e, .ttl = TTL_DEFAULT, .origin = STR(""), .last = STR("")};
	struct str line;
	unsigned number = 0;

	arena_init(&z->arena, 4096, SIZE_MAX);
	z->n_buckets = BUCKETS_MIN;
	z->bucket = heap_calloc(z->n_buckets, sizeof(struct node *));
	while (str_split(&text, '\n', &line)) {
		errbuf_at(e, file, ++number);
		if (line.n > ZONE_LINE_MAX)
			(void)err(e, "a line is longer than %zu bytes", ZONE_LINE_MAX);
		else if (read_line(&r, line))
			continue;
		zone_free(z);
		return NULL;
	}
	return z;
}

struct zone *
zone_load(const char *path, struct errbuf *e)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t n = 0;

	errbuf_at(e, path, 0);
	if (!f) {
		(void)err(e, "cannot read the zone file: %s", strerror(errno));
		return NULL;
	}
	text = heap_alloc(ZONE_FILE_MAX + 1);
	n = fread(text, 1, ZONE_FILE_MAX + 1, f);
	struct zone *z = NULL;
	if (ferror(f))
		(void)err(e, "cannot read the zone file: %s", strerror(errno));
	else if (n > ZONE_FILE_MAX)
		(void)err(e, "the zone file is larger than %zu bytes", ZONE_FILE_MAX);
	else
		z = zone_parse(path, str_from(text, n), e);
	heap_free(text);
	fclose(f);
	return z;
}

void
zone_free(struct zone *z)
{
	if (!z)
		return;
	arena_done(&z->arena);
	heap_free(z->bucket);
	heap_free(z);
}

/* --- answering --- */

/* The name itself, else the wildcard of its closest ancestor that is in the zone (RFC 4592, short
 * of empty non-terminals). */
static const struct node *
match(struct zone *z, struct str name)
{
	const struct node *n = find(z, name);
	char room[DNS_NAME_TEXT_MAX + 2];

	while (!n && name.n) {
		size_t dot = str_find(name, '.');
		if (dot == name.n)
			return NULL;
		name = str_skip(name, dot + 1);
		struct buf b = BUF(room);
		buf_puts(&b, "*.");
		buf_put(&b, name);
		n = find(z, buf_str(&b));
		if (!n && find(z, name))
			return NULL;
	}
	return n;
}

static const struct record *
first_of(const struct node *n, enum dns_type type)
{
	const struct record *r = n->first;

	while (r && r->type != type)
		r = r->next;
	return r;
}

static void
fill(struct answer *a, const struct node *n, enum dns_type type)
{
	const struct record *r = first_of(n, type);
	struct dns_answer *d = &a->dns;
	size_t count = 0;

	d->status = DNS_NONE;
	d->reason = NULL;
	d->ttl = r ? r->ttl : TTL_DEFAULT;
	if (r && r->fault) {
		d->nxdomain = str_eq(str_of(r->fault), STR("nxdomain"));
		d->status = d->nxdomain ? DNS_NONE : DNS_FAIL;
		d->reason = d->nxdomain ? NULL : r->fault;
		return;
	}
	for (const struct record *at = r; at; at = at->next)
		count += at->type == type && !at->fault;
	if (!count)
		return;
	struct dns_rr *rr = arena_calloc(&a->arena, count, sizeof(*rr));
	for (const struct record *at = r; at && d->n < DNS_RR_MAX; at = at->next) {
		if (at->type != type || at->fault)
			continue;
		rr[d->n] = at->rr;
		rr[d->n++].text = arena_str(&a->arena, at->rr.text);
	}
	d->rr = rr;
	d->status = DNS_OK;
}

struct answer *
zone_get(struct zone *z, struct str name, enum dns_type type)
{
	const struct node *n = match(z, name);
	struct answer *a;

	if (!n)
		return NULL;
	a = answer_new();
	for (unsigned links = 0; type != DNS_CNAME; links++) {
		const struct record *c = n ? first_of(n, DNS_CNAME) : NULL;
		if (!c || c->fault)
			break;
		if (links == DNS_CNAME_MAX) {
			a->dns.reason = "too many aliases";
			return a;
		}
		a->dns.alias = arena_str(&a->arena, c->rr.text);
		n = match(z, c->rr.text);
	}
	if (n) {
		fill(a, n, type);
	} else { /* an alias that leads out of the zone */
		a->dns.status = DNS_NONE;
		a->dns.nxdomain = true;
		a->dns.reason = NULL;
		a->dns.ttl = TTL_DEFAULT;
	}
	return a;
}
