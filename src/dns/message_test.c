/* Unit tests of messages: what each shape of answer is read as, and that nothing broken is
 * believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"

#include "dns/message.h"

#define ID 0x1234

static struct arena arena;
static char room[65536];
static struct buf message;

static int
setup(void **state)
{
	arena_init(&arena, 4096, 1 << 20);
	message = BUF(room);
	return 0;
}

static int
teardown(void **state)
{
	arena_done(&arena);
	return 0;
}

static void
head(unsigned flags, unsigned an, unsigned ns, unsigned ar)
{
	buf_reset(&message);
	buf_put16(&message, ID);
	buf_put16(&message, (uint16_t)(0x8180 | flags));
	buf_put16(&message, 1);
	buf_put16(&message, (uint16_t)an);
	buf_put16(&message, (uint16_t)ns);
	buf_put16(&message, (uint16_t)ar);
}

static void
question(const char *name, enum dns_type type)
{
	assert_true(dns_name_write(str_of(name), &message));
	buf_put16(&message, (uint16_t)type);
	buf_put16(&message, 1);
}

static void
record(const char *owner, unsigned type, uint32_t ttl, struct str data)
{
	assert_true(dns_name_write(str_of(owner), &message));
	buf_put16(&message, (uint16_t)type);
	buf_put16(&message, 1);
	buf_put32(&message, ttl);
	buf_put16(&message, (uint16_t)data.n);
	buf_put(&message, data);
}

/* A record whose data is a name. */
static void
record_name(const char *owner, unsigned type, uint32_t ttl, const char *target)
{
	char data[256];
	struct buf b = BUF(data);

	assert_true(dns_name_write(str_of(target), &b));
	record(owner, type, ttl, buf_str(&b));
}

static void
record_soa(const char *owner, uint32_t ttl, uint32_t minimum)
{
	char data[64] = {0};
	struct buf b = BUF(data);

	buf_put(&b, STR("\0\0"));
	for (uint32_t i = 1; i < 5; i++)
		buf_put32(&b, i);
	buf_put32(&b, minimum);
	record(owner, DNS_SOA, ttl, buf_str(&b));
}

static struct dns_answer got;

static enum dns_read
answer(const char *name, enum dns_type type)
{
	assert_false(buf_is_cut(&message));
	/* An exact copy, so that ASan sees one byte too many. */
	char *copy = heap_alloc(message.n);
	memcpy(copy, room, message.n);
	enum dns_read r =
		dns_answer_read(&arena, str_from(copy, message.n), ID, str_of(name), type, &got);
	memset(copy, 0xee, message.n);
	heap_free(copy);
	return r;
}

static void
assert_text(struct str text, const char *want)
{
	if (!str_eq(text, str_of(want)))
		fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(text), want);
}

static void
assert_fails(const char *name, enum dns_type type, const char *reason)
{
	assert_int_equal(answer(name, type), DNS_READ_OK);
	assert_int_equal(got.status, DNS_FAIL);
	assert_string_equal(got.reason, reason);
}

static void
test_question(void **state)
{
	struct buf small = buf_on(room, 20);

	assert_true(dns_question_write(ID, STR("a.b"), DNS_TXT, true, &message));
	assert_true(str_eq(buf_str(&message),
		STR("\x12\x34\1\x20\0\1\0\0\0\0\0\1"
		    "\1a\1b\0\0\x10\0\1"
		    "\0\0\x29\4\xd0\0\0\0\0\0\0")));
	buf_reset(&message);
	assert_true(dns_question_write(ID, STR("a.b"), DNS_A, false, &message));
	assert_true(str_eq(buf_str(&message),
		STR("\x12\x34\1\x20\0\1\0\0\0\0\0\0"
		    "\1a\1b\0\0\1\0\1")));
	assert_false(dns_question_write(ID, STR("a..b"), DNS_A, false, &message));
	assert_false(dns_question_write(ID, STR("a.b"), DNS_A, false, &small));
}

static void
test_records(void **state)
{
	struct ip ip;

	head(0x20, 2, 0, 0);
	question("a.x", DNS_A);
	record("A.x", DNS_A, 300, STR("\300\0\2\1"));
	record("a.x", DNS_A, 200, STR("\300\0\2\2"));
	assert_int_equal(answer("a.x", DNS_A), DNS_READ_OK);
	assert_int_equal(got.status, DNS_OK);
	assert_int_equal(got.n, 2);
	assert_int_equal(got.ttl, 200);
	assert_true(got.ad);
	assert_int_equal(got.alias.n, 0);
	assert_true(ip_parse(STR("192.0.2.2"), &ip) && dns_answer_has_ip(&got, &ip));
	assert_true(ip_parse(STR("192.0.2.3"), &ip) && !dns_answer_has_ip(&got, &ip));

	head(0, 2, 0, 0);
	question("x", DNS_MX);
	record("x", DNS_MX, 1, STR("\0\12\2mX\1x\0"));
	record("x", DNS_MX, 1, STR("\0\0\0"));
	assert_int_equal(answer("x", DNS_MX), DNS_READ_OK);
	assert_int_equal(got.n, 2);
	assert_int_equal(got.rr[0].preference, 10);
	assert_text(got.rr[0].text, "mx.x");
	assert_text(got.rr[1].text, ".");
	assert_int_equal(got.ttl, DNS_TTL_MIN);
	assert_false(got.ad);

	head(0, 3, 0, 0);
	question("x", DNS_TXT);
	record("x", DNS_TXT, 1u << 31, STR("\2ab\0\1c"));
	record("x", DNS_TXT, 300, STR(""));
	record("x", DNS_TXT, 300, STR("\3ab")); /* broken: left out */
	assert_int_equal(answer("x", DNS_TXT), DNS_READ_OK);
	assert_int_equal(got.n, 2);
	assert_text(got.rr[0].text, "abc");
	assert_text(got.rr[1].text, "");
	assert_int_equal(got.ttl, DNS_TTL_MIN); /* 2^31 is zero */

	head(0, 1, 0, 0);
	question("x", DNS_PTR);
	record_name("x", DNS_PTR, INT32_MAX, "h.y");
	assert_int_equal(answer("x", DNS_PTR), DNS_READ_OK);
	assert_text(got.rr[0].text, "h.y");
	assert_int_equal(got.ttl, DNS_TTL_MAX);

	head(0, 1, 0, 0);
	question("x", DNS_AAAA);
	record("x", DNS_AAAA, 60, STR("\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1"));
	assert_int_equal(answer("x", DNS_AAAA), DNS_READ_OK);
	assert_true(ip_parse(STR("2001:db8::1"), &ip) && dns_answer_has_ip(&got, &ip));
}

/* Records of other names, types and classes prove nothing about ours. */
static void
test_strangers(void **state)
{
	head(0, 3, 0, 0);
	question("a.x", DNS_A);
	record("b.x", DNS_A, 300, STR("\300\0\2\1"));
	record("a.x", DNS_TXT, 300, STR("\1a"));
	record("a.x", 99, 300, STR(""));
	assert_int_equal(answer("a.x", DNS_A), DNS_READ_OK);
	assert_int_equal(got.status, DNS_FAIL);
	assert_false(got.nxdomain);
}

static void
test_broken_records(void **state)
{
	static const struct {
		enum dns_type type;
		struct str data;
	} cases[] = {
		{DNS_A, STR_INIT("\1\2\3")}, {DNS_A, STR_INIT("\1\2\3\4\5")},
		{DNS_AAAA, STR_INIT("\1\2\3\4")},
		{DNS_AAAA, STR_INIT("\0\0\0\0\0\0\0\0\0\0\xff\xff\1\2\3\4")},
		{DNS_TXT, STR_INIT("\5ab")}, {DNS_MX, STR_INIT("\0")}, {DNS_MX, STR_INIT("\0\1")},
		{DNS_MX, STR_INIT("\0\1\1a\0x")}, /* bytes left over */
		{DNS_PTR, STR_INIT("")}, {DNS_PTR, STR_INIT("\1a")},
		{DNS_PTR, STR_INIT("\xc0\xff")}, {DNS_PTR, STR_INIT("\xc0\x27")}, /* to itself */
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		head(0, 1, 0, 0);
		question("a.x", cases[i].type);
		record("a.x", cases[i].type, 300, cases[i].data);
		assert_fails("a.x", cases[i].type, "malformed");
	}
	head(0, 2, 0, 0);
	question("x", DNS_PTR);
	record("x", DNS_PTR, 300, STR("\1a"));
	record("x", DNS_PTR, 300, STR("\1b\0"));
	assert_int_equal(answer("x", DNS_PTR), DNS_READ_OK);
	assert_int_equal(got.n, 1);
	assert_text(got.rr[0].text, "b");
}

static void
test_foreign(void **state)
{
	head(0, 0, 0, 0);
	question("a.x", DNS_A);
	assert_int_equal(answer("b.x", DNS_A), DNS_READ_FOREIGN);
	assert_int_equal(answer("a.x", DNS_AAAA), DNS_READ_FOREIGN);
	room[0] ^= 1;
	assert_int_equal(answer("a.x", DNS_A), DNS_READ_FOREIGN); /* id */
	room[0] ^= 1;
	room[2] ^= (char)0x80;
	assert_int_equal(answer("a.x", DNS_A), DNS_READ_FOREIGN); /* a question, no answer */
	room[2] ^= (char)0x80;
	room[2] ^= 0x10;
	assert_int_equal(answer("a.x", DNS_A), DNS_READ_FOREIGN); /* other kind of message */
	room[2] ^= 0x10;
	room[5] = 2;
	assert_int_equal(answer("a.x", DNS_A), DNS_READ_FOREIGN); /* two questions */
	room[5] = 0;
	assert_int_equal(answer("a.x", DNS_A), DNS_READ_FOREIGN); /* none, and no error */
	room[5] = 1;
	room[message.n - 1] = 3;
	assert_int_equal(answer("a.x", DNS_A), DNS_READ_FOREIGN); /* class */
	room[message.n - 1] = 1;
	assert_int_equal(answer("a.x", DNS_A), DNS_READ_OK);
	for (message.n--;; message.n--) { /* cut in header or question: the id proves little */
		assert_int_equal(answer("a.x", DNS_A), DNS_READ_FOREIGN);
		if (message.n == 0)
			break;
	}
}

static void
test_codes(void **state)
{
	static const struct {
		unsigned rcode;
		enum dns_read want;
		const char *reason;
	} cases[] = {
		{1, DNS_READ_NO_EDNS, "formerr"},
		{2, DNS_READ_OK, "servfail"},
		{4, DNS_READ_NO_EDNS, "notimp"},
		{5, DNS_READ_OK, "refused"},
		{6, DNS_READ_OK, "unknown error code"},
		{15, DNS_READ_OK, "unknown error code"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		head(cases[i].rcode, 0, 0, 0);
		question("a.x", DNS_A);
		assert_int_equal(answer("a.x", DNS_A), cases[i].want);
		assert_int_equal(got.status, DNS_FAIL);
		assert_string_equal(got.reason, cases[i].reason);
		message.n = 12; /* an error may come without the question */
		room[5] = 0;
		assert_int_equal(answer("a.x", DNS_A), cases[i].want);
	}
	/* An error that claims records is an error. */
	head(2, 1, 0, 0);
	question("a.x", DNS_A);
	record("a.x", DNS_A, 300, STR("\1\2\3\4"));
	assert_fails("a.x", DNS_A, "servfail");
	/* The upper bits of the code stand in the OPT record's TTL. */
	head(0, 1, 0, 1);
	question("a.x", DNS_A);
	record("a.x", DNS_A, 300, STR("\1\2\3\4"));
	record(".", 41, 1u << 24, STR(""));
	assert_int_equal(answer("a.x", DNS_A), DNS_READ_NO_EDNS);
	assert_string_equal(got.reason, "badvers");
	head(0, 1, 0, 1);
	question("a.x", DNS_A);
	record("a.x", DNS_A, 300, STR("\1\2\3\4"));
	record(".", 41, 0, STR(""));
	assert_int_equal(answer("a.x", DNS_A), DNS_READ_OK);
	assert_int_equal(got.status, DNS_OK);
}

static void
test_truncated(void **state)
{
	head(0x200, 1, 0, 0);
	question("a.x", DNS_A);
	assert_int_equal(answer("a.x", DNS_A), DNS_READ_TRUNCATED);
	assert_int_equal(answer("b.x", DNS_A), DNS_READ_FOREIGN);
}

/* Wherever a message is cut after its question, it is not believed. */
static void
test_cut(void **state)
{
	size_t shortest, whole;

	head(0, 2, 1, 1);
	question("a.x", DNS_A);
	shortest = message.n;
	record("a.x", DNS_A, 300, STR("\1\2\3\4"));
	record("a.x", DNS_A, 300, STR("\1\2\3\5"));
	record_soa("x", 300, 300);
	record(".", 41, 0, STR(""));
	whole = message.n;
	assert_int_equal(answer("a.x", DNS_A), DNS_READ_OK);
	assert_int_equal(got.status, DNS_OK);
	for (size_t n = shortest; n < whole; n++) {
		message.n = n;
		assert_fails("a.x", DNS_A, "malformed");
	}
	message.n = whole;
	room[11] = 2; /* counts more records than there are */
	assert_fails("a.x", DNS_A, "malformed");
}

static void
test_self_pointing_owner(void **state)
{
	head(0, 1, 0, 0);
	question("a.x", DNS_A);
	size_t at = message.n;
	record("a.x", DNS_A, 300, STR("\1\2\3\4"));
	/* Replace the owner by a pointer to itself. */
	memmove(room + at + 2, room + at + 5, message.n - at - 5);
	message.n -= 3;
	room[at] = (char)0xc0;
	room[at + 1] = (char)at;
	assert_int_equal(answer("a.x", DNS_A), DNS_READ_OK);
	assert_int_not_equal(got.status, DNS_OK);
}

static void
test_negative(void **state)
{
	static const struct {
		unsigned rcode;
		const char *soa_of; /* NULL: none */
		uint32_t ttl, minimum, want;
	} cases[] = {
		{3, "x", 600, 300, 300},
		{3, "x", 300, 600, 300},
		{0, "x", 300, 600, 300},
		{0, ".", 86400, 86400, 3600},
		{0, "a.x", 0, 300, 5},
		{0, "b.x", 600, 600, 60}, /* of another zone: as if there were none */
		{3, NULL, 0, 0, 60},
		{0, NULL, 0, 0, 60},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		head(cases[i].rcode, 0, cases[i].soa_of != NULL, 0);
		question("a.x", DNS_A);
		if (cases[i].soa_of)
			record_soa(cases[i].soa_of, cases[i].ttl, cases[i].minimum);
		assert_int_equal(answer("a.x", DNS_A), DNS_READ_OK);
		assert_int_equal(got.status, DNS_NONE);
		assert_int_equal(got.nxdomain, cases[i].rcode == 3);
		assert_int_equal(got.ttl, cases[i].want);
	}
}

static void
test_aliases(void **state)
{
	/* In the wrong order, with the least TTL on the way. */
	head(0, 3, 0, 0);
	question("a.x", DNS_A);
	record("c.x", DNS_A, 300, STR("\1\2\3\4"));
	record_name("b.x", DNS_CNAME, 100, "C.x");
	record_name("a.x", DNS_CNAME, 200, "b.x");
	assert_int_equal(answer("a.x", DNS_A), DNS_READ_OK);
	assert_int_equal(got.status, DNS_OK);
	assert_text(got.alias, "c.x");
	assert_int_equal(got.links, 2);
	assert_int_equal(got.ttl, 100);
	assert_int_equal(got.n, 1);

	/* Who asks for the CNAME gets it. */
	head(0, 1, 0, 0);
	question("a.x", DNS_CNAME);
	record_name("a.x", DNS_CNAME, 200, "b.x");
	assert_int_equal(answer("a.x", DNS_CNAME), DNS_READ_OK);
	assert_text(got.rr[0].text, "b.x");
	assert_int_equal(got.links, 0);

	/* The target is elsewhere. */
	head(0, 1, 0, 0);
	question("a.x", DNS_A);
	record_name("a.x", DNS_CNAME, 200, "b.y");
	assert_int_equal(answer("a.x", DNS_A), DNS_READ_CHASE);
	assert_text(got.alias, "b.y");
	assert_int_equal(got.links, 1);
	assert_int_equal(got.ttl, 200);

	/* The target has no such record, or is not there at all. */
	head(0, 1, 1, 0);
	question("a.x", DNS_A);
	record_name("a.x", DNS_CNAME, 200, "b.y");
	record_soa("y", 400, 400);
	assert_int_equal(answer("a.x", DNS_A), DNS_READ_OK);
	assert_int_equal(got.status, DNS_NONE);
	assert_text(got.alias, "b.y");
	assert_int_equal(got.ttl, 200);
	head(3, 1, 0, 0);
	question("a.x", DNS_A);
	record_name("a.x", DNS_CNAME, 200, "b.y");
	assert_int_equal(answer("a.x", DNS_A), DNS_READ_OK);
	assert_int_equal(got.status, DNS_NONE);
	assert_true(got.nxdomain);

	/* A broken target. */
	head(0, 1, 0, 0);
	question("a.x", DNS_A);
	record("a.x", DNS_CNAME, 200, STR("\xc0\xff"));
	assert_fails("a.x", DNS_A, "malformed");
}

static void
test_alias_limits(void **state)
{
	char from[] = "a0.x", to[] = "a0.x";

	for (unsigned links = 7; links <= 9; links++) {
		head(0, links + 1, 0, 0);
		question("a0.x", DNS_A);
		for (unsigned i = 0; i < links; i++) {
			from[1] = (char)('0' + i);
			to[1] = (char)('1' + i);
			record_name(from, DNS_CNAME, 300, to);
		}
		record(to, DNS_A, 300, STR("\1\2\3\4"));
		if (links <= DNS_CNAME_MAX) {
			assert_int_equal(answer("a0.x", DNS_A), DNS_READ_OK);
			assert_int_equal(got.status, DNS_OK);
		} else {
			assert_fails("a0.x", DNS_A, "too many aliases");
		}
	}
	head(0, 2, 0, 0); /* a loop */
	question("a.x", DNS_A);
	record_name("a.x", DNS_CNAME, 300, "b.x");
	record_name("b.x", DNS_CNAME, 300, "a.x");
	assert_fails("a.x", DNS_A, "too many aliases");
	head(0, 1, 0, 0);
	question("a.x", DNS_A);
	record_name("a.x", DNS_CNAME, 300, "a.x");
	assert_fails("a.x", DNS_A, "too many aliases");
}

static void
test_large_txt(void **state)
{
	static char data[65300];
	struct buf b = buf_on(data, 65024); /* 254 strings of 255 */

	for (int i = 0; i < 254; i++) {
		buf_putc(&b, (char)255);
		for (int j = 0; j < 255; j++)
			buf_putc(&b, 'x');
	}
	head(0, 1, 0, 0);
	question("x", DNS_TXT);
	record("x", DNS_TXT, 300, buf_str(&b));
	assert_int_equal(answer("x", DNS_TXT), DNS_READ_OK);
	assert_int_equal(got.status, DNS_OK);
	assert_int_equal(got.rr[0].text.n, 254 * 255);

	b.n = 0;
	for (int i = 0; i < 500; i++) /* 500 strings of one byte */
		buf_put(&b, STR("\1y"));
	head(0, 1, 0, 0);
	question("x", DNS_TXT);
	record("x", DNS_TXT, 300, buf_str(&b));
	assert_int_equal(answer("x", DNS_TXT), DNS_READ_OK);
	assert_int_equal(got.rr[0].text.n, 500);
}

static void
test_many_records(void **state)
{
	for (unsigned n = DNS_RR_MAX - 1; n <= DNS_RR_MAX + 9; n += 5) {
		head(0, n, 0, 0);
		question("x", DNS_A);
		for (unsigned i = 0; i < n; i++)
			record("x", DNS_A, 300, STR("\1\2\3\4"));
		assert_int_equal(answer("x", DNS_A), DNS_READ_OK);
		assert_int_equal(got.status, n <= DNS_RR_MAX ? DNS_OK : DNS_FAIL);
	}
	/* Few bytes in the message, much memory: names that grow by compression. */
	head(0, 400, 0, 0);
	question("x", DNS_PTR);
	size_t at = message.n + 3 + 10;
	for (unsigned i = 0; i < 400; i++) {
		char data[256], pointer[2] = {(char)(0xc0 | at >> 8), (char)at};
		struct buf b = BUF(data);
		for (int label = 0; i == 0 && label < 4; label++) {
			buf_putc(&b, label < 3 ? 63 : 61);
			for (int j = 0; j < (label < 3 ? 63 : 61); j++)
				buf_putc(&b, '\1');
		}
		if (i == 0)
			buf_putc(&b, '\0');
		else
			buf_put(&b, str_from(pointer, 2));
		record("x", DNS_PTR, 300, buf_str(&b));
	}
	size_t before = arena.used;
	assert_fails("x", DNS_PTR, "answer too large");
	assert_in_range(arena.used - before, 1, DNS_ANSWER_MAX + 4096);
}

/* Long chains of pointers in as many records as are read: bounded time. */
static void
test_slow_message(void **state)
{
	const unsigned n = DNS_RR_MAX + DNS_CNAME_MAX;

	head(0, n + 1, 0, 0);
	question("a.x", DNS_A);
	record_name("a.x", DNS_CNAME, 300, "a.x");
	char chain[300];
	size_t last = message.n + 3 + 10;
	chain[0] = 0; /* the root, and 125 pointers, each to the one before */
	for (size_t i = 0; i < 125; i++) {
		size_t to = i ? last + 1 + (i - 1) * 2 : last;
		chain[1 + i * 2] = (char)(0xc0 | to >> 8);
		chain[2 + i * 2] = (char)to;
	}
	record("b.x", DNS_A, 300, str_from(chain, 251));
	size_t end = last + 249;
	for (unsigned i = 1; i < n; i++) {
		buf_put16(&message, (uint16_t)(0xc000 | end));
		buf_put16(&message, i % 2 ? DNS_A : DNS_CNAME);
		buf_put16(&message, 1);
		buf_put32(&message, 300);
		buf_put16(&message, 0);
	}
	head(0, n, 0, 0); /* the counts only: the rest stands */
	message.n = end + 2 + (n - 1) * 12;
	uint64_t start = clock_ms();
	assert_int_equal(answer("a.x", DNS_A), DNS_READ_OK);
	assert_int_equal(got.status, DNS_FAIL);
	assert_in_range(clock_ms() - start, 0, 100);
}

static void
test_presentation(void **state)
{
	static const struct {
		enum dns_type type;
		const char *text, *again; /* NULL: refused */
	} cases[] = {
		{DNS_A, "192.0.2.1", "192.0.2.1"},
		{DNS_A, "2001:db8::1", NULL},
		{DNS_A, "192.0.2", NULL},
		{DNS_AAAA, "2001:DB8:0::1", "2001:db8::1"},
		{DNS_AAAA, "192.0.2.1", NULL},
		{DNS_AAAA, "::ffff:192.0.2.1", NULL},
		{DNS_MX, "10 MX.example.", "10 mx.example"},
		{DNS_MX, "0 .", "0 ."},
		{DNS_MX, "65536 a", NULL},
		{DNS_MX, "a", NULL},
		{DNS_MX, "10", NULL},
		{DNS_PTR, "Host.Example", "host.example"},
		{DNS_PTR, "a..b", NULL},
		{DNS_PTR, "", NULL},
		{DNS_CNAME, "a\\032b", "a\\032b"},
		{DNS_NS, "ns.x.", "ns.x"},
		{DNS_TXT, "v=spf1 -all", "v=spf1 -all"},
		{DNS_TXT, "", ""},
		{DNS_TXT, "a\\\\b\\092\\000\\255", "a\\\\b\\\\\\000\\255"},
		{DNS_TXT, "\\a\"", "a\""},
		{DNS_TXT, "\\25", NULL},
		{DNS_TXT, "\\300", NULL},
		{DNS_TXT, "\\", NULL},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct dns_rr rr;
		bool ok = dns_rr_parse(&arena, cases[i].type, str_of(cases[i].text), &rr);
		if (ok != (cases[i].again != NULL))
			fail_msg("%s: %s", cases[i].text, ok ? "taken" : "refused");
		if (!ok)
			continue;
		buf_reset(&message);
		dns_rr_print(cases[i].type, &rr, &message);
		assert_text(buf_str(&message), cases[i].again);
	}
}

static void
test_types(void **state)
{
	enum dns_type type;

	assert_true(dns_type_parse(STR("aaaa"), &type));
	assert_int_equal(type, DNS_AAAA);
	assert_string_equal(dns_type_name(type), "AAAA");
	assert_false(dns_type_parse(STR("ANY"), &type));
	assert_false(dns_type_parse(STR(""), &type));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_question, setup, teardown),
		cmocka_unit_test_setup_teardown(test_records, setup, teardown),
		cmocka_unit_test_setup_teardown(test_strangers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broken_records, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign, setup, teardown),
		cmocka_unit_test_setup_teardown(test_codes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_truncated, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(test_self_pointing_owner, setup, teardown),
		cmocka_unit_test_setup_teardown(test_negative, setup, teardown),
		cmocka_unit_test_setup_teardown(test_aliases, setup, teardown),
		cmocka_unit_test_setup_teardown(test_alias_limits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large_txt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_records, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slow_message, setup, teardown),
		cmocka_unit_test_setup_teardown(test_presentation, setup, teardown),
		cmocka_unit_test_setup_teardown(test_types, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
