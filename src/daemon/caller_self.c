/* daemon/caller_self: see caller_self.h. */
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "checks/checks.h"
#include "daemon/callout_run.h"
#include "daemon/caller_self.h"
#include "daemon/log.h"

#define LOOK_MS	       600000
#define LOOK_AGAIN_MS  60000
#define ANSWER_MS      10000
#define OBJECTION_MAX  300
#define FAMILIES       2
#define CHECKS_OF_SELF 2

struct look {
	struct caller_self *self;
	struct ip ip;
	const char *family;
	struct arena arena, scratch;
	struct transaction *txn; /* NULL: not being looked at */
	const struct check *check[CHECKS_OF_SELF];
	const void *settings[CHECKS_OF_SELF];
	struct check_set checks;
	struct timer *timer;
	bool known;		       /* it was looked at to the end once */
	char objection[OBJECTION_MAX]; /* empty: none */
};

struct caller_self {
	struct loop *loop;
	struct config *config;
	struct look look[FAMILIES];
};

static void
conclude(struct look *k, const char *objection)
{
	if (!k->known || strcmp(k->objection, objection) != 0) {
		if (objection[0])
			log_event(LOG_LEVEL_WARN, "callouts_off", log_z("family", k->family),
				log_z("text", objection));
		else
			log_event(LOG_LEVEL_INFO, "callouts_on", log_z("family", k->family));
	}
	k->known = true;
	snprintf(k->objection, sizeof(k->objection), "%s", objection);
	timer_set(k->timer, objection[0] ? LOOK_AGAIN_MS : LOOK_MS);
}

static void
end_look(struct look *k)
{
	if (!k->txn)
		return;
	transaction_end(k->txn);
	arena_done(&k->arena);
	arena_done(&k->scratch);
	k->txn = NULL;
}

/* What speaks against us, or what is not known: the first finding that is not good news. */
static void
judge(struct look *k)
{
	struct result r = transaction_result(k->txn);
	char room[OBJECTION_MAX - 1], text[OBJECTION_MAX];
	const struct finding *bad = NULL;
	struct buf b = BUF(room);

	for (size_t i = 0; i < r.n && !bad; i++) {
		const struct finding_code *code = r.finding[i]->code;
		if (code->temporary && k->known && !k->objection[0])
			continue; /* DNS was better before */
		if (!code->good && (code->temporary || code->action.kind != ACTION_OFF))
			bad = r.finding[i];
	}
	if (bad)
		(void)finding_fill(bad, bad->code->text, &b);
	snprintf(text, sizeof(text), "%.*s", STR_ARG(buf_str(&b)));
	end_look(k);
	conclude(k, text);
}

static void
settled(void *ctx)
{
	struct look *k = ctx;

	timer_set(k->timer, 0); /* the transaction is still at work */
}

/* The address that packets to the Internet leave from; none is sent. */
static bool
own_address(uint8_t len, struct ip *out)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(25)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(25)};
	struct sockaddr *to = len == 4 ? (struct sockaddr *)&in : (struct sockaddr *)&in6;
	socklen_t size = len == 4 ? sizeof(in) : sizeof(in6);
	int fd = socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok = false;

	(void)inet_pton(AF_INET, "192.0.2.1", &in.sin_addr);
	(void)inet_pton(AF_INET6, "2001:db8::1", &in6.sin6_addr);
	if (fd >= 0 && connect(fd, to, size) == 0 && getsockname(fd, to, &size) == 0)
		ok = ip_from_bytes(
			len == 4 ? (void *)&in.sin_addr : (void *)&in6.sin6_addr, len, out);
	if (fd >= 0)
		close(fd);
	return ok;
}

/* NULL, or what is in the way. */
static const char *
find_address(struct look *k, const struct ip *given, uint8_t len)
{
	k->ip = *given;
	if (given->len)
		return NULL;
	if (!own_address(len, &k->ip))
		return "there is no way to the Internet";
	if (ip_is_private(&k->ip))
		return "this host's own address is a private one, which servers do not see: name "
		       "the one they see in [callout] address4 or address6";
	return NULL;
}

static void
begin_look(struct look *k)
{
	struct caller_self *s = k->self;
	const struct generation *g = config_generation(s->config);
	const struct callout_settings *set = callout_settings_of(s->config);
	bool v4 = k == &s->look[0];
	const char *obstacle = find_address(k, v4 ? &set->address4 : &set->address6, v4 ? 4 : 16);

	if (obstacle) {
		conclude(k, obstacle);
		return;
	}
	size_t n = 0;
	for (size_t i = 0; i < g->checks.n; i++) {
		const struct check *c = g->checks.check[i];
		if (c != &check_rdns && c != &check_helo)
			continue;
		k->check[n] = c;
		k->settings[n++] = g->checks.settings[i];
	}
	k->checks = (struct check_set){n, k->check, k->settings};
	/* To ourselves our own name and address are no forgery. */
	static const struct site nobody;
	arena_init(&k->arena, 4096, 256 << 10);
	arena_init(&k->scratch, 4096, 256 << 10);
	k->txn = transaction_begin(&(struct transaction_options){.checks = &k->checks,
					   .site = &nobody,
					   .source = g->source,
					   .arena = &k->arena,
					   .scratch = &k->scratch,
					   .now = clock_wall(),
					   .settled = settled,
					   .ctx = k},
		&k->ip);
	transaction_env(k->txn, ENV_HELO, callout_helo(s->config));
	transaction_env(k->txn, ENV_MAIL_FROM, STR(""));
	transaction_run(k->txn);
	timer_set(k->timer, transaction_waits_for_network(k->txn) ? ANSWER_MS : 0);
}

static void
on_timer(void *ctx)
{
	struct look *k = ctx;

	if (!k->txn) {
		begin_look(k);
		return;
	}
	if (transaction_waits_for_network(k->txn))
		transaction_expire(k->txn, "time-out");
	judge(k);
}

struct caller_self *
caller_self_new(struct loop *l, struct config *config)
{
	static const char *const names[FAMILIES] = {"IPv4", "IPv6"};
	struct caller_self *s = heap_calloc(1, sizeof(*s));

	s->loop = l;
	for (size_t i = 0; i < FAMILIES; i++) {
		struct look *k = &s->look[i];
		k->self = s;
		k->family = names[i];
		k->timer = timer_new(l, on_timer, k);
		snprintf(k->objection, sizeof(k->objection),
			"it is not known yet whether our "
			"own name passes our checks");
	}
	caller_self_use(s, config);
	return s;
}

void
caller_self_use(struct caller_self *s, struct config *config)
{
	s->config = config;
	for (size_t i = 0; i < FAMILIES; i++) {
		end_look(&s->look[i]);
		timer_set(s->look[i].timer, 0);
	}
}

void
caller_self_free(struct caller_self *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < FAMILIES; i++) {
		end_look(&s->look[i]);
		timer_free(s->look[i].timer);
	}
	heap_free(s);
}

bool
caller_self_is(const struct caller_self *s, const struct ip *ip)
{
	for (size_t i = 0; i < FAMILIES; i++)
		if (s->look[i].ip.len && ip_eq(&s->look[i].ip, ip))
			return true;
	return false;
}

const char *
caller_self_objection(const struct caller_self *s, uint8_t len)
{
	const struct look *k = &s->look[len == 4 ? 0 : 1];

	return k->objection[0] ? k->objection : NULL;
}
