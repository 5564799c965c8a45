/*
 * policy_load: Postfix' policy client (SMTPD_POLICY_README), many connections of it.
 *
 * One request for each recipient at RCPT, in the order and with the attributes of Postfix 3.7;
 * all requests of a transaction carry one instance.  Connections stay open, as smtpd(8) keeps
 * them.  Postfix' time limits and retries are not played.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

/* As smtpd(8) makes it: process id, time, and a number. */
static char instance[48];

static void
ask(struct load_conn *c)
{
	const struct load_tx *t = c->tx;

	buf_printf(&c->out,
		"request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n"
		"client_address=%.*s\nclient_name=%.*s\nclient_port=%u\n"
		"reverse_client_name=%.*s\nserver_address=127.0.0.1\nserver_port=25\n"
		"helo_name=%.*s\nsender=%.*s\nrecipient=",
		STR_ARG(t->addr), STR_ARG(t->name), 1024 + (unsigned)(c->serial % 60000),
		STR_ARG(t->rname), STR_ARG(t->helo), STR_ARG(t->sender));
	load_put_rcpt(&c->out, c->rcpt);
	buf_puts(&c->out, "\nrecipient_count=0\nqueue_id=");
	if (c->rcpt > c->refused) /* some recipient was accepted */
		buf_printf(&c->out, "%011" PRIX64, c->serial);
	buf_printf(&c->out,
		"\ninstance=%s.%" PRIx64 ".0\nsize=%u\n"
		"etrn_domain=\nstress=\nsasl_method=\nsasl_username=\nsasl_sender=\n"
		"ccert_subject=\nccert_issuer=\nccert_fingerprint=\n"
		"ccert_pubkey_fingerprint=\nencryption_protocol=\nencryption_cipher=\n"
		"encryption_keysize=0\npolicy_context=\n\n",
		instance, c->serial, 2000 + (unsigned)(c->serial % 5000));
}

/* The answer is `action=WORD ...`, then an empty line. */
static enum load_step
input(struct load_conn *c)
{
	struct str lines, action;
	const char *end = memmem(c->in, c->in_n, "\n\n", 2);

	if (!end)
		return c->in_n < sizeof c->in ? LOAD_WAIT : LOAD_ERROR;
	load_bytes(c, (size_t)(end + 2 - c->in), &lines);
	if (!str_has_prefix(lines, STR("action=")) || c->in_at != c->in_n)
		return LOAD_ERROR;
	action = str_slice(lines, 7, lines.n - 2);
	load_answered(c, str_slice(action, 0, str_find(action, ' ')));
	c->refused += !str_eq(action, STR("DUNNO"));
	if (++c->rcpt == load_rcpts)
		return LOAD_DONE;
	ask(c);
	return LOAD_WAIT;
}

int
main(int argc, char **argv)
{
	static const struct load_option none[] = {{""}};
	static const struct load_proto proto = {
		.name = "policy", .options = none, .start = ask, .input = input};

	snprintf(
		instance, sizeof instance, "%x.%" PRIx64, (unsigned)getpid(), (uint64_t)time(NULL));
	return load_main(&proto, argc, argv);
}
