/*
 * smtp_load: SMTP clients, one whole session for each transaction.
 *
 * The server is told who the client is by XCLIENT, or by the PROXY protocol (version 1), where
 * Postfix looks up the client's name itself.  The session ends after RCPT, before DATA: what
 * follows there costs disk writes that no check changes.  A refusal is a verdict, not an error.
 */
#include "endpoint.h"
#include "load.h"

static const char *opt_identity = "xclient";
static bool is_proxy;

/* In the order of a session; XCLIENT is offered only after a first EHLO. */
enum stage { S_BANNER, S_HELLO, S_XCLIENT, S_EHLO, S_MAIL, S_RCPT, S_QUIT };

static bool
is_v6(struct str addr)
{
	return str_find(addr, ':') < addr.n;
}

static void
put_proxy(struct load_conn *c)
{
	bool six = is_v6(c->tx->addr);

	buf_printf(&c->out, "PROXY TCP%c %.*s %s %u 25\r\n", six ? '6' : '4', STR_ARG(c->tx->addr),
		six ? "2001:db8:ffff::25" : "127.0.0.1", 1024 + (unsigned)(c->serial % 60000));
}

static void
put_name(struct buf *out, const char *key, struct str name)
{
	buf_puts(out, key);
	buf_put(out, str_eq(name, STR("unknown")) ? STR("[UNAVAILABLE]") : name);
}

static void
put_xclient(struct load_conn *c)
{
	buf_printf(&c->out, "XCLIENT ADDR=%s%.*s", is_v6(c->tx->addr) ? "IPV6:" : "",
		STR_ARG(c->tx->addr));
	put_name(&c->out, " NAME=", c->tx->name);
	put_name(&c->out, " REVERSE_NAME=", c->tx->rname);
	buf_puts(&c->out, "\r\n");
}

static void
put_rcpt(struct load_conn *c)
{
	buf_puts(&c->out, "RCPT TO:<");
	load_put_rcpt(&c->out, c->rcpt);
	buf_puts(&c->out, ">\r\n");
}

static void
go(struct load_conn *c, enum stage stage)
{
	c->stage = stage;
	switch (stage) {
	case S_BANNER:
		if (is_proxy)
			put_proxy(c);
		break;
	case S_HELLO:
	case S_EHLO:
		buf_printf(&c->out, "EHLO %.*s\r\n", STR_ARG(c->tx->helo));
		break;
	case S_XCLIENT:
		put_xclient(c);
		break;
	case S_MAIL:
		buf_printf(&c->out, "MAIL FROM:<%.*s>\r\n", STR_ARG(c->tx->sender));
		break;
	case S_RCPT:
		put_rcpt(c);
		break;
	case S_QUIT:
		buf_puts(&c->out, "QUIT\r\n");
		break;
	}
}

static void
start(struct load_conn *c)
{
	go(c, S_BANNER);
}

/* What follows an answer. */
static enum stage
after(struct load_conn *c, bool ok)
{
	enum stage stage = (enum stage)c->stage;

	if (stage == S_RCPT)
		return ++c->rcpt < load_rcpts ? S_RCPT : S_QUIT;
	if (!ok)
		return S_QUIT;
	return stage == S_BANNER && is_proxy ? S_EHLO : stage + 1;
}

/* Refusals are told apart by their codes, all else is well. */
static void
note(struct load_conn *c, struct str line, bool ok)
{
	struct str verdict = STR("ok");

	if (!ok) {
		size_t enhanced = str_find(str_skip(line, 4), ' ');
		verdict = str_slice(line, 0, 4 + enhanced);
	}
	load_answered(c, verdict);
}

static enum load_step
input(struct load_conn *c)
{
	struct str line;

	while (load_line(c, &line)) {
		bool ok;

		if (line.n < 4 || !chr_is_digit(line.p[0]))
			return LOAD_ERROR;
		if (line.p[3] == '-')
			continue;
		ok = line.p[0] == '2' || line.p[0] == '3';
		note(c, line, ok);
		if (c->stage == S_QUIT || str_has_prefix(line, STR("421")))
			return LOAD_CLOSE;
		go(c, after(c, ok));
	}
	return LOAD_WAIT;
}

static void
prepare(void)
{
	is_proxy = strcmp(opt_identity, "proxy") == 0;
	if (!is_proxy && strcmp(opt_identity, "xclient") != 0)
		bench_die("--identity %s: xclient or proxy", opt_identity);
}

int
main(int argc, char **argv)
{
	static const struct load_option options[] = {
		{"identity", "xclient or proxy: how the server learns of the client (xclient)",
			.text = &opt_identity},
		{""},
	};
	static const struct load_proto proto = {.name = "smtp",
		.options = options,
		.prepare = prepare,
		.start = start,
		.input = input};

	return load_main(&proto, argc, argv);
}
