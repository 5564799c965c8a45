/*
 * cases/fill: put cases into a store, as the daemon would, for tests and measurements.
 *
 *	fill SETTINGS < RECORDS		judge records (core/record.h), one case for each line
 *	fill SETTINGS N			judge N made-up messages like real mail
 *	fill SETTINGS N time		the same without a store: microseconds for each record
 *written
 *	fill SETTINGS 0 put ID < TEXT	a case with this very text, as another program may write it
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "checks/dnsbl.h"
#include "core/record.h"
#include "daemon/config_store.h"
#include "daemon/memory_cases.h"

static struct config *config;
static struct store *store;
static struct store_client *client;
static struct memory_cases *cases;
static struct loop *loop;
static struct gate *gate;
static bool timing;
static uint64_t spent_us, n_cases;

static void
remember(void *ctx, const struct visit_case *c)
{
	uint64_t before = clock_us();

	for (int i = 0; i < (timing ? 100 : 1); i++)
		memory_cases_put(cases, config, client, c);
	spent_us += clock_us() - before;
	n_cases++;
}

static void
done(void *ctx, const struct verdict *v)
{
}

static void
no_alarm(void *ctx, const struct health_alarm *a)
{
}

static void
judge(struct record *r)
{
	struct generation *g = config_generation(config);
	const struct lists_now lists = {
		.canary = r->canary, .suspended = dnsbl_bits(g->site.lists, &r->suspended)};

	g->source = &r->source;
	struct visit *v = visit_new(gate,
		&(struct visit_client){.ip = r->client,
			.port = r->port,
			.way = "fill",
			.case_id = r->id,
			.lists = &lists,
			.time = r->time});
	visit_env_if(v, ENV_HELO, r->has_helo, r->helo);
	visit_env_if(v, ENV_MAIL_FROM, r->has_from, r->from);
	for (size_t i = 0; i < r->rcpt.n; i++)
		visit_judge(v, r->rcpt.word[i], STR("4F3C"), done, NULL);
	visit_end(v);
	g->source = NULL;
}

static void
judge_line(struct str line)
{
	struct arena a;
	struct record r;
	struct errbuf e = {0};

	arena_init(&a, 16 << 10, (size_t)64 << 20);
	if (!record_parse(&a, line, &r, &e)) {
		fprintf(stderr, "%s\n", e.text);
		exit(1);
	}
	judge(&r);
	record_done(&r);
	arena_done(&a);
}

/* --- made-up mail --- */

struct kind {
	unsigned of_100;
	const char *helo, *from, *facts;
};

/* {a} and {b}: two numbers below 250; {i}: one that tells all apart. */
#define IP	"203.{a}.{b}.7"
#define REV	"7.{b}.{a}.203.in-addr.arpa"
#define Q(n, t) "{\"q\":\"dns\",\"name\":\"" n "\",\"type\":\"" t "\",\"status\":"
#define NX	"\"nxdomain\",\"ttl\":300}"
#define OK(rr)	"\"ok\",\"ttl\":3600,\"rr\":[" rr "]}"
#define SPF                                                                        \
	"\"v=spf1 include:_spf.mailer.example include:spf.protection.example "     \
	"ip4:203.{a}.{b}.0/24 "                                                    \
	"-all\",\"google-site-verification=Zm9vYmFyYmF6cXV1eGZvb2JhcmJhenF1dXg\"," \
	"\"MS=ms12345678\""

static const struct kind kinds[] = {
	/* a good server: everything agrees */
	{40, "mail{i}.firm.example", "joe.{i}@firm{b}.example",
		Q(REV, "PTR") OK("\"mail{i}.firm.example\"") "," Q("mail{i}.firm.example", "A") OK(
			"\"" IP
			"\"") "," Q("firm{b}.example", "TXT") OK(SPF) "," Q("_spf.mailer.example",
			"TXT") OK("\"v=spf1 ip4:198.51.100.0/24 "
				  "ip4:192.0.2.0/24 -all\"") "," Q("spf.protection.example", "TXT")
			OK("\"v=spf1 ip4:198.51.100.128/25 -all\"") "," Q("firm{b}.example", "MX")
				OK("\"10 mx1.firm.example\","
				   "\"20 mx2.firm.example\"") "," Q("mx1.firm.example", "A")
					OK("\"198.51.100.7\"")},
	/* a bot on an end user's line */
	{40, "localhost", "info@bot{i}.example",
		Q(REV, "PTR") OK("\"203-{a}-{b}-7.dsl.dyn.provider.example\"") "," Q(
			"203-{a}-{b}-7.dsl.dyn.provider.example", "A")
			OK("\"" IP "\"") "," Q("bot{i}.example", "TXT") NX
		"," Q("bot{i}.example", "MX") NX},
	/* no reverse name, a HELO that leads elsewhere */
	{20, "www{b}.shop.example", "order.{i}@shop.example",
		Q(REV, "PTR") NX "," Q("www{b}.shop.example", "A") OK("\"198.51.100.9\"") "," Q(
			"shop.example", "TXT") OK("\"v=spf1 a mx ~all\"") "," Q("shop.example", "A")
			OK("\"198.51.100.9\"") "," Q("shop.example", "MX")
				OK("\"0 mx.shop.example\"") "," Q("mx.shop.example", "A")
					OK("\"198.51.100.10\"")},
};

static void
expand(const char *template, unsigned a, unsigned b, unsigned i, char *out, size_t size)
{
	struct buf text = buf_on(out, size - 1);

	for (const char *p = template; *p; p++) {
		if (p[0] == '{' && p[1] && p[2] == '}') {
			buf_putu(&text, p[1] == 'a' ? a : p[1] == 'b' ? b : i);
			p += 2;
		} else {
			buf_putc(&text, *p);
		}
	}
	out[text.n] = '\0';
}

static void
judge_made_up(unsigned i)
{
	static char facts[8192], helo[200], from[200], line[16384];
	unsigned roll = i * 37 % 100, at = 0, a = i / 250 % 250, b = i % 250;

	while (roll >= kinds[at].of_100)
		roll -= kinds[at++].of_100;
	const struct kind *k = &kinds[at];
	expand(k->facts, a, b, i, facts, sizeof(facts));
	expand(k->helo, a, b, i, helo, sizeof(helo));
	expand(k->from, a, b, i, from, sizeof(from));
	snprintf(line, sizeof(line),
		"{\"client\":{\"ip\":\"203.%u.%u.7\"},\"helo\":\"%s\",\"from\":\"%s\",\"unknown\":"
		"\"none\",\"rcpt\":[\"user%u@site.example\"],\"time\":%" PRId64 ",\"facts\":[%s]}",
		a, b, helo, from, i % 500, clock_wall(), facts);
	judge_line(str_of(line));
}

/* --- the whole --- */

static void
say(void *ctx, enum store_say level, const char *text)
{
	fprintf(stderr, "%s\n", text);
}

static void
read_lines(void)
{
	static char line[1 << 20];

	while (fgets(line, sizeof(line), stdin))
		judge_line(str_trim(str_of(line)));
}

static void
put(const char *id)
{
	static char text[1 << 20];
	struct store_op op = {.op = STORE_PUT, .table = STORE_CASE, .key = str_of(id)};

	op.value = str_from(text, fread(text, 1, sizeof(text), stdin));
	op.n_words = 1;
	op.word[0] = STR("v:reject");
	store_client_write(client, &op);
}

int
main(int argc, char **argv)
{
	/* Where only our own work is timed the store takes nothing. */
	const struct store_options o = {.say = say,
		.queue_max = argc == 4 ? 1 : 1 << 20,
		.queue_bytes_max = argc == 4 ? 1 : (size_t)1 << 30};
	struct errbuf e = {0};
	uint64_t n = 0;

	timing = argc == 4;
	config = argc > 1 ? config_load_file(argv[1], NULL, NULL, &e) : NULL;
	loop = loop_new();
	store = timing ? store_open_memory(&o) : config ? config_open_store(config, &o, &e) : NULL;
	if (!store || !loop || (argc > 2 && !str_to_u64(str_of(argv[2]), 10000000, &n))) {
		fprintf(stderr, "fill SETTINGS [N [time]]: %s\n", e.text);
		return 1;
	}
	config->generation.watch_nat = config->generation.watch_findings = false;
	config->generation.number = 1;
	client = store_client_on(loop, store, NULL);
	cases = memory_cases_new();
	gate = gate_new(
		&(struct gate_options){.loop = loop, .remember = remember, .alarm = no_alarm},
		config_generation(config));
	for (unsigned i = 0; i < n; i++) {
		judge_made_up(i);
		if (i % 500 == 499)
			(void)store_sync(store);
	}
	if (argc < 3)
		read_lines();
	if (argc > 4)
		put(argv[4]);
	if (timing)
		printf("%.2f us for each case (%" PRIu64 ")\n",
			(double)spent_us / 100 / (double)n_cases, n_cases);
	gate_free(gate);
	memory_cases_free(cases);
	bool ok = store_sync(store) == STORE_OK;
	store_client_free(client);
	config_free(config);
	loop_free(loop);
	return ok ? 0 : 1;
}
