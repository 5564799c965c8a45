/* daemon/case_words: see case_words.h. */
#include "daemon/case_words.h"

struct str
case_word(struct arena *a, char kind, struct str value)
{
	size_t n = value.n < STORE_WORD_MAX - 2 ? value.n : STORE_WORD_MAX - 2;
	char *p = arena_alloc(a, n + 2);

	p[0] = kind;
	p[1] = ':';
	for (size_t i = 0; i < n; i++)
		p[2 + i] = chr_lower(value.p[i]);
	return str_from(p, n + 2);
}

/* As ::ffff:a.b.c.d where it is one of IPv4; host bits as given by fill. */
static struct str
client_word(struct arena *a, const struct ip_net *net, uint8_t fill)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t b[16] = {[10] = 0xff, [11] = 0xff};
	size_t skip = 16 - (size_t)net->ip.len, bits = 8 * skip + net->bits;
	char text[32];

	memcpy(b + skip, net->ip.b, net->ip.len);
	for (size_t i = bits; i < 128; i++) {
		uint8_t bit = (uint8_t)(0x80 >> i % 8);
		b[i / 8] = (uint8_t)((b[i / 8] & ~bit) | (fill & bit));
	}
	for (size_t i = 0; i < sizeof(b); i++) {
		text[2 * i] = digits[b[i] >> 4];
		text[2 * i + 1] = digits[b[i] & 15];
	}
	return case_word(a, 'c', str_from(text, sizeof(text)));
}

struct store_range
case_client_range(struct arena *a, const struct ip_net *net)
{
	return (struct store_range){client_word(a, net, 0), client_word(a, net, 0xff)};
}

struct str
address_domain(struct str address)
{
	return str_skip(address, str_rfind(address, '@') + 1);
}

void
case_words_add(struct store_op *op, struct str word)
{
	if (word.n <= 2 || op->n_words == STORE_WORDS_MAX)
		return;
	for (size_t i = 0; i < op->n_words; i++)
		if (str_eq(op->word[i], word))
			return;
	op->word[op->n_words++] = word;
}

static void
add(struct arena *a, struct store_op *op, char kind, struct str value)
{
	case_words_add(op, case_word(a, kind, value));
}

static void
add_findings(struct arena *a, const struct visit_case *c, bool good, struct store_op *op)
{
	struct result r = transaction_result(c->transaction);

	for (size_t i = 0; i < r.n; i++)
		if (r.finding[i]->code->good == good)
			add(a, op, 'f', str_of(r.finding[i]->code->id));
}

void
case_words_fill(
	struct arena *a, const struct visit_case *c, const struct str *kept, struct store_op *op)
{
	const struct ip *client = &c->client->ip;
	const struct ip_net net = {*client, (uint8_t)(8 * client->len)};
	struct str from = transaction_env_get(c->transaction, ENV_MAIL_FROM);

	case_words_add(op, client_word(a, &net, 0));
	add(a, op, 's', from.p && !from.n ? STR(CASE_NULL_SENDER) : from);
	add(a, op, 'S', address_domain(from));
	add(a, op, 'h', transaction_env_get(c->transaction, ENV_HELO));
	add(a, op, 'q', c->queue_id);
	for (size_t i = 0; i < c->n; i++) {
		add(a, op, 'v', str_of(verdict_name(c->rcpt[i].verdict->kind)));
		if (kept[i].n && kept[i].p[0] != '@')
			add(a, op, 'r', kept[i]);
	}
	add(a, op, 'R', c->n ? address_domain(kept[0]) : STR(""));
	add_findings(a, c, false, op);
	add_findings(a, c, true, op);
	for (size_t i = 1; i < c->n; i++)
		add(a, op, 'R', address_domain(kept[i]));
}
