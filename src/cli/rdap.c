/*
 * cli/rdap: which registries there are, anew; and one question to one of them by hand.
 */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/report.h"
#include "cli/settings.h"
#include "daemon/registrar.h"
#include "mail/psl.h"

#define IANA	   "https://data.iana.org/rdap/dns.json"
#define TIMEOUT_MS 30000

static const char help[] =
	"Usage: mxward rdap refresh [-c FILE] [--from FILE|URL] [--to FILE] [--force]\n"
	"       mxward rdap ask [-c FILE] [--json] DOMAIN\n"
	"Registries, as the check domain_age asks them.\n"
	"\n"
	"  refresh             fetch the list of registries, look whether it is one, and put\n"
	"                      it in the place of the old one; \"kill -HUP\" makes a running\n"
	"                      daemon read it\n"
	"  ask DOMAIN          when was it registered?\n"
	"\n"
	"  --from FILE|URL     where the list comes from; without it\n"
	"                      " IANA "\n"
	"  --to FILE           where it goes; without it [rdap] bootstrap of the settings\n"
	"  --force             also one with less than half of the names of the old one\n"
	"  --json              ask: one JSON object on a line\n"
	"  -c, --config FILE   settings; without it " CONFIG_FILE " if there is one\n"
	"  -h, --help          this text\n"
	"\n"
	"Exit status: 0, 65 when what came is no such list, 66 when a file cannot be read,\n"
	"69 when a server does not answer as it should, 73 when the file cannot be\n"
	"written, otherwise as sysexits.h.\n";

struct options {
	const char *what, *settings, *from, *to, *domain;
	bool force, json;
};

static int
fail(int status, const struct errbuf *e)
{
	char text[1024];

	errbuf_print(e, text, sizeof(text));
	return cli_fail(status, "%s", text);
}

/* --- fetching --- */

struct wait {
	struct loop *loop;
	struct arena *a;
	struct str body;
	const char *why; /* NULL: it came */
	unsigned code;
};

static void
on_page(void *ctx, const struct http_answer *a)
{
	struct wait *w = ctx;

	w->why = a->why ? arena_z(w->a, str_of(a->why)) : NULL;
	w->code = a->code;
	w->body = arena_str(w->a, a->body);
	loop_stop(w->loop);
}

/* On this host nobody listens in. */
static bool
is_this_host(const struct rdap_url *url)
{
	return str_has_prefix(url->host, STR("127.")) || str_eq(url->host, STR("::1"));
}

static int
fetch(const struct config *c, const char *from, struct arena *a, struct str *out)
{
	struct wait w = {.loop = loop_new(), .a = a};
	struct rdap_url url;
	struct errbuf e = {0};

	if (!w.loop)
		return cli_fail(EX_OSERR, "no event loop");
	if (!rdap_url_parse(str_of(from), &url) || (!url.https && !is_this_host(&url))) {
		loop_free(w.loop);
		return cli_fail(EX_USAGE, "%s: a URL has to begin with https://", from);
	}
	struct fetcher *f = fetcher_new(w.loop, c, &e);
	if (f) {
		const struct fetcher_request r = {.url = from,
			.anywhere = is_this_host(&url),
			.accept = "application/json",
			.body_max = RDAP_BOOTSTRAP_MAX,
			.timeout_ms = TIMEOUT_MS};
		fetcher_get(f, &r, on_page, &w);
		loop_run(w.loop);
		fetcher_free(f);
	}
	loop_free(w.loop);
	if (!f)
		return fail(EX_CONFIG, &e);
	if (w.why)
		return cli_fail(EX_UNAVAILABLE, "%s: %s", from, w.why);
	if (w.code != 200)
		return cli_fail(EX_UNAVAILABLE, "%s: it answers %u", from, w.code);
	*out = w.body;
	return EX_OK;
}

/* --- refresh --- */

/* It is the old file or the new one, whatever happens. */
static bool
replace(struct arena *a, const char *to, struct str text)
{
	const char *temporary = arena_z(a, arena_printf(a, "%s.new", to));
	FILE *f = fopen(temporary, "we");

	if (!f)
		return false;
	bool ok = fwrite(text.p, 1, text.n, f) == text.n && fflush(f) == 0 &&
		fsync(fileno(f)) == 0 && fchmod(fileno(f), 0644) == 0;
	ok = fclose(f) == 0 && ok && rename(temporary, to) == 0;
	int why = errno;
	if (!ok)
		(void)unlink(temporary);
	errno = why;
	return ok;
}

static int
take(const struct options *o, const struct config *c, struct arena *a, struct str text,
	const char *from)
{
	const char *to = o->to ? o->to : arena_z(a, c->rdap.bootstrap);
	struct rdap_bootstrap old, new;
	struct errbuf e = {0}, ignored = {0};
	char *room = arena_alloc(a, 2 * RDAP_BOOTSTRAP_MAX);
	struct buf out = buf_on(room, 2 * RDAP_BOOTSTRAP_MAX);
	struct str before = rdap_bootstrap_builtin;

	if (!rdap_bootstrap_parse(a, text, &new, &e))
		return cli_fail(EX_DATAERR, "%s: %s; nothing was changed", from, e.text);
	if (access(to, R_OK) == 0 && !conf_read_file(to, a, &before, &ignored))
		before = rdap_bootstrap_builtin;
	if (!rdap_bootstrap_parse(a, before, &old, &ignored))
		old.n = 0;
	if (new.n < old.n / 2 && !o->force)
		return cli_fail(EX_DATAERR,
			"%s: it has %zu names, the old one %zu: that is not believed without "
			"--force; nothing was changed",
			from, new.n, old.n);
	rdap_bootstrap_print(&new, &out);
	if (buf_is_cut(&out) || !replace(a, to, buf_str(&out)))
		return cli_fail(EX_CANTCREAT, "cannot write %s: %s", to, strerror(errno));
	printf("%s: %zu names of %zu registries, of %.*s; before: %zu names\n", to, new.n,
		new.n_registries, STR_ARG(new.publication.n ? new.publication : STR("no date")),
		old.n);
	return cli_finish(EX_OK);
}

static int
refresh(const struct options *o, struct config *c, struct arena *a)
{
	const char *from = o->from ? o->from : IANA;
	struct errbuf e = {0};
	struct str text;

	if (!o->to && !c->rdap.bootstrap.n)
		return cli_fail(EX_CONFIG,
			"[rdap] bootstrap names no file, so there is nothing to replace; --to FILE "
			"names one");
	if (strstr(from, "://")) {
		int status = fetch(c, from, a, &text);
		return status == EX_OK ? take(o, c, a, text, from) : status;
	}
	if (!conf_read_file(from, a, &text, &e))
		return fail(EX_NOINPUT, &e);
	return take(o, c, a, text, from);
}

/* --- ask --- */

struct question {
	struct wait wait;
	const struct options *o;
	const struct config *config;
	struct fetcher *fetcher;
	struct source_rdap *source;
	unsigned slot;
	char url[RDAP_URL_MAX + 1];
	int64_t date;
	bool has_date;
};

static void
on_answered(void *ctx, struct str domain, const int64_t *date)
{
	struct question *q = ctx;

	q->has_date = date != NULL;
	q->date = date ? *date : 0;
	loop_stop(q->wait.loop);
}

static void
on_failed(void *ctx, struct str domain, const char *url, const char *why)
{
	struct question *q = ctx;

	q->wait.why = arena_z(q->wait.a, str_of(why));
	loop_stop(q->wait.loop);
}

static void
on_registry_page(void *ctx, const struct http_answer *a)
{
	struct question *q = ctx;
	const struct rdap_page page = {.why = a->why,
		.code = a->code,
		.body = a->body,
		.location = a->location,
		.retry_after_s = a->retry_after_s};

	/* Nobody waits at a command until a registry likes to be asked again. */
	if (!a->why && (a->code == 429 || a->code == 503)) {
		q->wait.why = "it wants to be let alone for a while";
		loop_stop(q->wait.loop);
		return;
	}
	source_rdap_fetched(q->source, q->slot, &page);
}

static void
on_fetch(void *ctx, const struct rdap_fetch *f)
{
	struct question *q = ctx;
	const struct fetcher_request r = registrar_request(q->config, f);

	q->slot = f->slot;
	snprintf(q->url, sizeof(q->url), "%s", f->url);
	fetcher_get(q->fetcher, &r, on_registry_page, q);
}

static void
show(const struct question *q, struct str domain)
{
	const struct page p = {stdout, report_wants_colour(stdout)};
	char text[CLOCK_TEXT_MAX];
	int64_t age = clock_wall() - q->date;

	if (q->o->json) {
		json_t *o = json_pack("{ss%}", "domain", domain.p, domain.n);
		if (q->has_date)
			json_object_set_new(
				o, "registered", json_string(clock_text(q->date, text)));
		if (q->url[0])
			json_object_set_new(o, "url", json_string(q->url));
		json_dumpf(o, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(o);
		return;
	}
	page_put(&p, NULL, domain);
	if (q->has_date) {
		fprintf(p.out, ": registered %s, ", clock_text(q->date, text));
		page_put_duration(&p, (uint64_t)(age > 0 ? age : 0));
		fputs(" ago", p.out);
	} else {
		fputs(q->url[0] ? ": the registry tells no date, or does not have it"
				: ": no registry is known that could be asked",
			p.out);
	}
	if (q->url[0])
		fprintf(p.out, " (%s)", q->url);
	fputc('\n', p.out);
}

static int
run_question(struct question *q, struct str domain)
{
	/* As long as the source, which borrows it. */
	struct rdap_bootstrap *bootstrap = arena_new(q->wait.a, struct rdap_bootstrap);
	struct errbuf e = {0};
	const struct config *c = q->config;

	q->fetcher = fetcher_new(q->wait.loop, c, &e);
	if (!q->fetcher || !registrar_bootstrap(c, q->wait.a, bootstrap, &e))
		return fail(EX_CONFIG, &e);
	q->source = source_rdap_new(&(struct source_rdap_options){.loop = q->wait.loop,
		.bootstrap = bootstrap,
		.n_servers = c->rdap.n,
		.server = c->rdap.server,
		.rate = (unsigned)c->rdap.rate,
		.rate_all = (unsigned)c->rdap.rate_all,
		.fetch = on_fetch,
		.answered = on_answered,
		.failed = on_failed,
		.ctx = q});
	source_rdap_want(q->source, domain);
	if (source_rdap_stats(q->source).waiting)
		loop_run(q->wait.loop);
	if (q->wait.why)
		return cli_fail(EX_UNAVAILABLE, "%s: %s (%s)", q->o->domain, q->wait.why, q->url);
	show(q, domain);
	return cli_finish(EX_OK);
}

static int
ask(const struct options *o, struct config *c, struct arena *a)
{
	struct str name, domain = STR("");
	struct question *q = arena_new(a, struct question);

	if (dns_name_parse(a, str_of(o->domain), &name) && dns_name_is_hostname(name))
		domain = psl_registrable(name);
	if (!domain.n)
		return cli_fail(
			EX_USAGE, "%s is no domain that somebody could have registered", o->domain);
	q->o = o;
	q->config = c;
	q->wait = (struct wait){.loop = loop_new(), .a = a};
	if (!q->wait.loop)
		return cli_fail(EX_OSERR, "no event loop");
	int status = run_question(q, domain);
	fetcher_free(q->fetcher);
	if (q->source)
		source_rdap_free(q->source);
	loop_free(q->wait.loop);
	return status;
}

static const struct verb {
	const char *name;
	int (*run)(const struct options *o, struct config *c, struct arena *a);
} verbs[] = {{"refresh", refresh}, {"ask", ask}};

enum { OPT_FROM = 256, OPT_TO, OPT_FORCE, OPT_JSON };

/* -1: to be run; else the exit status. */
static int
read_options(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
		{"from", required_argument, NULL, OPT_FROM},
		{"to", required_argument, NULL, OPT_TO}, {"force", no_argument, NULL, OPT_FORCE},
		{"json", no_argument, NULL, OPT_JSON}, {"help", no_argument, NULL, 'h'}, {0}};

	for (int c; (c = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
		switch (c) {
		case 'c':
			o->settings = optarg;
			break;
		case OPT_FROM:
			o->from = optarg;
			break;
		case OPT_TO:
			o->to = optarg;
			break;
		case OPT_FORCE:
			o->force = true;
			break;
		case OPT_JSON:
			o->json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return cli_finish(EX_OK);
		default:
			return cli_usage("rdap", "wrong option");
		}
	}
	if (optind < argc)
		o->what = argv[optind++];
	if (o->what && strcmp(o->what, "ask") == 0 && optind < argc)
		o->domain = argv[optind++];
	if (optind < argc)
		return cli_usage("rdap", "unexpected \"%s\"", argv[optind]);
	return -1;
}

int
cli_rdap(int argc, char **argv)
{
	struct options o = {0};
	struct arena a;
	int status = read_options(argc, argv, &o);

	if (status >= 0)
		return status;
	const struct verb *verb = cli_verb("rdap", o.what, verbs, COUNT(verbs), sizeof(verbs[0]));
	if (!verb)
		return EX_USAGE;
	if (verb->run == ask && !o.domain)
		return cli_usage("rdap", "ask: about which domain?");
	if (verb->run == ask ? o.from || o.to || o.force : o.json)
		return cli_usage("rdap", "that option does not go with %s", verb->name);
	struct config *c = settings_load(settings_path(o.settings));
	if (!c)
		return EX_CONFIG;
	arena_init(&a, 64 << 10, SIZE_MAX);
	status = verb->run(&o, c, &a);
	arena_done(&a);
	config_free(c);
	return status;
}
