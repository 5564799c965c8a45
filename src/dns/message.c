/*
 * dns/message: see message.h.
 *
 * A message is walked by a cursor and never copied: first all its sections for their shape, so that
 * nothing is believed of a message that was cut; then the answer section once for each name of the
 * CNAME chain, looking for records of that name, in whatever order they stand.  The number of
 * records of the answer section is bounded before, so hostile messages cost bounded time.
 */
#include "dns/message.h"

#define QR	 0x8000u
#define OPCODE	 0x7800u
#define TC	 0x0200u
#define RD	 0x0100u
#define AD	 0x0020u
#define RCODE	 0x000fu
#define NXDOMAIN 3
#define TYPE_OPT 41
#define CLASS_IN 1
#define TTL_NEG                                                                          \
	3600 /* RFC 2308 5 lets us choose; nobody's repair should take longer to be seen \
	      */
#define TTL_NOSOA 60

static const struct {
	enum dns_type type;
	const char *name;
} types[] = {
	{DNS_A, "A"},
	{DNS_NS, "NS"},
	{DNS_CNAME, "CNAME"},
	{DNS_PTR, "PTR"},
	{DNS_MX, "MX"},
	{DNS_TXT, "TXT"},
	{DNS_AAAA, "AAAA"},
};

bool
dns_type_parse(struct str name, enum dns_type *out)
{
	for (size_t i = 0; i < COUNT(types); i++) {
		if (str_eq_nocase(name, str_of(types[i].name))) {
			*out = types[i].type;
			return true;
		}
	}
	return false;
}

const char *
dns_type_name(enum dns_type type)
{
	for (size_t i = 0; i < COUNT(types); i++)
		if (types[i].type == type)
			return types[i].name;
	return type == DNS_SOA ? "SOA" : "?";
}

bool
dns_question_write(uint16_t id, struct str name, enum dns_type type, bool edns, struct buf *out)
{
	buf_put16(out, id);
	buf_put16(out, RD | AD); /* RFC 6840 5.7: AD here asks for AD in the answer */
	buf_put16(out, 1);
	buf_put16(out, 0);
	buf_put16(out, 0);
	buf_put16(out, edns ? 1 : 0);
	if (!dns_name_write(name, out))
		return false;
	buf_put16(out, (uint16_t)type);
	buf_put16(out, CLASS_IN);
	if (edns) { /* RFC 6891 6.1.2 */
		buf_putc(out, '\0');
		buf_put16(out, TYPE_OPT);
		buf_put16(out, DNS_EDNS_SIZE);
		buf_put32(out, 0);
		buf_put16(out, 0);
	}
	return !buf_is_cut(out);
}

struct header {
	uint16_t id, flags, questions, answers, authority, additional;
};

static struct header
read_header(struct cursor *c)
{
	struct header h;

	h.id = cursor_u16(c);
	h.flags = cursor_u16(c);
	h.questions = cursor_u16(c);
	h.answers = cursor_u16(c);
	h.authority = cursor_u16(c);
	h.additional = cursor_u16(c);
	return h;
}

struct record {
	size_t owner; /* place of its name */
	uint16_t type, class;
	uint32_t ttl;
	size_t data, end; /* places of its data */
};

/* The shape of the next record; its owner's name is not looked at. */
static struct record
next_record(struct cursor *c)
{
	struct record r = {.owner = c->at};

	dns_name_skip(c);
	r.type = cursor_u16(c);
	r.class = cursor_u16(c);
	r.ttl = cursor_u32(c);
	if (r.ttl > INT32_MAX) /* RFC 2181 8 */
		r.ttl = 0;
	uint16_t n = cursor_u16(c);
	r.data = c->at;
	cursor_bytes(c, n);
	r.end = c->at;
	return r;
}

static bool
record_is_of(const struct record *r, const struct cursor *message, struct str name)
{
	char room[DNS_NAME_TEXT_MAX];
	struct cursor c = *message;
	struct str owner;

	cursor_seek(&c, r->owner);
	return r->class == CLASS_IN && dns_name_read_text(&c, room, &owner) && str_eq(owner, name);
}

/* The strings of a TXT record joined: RFC 7208 3.3.  A record without any string is empty text. */
static bool
read_txt(struct arena *a, struct cursor *c, size_t end, struct str *out)
{
	char *p = arena_alloc(a, end - c->at);
	size_t n = 0;

	while (c->at < end) {
		struct str s = cursor_bytes(c, cursor_u8(c));
		if (!cursor_ok(c) || c->at > end)
			return false;
		if (s.n)
			memcpy(p + n, s.p, s.n);
		n += s.n;
	}
	*out = str_from(p, n);
	return true;
}

static uint8_t
ip_len(enum dns_type type)
{
	return type == DNS_A ? 4 : 16;
}

/* False: the data is broken.  The cursor covers the whole message. */
static bool
read_data(struct arena *a, struct cursor c, enum dns_type type, const struct record *r,
	struct dns_rr *out)
{
	struct str ip;

	*out = (struct dns_rr){0};
	cursor_seek(&c, r->data);
	switch (type) {
	case DNS_A:
	case DNS_AAAA:
		/* An IPv4-mapped address in an AAAA record becomes one of IPv4: no such record. */
		ip = cursor_bytes(&c, r->end - r->data);
		return ip_from_bytes(ip.p, ip.n, &out->ip) && out->ip.len == ip_len(type);
	case DNS_TXT:
		return read_txt(a, &c, r->end, &out->text);
	case DNS_MX:
		out->preference = cursor_u16(&c);
		return dns_name_read(a, &c, &out->text) && c.at == r->end;
	case DNS_PTR:
	case DNS_CNAME:
	case DNS_NS:
		return dns_name_read(a, &c, &out->text) && c.at == r->end;
	case DNS_SOA: /* the master's name; nobody asks for the rest */
		return dns_name_read(a, &c, &out->text) && c.at < r->end;
	}
	must(false && "a type of enum dns_type");
}

static uint32_t
min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t
clamp_ttl(uint32_t ttl, uint32_t max)
{
	return ttl < DNS_TTL_MIN ? DNS_TTL_MIN : min_u32(ttl, max);
}

struct reader {
	struct arena *a;
	size_t used; /* of the arena, before us */
	struct header head;
	struct cursor c;  /* at the answer section */
	unsigned extcode; /* upper bits of the response code: RFC 6891 6.1.3 */
	struct dns_answer *out;
};

static enum dns_read
fail(struct reader *r, const char *reason)
{
	*r->out = (struct dns_answer){.status = DNS_FAIL, .ttl = DNS_TTL_MIN, .reason = reason};
	return DNS_READ_OK;
}

static bool
is_over(const struct reader *r)
{
	return r->a->used - r->used > DNS_ANSWER_MAX;
}

/* Walk all sections; false where the message is cut or its counts lie. */
static bool
has_shape(struct reader *r)
{
	struct cursor c = r->c;
	unsigned n = (unsigned)r->head.answers + r->head.authority + r->head.additional;

	for (unsigned i = 0; i < n && cursor_ok(&c); i++) {
		struct record rr = next_record(&c);
		if (rr.type == TYPE_OPT && i >= (unsigned)r->head.answers + r->head.authority)
			r->extcode = rr.ttl >> 24;
	}
	return cursor_ok(&c);
}

/* The negative answer's TTL from the SOA above name: RFC 2308 5.  False: there is no such SOA. */
static bool
read_soa_ttl(const struct reader *r, struct str name, uint32_t *out)
{
	struct cursor c = r->c;

	for (unsigned i = 0; i < r->head.answers; i++)
		next_record(&c);
	for (unsigned i = 0; i < r->head.authority; i++) {
		struct record rr = next_record(&c);
		char room[DNS_NAME_TEXT_MAX];
		struct cursor at = r->c;
		struct str zone;

		if (rr.type != DNS_SOA || rr.class != CLASS_IN)
			continue;
		cursor_seek(&at, rr.owner);
		if (!dns_name_read_text(&at, room, &zone) || !dns_name_is_under(name, zone))
			continue;
		cursor_seek(&at, rr.data);
		dns_name_skip(&at);
		dns_name_skip(&at);
		cursor_bytes(&at, 16);
		uint32_t minimum = cursor_u32(&at);
		if (!cursor_ok(&at) || at.at != rr.end)
			continue;
		*out = min_u32(rr.ttl, minimum);
		return true;
	}
	return false;
}

/* The chain ends at name, of which there are no records. */
static enum dns_read
read_nothing(struct reader *r, struct str name, uint32_t ttl)
{
	struct dns_answer *out = r->out;
	bool nxdomain = (r->head.flags & RCODE) == NXDOMAIN;
	uint32_t soa_ttl;

	/* Records, but none for what was asked: no proof that there are none. */
	if (out->links == 0 && r->head.answers > 0)
		return fail(r, "malformed");
	if (read_soa_ttl(r, name, &soa_ttl)) {
		ttl = clamp_ttl(min_u32(ttl, soa_ttl), TTL_NEG);
	} else if (nxdomain || out->links == 0) {
		ttl = clamp_ttl(ttl, TTL_NOSOA);
	} else {
		/* Neither records nor a word of the target's zone: the server did not follow. */
		out->ttl = clamp_ttl(ttl, DNS_TTL_MAX);
		return DNS_READ_CHASE;
	}
	out->status = DNS_NONE;
	out->nxdomain = nxdomain; /* of the last name: RFC 6604 3 */
	out->ttl = ttl;
	return DNS_READ_OK;
}

/* Collect the n records of name; the broken ones are left out. */
static enum dns_read
read_records(struct reader *r, struct str name, enum dns_type type, size_t n, uint32_t ttl)
{
	struct dns_answer *out = r->out;
	struct dns_rr *rr = arena_calloc(r->a, n, sizeof(*rr));
	struct cursor c = r->c;

	for (unsigned i = 0; i < r->head.answers; i++) {
		struct record rec = next_record(&c);
		if (rec.type != type || !record_is_of(&rec, &r->c, name))
			continue;
		if (read_data(r->a, r->c, type, &rec, &rr[out->n])) {
			out->n++;
			ttl = min_u32(ttl, rec.ttl);
		}
		if (is_over(r))
			return fail(r, "answer too large");
	}
	if (out->n == 0)
		return fail(r, "malformed");
	out->status = DNS_OK;
	out->rr = rr;
	out->ttl = clamp_ttl(ttl, DNS_TTL_MAX);
	return DNS_READ_OK;
}

/* Follow the aliases from name through the message. */
static enum dns_read
read_chain(struct reader *r, struct str name, enum dns_type type)
{
	uint32_t ttl = DNS_TTL_MAX;

	for (;;) {
		struct cursor c = r->c;
		struct record alias = {.type = 0};
		struct dns_rr target;
		size_t n = 0;

		for (unsigned i = 0; i < r->head.answers; i++) {
			struct record rec = next_record(&c);
			if ((rec.type != type && rec.type != DNS_CNAME) ||
				!record_is_of(&rec, &r->c, name))
				continue;
			if (rec.type == type)
				n++;
			else if (alias.type == 0)
				alias = rec;
		}
		if (n > DNS_RR_MAX)
			return fail(r, "too many records");
		if (n > 0)
			return read_records(r, name, type, n, ttl);
		if (alias.type == 0)
			return read_nothing(r, name, ttl);
		if (r->out->links == DNS_CNAME_MAX)
			return fail(r, "too many aliases");
		if (!read_data(r->a, r->c, DNS_CNAME, &alias, &target))
			return fail(r, "malformed");
		r->out->links++;
		r->out->alias = name = target.text;
		ttl = min_u32(ttl, alias.ttl);
	}
}

static enum dns_read
read_error(struct reader *r, unsigned rcode)
{
	static const char *const reasons[] = {
		[1] = "formerr",
		[2] = "servfail",
		[4] = "notimp",
		[5] = "refused",
		[16] = "badvers",
	};

	fail(r, rcode < COUNT(reasons) && reasons[rcode] ? reasons[rcode] : "unknown error code");
	return rcode == 1 || rcode == 4 || rcode == 16 ? DNS_READ_NO_EDNS : DNS_READ_OK;
}

static bool
is_error(unsigned rcode)
{
	return rcode != 0 && rcode != NXDOMAIN;
}

/* Is it an answer to what was asked?  Whoever does not see our questions can guess neither id nor
 * port; a server that could not even parse the question may return an error without it. */
static bool
is_ours(const struct header *h, struct cursor *c, uint16_t id, struct str name, enum dns_type type)
{
	char room[DNS_NAME_TEXT_MAX];
	struct str asked;

	if (!cursor_ok(c) || h->id != id || !(h->flags & QR) || (h->flags & OPCODE))
		return false;
	if (h->questions == 0)
		return is_error(h->flags & RCODE);
	if (h->questions != 1 || !dns_name_read_text(c, room, &asked))
		return false;
	bool same = cursor_u16(c) == (uint16_t)type && cursor_u16(c) == CLASS_IN;
	return same && cursor_ok(c) && str_eq(asked, name);
}

enum dns_read
dns_answer_read(struct arena *a, struct str message, uint16_t id, struct str name,
	enum dns_type type, struct dns_answer *out)
{
	struct reader r = {.a = a, .used = a->used, .c = cursor_on(message), .out = out};

	r.head = read_header(&r.c);
	if (!is_ours(&r.head, &r.c, id, name, type))
		return DNS_READ_FOREIGN;
	if (r.head.flags & TC)
		return DNS_READ_TRUNCATED;
	if (is_error(r.head.flags & RCODE))
		return read_error(&r, r.head.flags & RCODE);
	if (!has_shape(&r))
		return fail(&r, "malformed");
	if (r.extcode)
		return read_error(&r, r.extcode << 4 | (r.head.flags & RCODE));
	if (r.head.answers > DNS_RR_MAX + DNS_CNAME_MAX)
		return fail(&r, "too many records");
	*out = (struct dns_answer){.ad = (r.head.flags & AD) != 0};
	return read_chain(&r, name, type);
}

void
dns_rr_print(enum dns_type type, const struct dns_rr *rr, struct buf *out)
{
	switch (type) {
	case DNS_A:
	case DNS_AAAA:
		ip_print(&rr->ip, out);
		return;
	case DNS_MX:
		buf_putu(out, rr->preference);
		buf_putc(out, ' ');
		buf_put(out, rr->text);
		return;
	case DNS_TXT:
		for (size_t i = 0; i < rr->text.n; i++) {
			if (rr->text.p[i] == '\\')
				buf_puts(out, "\\\\");
			else
				buf_put_escaped(out, str_slice(rr->text, i, i + 1), 1);
		}
		return;
	case DNS_PTR:
	case DNS_CNAME:
	case DNS_NS:
	case DNS_SOA:
		buf_put(out, rr->text);
		return;
	}
}

/* Undo \DDD and \X. */
static bool
parse_txt(struct arena *a, struct str text, struct str *out)
{
	struct cursor c = cursor_on(text);
	char *p;
	size_t n = 0;

	if (text.n > UINT16_MAX * (size_t)4)
		return false;
	p = arena_alloc(a, text.n);
	while (cursor_left(&c)) {
		bool escaped;
		if (!dns_text_next(&c, &p[n++], &escaped))
			return false;
	}
	*out = str_from(p, n);
	return true;
}

bool
dns_rr_parse(struct arena *a, enum dns_type type, struct str text, struct dns_rr *out)
{
	struct dns_rr rr = {0};
	struct str preference;
	uint64_t value;

	switch (type) {
	case DNS_A:
	case DNS_AAAA:
		if (!ip_parse(text, &rr.ip) || rr.ip.len != ip_len(type))
			return false;
		break;
	case DNS_MX:
		if (!str_word(&text, &preference) || !str_to_u64(preference, UINT16_MAX, &value))
			return false;
		rr.preference = (uint16_t)value;
		if (!dns_name_parse(a, str_trim(text), &rr.text))
			return false;
		break;
	case DNS_TXT:
		if (!parse_txt(a, text, &rr.text))
			return false;
		break;
	case DNS_PTR:
	case DNS_CNAME:
	case DNS_NS:
	case DNS_SOA:
		if (!dns_name_parse(a, text, &rr.text))
			return false;
		break;
	}
	*out = rr;
	return true;
}

bool
dns_answer_has_ip(const struct dns_answer *a, const struct ip *ip)
{
	for (size_t i = 0; i < a->n; i++)
		if (ip_eq(&a->rr[i].ip, ip))
			return true;
	return false;
}
