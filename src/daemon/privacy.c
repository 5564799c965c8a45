/* daemon/privacy: see privacy.h. */
#include "daemon/privacy.h"
#include "core/policy.h"

bool
privacy_is_plain(const struct privacy_settings *p)
{
	return p->recipients == PRIVACY_PLAIN;
}

static void
put_lower(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_putc(out, chr_lower(s.p[i]));
}

void
privacy_put_rcpt(const struct privacy_settings *p, struct str rcpt, struct buf *out)
{
	static const char digits[] = "0123456789abcdef";
	UNSET char room[PRIVACY_RCPT_MAX];
	UNSET uint8_t hash[HASH_KEYED_SIZE];
	struct buf lower = BUF(room);

	put_lower(&lower, str_slice(rcpt, 0, PRIVACY_RCPT_MAX));
	struct str s = buf_str(&lower);
	if (p->recipients != PRIVACY_PLAIN && !rcpt_is_always_reachable(s)) {
		if (p->recipients == PRIVACY_HASHED) {
			hash_keyed(p->key, s, hash);
			for (size_t i = 0; i < sizeof(hash); i++) {
				buf_putc(out, digits[hash[i] >> 4]);
				buf_putc(out, digits[hash[i] & 15]);
			}
		}
		s = str_skip(s, str_rfind(s, '@'));
	}
	buf_put(out, s);
}

bool
privacy_check(void *section_struct, struct arena *a, void *ctx, struct errbuf *e)
{
	struct privacy_settings *p = section_struct;

	if (!p->secret.n && p->recipients == PRIVACY_HASHED)
		return err(e, "recipients = hashed needs a secret: 32 hexadecimal digits");
	if (!p->secret.n)
		return true;
	if (p->secret.n != 2 * sizeof(p->key))
		return err(
			e, "secret has %zu characters: write 32 hexadecimal digits", p->secret.n);
	for (size_t i = 0; i < sizeof(p->key); i++) {
		int high = chr_hex(p->secret.p[2 * i]), low = chr_hex(p->secret.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return err(e, "secret is no hexadecimal number");
		p->key[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}
