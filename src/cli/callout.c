/*
 * cli/callout: ask the mail server of an address by hand whether it takes mail for it.
 *
 * The same session as the daemon's, made at once and for this address only: neither the budget nor
 * what the daemon remembers is looked at, and nothing is kept.  Whether it is enabled in the
 * settings does not matter: who types it wants it.
 */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/callout.h"
#include "cli/cli.h"
#include "cli/report.h"
#include "daemon/callout_run.h"
#include "daemon/resolver.h"

static const char help[] =
	"Usage: mxward callout [-c FILE] [--resolver WHO] [--json] ADDRESS\n"
	"       mxward callout cache list [-c FILE] [--json]\n"
	"       mxward callout cache drop [-c FILE] ADDRESS | DOMAIN | all\n"
	"Ask the mail server of ADDRESS whether it takes mail for it, as receivers do that\n"
	"verify senders, and show the dialogue.  No mail is sent.\n"
	"\n"
	"  cache list          what the daemon has learnt so, from the store\n"
	"  cache drop          forget it; a running daemon does within a minute\n"
	"  --resolver WHO      system, none, or ADDRESS[@PORT] ..., instead of [dns] resolver\n"
	"  -c, --config FILE   settings ([callout], [site], [dns]); without it " CONFIG_FILE "\n"
	"                      if there is one\n"
	"  --json              one JSON object on one line\n"
	"  -h, --help          this text\n"
	"\n"
	"Exit status: 0 when mail is taken, 1 when the address or bounces are refused, 2 when\n"
	"that cannot be told, 64 and above for errors (sysexits.h).\n";

struct callout_options {
	const char *config, *resolver;
	struct str address;
	bool json;
};

struct asked {
	const struct callout_options *o;
	struct loop *loop;
	int status;
};

static const char *
meaning(enum callout_status s)
{
	switch (s) {
	case CALLOUT_OK:
		return "it takes mail for this address, and refuses one that cannot exist";
	case CALLOUT_REFUSED:
		return "it refuses mail for this address: receivers that verify senders refuse "
		       "mail from it";
	case CALLOUT_ACCEPT_ALL:
		return "it takes mail for any address of this domain";
	case CALLOUT_NULL_REFUSED:
		return "it takes no bounces (MAIL FROM:<>), which RFC 5321 4.5.5 wants of it: "
		       "receivers that verify senders refuse mail from this domain";
	case CALLOUT_UNVERIFIABLE:
	case CALLOUT_UNKNOWN:
		break;
	}
	return "it does not tell: a receiver learns nothing from that";
}

static void
show(const struct asked *a, const struct callout *c)
{
	const struct page p = {stdout, report_wants_colour(stdout)};
	char ip[IP_TEXT_MAX];

	for (struct str rest = c->transcript; rest.n;) {
		size_t end = str_find(rest, '\n');
		page_put(&p, NULL, str_slice(rest, 0, end));
		fputc('\n', p.out);
		rest = str_skip(rest, end + 1);
	}
	fputs(c->transcript.n ? "\naddress   " : "address   ", p.out);
	page_put(&p, NULL, a->o->address);
	if (c->mx.n) {
		fputs("\nserver    ", p.out);
		page_put(&p, NULL, c->mx);
		fprintf(p.out, " [%s]", ip_text(&c->ip, ip));
	}
	fprintf(p.out, "\noutcome   %s", callout_status_name(c->status));
	if (c->reason.n) {
		fputs(": ", p.out);
		page_put(&p, NULL, c->reason);
	}
	if (c->stage.n) {
		fputs(" (at ", p.out);
		page_put(&p, NULL, c->stage);
		fputc(')', p.out);
	}
	fputc('\n', p.out);
	page_put_wrapped(&p, "          ", "          ", str_of(meaning(c->status)), 78);
}

static void
show_json(const struct asked *a, const struct callout *c)
{
	json_t *o = json_object();
	char ip[IP_TEXT_MAX];

	json_object_set_new(o, "address", report_str(a->o->address));
	json_object_set_new(o, "status", json_string(callout_status_name(c->status)));
	json_object_set_new(o, "code", c->code ? json_integer(c->code) : json_null());
	json_object_set_new(o, "stage", report_str(c->stage));
	json_object_set_new(o, "reason", report_str(c->reason));
	json_object_set_new(o, "said", report_str(c->said));
	json_object_set_new(o, "mx", report_str(c->mx));
	json_object_set_new(o, "ip", c->ip.len ? json_string(ip_text(&c->ip, ip)) : json_null());
	json_object_set_new(o, "transcript", report_lines(c->transcript));
	json_dumpf(o, stdout, JSON_COMPACT);
	fputc('\n', stdout);
	json_decref(o);
}

static void
done(void *ctx, const struct callout *c, bool held_back)
{
	struct asked *a = ctx;

	a->status = c->status == CALLOUT_OK || c->status == CALLOUT_ACCEPT_ALL ? 0
		: c->status == CALLOUT_UNVERIFIABLE			       ? 2
									       : 1;
	if (a->o->json)
		show_json(a, c);
	else
		show(a, c);
	loop_stop(a->loop);
}

static int
ask_with(const struct callout_options *o)
{
	struct errbuf e = {0};
	char text[1024];
	struct config *config = config_load_file(o->config, NULL, NULL, &e);
	struct asked a = {.o = o, .loop = loop_new()};

	if (!a.loop)
		return cli_fail(EX_OSERR, "cannot make an event loop");
	if (config && o->resolver)
		config->dns.resolver = str_of(o->resolver);
	if (!config || !resolver_attach(config, NULL, a.loop, &e)) {
		errbuf_print(&e, text, sizeof(text));
		config_free(config);
		loop_free(a.loop);
		return cli_fail(EX_CONFIG, "%s", text);
	}
	const struct callout_run_options run = {
		.loop = a.loop, .config = config, .done = done, .ctx = &a};
	(void)callout_run_new(&run, o->address);
	loop_run(a.loop);
	config_free(config);
	loop_free(a.loop);
	return cli_finish(a.status);
}

int
cli_callout(int argc, char **argv)
{
	enum { OPT_RESOLVER = 256, OPT_JSON };
	static const struct option options[] = {{"resolver", required_argument, NULL, OPT_RESOLVER},
		{"config", required_argument, NULL, 'c'}, {"json", no_argument, NULL, OPT_JSON},
		{"help", no_argument, NULL, 'h'}, {0}};
	struct callout_options o = {.config = access(CONFIG_FILE, F_OK) == 0 ? CONFIG_FILE : NULL};

	for (int c; (c = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
		switch (c) {
		case OPT_RESOLVER:
			o.resolver = optarg;
			break;
		case OPT_JSON:
			o.json = true;
			break;
		case 'c':
			o.config = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return cli_finish(EX_OK);
		default:
			return cli_usage("callout", "wrong option");
		}
	}
	if (optind == argc)
		return cli_usage("callout", "whose mail server is to be asked?");
	if (strcmp(argv[optind], "cache") == 0)
		return callout_cache(o.config, o.json, argc - optind - 1, argv + optind + 1);
	if (optind + 1 < argc)
		return cli_usage("callout", "unexpected \"%s\"", argv[optind + 1]);
	o.address = str_of(argv[optind]);
	if (o.address.n > 2 && o.address.p[0] == '<' && o.address.p[o.address.n - 1] == '>')
		o.address = str_slice(o.address, 1, o.address.n - 1);
	return ask_with(&o);
}
