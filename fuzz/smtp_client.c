/* smtp_client: what a server says in a callout, in pieces of whatever size (a byte before each says
 * so).  What we say is bounded and never mail, and an address is refused only by a 5xx to it. */
#include "base/must.h"
#include "wire/smtp_client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SAID_MAX 12 /* commands of the longest dialogue */

static void
check_said(struct str said)
{
	static const struct str may[] = {STR_INIT("EHLO mx.example.org\r\n"),
		STR_INIT("HELO mx.example.org\r\n"), STR_INIT("STARTTLS\r\n"),
		STR_INIT("MAIL FROM:<>\r\n"), STR_INIT("RCPT TO:<x7q2k@example.com>\r\n"),
		STR_INIT("RCPT TO:<ann@example.com>\r\n"), STR_INIT("RSET\r\n"),
		STR_INIT("QUIT\r\n")};

	for (size_t i = 0; i < COUNT(may); i++)
		if (str_eq(said, may[i]))
			return;
	must(!said.n);
}

static void
check_end(const struct smtp_client *c)
{
	const struct smtp_client_result *r = smtp_client_result(c);
	struct str t = smtp_client_transcript(c);

	must((r->outcome == SMTP_UNVERIFIABLE) == (r->reason != NULL));
	if (r->outcome == SMTP_REFUSED)
		must(r->stage == SMTP_AT_RCPT && r->code >= 500);
	if (r->outcome == SMTP_ACCEPTED)
		must(r->stage == SMTP_AT_RCPT && r->code / 100 == 2);
	must(smtp_stage_name(r->stage)[0]);
	for (size_t i = 0; i < t.n; i++)
		must(t.p[i] == '\n' || (t.p[i] >= ' ' && t.p[i] <= '~'));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct smtp_client_options options = {.helo = STR_INIT("mx.example.org"),
		.nobody = STR_INIT("x7q2k@example.com"),
		.address = STR_INIT("ann@example.com"),
		.client = STR_INIT("192.0.2.25"),
		.tls = true};
	enum smtp_client_want want = SMTP_WANT_MORE;
	static char bytes[1 << 16];
	struct smtp_client c;
	size_t n = 0, turns = 0;

	must(smtp_client_init(&c, &options));
	while (size && want != SMTP_WANT_CLOSE) {
		char room[SMTP_CLIENT_OUT_MAX];
		struct buf out = BUF(room);
		size_t chunk = *data++, used;
		size--;
		if (chunk > size)
			chunk = size;
		if (chunk > sizeof(bytes) - n)
			return 0;
		memcpy(bytes + n, data, chunk);
		n += chunk;
		data += chunk;
		size -= chunk;
		want = smtp_client_read(&c, str_from(bytes, n), &used, &out);
		must(used <= n && n - used <= SMTP_CLIENT_LINE_MAX + 256);
		memmove(bytes, bytes + used, n - used);
		n -= used;
		check_said(buf_str(&out));
		turns += out.n > 0;
		if (want == SMTP_WANT_TLS) {
			must(n == 0);
			buf_reset(&out);
			smtp_client_secured(&c, &out);
			check_said(buf_str(&out));
			turns++;
		}
	}
	must(turns <= SAID_MAX);
	smtp_client_broken(&c, "time-out");
	check_end(&c);
	return 0;
}
