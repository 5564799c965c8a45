/*
 * cli/check: run the real checks once, by hand.
 *
 * The same gate, checks and DNS client as the daemon's; only the memory of earlier deferrals is
 * missing, so a temporary error always shows as "defer", and so does what refuses from the second
 * try on only.  Histories are read from the store that the settings name; nothing is written to it.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "cli/cli.h"
#include "cli/message.h"
#include "cli/report.h"
#include "cli/stored.h"
#include "daemon/resolver.h"

static const char help[] =
	"Usage: mxward check --ip ADDRESS [options]\n"
	"Run the checks on one client and say what a mail server with mxward would answer.\n"
	"\n"
	"  --ip ADDRESS        the client's address (IPv4 or IPv6); the only option needed\n"
	"  --helo NAME         what it says in HELO or EHLO\n"
	"  --from ADDRESS      the sender, empty for a bounce (\"--from ''\")\n"
	"                      (what is not given of these two is not judged)\n"
	"  --rcpt ADDRESS      a recipient; may be given several times\n"
	"  --message FILE      the message: its header is judged, too (\"-\": standard input)\n"
	"  --time WHEN         judge as if it were then: seconds since 1970, or a date as in "
	"mail;\n"
	"                      without it now, or when this site's own server took the message\n"
	"  --smtputf8          the client has announced UTF-8 in the header\n"
	"  --resolver WHO      system, none, or ADDRESS[@PORT] ..., instead of [dns] resolver\n"
	"  -c, --config FILE   settings; without it the defaults\n"
	"  --json              one JSON object per recipient on a line of its own\n"
	"  -q, --quiet         for people: leave out the questions asked\n"
	"  -h, --help          this text\n"
	"\n"
	"Exit status: 0 let in, 1 reject, 2 defer (the worst of several recipients),\n"
	"64 and above for errors (sysexits.h).\n";

struct check_options {
	struct ip ip;
	struct str helo, from;
	bool has_helo, has_from, smtputf8;
	const char *config, *resolver, *message;
	int64_t time; /* 0: not given */
	struct str rcpt[100];
	size_t n_rcpt;
	struct report_style style;
};

struct check_run {
	const struct check_options *o;
	const struct cli_message *message; /* NULL: there is none */
	struct loop *loop;
	struct visit *visit;
	enum verdict_kind worst;
	bool answered;
};

static void
decided(void *ctx, const struct decision *d)
{
	struct check_run *run = ctx;

	report_decision(stdout, &run->o->style, d->case_id, d, visit_transaction(run->visit));
}

static void
done(void *ctx, const struct verdict *v)
{
	struct check_run *run = ctx;

	if (v->kind == VERDICT_REJECT || run->worst != VERDICT_REJECT)
		run->worst = v->kind > run->worst ? v->kind : run->worst;
	run->answered = true;
	loop_stop(run->loop);
}

static void
no_alarm(void *ctx, const struct health_alarm *alarm)
{
}

static int
run_checks(struct check_run *run, struct gate *gate, const struct site *site)
{
	const struct check_options *o = run->o;
	static const struct str nobody = STR_INIT("");
	struct visit_client client = {.ip = o->ip, .way = "check", .time = o->time};
	const struct message_head head = {
		.headers = run->message ? &run->message->headers : NULL, .smtputf8 = o->smtputf8};

	if (run->message) {
		client.head = &head;
		client.time = o->time ? o->time : cli_message_taken(run->message, site);
	}
	run->visit = visit_new(gate, &client);
	/* What was not said is unknown, not empty: nobody is accused of it. */
	visit_env_if(run->visit, ENV_HELO, o->has_helo, o->helo);
	visit_env_if(run->visit, ENV_MAIL_FROM, o->has_from, o->from);
	for (size_t i = 0; i < (o->n_rcpt ? o->n_rcpt : 1); i++) {
		run->answered = false;
		visit_judge(run->visit, o->n_rcpt ? o->rcpt[i] : nobody, nobody, done, run);
		while (!run->answered)
			loop_run(run->loop);
	}
	visit_end(run->visit);
	return run->worst == VERDICT_REJECT ? 1 : run->worst == VERDICT_DEFER ? 2 : 0;
}

static int
check_with(const struct check_options *o, const struct cli_message *message)
{
	struct stored stored;
	struct errbuf e = {0};
	char text[1024];
	struct config *config = config_load_file(o->config, NULL, NULL, &e);

	if (config && o->resolver)
		config->dns.resolver = str_of(o->resolver);
	struct loop *loop = loop_new();
	if (!loop)
		return cli_fail(EX_OSERR, "cannot make an event loop");
	if (!config || !resolver_attach(config, NULL, loop, &e)) {
		errbuf_print(&e, text, sizeof(text));
		config_free(config);
		loop_free(loop);
		return cli_fail(EX_CONFIG, "%s", text);
	}
	stored_open(&stored, config, loop, true);
	struct check_run run = {.o = o, .message = message, .loop = loop};
	struct gate *gate = gate_new(
		&(struct gate_options){
			.loop = loop, .decided = decided, .alarm = no_alarm, .ctx = &run},
		stored.generation);
	int status = run_checks(&run, gate, &config_generation(config)->site);
	gate_free(gate);
	stored_close(&stored);
	config_free(config);
	loop_free(loop);
	return cli_finish(status);
}

enum {
	OPT_IP = 256,
	OPT_HELO,
	OPT_FROM,
	OPT_RCPT,
	OPT_MESSAGE,
	OPT_TIME,
	OPT_SMTPUTF8,
	OPT_RESOLVER,
	OPT_JSON
};

static const struct option options[] = {{"ip", required_argument, NULL, OPT_IP},
	{"helo", required_argument, NULL, OPT_HELO}, {"from", required_argument, NULL, OPT_FROM},
	{"rcpt", required_argument, NULL, OPT_RCPT},
	{"message", required_argument, NULL, OPT_MESSAGE},
	{"time", required_argument, NULL, OPT_TIME}, {"smtputf8", no_argument, NULL, OPT_SMTPUTF8},
	{"resolver", required_argument, NULL, OPT_RESOLVER},
	{"config", required_argument, NULL, 'c'}, {"json", no_argument, NULL, OPT_JSON},
	{"quiet", no_argument, NULL, 'q'}, {"help", no_argument, NULL, 'h'}, {0}};

/* Without < > around it. */
static struct str
bare_address(const char *arg)
{
	struct str s = str_of(arg);

	if (s.n >= 2 && s.p[0] == '<' && s.p[s.n - 1] == '>')
		s = str_slice(s, 1, s.n - 1);
	return s;
}

static int
read_options(int argc, char **argv, struct check_options *o)
{
	for (int c; (c = getopt_long(argc, argv, "c:qh", options, NULL)) != -1;) {
		switch (c) {
		case OPT_IP:
			if (!ip_parse(str_of(optarg), &o->ip))
				return cli_usage("check", "\"%s\" is no address", optarg);
			break;
		case OPT_HELO:
			o->helo = str_of(optarg);
			o->has_helo = true;
			break;
		case OPT_FROM:
			o->from = bare_address(optarg);
			o->has_from = true;
			break;
		case OPT_RCPT:
			if (o->n_rcpt == COUNT(o->rcpt))
				return cli_usage(
					"check", "more than %zu recipients", COUNT(o->rcpt));
			o->rcpt[o->n_rcpt++] = bare_address(optarg);
			break;
		case OPT_MESSAGE:
			o->message = optarg;
			break;
		case OPT_TIME:
			if (!cli_time_parse(str_of(optarg), &o->time))
				return cli_usage("check", "\"%s\" is no time", optarg);
			break;
		case OPT_SMTPUTF8:
			o->smtputf8 = true;
			break;
		case OPT_RESOLVER:
			o->resolver = optarg;
			break;
		case OPT_JSON:
			o->style.json = true;
			break;
		case 'c':
			o->config = optarg;
			break;
		case 'q':
			o->style.facts = false;
			break;
		case 'h':
			fputs(help, stdout);
			exit(cli_finish(EX_OK));
		default:
			return cli_usage("check", "wrong option");
		}
	}
	if (optind < argc)
		return cli_usage("check", "unexpected \"%s\"", argv[optind]);
	if (!o->ip.len)
		return cli_usage("check", "--ip ADDRESS is needed");
	return EX_OK;
}

int
cli_check(int argc, char **argv)
{
	struct check_options o = {.helo = STR(""), .from = STR("")};

	o.style = (struct report_style){.colour = report_wants_colour(stdout), .facts = true};
	int status = read_options(argc, argv, &o);
	if (status != EX_OK)
		return status;
	if (!o.message)
		return check_with(&o, NULL);
	struct cli_message message;
	status = cli_message_read(o.message, &message);
	if (status != EX_OK)
		return status;
	status = check_with(&o, &message);
	cli_message_done(&message);
	return status;
}
