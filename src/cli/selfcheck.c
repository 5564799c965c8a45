/*
 * cli/selfcheck: what will receivers say to me?
 *
 * The command: options, rounds, exit status.  What is asked stands in selfcheck_run, what is made
 * of it in selfcheck_items, selfcheck_domain, selfcheck_records and receivers.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/report.h"
#include "cli/selfcheck.h"
#include "mail/address.h"

static const char help[] =
	"Usage: mxward selfcheck DOMAIN [--ip ADDRESS [--helo NAME]]... [options]\n"
	"Say what receivers will make of mail that DOMAIN sends, and which DNS records would mend\n"
	"it.  Only DNS is asked; mail servers are connected to with --callout only.\n"
	"\n"
	"  --ip ADDRESS        an address that mail leaves from; may be given several times.  "
	"Without\n"
	"                      it, those that SPF and the MX records of DOMAIN tell\n"
	"  --helo NAME         what the server at the address before it says in HELO or EHLO;\n"
	"                      without it, its reverse name\n"
	"  --selector NAME     look at this DKIM key; may be given several times\n"
	"  --callout           ask the domain's own mail servers, as receivers do that verify "
	"senders,\n"
	"                      whether they take bounces for postmaster; no mail is sent\n"
	"  --sender ADDRESS    the same for this sender of DOMAIN as well\n"
	"  --profile WHICH     whose demands count for the result: RECEIVER (gmail, yahoo,\n"
	"                      microsoft), \"small\" or \"bulk\" senders, or RECEIVER/small, "
	"RECEIVER/bulk;\n"
	"                      without it all are shown and none counts\n"
	"  --resolver WHO      system, none, or ADDRESS[@PORT] ..., instead of [dns] resolver\n"
	"  -c, --config FILE   settings: checks, scores, DNS lists; without it the defaults and "
	"some\n"
	"                      well-known lists\n"
	"  --watch [INTERVAL]  ask again and again, by default every 5m (1s to 7d), and print "
	"what\n"
	"                      has changed; answers are kept as long as DNS lets them\n"
	"  --nagios            one line for a monitoring program, then what does not pass\n"
	"  --json              one JSON object a line\n"
	"  -h, --help          this text\n"
	"\n"
	"Exit status, as monitoring programs have it: 0 all passes, 1 something deserves a "
	"warning,\n"
	"2 something fails, 3 DNS did not answer.  The first that holds of 2, 1, 3, 0 counts.\n"
	"64 and above for errors (sysexits.h); with --nagios those are 3 as well.\n";

enum {
	OPT_IP = 256,
	OPT_HELO,
	OPT_SELECTOR,
	OPT_CALLOUT,
	OPT_SENDER,
	OPT_PROFILE,
	OPT_RESOLVER,
	OPT_WATCH,
	OPT_NAGIOS,
	OPT_JSON
};

static const struct option options[] = {{"ip", required_argument, NULL, OPT_IP},
	{"helo", required_argument, NULL, OPT_HELO},
	{"selector", required_argument, NULL, OPT_SELECTOR},
	{"callout", no_argument, NULL, OPT_CALLOUT},
	{"sender", required_argument, NULL, OPT_SENDER},
	{"profile", required_argument, NULL, OPT_PROFILE},
	{"resolver", required_argument, NULL, OPT_RESOLVER},
	{"watch", optional_argument, NULL, OPT_WATCH}, {"nagios", no_argument, NULL, OPT_NAGIOS},
	{"json", no_argument, NULL, OPT_JSON}, {"config", required_argument, NULL, 'c'},
	{"help", no_argument, NULL, 'h'}, {0}};

static int
add_address(struct self_options *o, const char *arg)
{
	struct ip ip;

	if (!ip_parse(str_of(arg), &ip))
		return cli_usage("selfcheck", "\"%s\" is no address", arg);
	for (size_t i = 0; i < o->n_given; i++)
		if (ip_eq(&o->given[i].ip, &ip))
			return cli_usage("selfcheck", "\"%s\" is given twice", arg);
	if (o->n_given == SELF_ADDRESSES_MAX)
		return cli_usage("selfcheck", "more than %d addresses", SELF_ADDRESSES_MAX);
	o->given[o->n_given++] = (struct self_given){.ip = ip};
	return EX_OK;
}

static int
add_helo(struct self_options *o, const char *arg)
{
	if (o->n_given == 0 || o->given[o->n_given - 1].helo.p)
		return cli_usage("selfcheck", "--helo follows the --ip that it belongs to");
	if (!*arg)
		return cli_usage("selfcheck", "--helo \"\" is no name");
	o->given[o->n_given - 1].helo = str_of(arg);
	return EX_OK;
}

static int
add_selector(struct self_options *o, struct arena *a, const char *arg)
{
	struct str name;

	if (!dns_name_parse(a, str_of(arg), &name) || str_eq(name, STR(".")) ||
		!dns_name_is_hostname(name))
		return cli_usage("selfcheck", "\"%s\" is no selector of DKIM", arg);
	if (o->n_selectors == SELF_SELECTORS_MAX)
		return cli_usage("selfcheck", "more than %d selectors", SELF_SELECTORS_MAX);
	o->selector[o->n_selectors++] = name;
	return EX_OK;
}

static int
set_sender(struct self_options *o, const char *arg)
{
	struct mail_address a;

	o->sender = str_of(arg);
	o->callout = true;
	if (mail_address_parse(o->sender, &a) || a.kind != MAIL_DOMAIN_NAME)
		return cli_usage("selfcheck", "\"%s\" is no sender's address", arg);
	return EX_OK;
}

static bool
set_audience(struct self_options *o, struct str word)
{
	for (enum audience i = 0; i < AUDIENCE_COUNT; i++)
		if (str_eq(word, str_of(audience_name(i)))) {
			memset(o->of, 0, sizeof(o->of));
			o->of[i] = true;
			return true;
		}
	return false;
}

static int
set_profile(struct self_options *o, const struct receivers *all, const char *arg)
{
	struct str rest = str_of(arg), who;
	char room[512];
	struct buf known = BUF(room);

	o->profile = true;
	if (set_audience(o, rest))
		return EX_OK;
	(void)str_split(&rest, '/', &who);
	if (rest.p && !set_audience(o, rest))
		return cli_usage("selfcheck", "\"%s\": senders are \"small\" or \"bulk\"", arg);
	for (size_t i = 0; i < all->n; i++) {
		if (str_eq(all->receiver[i].name, who)) {
			o->receiver = who;
			return EX_OK;
		}
		buf_printf(&known, "%s%.*s", i ? ", " : "", STR_ARG(all->receiver[i].name));
	}
	return cli_usage("selfcheck", "no demands of a receiver \"%.*s\" are known, only of %.*s",
		STR_ARG(who), STR_ARG(buf_str(&known)));
}

static int
set_interval(struct self_options *o, const char *arg)
{
	static const struct setting interval = {.name = "--watch",
		.type = SETTING_DURATION,
		.fallback = "5m",
		.min = 1000,
		.max = 7 * 86400000LL};
	struct errbuf e = {0};
	struct arena a;
	int64_t ms = 0;

	arena_init(&a, 256, 4096);
	bool ok = setting_parse(&interval, str_of(arg), &ms, &a, &e);
	arena_done(&a);
	if (!ok)
		return cli_usage("selfcheck",
			"--watch %s: an interval from 1s to 7d is expected, such as 5m", arg);
	o->watch_s = (uint64_t)ms / 1000;
	return EX_OK;
}

/* --watch INTERVAL as well as --watch=INTERVAL: no domain begins with a digit and has no dot. */
static int
read_watch(struct self_options *o, int argc, char **argv)
{
	if (!optarg && optind < argc && chr_is_digit(argv[optind][0]) && !strchr(argv[optind], '.'))
		return set_interval(o, argv[optind++]);
	return set_interval(o, optarg ? optarg : "");
}

static int
read_option(int c, int argc, char **argv, struct self_options *o, struct arena *a,
	const struct receivers *all)
{
	switch (c) {
	case OPT_IP:
		return add_address(o, optarg);
	case OPT_HELO:
		return add_helo(o, optarg);
	case OPT_SELECTOR:
		return add_selector(o, a, optarg);
	case OPT_CALLOUT:
		o->callout = true;
		return EX_OK;
	case OPT_SENDER:
		return set_sender(o, optarg);
	case OPT_PROFILE:
		return set_profile(o, all, optarg);
	case OPT_RESOLVER:
		o->resolver = optarg;
		return EX_OK;
	case OPT_WATCH:
		return read_watch(o, argc, argv);
	case OPT_NAGIOS:
		o->nagios = true;
		return EX_OK;
	case OPT_JSON:
		o->json = true;
		return EX_OK;
	case 'c':
		o->config = optarg;
		return EX_OK;
	case 'h':
		fputs(help, stdout);
		exit(cli_finish(EX_OK));
	default:
		return cli_usage("selfcheck", "wrong option");
	}
}

static int
read_domain(struct self_options *o, struct arena *a, const char *arg)
{
	struct str text = str_of(arg);
	struct ip ip;

	if (ip_parse(text, &ip))
		return cli_usage("selfcheck",
			"\"%s\" is an address: give the domain that sends, "
			"and the address with --ip",
			arg);
	if (str_find(text, '@') < text.n)
		return cli_usage("selfcheck", "\"%s\" is a mail address: give its domain", arg);
	if (str_printable(text, 0) < text.n)
		return cli_usage("selfcheck",
			"a domain with letters beyond ASCII is written as in "
			"DNS: xn--...");
	if (!dns_name_parse(a, text, &o->domain) || dns_name_labels(o->domain) < 2 ||
		!dns_name_is_hostname(o->domain) || o->domain.n > 240)
		return cli_usage("selfcheck", "\"%s\" is no domain", arg);
	return EX_OK;
}

static int
read_options(
	int argc, char **argv, struct self_options *o, struct arena *a, const struct receivers *all)
{
	for (int c; (c = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
		int status = read_option(c, argc, argv, o, a, all);
		if (status != EX_OK)
			return status;
	}
	if (o->json && o->nagios)
		return cli_usage("selfcheck", "--json and --nagios exclude each other");
	if (o->watch_s && o->nagios)
		return cli_usage("selfcheck", "--watch and --nagios exclude each other");
	if (optind >= argc)
		return cli_usage("selfcheck", "a domain is needed");
	if (optind + 1 < argc)
		return cli_usage("selfcheck", "unexpected \"%s\"", argv[optind + 1]);
	return read_domain(o, a, argv[optind]);
}

static struct self_report *
report_new(void)
{
	struct self_report *r = heap_calloc(1, sizeof(*r));

	r->a = heap_calloc(1, sizeof(*r->a));
	arena_init(r->a, 65536, SIZE_MAX);
	return r;
}

static void
report_free(struct self_report *r)
{
	if (!r)
		return;
	arena_done(r->a);
	heap_free(r->a);
	heap_free(r);
}

/* Rounds until interrupted; one without --watch.  The exit status is that of the last. */
static int
rounds(const struct self_options *o, const struct receivers *all, struct self_asker *asker)
{
	struct self_report *before = NULL;
	int status = 128 + 2; /* interrupted in the first round, as by SIGINT */

	for (;;) {
		struct self_report *now = report_new();
		if (!self_ask(asker, now)) {
			report_free(now);
			break;
		}
		status = self_status(self_overall(o, all, now));
		if (before)
			(void)self_show_changes(o, all, before, now);
		else
			self_show(o, all, now);
		report_free(before);
		before = now;
		if (!o->watch_s)
			break;
		if (cli_finish(EX_OK) != EX_OK) {
			status = EX_IOERR;
			break;
		}
		if (!self_wait(asker, o->watch_s * 1000))
			break;
	}
	report_free(before);
	return status;
}

static int
selfcheck(int argc, char **argv, struct self_options *o, struct arena *a)
{
	struct receivers all;
	struct errbuf e = {0};
	char text[1024];

	must(receivers_builtin(a, &all, &e)); /* a unit test reads it as well */
	int status = read_options(argc, argv, o, a, &all);
	if (status != EX_OK)
		return status;
	e = (struct errbuf){0};
	struct self_asker *asker = self_asker_new(o, &e);
	if (!asker) {
		errbuf_print(&e, text, sizeof(text));
		return cli_fail(EX_CONFIG, "%s", text);
	}
	status = rounds(o, &all, asker);
	self_asker_free(asker);
	return cli_finish(status);
}

int
cli_selfcheck(int argc, char **argv)
{
	struct self_options o = {.colour = report_wants_colour(stdout), .of = {true, true}};
	struct arena a;

	arena_init(&a, 65536, SIZE_MAX);
	int status = selfcheck(argc, argv, &o, &a);
	arena_done(&a);
	if (status >= EX__BASE && status <= EX__MAX && o.nagios) {
		puts("MXWARD UNKNOWN - wrong options or settings: see standard error");
		return cli_finish(3);
	}
	return status;
}
