/*
 * cli/exempt: exemptions in the store: add, remove; what lists them is in exempt_list.c.
 *
 * What is written here a running daemon sees within a second.  Nothing is written before all of it
 * was found to be right.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "checks/checks.h"
#include "cli/cli.h"
#include "cli/exempt.h"
#include "daemon/config_lines.h"
#include "daemon/memory_rules.h"
#include "mail/psl.h"

/* "No Server Check": what is wrong with a server, and the bad record that being refused for it has
 * left, but not what the administrator's own lists have against it. */
#define SKIP_DEFAULT "rdns generic_rdns helo dnsbl spf sender history domain_age"

static const char help[] =
	"Usage: mxward exempt add WHAT [--skip CHECK,...] [--reason TEXT] [--owner NAME]\n"
	"                         [--expires TIME] [--force]\n"
	"       mxward exempt from CASE [--dry-run] [options as of add]\n"
	"       mxward exempt list [--json]\n"
	"       mxward exempt show WHAT [--json]\n"
	"       mxward exempt remove WHAT\n"
	"Spare somebody checks.  A running daemon knows it within a second.\n"
	"\n"
	"  WHAT                an address, a network (192.0.2.0/24), or a host or domain\n"
	"                      name.  A name counts, for itself and all below it, only where\n"
	"                      it is proved: it is the client's reverse name and resolves\n"
	"                      back, or the sender's domain and SPF vouches for it\n"
	"  --skip CHECK,...    the checks, or \"all\"; without it all that judge the server:\n"
	"                      " SKIP_DEFAULT "\n"
	"                      (not local: your own lists go on counting)\n"
	"  --reason TEXT       why\n"
	"  --owner NAME        who is to be asked about it; without it, who you are\n"
	"  --expires TIME      it ends after 90d, 12h, ...\n"
	"  --dry-run           from: only say what would be done\n"
	"  --force             also what exempts half the world\n"
	"  -c, --config FILE   settings; without it " CONFIG_FILE " if there is one\n"
	"  --json              list, show: one JSON object on a line of its own for each\n"
	"  -h, --help          this text\n"
	"\n"
	"from adds the narrowest exemption that would have helped in a case, of the checks\n"
	"that counted in it: of the client's domain where its reverse name is confirmed and\n"
	"no provider's, else of its address.\n"
	"\n"
	"list and show tell what stands in section [exempt] of the settings too, which only\n"
	"there can be changed.\n"
	"\n"
	"Exit status: 0, 66 when there is no such entry, 69 when the store cannot be used,\n"
	"75 when it is busy, 78 when the settings name none, otherwise as sysexits.h.\n";

void
exempt_put_checks(uint64_t checks, struct buf *out)
{
	size_t n;
	const struct check *const *all = checks_all(&n);
	bool first = true;

	for (size_t i = 0; i < n; i++) {
		if (!(checks >> i & 1))
			continue;
		buf_puts(out, first ? "" : ", ");
		buf_puts(out, all[i]->name);
		first = false;
	}
}

static void
warn(const struct exemption *x, const char *text)
{
	fprintf(stderr, "mxward: warning: %.*s: %s\n", STR_ARG(x->what), text);
}

void
exempt_warn(const struct exemption *x)
{
	if (exemption_is_wide(x))
		warn(x,
			x->net.ip.len == 16 ? "is wider than a /32: very many are in it"
					    : "is wider than a /16: very many are in it");
	if (x->by_domain && psl_registrable(x->what).n == 0)
		warn(x, "is a domain under which anybody can have one");
}

/* --- add --- */

/* Half of the Internet is a slip of the pen. */
static bool
is_absurd(const struct exemption *x)
{
	return (!x->by_domain && x->net.bits < 4) ||
		(x->by_domain && psl_registrable(x->what).n == 0);
}

/* One line, as a log has it. */
static bool
read_text(const char *option, const char *text, struct str *out, struct errbuf *e)
{
	*out = str_of(text);
	for (size_t i = 0; i < out->n; i++)
		if ((unsigned char)out->p[i] < 0x20 || out->p[i] == 0x7f)
			return err(e, "%s: only printable text on one line", option);
	return out->n <= EXEMPT_TEXT_MAX ||
		err(e, "%s: longer than %d bytes", option, EXEMPT_TEXT_MAX);
}

static bool
read_expiry(const char *text, struct arena *a, int64_t *seconds, struct errbuf *e)
{
	static const struct setting expires = {.name = "--expires",
		.type = SETTING_DURATION,
		.fallback = "0",
		.min = 1000,
		.max = 3650 * 86400000LL};
	int64_t ms = 0;

	if (text && !setting_parse(&expires, str_of(text), &ms, a, e))
		return false;
	*seconds = ms / 1000;
	return true;
}

static const char *
user(void)
{
	const char *name = getenv("SUDO_USER");

	if (!name || !*name)
		name = getenv("USER");
	return name ? name : "";
}

/* An exemption on its way into the store. */
struct adding {
	struct opened *o;
	const struct exempt_options *with;
	struct exempt_value *v;
	int64_t keep_s;
};

static bool
read_entry(const struct exempt_options *o, struct arena *a, struct exemption *x,
	struct exempt_value *v, int64_t *keep_s, struct errbuf *e)
{
	*v = (struct exempt_value){.case_id = STR("")};
	if (!exemption_parse(a, str_of(o->what), x, e) ||
		!read_checks(str_of(o->skip ? o->skip : SKIP_DEFAULT), a, &v->checks, e) ||
		!read_text("--reason", o->reason, &v->reason, e) ||
		!read_text("--owner", o->owner ? o->owner : user(), &v->owner, e) ||
		!read_text("the user's name", user(), &v->by, e) ||
		!read_expiry(o->expires, a, keep_s, e))
		return false;
	if (is_absurd(x) && !o->force)
		return err(e, "%.*s would exempt %s: --force, if that is meant", STR_ARG(x->what),
			x->by_domain ? "everybody who has a domain there" : "half of the world");
	return true;
}

static void
tell_added(const struct exemption *x, const struct exempt_value *v, bool ends)
{
	char room[512];
	struct buf b = BUF(room);

	exempt_put_checks(v->checks, &b);
	printf("%.*s is spared: %.*s%s\n", STR_ARG(x->what), STR_ARG(buf_str(&b)),
		ends ? "" : " (until it is removed)");
}

static int
put(struct opened *o, const struct exemption *x, const struct exempt_value *v, int64_t keep_s)
{
	char room[EXEMPT_VALUE_MAX];
	struct buf value = BUF(room);

	if (!exempt_value_print(v, &o->config->generation.checks, &value))
		return cli_fail(EX_DATAERR, "the reason or owner is no UTF-8 text");
	const struct store_op op = {.op = STORE_PUT,
		.table = STORE_EXEMPT,
		.key = x->what,
		.value = buf_str(&value),
		.keep_s = keep_s};
	return cli_store_write(o->store, &op, 1);
}

static void
on_existing(void *ctx, const struct store_record *r)
{
	struct adding *a = ctx;
	struct exempt_value was;

	if (!exempt_value_parse(
		    &a->o->config->arena, r->value, &a->o->config->generation.checks, &was))
		return;
	a->v->checks |= was.checks;
	if (!a->with->reason && was.reason.n)
		a->v->reason = was.reason;
	if (!a->with->owner && was.owner.n)
		a->v->owner = was.owner;
	if (!a->with->expires)
		a->keep_s = r->left_s;
}

/* As the command that would do it. */
static int
tell_proposal(const struct exemption *x, const struct exempt_value *v, const struct check_set *set)
{
	const char *before = "";

	printf("mxward exempt add %.*s --skip ", STR_ARG(x->what));
	for (size_t i = 0; i < set->n; i++) {
		if (!(v->checks >> i & 1))
			continue;
		printf("%s%s", before, set->check[i]->name);
		before = ",";
	}
	putchar('\n');
	return EX_OK;
}

static int
from_case(struct opened *o, const struct exempt_options *with)
{
	struct exempt_proposal p;
	struct exemption x;
	struct exempt_value v;
	struct errbuf e = {0};
	struct exempt_options how = *with;
	struct adding a = {.o = o, .with = with, .v = &v};
	char reason[32 + CASE_ID_SIZE];
	int status = exempt_propose(o, with->what, &p);

	if (status >= 0)
		return status;
	snprintf(reason, sizeof(reason), "case %s", p.id);
	how.what = p.what;
	how.reason = with->reason ? with->reason : reason;
	if (!read_entry(&how, &o->config->arena, &x, &v, &a.keep_s, &e))
		return cli_fail(EX_DATAERR, "%s", e.text);
	if (!with->skip)
		v.checks = p.checks;
	v.case_id = str_of(p.id);
	/* What was spared already goes on being so. */
	enum store_status was = cli_store_get(o->store, STORE_EXEMPT, x.what, on_existing, &a);
	if (was == STORE_BUSY)
		return cli_store_failed(o->store, was);
	if (with->dry_run)
		return tell_proposal(&x, &v, &o->config->generation.checks);
	exempt_warn(&x);
	status = put(o, &x, &v, a.keep_s);
	if (status == EX_OK)
		tell_added(&x, &v, a.keep_s > 0);
	return status;
}

static int
add(struct opened *o, const struct exempt_options *with)
{
	struct exemption x;
	struct exempt_value v;
	struct errbuf e = {0};
	int64_t keep_s;

	if (!read_entry(with, &o->config->arena, &x, &v, &keep_s, &e))
		return cli_fail(EX_DATAERR, "%s", e.text);
	exempt_warn(&x);
	int status = put(o, &x, &v, keep_s);
	if (status == EX_OK)
		tell_added(&x, &v, keep_s > 0);
	return status;
}

/* --- remove --- */

static bool
is_in_settings(const struct config *c, struct str what)
{
	for (size_t i = 0; i < c->exempt.n; i++)
		if (str_eq(c->exempt.list[i].what, what))
			return true;
	return false;
}

static int
remove_entry(struct opened *o, const struct exempt_options *with)
{
	struct errbuf e = {0};
	struct exemption x;
	char room[EXEMPT_COUNTER_MAX];
	/* Also one that nobody could have written: it is shown, so it must be removable. */
	struct str key = exemption_parse(&o->config->arena, str_of(with->what), &x, &e)
		? x.what
		: str_of(with->what);
	bool listed = is_in_settings(o->config, key);

	if (key.n == 0 || key.n > STORE_KEY_MAX)
		return cli_fail(EX_DATAERR, "%s", e.text);
	enum store_status status = cli_store_get(o->store, STORE_EXEMPT, key, NULL, NULL);
	if (status == STORE_NONE && listed)
		return cli_fail(EX_NOINPUT,
			"%.*s stands in section [exempt] of the settings: remove it there",
			STR_ARG(key));
	if (status == STORE_NONE)
		return cli_fail(EX_NOINPUT, "there is no exemption of %.*s", STR_ARG(key));
	/* A damaged one is removed too. */
	if (status == STORE_BUSY)
		return cli_store_failed(o->store, status);
	const struct store_op ops[] = {{.op = STORE_DEL, .table = STORE_EXEMPT, .key = key},
		{.op = STORE_DEL, .table = STORE_COUNTER, .key = exempt_counter_key(key, room)}};
	int done = cli_store_write(o->store, ops, listed ? 1 : 2);
	if (done == EX_OK)
		printf("%.*s is exempt no more%s\n", STR_ARG(key),
			listed ? " by the store, but by section [exempt] of the settings" : "");
	return done;
}

/* --- the command line --- */

static const struct verb {
	const char *name;
	enum opened_how how;
	bool wants_what;
	int (*run)(struct opened *o, const struct exempt_options *with);
} verbs[] = {
	{"add", OPENED_WRITE, true, add},
	{"from", OPENED_WRITE, true, from_case},
	{"list", OPENED_READ, false, exempt_list},
	{"show", OPENED_READ, true, exempt_show},
	{"remove", OPENED_WRITE, true, remove_entry},
};

enum { OPT_SKIP = 256, OPT_REASON, OPT_OWNER, OPT_EXPIRES, OPT_FORCE, OPT_JSON, OPT_DRY_RUN };

/* -1: to be run; else the exit status. */
static int
read_options(int argc, char **argv, struct exempt_options *o)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
		{"skip", required_argument, NULL, OPT_SKIP},
		{"reason", required_argument, NULL, OPT_REASON},
		{"owner", required_argument, NULL, OPT_OWNER},
		{"expires", required_argument, NULL, OPT_EXPIRES},
		{"force", no_argument, NULL, OPT_FORCE}, {"json", no_argument, NULL, OPT_JSON},
		{"dry-run", no_argument, NULL, OPT_DRY_RUN}, {"help", no_argument, NULL, 'h'}, {0}};
	const char **const texts[] = {&o->skip, &o->reason, &o->owner, &o->expires};

	for (int c; (c = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
		switch (c) {
		case 'c':
			o->settings = optarg;
			break;
		case OPT_SKIP:
		case OPT_REASON:
		case OPT_OWNER:
		case OPT_EXPIRES:
			*texts[c - OPT_SKIP] = optarg;
			break;
		case OPT_FORCE:
			o->force = true;
			break;
		case OPT_JSON:
			o->json = true;
			break;
		case OPT_DRY_RUN:
			o->dry_run = true;
			break;
		case 'h':
			fputs(help, stdout);
			return cli_finish(EX_OK);
		default:
			return cli_usage("exempt", "wrong option");
		}
	}
	if (optind < argc)
		o->verb = argv[optind++];
	if (optind < argc)
		o->what = argv[optind++];
	if (optind < argc)
		return cli_usage("exempt", "unexpected \"%s\"", argv[optind]);
	return -1;
}

/* What does not go together. */
static int
check_options(const struct verb *v, const struct exempt_options *o)
{
	bool adds = v->run == add || v->run == from_case;

	if (v->wants_what && !o->what)
		return cli_usage("exempt", "%s: whom?", v->name);
	if (!v->wants_what && o->what)
		return cli_usage("exempt", "unexpected \"%s\"", o->what);
	if (o->json && v->how != OPENED_READ)
		return cli_usage("exempt", "--json is for list and show");
	if (!adds && (o->skip || o->reason || o->owner || o->expires || o->force))
		return cli_usage("exempt",
			"--skip, --reason, --owner, --expires and --force are "
			"for add and from");
	if (o->dry_run && v->run != from_case)
		return cli_usage("exempt", "--dry-run is for from");
	return -1;
}

int
cli_exempt(int argc, char **argv)
{
	struct exempt_options o = {0};
	struct opened opened;
	int status = read_options(argc, argv, &o);

	if (status >= 0)
		return status;
	const struct verb *verb = cli_verb("exempt", o.verb, verbs, COUNT(verbs), sizeof(verbs[0]));
	if (!verb)
		return EX_USAGE;
	status = check_options(verb, &o);
	if (status < 0)
		status = cli_open_store(o.settings, verb->how, &opened);
	if (status >= 0)
		return status;
	status = verb->run(&opened, &o);
	cli_close_store(&opened);
	return status == EX_OK ? cli_finish(EX_OK) : status;
}
