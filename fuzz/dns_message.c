/* Fuzz target: answers of servers.  The first byte picks the type asked; the message that follows
 * is made to fit our question where its own bytes allow that, so that the fuzzer gets past the
 * door, and is also read as it is. */
#include <stdint.h>

#include "dns/message.h"

#define ID 0x1234

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const enum dns_type types[] = {
	DNS_A, DNS_NS, DNS_CNAME, DNS_SOA, DNS_PTR, DNS_MX, DNS_TXT, DNS_AAAA};

/* Printed and parsed again a record is the same. */
static void
check_record(struct arena *a, enum dns_type type, const struct dns_rr *rr)
{
	static char room[4 * 65536];
	struct buf text = BUF(room);
	struct dns_rr again;

	dns_rr_print(type, rr, &text);
	must(!buf_is_cut(&text));
	for (size_t i = 0; i < text.n; i++)
		must(chr_is_print(room[i]));
	must(dns_rr_parse(a, type, buf_str(&text), &again));
	must(str_eq(again.text, rr->text) && again.preference == rr->preference);
	must(rr->ip.len == 0 ||
		(ip_eq(&again.ip, &rr->ip) &&
			dns_answer_has_ip(&(struct dns_answer){.n = 1, .rr = rr}, &rr->ip)));
}

static void
check_answer(struct arena *a, enum dns_type type, const struct dns_answer *d)
{
	must((d->status == DNS_OK) == (d->n > 0) && d->status != DNS_STALE);
	must((d->status == DNS_FAIL) == (d->reason != NULL));
	must(!d->nxdomain || d->status == DNS_NONE);
	must(d->ttl >= DNS_TTL_MIN && d->ttl <= DNS_TTL_MAX);
	must(d->status != DNS_NONE || d->ttl <= 3600);
	must(d->n <= DNS_RR_MAX && d->links <= DNS_CNAME_MAX);
	must((d->links > 0) == (d->alias.n > 0));
	for (size_t i = 0; i < d->n && i < 8; i++)
		check_record(a, type, &d->rr[i]);
}

static void
read_answer(struct str message, struct str name, enum dns_type type)
{
	struct dns_answer d;
	struct arena a;

	arena_init(&a, 4096, 4 << 20);
	switch (dns_answer_read(&a, message, ID, name, type, &d)) {
	case DNS_READ_NO_EDNS:
		must(d.status == DNS_FAIL);
		__attribute__((fallthrough));
	case DNS_READ_OK:
		must(a.used <= DNS_ANSWER_MAX + 8192);
		check_answer(&a, type, &d);
		break;
	case DNS_READ_CHASE:
		must(d.alias.n > 0 && d.links > 0 && d.links <= DNS_CNAME_MAX);
		must(d.ttl >= DNS_TTL_MIN && d.ttl <= DNS_TTL_MAX && d.n == 0);
		break;
	case DNS_READ_TRUNCATED:
	case DNS_READ_FOREIGN:
		break;
	}
	arena_done(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char room[65535];
	struct buf fit = BUF(room);

	if (size < 1 || size > 60000)
		return 0;
	enum dns_type type = types[data[0] % COUNT(types)];
	struct str message = str_from((const char *)data + 1, size - 1);
	read_answer(message, STR("a.x"), type);

	/* The same flags, counts and records behind a header and question of ours. */
	if (message.n < 12)
		return 0;
	buf_put16(&fit, ID);
	buf_putc(&fit, (char)((message.p[2] & 0x07) | 0x80));
	buf_putc(&fit, message.p[3]);
	buf_put16(&fit, 1);
	buf_put(&fit, str_slice(message, 6, 12));
	must(dns_name_write(STR("a.x"), &fit));
	buf_put16(&fit, (uint16_t)type);
	buf_put16(&fit, 1);
	buf_put(&fit, str_skip(message, 12));
	must(!buf_is_cut(&fit));
	char *copy = heap_alloc(fit.n); /* exact, so that ASan sees one byte too many */
	memcpy(copy, room, fit.n);
	read_answer(str_from(copy, fit.n), STR("a.x"), type);
	heap_free(copy);
	return 0;
}
