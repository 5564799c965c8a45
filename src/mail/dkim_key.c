/* mail/dkim_key: see dkim_key.h. */
#include "base/buf.h"
#include "base/cursor.h"
#include "mail/dkim_key.h"
#include "mail/tags.h"

#define KEY_BYTES_MAX 4096 /* RSA of 16384 bits has half of it */

enum { DER_INTEGER = 2, DER_BITS = 3, DER_SEQUENCE = 0x30 };

static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (chr_is_digit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Blanks may stand anywhere. */
static bool
decode(struct str text, struct buf *out)
{
	unsigned held = 0, bits = 0, pads = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
			continue;
		if (c == '=') {
			pads++;
			continue;
		}
		int v = base64_value(c);
		if (v < 0 || pads)
			return false;
		held = (held << 6 | (unsigned)v) & 0xffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			buf_putc(out, (char)(held >> bits & 0xff));
		}
	}
	return bits < 6 && pads <= 2 && !buf_is_cut(out);
}

/* The contents of an element of this kind; the cursor fails otherwise. */
static struct str
der_element(struct cursor *c, uint8_t kind)
{
	if (cursor_u8(c) != kind)
		cursor_fail(c);
	size_t n = cursor_u8(c);
	if (n & 0x80) {
		size_t bytes = n & 0x7f;
		if (bytes < 1 || bytes > 3)
			cursor_fail(c);
		n = 0;
		for (size_t i = 0; i < bytes && cursor_ok(c); i++)
			n = n << 8 | cursor_u8(c);
	}
	return cursor_bytes(c, n);
}

/* Bits of the number that begins an RSAPublicKey; 0: that is none. */
static unsigned
modulus_bits(struct str key)
{
	struct cursor c = cursor_on(key);
	struct cursor inner = cursor_on(der_element(&c, DER_SEQUENCE));
	struct str n = der_element(&inner, DER_INTEGER);

	if (!cursor_ok(&c) || !cursor_ok(&inner))
		return 0;
	while (n.n && n.p[0] == 0)
		n = str_skip(n, 1);
	if (!n.n)
		return 0;
	unsigned top = (uint8_t)n.p[0], bits = (unsigned)(n.n - 1) * 8;
	for (; top; top >>= 1)
		bits++;
	return bits;
}

/* SubjectPublicKeyInfo, as RFC 6376 has it by an erratum and everybody makes it, or the bare
 * RSAPublicKey of its text. */
static unsigned
rsa_bits(struct str der)
{
	struct cursor c = cursor_on(der);
	struct cursor info = cursor_on(der_element(&c, DER_SEQUENCE));

	(void)der_element(&info, DER_SEQUENCE);
	struct str bits = der_element(&info, DER_BITS);
	if (cursor_ok(&c) && cursor_ok(&info) && bits.n > 1 && bits.p[0] == 0)
		return modulus_bits(str_skip(bits, 1));
	return modulus_bits(der);
}

static bool
list_has(struct str list, const char *word)
{
	struct str part;

	while (list.p && str_split(&list, ':', &part))
		if (str_eq_nocase(str_trim(part), str_of(word)))
			return true;
	return false;
}

static bool
wrong(struct arena *a, struct str *problem, const char *before, struct str of, const char *after)
{
	char room[256];
	struct buf b = BUF(room);

	buf_put_escaped(&b, of, 40);
	*problem = arena_printf(a, "%s%.*s%s", before, STR_ARG(buf_str(&b)), after);
	return false;
}

static bool
read_key(struct arena *a, struct str text, struct dkim_key *key, struct str *problem)
{
	UNSET char room[KEY_BYTES_MAX];
	struct buf der = BUF(room);

	if (!decode(text, &der))
		return wrong(a, problem, "its key (p) is no base64", STR(""), "");
	if (key->kind == DKIM_ED25519)
		key->bits = der.n == 32 ? 256 : 0;
	else
		key->bits = rsa_bits(buf_str(&der));
	return key->bits ||
		wrong(a, problem, "its key (p) cannot be read: a part of it may be missing",
			STR(""), "");
}

bool
dkim_key_parse(struct arena *a, struct str txt, struct dkim_key *out, struct str *problem)
{
	struct dkim_key key = {.kind = DKIM_RSA};
	struct str rest = txt, p = {NULL, 0};
	bool first = true, is_rsa = true;
	enum tag_read got;
	struct tag t;

	for (; (got = tag_next(&rest, &t)) != TAG_END; first = false) {
		if (got == TAG_BAD)
			return wrong(a, problem, "\"", t.value, "\" is no \"tag=value\"");
		if (str_eq(t.name, STR("v"))) {
			if (!first || !str_eq(t.value, STR("DKIM1")))
				return wrong(
					a, problem, "v=DKIM1 does not come first", STR(""), "");
		} else if (str_eq(t.name, STR("k"))) {
			is_rsa = str_eq_nocase(t.value, STR("rsa"));
			if (!is_rsa && !str_eq_nocase(t.value, STR("ed25519")))
				return wrong(a, problem, "nobody knows the kind of key \"", t.value,
					"\"");
		} else if (str_eq(t.name, STR("p"))) {
			p = t.value;
		} else if (str_eq(t.name, STR("t"))) {
			key.testing = list_has(t.value, "y");
		} else if (str_eq(t.name, STR("h"))) {
			key.sha1 = !list_has(t.value, "sha256");
		} else if (str_eq(t.name, STR("s")) && !list_has(t.value, "email") &&
			!list_has(t.value, "*")) {
			return wrong(a, problem, "it is not for mail (s=", t.value, ")");
		}
	}
	if (!p.p)
		return wrong(a, problem, "it has no key (p)", STR(""), "");
	key.kind = is_rsa ? DKIM_RSA : DKIM_ED25519;
	key.revoked = p.n == 0;
	if (!key.revoked && !read_key(a, p, &key, problem))
		return false;
	*out = key;
	return true;
}

const char *
dkim_kind_name(enum dkim_kind kind)
{
	return kind == DKIM_RSA ? "RSA" : "Ed25519";
}
