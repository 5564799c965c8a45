/*
 * cli/mailbox: switches of mailboxes in the store: set, unset, show, list.
 *
 * What is written here a running daemon sees within a second.  Nothing is written before all of it
 * was found to be right.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "cli/cli.h"
#include "cli/mailbox.h"
#include "cli/report.h"
#include "dns/name.h"
#include "mail/address.h"

static const char help[] =
	"Usage: mxward mailbox set WHO KEY=VALUE...\n"
	"       mxward mailbox unset WHO [KEY...]\n"
	"       mxward mailbox show WHO [--json]\n"
	"       mxward mailbox list [--seen] [--json]\n"
	"Switches of mailboxes.  A running daemon knows them within a second.\n"
	"\n"
	"  WHO                 an address, or @DOMAIN for all mailboxes of a domain.  What a\n"
	"                      mailbox has stands in the place of the same of its domain\n"
	"  skip=CHECK,...      what these checks find does not count; none: all of it does\n"
	"  only=CHECK,...      only what these checks find counts; all: all of it does\n"
	"  policy=off          everything is accepted; on: it is not\n"
	"  profile=NAME        score, strict or monitor\n"
	"  reject_at=POINTS    refused from so many points on\n"
	"  defer_at=POINTS     put off from so many points on; 0: never\n"
	"  refuse=WHAT         what becomes of what would be refused: it is put off (defer),\n"
	"                      held (quarantine), marked (tag) or let in (accept); with the\n"
	"                      latter three, what would be put off too, and with tag and\n"
	"                      accept, what would be held.  reject: it is refused\n"
	"\n"
	"  -c, --config FILE   settings; without it " CONFIG_FILE " if there is one\n"
	"  --seen              list: every mailbox that mail came for, with how much\n"
	"  --json              show, list: one JSON object on a line of its own for each\n"
	"  -h, --help          this text\n"
	"\n"
	"Exit status: 0, 66 when nothing is known of WHO, 69 when the store cannot be used,\n"
	"75 when it is busy, 78 when the settings name none, otherwise as sysexits.h.\n";

#define ARGS_MAX 32

struct options {
	const char *settings, *verb, *who;
	const char *arg[ARGS_MAX];
	size_t n;
	bool json, seen;
};

/* --- what is stored of one --- */

struct stored {
	const struct check_set *checks;
	struct switches switches; /* set 0: there are none, or they cannot be read */
};

static void
on_record(void *ctx, const struct store_record *r)
{
	struct stored *s = ctx;

	if (!mailbox_value_parse(r->value, s->checks, &s->switches))
		s->switches = (struct switches){.set = 0};
}

static enum store_status
read_stored(struct opened *o, struct str who, struct switches *out)
{
	struct stored s = {.checks = &o->config->generation.checks};
	enum store_status status = cli_store_get(o->store, STORE_MAILBOX, who, on_record, &s);

	*out = s.switches;
	return status;
}

/* An address or @DOMAIN in the form of its key, which is that of a recipient's address. */
static bool
read_who(struct opened *o, const char *text, struct str *out, struct errbuf *e)
{
	struct arena *a = &o->config->arena;
	char room[MAILBOX_WHO_MAX], again_room[MAILBOX_WHO_MAX];
	struct buf b = BUF(room), again = BUF(again_room);
	struct str s = str_of(text), who = s, name;
	struct mail_address address;
	const char *wrong = NULL;

	if (s.n && s.p[0] == '@') {
		if (dns_name_parse(a, str_skip(s, 1), &name) && dns_name_is_hostname(name))
			who = arena_printf(a, "@%.*s", STR_ARG(name));
		else
			wrong = "that is no domain";
	} else {
		wrong = mail_address_parse(s, &address);
	}
	if (!wrong && !mailbox_canonical(who, &b))
		wrong = "it is too long";
	/* Whoever reads the key would take these for such as need not be there. */
	if (!wrong &&
		!(mailbox_canonical(buf_str(&b), &again) && str_eq(buf_str(&again), buf_str(&b))))
		wrong = "quotation marks that are part of a name are not supported";
	if (wrong)
		return err(e, "\"%.*s\" is no address and no @DOMAIN: %s",
			(int)(s.n < 200 ? s.n : 200), s.p, wrong);
	*out = arena_str(a, buf_str(&b));
	return true;
}

/* --- set, unset --- */

static int
write_switches(struct opened *o, struct str who, const struct switches *s)
{
	char room[MAILBOX_VALUE_MAX], text_room[MAILBOX_TEXT_MAX];
	struct buf value = BUF(room), text = BUF(text_room);
	struct store_op op = {.op = STORE_DEL, .table = STORE_MAILBOX, .key = who};

	if (s->set) {
		mailbox_value_print(s, &o->config->generation.checks, &value);
		op.op = STORE_PUT;
		op.value = buf_str(&value);
	}
	int status = cli_store_write(o->store, &op, 1);
	if (status != EX_OK)
		return status;
	switches_print(s, &o->config->generation.checks, &text);
	printf("%.*s: %.*s\n", STR_ARG(who),
		STR_ARG(s->set ? buf_str(&text) : STR("no switches any more")));
	return EX_OK;
}

/* A slip of the pen is mostly in the domain. */
static void
warn_of_domain(const struct config *c, struct str who)
{
	struct str domain = str_skip(who, str_rfind(who, '@') + 1);
	const struct words *ours = &c->site.domains;

	for (size_t i = 0; i < ours->n; i++)
		if (str_eq_nocase(ours->word[i], domain))
			return;
	if (ours->n)
		fprintf(stderr, "mxward: warning: %.*s is none of the \"domains\" in [site]\n",
			STR_ARG(domain));
}

static int
set(struct opened *o, const struct options *with, struct str who)
{
	struct switches s;
	struct errbuf e = {0};
	enum store_status status = read_stored(o, who, &s);

	for (size_t i = 0; i < with->n; i++)
		if (!switches_parse(str_of(with->arg[i]), &o->config->generation.checks, &s, &e))
			return cli_fail(EX_DATAERR, "%s", e.text);
	if (status != STORE_OK && status != STORE_NONE)
		return cli_store_failed(o->store, status);
	warn_of_domain(o->config, who);
	return write_switches(o, who, &s);
}

static int
unset(struct opened *o, const struct options *with, struct str who)
{
	struct switches s;
	struct errbuf e = {0};
	unsigned bits = 0;
	enum mailbox_key key;
	enum store_status status = read_stored(o, who, &s);

	for (size_t i = 0; i < with->n; i++) {
		if (!mailbox_key_parse(str_of(with->arg[i]), &key, &e))
			return cli_fail(EX_DATAERR, "%s", e.text);
		bits |= 1U << key;
	}
	/* A damaged one goes as a whole. */
	if (status == STORE_BUSY)
		return cli_store_failed(o->store, status);
	if (status == STORE_NONE || (bits && !(s.set & bits)))
		return cli_fail(EX_NOINPUT, "%.*s has no such switch", STR_ARG(who));
	s.set = bits ? s.set & ~bits : 0;
	return write_switches(o, who, &s);
}

/* --- show --- */

struct layers {
	struct arena *a;
	const struct check_set *checks;
	struct mailboxes *all;
	struct str who;
};

static void
on_layer(void *ctx, const struct store_record *r)
{
	struct layers *l = ctx;
	struct mailbox *b = arena_new(l->a, struct mailbox);

	b->who = arena_str(l->a, r->key);
	if (mailbox_value_parse(r->value, l->checks, &b->switches))
		mailboxes_add(l->all, b);
	else
		fprintf(stderr,
			"mxward: the switches of %.*s cannot be read, so they count for nothing: "
			"unset them\n",
			STR_ARG(r->key));
}

/* The records that can matter for an address: its own, that of the mailbox behind its extension,
 * its domain's. */
static enum store_status
read_layers(struct opened *o, struct str who, struct mailbox_found *found)
{
	struct layers l = {.a = &o->config->arena, .checks = &o->config->generation.checks};
	struct str delimiters = o->config->generation.policy.delimiters;
	size_t at = str_rfind(who, '@'), n = 1;
	struct str key[MAILBOX_LAYERS] = {who};

	l.all = mailboxes_new(l.a, COUNT(key));
	if (at > 0)
		key[n++] = str_skip(who, at);
	for (size_t i = 1; i < at; i++) {
		if (str_find(delimiters, who.p[i]) == delimiters.n)
			continue;
		key[n++] = arena_printf(
			l.a, "%.*s%.*s", STR_ARG(str_slice(who, 0, i)), STR_ARG(str_skip(who, at)));
		break;
	}
	for (size_t i = 0; i < n; i++) {
		enum store_status status =
			cli_store_get(o->store, STORE_MAILBOX, key[i], on_layer, &l);
		if (status != STORE_OK && status != STORE_NONE)
			return status;
	}
	return mailboxes_find(l.all, who, delimiters, found) ? STORE_OK : STORE_NONE;
}

static int
show(struct opened *o, const struct options *with, struct str who)
{
	const struct check_set *checks = &o->config->generation.checks;
	const struct page p = {stdout, report_wants_colour(stdout)};
	struct mailbox_found found;
	enum store_status status = o->store ? read_layers(o, who, &found) : STORE_NONE;

	if (status == STORE_NONE)
		return cli_fail(EX_NOINPUT, "%.*s has no switches", STR_ARG(who));
	if (status != STORE_OK)
		return cli_store_failed(o->store, status);
	if (with->json) {
		mailbox_put_json(
			&(struct mailbox_row){
				.who = who, .has_switches = true, .switches = found.switches},
			checks);
		return EX_OK;
	}
	mailbox_put_switches(&p, "holds: ", &found.switches, checks);
	for (size_t i = 0; i < found.n; i++) {
		page_put(&p, "1", found.by[i]->who);
		mailbox_put_switches(&p, "  ", &found.by[i]->switches, checks);
	}
	return EX_OK;
}

static int
list(struct opened *o, const struct options *with, struct str who)
{
	return mailbox_list(o, with->seen, with->json);
}

/* --- the command line --- */

static const struct verb {
	const char *name;
	enum opened_how how;
	bool wants_who;
	size_t args_min, args_max;
	int (*run)(struct opened *o, const struct options *with, struct str who);
} verbs[] = {
	{"set", OPENED_WRITE, true, 1, ARGS_MAX, set},
	{"unset", OPENED_WRITE, true, 0, ARGS_MAX, unset},
	{"show", OPENED_READ, true, 0, 0, show},
	{"list", OPENED_READ, false, 0, 0, list},
};

enum { OPT_JSON = 256, OPT_SEEN };

/* -1: to be run; else the exit status. */
static int
read_options(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
		{"json", no_argument, NULL, OPT_JSON}, {"seen", no_argument, NULL, OPT_SEEN},
		{"help", no_argument, NULL, 'h'}, {0}};

	for (int c; (c = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
		switch (c) {
		case 'c':
			o->settings = optarg;
			break;
		case OPT_JSON:
			o->json = true;
			break;
		case OPT_SEEN:
			o->seen = true;
			break;
		case 'h':
			fputs(help, stdout);
			return cli_finish(EX_OK);
		default:
			return cli_usage("mailbox", "wrong option");
		}
	}
	if (optind < argc)
		o->verb = argv[optind++];
	if (optind < argc)
		o->who = argv[optind++];
	while (optind < argc && o->n < ARGS_MAX)
		o->arg[o->n++] = argv[optind++];
	if (optind < argc)
		return cli_usage("mailbox", "unexpected \"%s\"", argv[optind]);
	return -1;
}

static int
check_options(const struct verb *v, const struct options *o)
{
	if (v->wants_who && !o->who)
		return cli_usage("mailbox", "%s: whose?", v->name);
	if (!v->wants_who && o->who)
		return cli_usage("mailbox", "unexpected \"%s\"", o->who);
	if (o->n < v->args_min)
		return cli_usage("mailbox", "%s: which switches? KEY=VALUE", v->name);
	if (o->n > v->args_max)
		return cli_usage("mailbox", "unexpected \"%s\"", o->arg[v->args_max]);
	if (o->json && v->how != OPENED_READ)
		return cli_usage("mailbox", "--json is for show and list");
	if (o->seen && v->run != list)
		return cli_usage("mailbox", "--seen is for list");
	return -1;
}

static int
run(const struct verb *v, const struct options *o)
{
	struct opened opened;
	struct errbuf e = {0};
	struct str who = STR("");
	int status = cli_open_store(o->settings, v->how, &opened);

	if (status >= 0)
		return status;
	if (v->wants_who && !read_who(&opened, o->who, &who, &e))
		status = cli_fail(EX_DATAERR, "%s", e.text);
	else
		status = v->run(&opened, o, who);
	cli_close_store(&opened);
	return status == EX_OK ? cli_finish(EX_OK) : status;
}

int
cli_mailbox(int argc, char **argv)
{
	struct options o = {0};
	int status = read_options(argc, argv, &o);

	if (status >= 0)
		return status;
	const struct verb *verb =
		cli_verb("mailbox", o.verb, verbs, COUNT(verbs), sizeof(verbs[0]));
	if (!verb)
		return EX_USAGE;
	status = check_options(verb, &o);
	return status < 0 ? run(verb, &o) : status;
}
