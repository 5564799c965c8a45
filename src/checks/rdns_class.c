/*
 * rdns_class: the rules.
 *
 * Only what stands left of the registrable domain counts, and words only whole: "dsl" in the name
 * of a company, or inside another word, says nothing.  In this order:
 *
 *  1. Below a listed operator of mail, or with a word of mail servers anywhere: a server.  Whoever
 *     writes "smtp" into a name means it, even where the rest is made from the address.
 *  2. The signs of a name that no person chose are weighed: bytes of the address that it spells,
 *     words of access lines, numbers.  Strong is only what does not happen by chance: three bytes,
 *     or an access word together with a part of the address.
 *  3. With such a sign, words and operators of rented machines make it generic-hosting, words of
 *     fixed addresses generic-static; all else is enduser.
 *
 * Weak signs yield to any word of servers.  What is deliberately no sign: the last byte alone, or
 * one short number.  Real clusters are numbered so, and a rule on it costs more servers than it
 * finds lines.
 */
#include "checks/rdns_class.h"

#include "base/buf.h"
#include "checks/rdns_spell.h"
#include "mail/psl.h"

#define SERIAL_DIGITS  5 /* shorter numbers count machines, longer ones customers */
#define MAC_DIGITS     12
#define RDNS_QUOTE_MAX 40 /* bytes of the name quoted at a time */

enum level { LEVEL_NONE, LEVEL_WEAK, LEVEL_STRONG };

enum clue {
	CLUE_NONE,
	CLUE_ADDRESS,
	CLUE_WORD,
	CLUE_PROVIDER,
	CLUE_SERIAL,
	CLUE_NUMBERS,
};

struct evidence {
	struct rdns_tokens tokens;
	struct rdns_spelling spelling;
	enum rdns_kind provider;
	struct str provider_domain;
	uint8_t words[RDNS_KINDS];    /* how many of each kind */
	struct str first[RDNS_KINDS]; /* the first of them */
	uint8_t numbers;
	struct str serial;	/* the longest run of digits, or a MAC address */
	bool access_label;	/* an access word is a whole label behind the first */
	bool unnamed;		/* the first label says that there is no name */
	bool customer_numbered; /* a customer word carries a number */
	bool machine_numbered;	/* a word of servers or of rented machines does */
	bool last_in_front;	/* the first label has the last byte, in two digits or more */
	bool mail_domain;	/* the registrable domain has a word of mail servers */
	bool hosting_domain;	/* or of rented machines */
};

static bool
has(const struct evidence *e, enum rdns_kind kind)
{
	return e->words[kind] > 0;
}

/* Is token i all that its label has? */
static bool
is_label(const struct rdns_tokens *t, size_t i)
{
	return (i == 0 || t->token[i - 1].label != t->token[i].label) &&
		(i + 1 == t->n || t->token[i + 1].label != t->token[i].label);
}

/* Does word i carry a number of two digits or more: "cust-17", "user17", or as a label of its own
 * "17.cust"?  Less is a machine's: "nat2" is an office's gateway, and may send its mail. */
static bool
is_numbered(const struct rdns_tokens *t, size_t i)
{
	const struct rdns_token *k = t->token;

	if (is_label(t, i)) {
		for (size_t j = 0; j < i; j++)
			if (k[j].digits)
				return true;
		return false;
	}
	return i + 1 < t->n && k[i + 1].digits && k[i + 1].n >= 2 && k[i + 1].label == k[i].label;
}

static void
note_word(struct evidence *e, size_t i, enum rdns_kind kind)
{
	const struct rdns_tokens *t = &e->tokens;

	if (kind == RDNS_INFRA && t->token[i].label > 0)
		return; /* further right it is a place or a department */
	if (e->words[kind]++ == 0)
		e->first[kind] = rdns_token_text(t, i);
	if (kind == RDNS_ACCESS && is_label(t, i) && i > 0)
		e->access_label = true;
	if (kind == RDNS_UNNAMED && is_label(t, i) && i == 0)
		e->unnamed = true;
	if (kind == RDNS_CUSTOMER && is_numbered(t, i))
		e->customer_numbered = true;
	if ((kind == RDNS_HOSTING || kind == RDNS_INFRA) && is_numbered(t, i))
		e->machine_numbered = true;
}

static void
note_number(struct evidence *e, size_t i)
{
	const struct rdns_token *k = &e->tokens.token[i];

	e->numbers++;
	if (k->n > e->serial.n)
		e->serial = rdns_token_text(&e->tokens, i);
	/* "02" numbers the second machine as well as it spells a last byte of 2 */
	if (k->label == 0 && k->bytes & 8 &&
		(k->n >= 3 || (k->n == 2 && e->tokens.host.p[k->from] != '0')))
		e->last_in_front = true;
}

/* A MAC address without separators, which cable operators use like a serial number.  A longer run
 * identifies a machine in a cloud. */
static void
note_mac(struct evidence *e)
{
	struct str host = e->tokens.host;

	for (size_t i = 0, n = 0; i <= host.n; i++) {
		if (i < host.n && chr_is_xdigit(host.p[i])) {
			n++;
			continue;
		}
		if (n == MAC_DIGITS && (i == host.n || !chr_is_alnum(host.p[i])))
			e->serial = str_slice(host, i - n, i);
		n = 0;
	}
}

static void
note_host(const struct rdns_words *w, struct evidence *e)
{
	const struct rdns_spelling *s = &e->spelling;

	for (size_t i = 0; i < e->tokens.n; i++) {
		const struct rdns_token *k = &e->tokens.token[i];
		if (k->digits)
			note_number(e, i);
		else if (s->notation == RDNS_DECIMAL || k->from < s->from || k->from >= s->to)
			/* the letters of a hexadecimal number are no words */
			note_word(e, i, rdns_word_kind(w, rdns_token_text(&e->tokens, i)));
	}
	note_mac(e);
}

static void
note_domain(const struct rdns_words *w, struct evidence *e, struct str domain)
{
	UNSET struct rdns_tokens t;

	rdns_tokenize(str_slice(domain, 0, str_find(domain, '.')), &t);
	for (size_t i = 0; i < t.n; i++) {
		if (t.token[i].digits)
			continue;
		enum rdns_kind kind = rdns_word_kind(w, rdns_token_text(&t, i));
		e->mail_domain = e->mail_domain || kind == RDNS_MAIL;
		e->hosting_domain = e->hosting_domain || kind == RDNS_HOSTING;
	}
}

static bool
has_server_word(const struct evidence *e)
{
	return has(e, RDNS_INFRA) || has(e, RDNS_HOSTING);
}

/* The signs that do not happen by chance. */
static bool
is_strong(const struct evidence *e)
{
	const struct rdns_spelling *s = &e->spelling;

	if (e->provider == RDNS_LINES && e->numbers)
		return true;
	if (s->tail && s->digits >= 3 && !has_server_word(e) &&
		(has(e, RDNS_CUSTOMER) || e->provider == RDNS_ISP))
		return true;
	if (has(e, RDNS_ACCESS))
		return s->bytes >= 2 || e->last_in_front ||
			(!has_server_word(e) &&
				(e->serial.n >= 3 || e->words[RDNS_ACCESS] > 1 ||
					e->customer_numbered));
	return s->bytes >= 3 && s->digits >= 5 && !e->mail_domain;
}

/* An access provider's own servers have numbers as well, but not in these ways. */
static bool
is_provider_line(const struct evidence *e)
{
	return e->provider == RDNS_ISP &&
		(e->last_in_front || e->numbers >= 3 || e->serial.n >= SERIAL_DIGITS - 1);
}

/* A first label of nothing but numbers, two at least. */
static bool
begins_with_numbers(const struct rdns_tokens *t)
{
	size_t i = 0;

	for (; i < t->n && t->token[i].label == 0; i++)
		if (!t->token[i].digits)
			return false;
	return i >= 2;
}

static enum clue
weak_clue(const struct evidence *e)
{
	const struct rdns_spelling *s = &e->spelling;

	if (has_server_word(e))
		return CLUE_NONE;
	if (has(e, RDNS_ACCESS) &&
		(e->serial.n >= 2 || e->access_label || e->words[RDNS_ACCESS] > 1))
		return CLUE_WORD;
	if (e->mail_domain)
		return CLUE_NONE;
	if (s->bytes >= 2 && s->digits >= (s->tail ? 3 : 4))
		return CLUE_ADDRESS;
	if (e->customer_numbered || e->unnamed)
		return CLUE_WORD;
	if (is_provider_line(e))
		return CLUE_PROVIDER;
	if (e->serial.n >= SERIAL_DIGITS && e->numbers <= 2)
		return CLUE_SERIAL;
	if (e->numbers >= 4 || begins_with_numbers(&e->tokens))
		return CLUE_NUMBERS;
	return CLUE_NONE;
}

static enum clue
strong_clue(const struct evidence *e)
{
	if (e->spelling.bytes >= 2)
		return CLUE_ADDRESS;
	return has(e, RDNS_ACCESS) ? CLUE_WORD : CLUE_PROVIDER;
}

/* Machines for rent whose name, without a sign of a line, is still the one they came with. */
static bool
is_numbered_machine(const struct evidence *e)
{
	if (e->provider == RDNS_HOSTER)
		return e->spelling.bytes >= 2 || e->serial.n >= SERIAL_DIGITS - 1;
	return has(e, RDNS_HOSTING) && e->machine_numbered && e->serial.n >= 3;
}

static enum rdns_class
class_of(const struct evidence *e, enum level level)
{
	if (is_numbered_machine(e))
		return RDNS_GENERIC_HOSTING;
	if (level == LEVEL_NONE)
		return has(e, RDNS_STATIC) && e->last_in_front ? RDNS_GENERIC_STATIC : RDNS_SERVER;
	if (e->provider == RDNS_HOSTER || has(e, RDNS_HOSTING) || e->machine_numbered ||
		(e->hosting_domain && !has(e, RDNS_ACCESS)))
		return RDNS_GENERIC_HOSTING;
	return has(e, RDNS_STATIC) || e->provider == RDNS_STATIC ? RDNS_GENERIC_STATIC
								 : RDNS_ENDUSER;
}

static void
say_spelling(struct buf *b, const struct evidence *e, size_t length)
{
	const struct rdns_spelling *s = &e->spelling;

	buf_puts(b, "spells ");
	if (s->bytes < length) {
		buf_putu(b, s->bytes);
		buf_puts(b, " of its ");
		buf_putu(b, length);
		buf_puts(b, " address bytes");
	} else {
		buf_puts(b, "its address");
	}
	switch (s->notation) {
	case RDNS_DECIMAL:
		break;
	case RDNS_HEX:
		buf_puts(b, " in hexadecimal");
		break;
	case RDNS_INTEGER:
		buf_puts(b, " as one number");
		break;
	case RDNS_BASE32:
		buf_puts(b, " in base 32");
		break;
	}
	buf_puts(b, ": ");
	buf_put_escaped(b, str_slice(e->tokens.host, s->from, s->to), RDNS_QUOTE_MAX);
}

static void
say(struct buf *b, const char *before, struct str what, const char *after)
{
	if (b->n)
		buf_puts(b, ", ");
	buf_puts(b, before);
	buf_put_escaped(b, what, RDNS_QUOTE_MAX);
	buf_puts(b, after);
}

static void
say_words(struct buf *b, const struct evidence *e)
{
	static const enum rdns_kind kinds[] = {RDNS_MAIL, RDNS_HOSTING, RDNS_STATIC, RDNS_ACCESS,
		RDNS_CUSTOMER, RDNS_UNNAMED, RDNS_INFRA};
	size_t said = 0;

	for (size_t i = 0; i < COUNT(kinds) && said < 2; i++)
		if (has(e, kinds[i])) {
			say(b, "says \"", e->first[kinds[i]], "\"");
			said++;
		}
}

static void
say_provider(struct buf *b, const struct evidence *e)
{
	static const char *const what[RDNS_KINDS] = {[RDNS_MAILER] = " sends mail",
		[RDNS_HOSTER] = " rents out machines",
		[RDNS_ISP] = " is an access provider",
		[RDNS_LINES] = " names its customers' lines so",
		[RDNS_STATIC] = " has lines with fixed addresses"};

	if (what[e->provider])
		say(b, "", e->provider_domain, what[e->provider]);
}

static void
say_why(struct buf *b, const struct evidence *e, enum clue clue, size_t length)
{
	if (e->spelling.bytes >= 2)
		say_spelling(b, e, length);
	if (clue == CLUE_SERIAL || (clue == CLUE_PROVIDER && e->serial.n >= SERIAL_DIGITS - 1))
		say(b, "has the long number ", e->serial, "");
	if (clue == CLUE_NUMBERS)
		say(b, "is mostly numbers", STR(""), "");
	say_words(b, e);
	say_provider(b, e);
	if (b->n == 0)
		buf_puts(b, "shows no sign of a customer's line");
}

struct rdns_verdict
rdns_classify(const struct rdns_words *w, const struct ip *ip, struct str name)
{
	struct rdns_verdict v = {.class = RDNS_SERVER, .strength = RDNS_WEAK};
	struct buf reason = buf_on(v.reason, sizeof(v.reason) - 1); /* and a NUL */
	struct evidence e = {0};

	name = str_slice(name, 0, RDNS_HOST_MAX);
	struct str domain = psl_delegated(name);
	size_t host = name.n - domain.n;
	if (host && domain.n)
		host--; /* the dot */
	rdns_tokenize(str_slice(name, 0, host), &e.tokens);
	e.spelling = rdns_spell(&e.tokens, ip);
	e.provider = rdns_domain_kind(w, name, &e.provider_domain);
	note_host(w, &e);
	note_domain(w, &e, domain);

	enum clue clue = CLUE_NONE;
	if (e.provider == RDNS_MAILER || has(&e, RDNS_MAIL)) {
		v.strength = RDNS_STRONG;
	} else if (is_strong(&e)) {
		clue = strong_clue(&e);
		v.strength = RDNS_STRONG;
		v.class = class_of(&e, LEVEL_STRONG);
	} else {
		clue = weak_clue(&e);
		v.class = class_of(&e, clue == CLUE_NONE ? LEVEL_NONE : LEVEL_WEAK);
	}
	say_why(&reason, &e, clue, ip->len);
	return v;
}

const char *
rdns_class_name(enum rdns_class c)
{
	static const char *const names[] = {[RDNS_SERVER] = "server",
		[RDNS_ENDUSER] = "enduser",
		[RDNS_GENERIC_STATIC] = "generic-static",
		[RDNS_GENERIC_HOSTING] = "generic-hosting"};

	return names[c];
}

const char *
rdns_strength_name(enum rdns_strength s)
{
	return s == RDNS_STRONG ? "strong" : "weak";
}
