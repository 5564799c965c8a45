/* daemon/config: see config.h.  Sections with free keys are read in config_lines.c. */
#include <assert.h>
#include <unistd.h>

#include "checks/dnsbl.h"
#include "checks/rdns_words.h"
#include "daemon/config.h"
#include "daemon/config_lines.h"
#include "daemon/config_lists.h"
#include "daemon/config_local.h"
#include "daemon/config_rdap.h"
#include "daemon/privacy.h"
#include "store/redis.h"
#include "dns/domains.h"

#define FIELD(section, member) offsetof(struct section##_settings, member)
#define ROWS(rows)	       .settings = (rows), .n = COUNT(rows)

static const struct setting listen_rows[] = {
	{"milter", SETTING_WORDS, FIELD(listen, milter), "", 0, 0, NULL,
		"Sockets for the milter protocol: inet:ADDRESS:PORT, inet6:[ADDRESS]:PORT or "
		"unix:/PATH, several separated by blanks.  Where neither this nor policy names "
		"any, "
		"they are inet:127.0.0.1:8891 and inet:127.0.0.1:8892."},
	{"policy", SETTING_WORDS, FIELD(listen, policy), "", 0, 0, NULL,
		"Sockets for Postfix policy delegation, written likewise."},
	{"unix_mode", SETTING_MODE, FIELD(listen, unix_mode), "660", 0, 0, NULL,
		"Permissions of these where they are unix sockets, as an octal number."},
	{"unix_group", SETTING_STRING, FIELD(listen, unix_group), "", 0, 0, NULL,
		"Group of these, such as postfix or smmsp: with unix_mode = 660 its members alone "
		"can connect.  Without root the daemon must be in that group itself.  Empty: the "
		"group of whoever starts the daemon."},
	{"control", SETTING_STRING, FIELD(listen, control), "unix:/run/mxward/control", 0, 0, NULL,
		"Socket at which \"mxward status\" asks: unix:/PATH; empty: none.  It belongs to "
		"the "
		"user that the daemon runs as.  Where it cannot be made, that is an error if this "
		"line stands in the file, and else a warning in the log.",
		FIELD(listen, control_line)},
	{"control_mode", SETTING_MODE, FIELD(listen, control_mode), "600", 0, 0, NULL,
		"Its permissions."},
};

static const struct setting dns_rows[] = {
	{"resolver", SETTING_STRING, FIELD(dns, resolver), "system", 0, 0, NULL,
		"Who is asked: \"system\" (/etc/resolv.conf), \"none\", or ADDRESS or "
		"ADDRESS@PORT, "
		"several separated by blanks.  Recommended: unbound on loopback."},
	{"zone", SETTING_STRING, FIELD(dns, zone), "", 0, 0, NULL,
		"A file of records that are answered without asking anyone: for demonstrations, "
		"tests "
		"and overrides."},
	{"timeout", SETTING_DURATION, FIELD(dns, timeout), "1500ms", 100, 10000, NULL,
		"How long the first server is waited for; the second try waits half a second "
		"longer."},
	{"cache", SETTING_SIZE, FIELD(dns, cache), "32M", 0, (int64_t)4 << 30, NULL,
		"Memory for answers, per worker; 0 switches the cache off."},
	{"max_inflight", SETTING_NUMBER, FIELD(dns, max_inflight), "500", 1, 10000, NULL,
		"Questions under way at once, per worker; more wait in line."},
	{"stale", SETTING_DURATION, FIELD(dns, stale), "1d", 0, 7 * 86400000LL, NULL,
		"How long an expired answer may still confirm something good while its servers do "
		"not "
		"answer.  It never counts against anybody."},
};

static const char *const profiles[] = {"score", "strict", "monitor", NULL};
static const char *const replies[] = {"full", "terse", NULL};

static const struct setting policy_rows[] = {
	{"checks", SETTING_WORDS, FIELD(policy, checks), "all", 0, 0, NULL,
		"The checks that are made: their names, or all."},
	{"profile", SETTING_CHOICE, FIELD(policy, profile), "score", 0, 0, profiles,
		"score: findings add up, and only the sum refuses.  strict: no reverse name, a "
		"mismatch, an end user's line, a sender's domain that takes no mail are refused "
		"each by itself, as providers with a "
		"\"client "
		"policy restriction\" do.  monitor: as score, but everything is accepted and "
		"logged."},
	{"reject_at", SETTING_POINTS, FIELD(policy, reject_at), "8", 0, 0, NULL,
		"Points from which a message is refused."},
	{"defer_at", SETTING_POINTS, FIELD(policy, defer_at), "0", 0, 0, NULL,
		"Points from which a message is put off with 451; 0: never."},
	{"first_defers", SETTING_BOOL, FIELD(policy, first_defers), "yes", 0, 0, NULL,
		"What waiting may put right, such as a sender's domain that is not in DNS "
		"everywhere yet, refuses nobody the first time: where a refusal rests on that, it "
		"goes out as a deferral (451), and the same message (client, sender, recipient) is "
		"refused when it comes again within the time of temperror_again."},
	{"reply", SETTING_CHOICE, FIELD(policy, reply), "full", 0, 0, replies,
		"full: the reply names what was seen, what was expected and who can repair it.  "
		"terse: "
		"a few words."},
	{"show_score", SETTING_BOOL, FIELD(policy, show_score), "yes", 0, 0, NULL,
		"Itemise the score in a reply that refuses by score."},
	{"help_url", SETTING_STRING, FIELD(policy, help_url), "", 0, 0, NULL,
		"Address of a page that replies point to; %c becomes the case id, which is "
		"named behind the address where there is no %c, and %i the id of the cause, or "
		"\"index\" where only DNS did not answer: the name of a page that \"mxward "
		"causes --html\" writes."},
	{"budget", SETTING_DURATION, FIELD(policy, budget), "8s", 100, 25000, NULL,
		"A recipient gets its verdict within this time, whatever DNS does."},
	{"remember", SETTING_SIZE, FIELD(policy, remember), "32M", 0, (int64_t)4 << 30, NULL,
		"Memory for what was found out about clients, to be used again for the same "
		"client, HELO and sender while no answer of DNS has expired: five minutes at "
		"most, one where a DNS list has the client.  Per worker; policy service only; 0 "
		"switches it off."},
	{"temperror_again", SETTING_DURATION, FIELD(policy, again), "4h", 0, 14 * 86400000LL, NULL,
		"A message (client, sender, recipient) is deferred for want of DNS at most once in "
		"this time; after that it is let in."},
};

static const struct setting site_rows[] = {
	{"hostname", SETTING_STRING, FIELD(site, hostname), "", 0, 0, NULL,
		"This server's host name; empty: what the system says."},
	{"hostnames", SETTING_WORDS, FIELD(site, hostnames), "", 0, 0, NULL,
		"Further names that only this site may use in HELO."},
	{"domains", SETTING_WORDS, FIELD(site, domains), "", 0, 0, NULL,
		"Domains that this server receives mail for."},
	{"addresses", SETTING_NETS, FIELD(site, addresses), "", 0, 0, NULL,
		"This server's own public addresses."},
	{"recipient_delimiter", SETTING_STRING, FIELD(site, recipient_delimiter), "+", 0, 0, NULL,
		"Characters that begin the extension of an address, as in user+tag@example.org, "
		"which has the switches of the mailbox user@example.org; \"none\": no character "
		"does.  As Postfix's setting of that name."},
};

static const char *const field_on[] = {"none", "tagged", "checked", NULL};

static const struct setting headers_rows[] = {
	{"authserv_id", SETTING_STRING, FIELD(headers, authserv_id), "", 0, 0, NULL,
		"Our name in Authentication-Results; empty: the host name of section site, and its "
		"further host names are taken for ours too.  Where another filter writes such "
		"fields, give each a name of its own: each removes what bears its own name and is "
		"not from itself.",
		FIELD(headers, authserv_id_line)},
	{"auth_results", SETTING_BOOL, FIELD(headers, auth_results), "yes", 0, 0, NULL,
		"Add Authentication-Results (RFC 8601) with the results of reverse DNS (iprev) and "
		"SPF."},
	{"received_spf", SETTING_BOOL, FIELD(headers, received_spf), "no", 0, 0, NULL,
		"Add Received-SPF (RFC 7208 9.1), for software that does not read the former."},
	{"remove_forged", SETTING_BOOL, FIELD(headers, remove_forged), "yes", 0, 0, NULL,
		"Remove the fields that a message brings along and that claim to be ours: "
		"Authentication-Results with our name, however it is written, and those called as "
		"field says.  By milter only.  A message with more than 10000 of them is refused."},
	{"field", SETTING_STRING, FIELD(headers, field), "X-Mxward", 0, 0, NULL,
		"Name of a field of our own that tells score, findings, case and verdict; it "
		"begins with X-.",
		FIELD(headers, field_line)},
	{"field_on", SETTING_CHOICE, FIELD(headers, field_on), "checked", 0, 0, field_on,
		"Which messages get that field: none, those that are tagged or held, all that "
		"were checked."},
};

static const struct setting networks_rows[] = {
	{"ours", SETTING_NETS, FIELD(networks, ours), "127.0.0.0/8 ::1", 0, 0, NULL,
		"Addresses and networks that are never checked."},
};

static const struct setting health_rows[] = {
	{"watch_addresses", SETTING_BOOL, FIELD(health, watch_addresses), "yes", 0, 0, NULL,
		"When nearly all clients share one private address, the real one was lost on the "
		"way "
		"(NAT, a container's proxy): raise an alarm and accept."},
	{"watch_findings", SETTING_BOOL, FIELD(health, watch_findings), "yes", 0, 0, NULL,
		"When one finding suddenly refuses most clients, suspend it and raise an alarm."},
	{"suspend", SETTING_DURATION, FIELD(health, suspend), "1h", 1000, 7 * 86400000LL, NULL,
		"For how long."},
};

static const struct setting daemon_rows[] = {
	{"user", SETTING_STRING, FIELD(daemon, user), "", 0, 0, NULL,
		"User to run as when started by root; empty: mxward, or nobody where there is "
		"none."},
	{"workers", SETTING_NUMBER, FIELD(daemon, workers), "1", 1, 64, NULL,
		"Processes that serve; one is enough for thousands of messages a second."},
	{"pid_file", SETTING_STRING, FIELD(daemon, pid_file), "", 0, 0, NULL,
		"File for the process id of the parent; empty: none."},
};

static const char *const log_levels[] = {"error", "warn", "info", "debug", NULL};

static const struct setting log_rows[] = {
	{"to", SETTING_STRING, FIELD(log, to), "stderr", 0, 0, NULL,
		"\"stderr\" (the service manager's journal), \"syslog\", or the path of a file, "
		"which "
		"is opened anew on SIGHUP."},
	{"level", SETTING_CHOICE, FIELD(log, level), "info", 0, 0, log_levels,
		"info logs one line for each decision."},
};

static const char *const cases[] = {"all", "refused", "none", NULL};
static const char *const privacies[] = {"plain", "hashed", "none", NULL};

static const struct setting store_rows[] = {
	{"file", SETTING_STRING, FIELD(store, file), "", 0, 0, NULL,
		"Path of the file, in a directory that the daemon's user may write to, as "
		"/var/lib/mxward/store; empty: none.  Two more files appear beside it while it is "
		"in use.  Another file takes a restart."},
	{"redis", SETTING_STRING, FIELD(store, redis), "", 0, 0, NULL,
		"In the place of a file: a Redis or Valkey server that several hosts share, as "
		"inet:ADDRESS:PORT, inet6:[ADDRESS]:PORT or unix:/PATH; empty: none.  An address, "
		"because a name would have to be looked up first; where the server may move, give "
		"it an address that moves with it.  A cluster will not do.  The server's "
		"maxmemory-policy should be noeviction, else it forgets what it likes.",
		offsetof(struct store_settings, redis_line)},
	{"redis_user", SETTING_STRING, FIELD(store, redis_user), "", 0, 0, NULL,
		"User there; empty: the one without a name."},
	{"redis_password_file", SETTING_STRING, FIELD(store, redis_password_file), "", 0, 0, NULL,
		"File whose first line is the password, so that it does not stand among the "
		"settings; the daemon's user must be able to read it.  Empty: none is needed."},
	{"redis_db", SETTING_NUMBER, FIELD(store, redis_db), "0", 0, 1000000, NULL,
		"Number of the database there."},
	{"redis_prefix", SETTING_STRING, FIELD(store, redis_prefix), REDIS_PREFIX, 0, 0, NULL,
		"What all keys there begin with.  Hosts that share have the same; others that use "
		"the same server have another."},
	{"redis_timeout", SETTING_DURATION, FIELD(store, redis_timeout), "200ms", 10, 10000, NULL,
		"How long it may take to connect there, and for each answer.  Mail does not wait "
		"for it: only the process that owns the store does."},
	{"cases", SETTING_CHOICE, FIELD(store, cases), "all", 0, 0, cases,
		"Which decisions are kept with all that led to them, under the case id that stands "
		"in the reply: all, refused (also those that were put off), none.  What was not "
		"checked (logged-in clients, own networks) is not kept."},
	{"keep_refused", SETTING_DURATION, FIELD(store, keep_refused), "30d", 3600000,
		3650 * 86400000LL, NULL,
		"How long a message that was refused or put off is remembered."},
	{"keep_accepted", SETTING_DURATION, FIELD(store, keep_accepted), "7d", 3600000,
		3650 * 86400000LL, NULL, "How long one that was accepted."},
	{"keep_history", SETTING_DURATION, FIELD(store, keep_history), "90d", 3600000,
		3650 * 86400000LL, NULL,
		"How long it is remembered how a client, sender or domain behaved that was not "
		"seen again."},
	{"keep_seen", SETTING_DURATION, FIELD(store, keep_seen), "730d", 3600000, 3650 * 86400000LL,
		NULL,
		"How long it is remembered when a domain was first seen, after it was seen last."},
	{"max_size", SETTING_SIZE, FIELD(store, max_size), "1G", 0, (int64_t)1 << 50, NULL,
		"When the file is larger, the oldest messages are forgotten early, accepted ones "
		"first; 0: no limit.  Exemptions and switches are never forgotten for want of "
		"room.  A message that is kept takes about 3.2 kB of the file, so a million of "
		"them "
		"need 3.2G.  In Redis it is about the memory that our keys take there, as far as "
		"that "
		"can be reckoned; keep the server's maxmemory well above it."},
};

static const struct setting privacy_rows[] = {
	{"recipients", SETTING_CHOICE, FIELD(privacy, recipients), "plain", 0, 0, privacies,
		"plain: as they are.  hashed: instead of the part before the @ stands a hash of "
		"the "
		"address, made with the secret, so that cases of an address can still be found by "
		"whoever has the secret.  none: only the domain.  postmaster and abuse stay as "
		"they are: every domain has them, and policy depends on them."},
	{"secret", SETTING_STRING, FIELD(privacy, secret), "", 0, 0, NULL,
		"32 hexadecimal digits (such as of \"openssl rand -hex 16\"); needed where "
		"recipients are hashed.  With another secret older cases are no longer found by "
		"recipient.  Keep others from reading a file with it; mxward conf show hides it.",
		.secret = true},
};

static const struct setting explain_rows[] = {
	{"rules", SETTING_STRING, FIELD(explain, rules), "", 0, 0, NULL,
		"A file of rules of your own, tried before those that are built in; "
		"data/bounces/01-providers.txt of the source tells their form.  Empty: none."},
};

static const struct section fixed_sections[] = {
	{.name = "listen",
		.help = "Where mail servers connect.",
		ROWS(listen_rows),
		.size = sizeof(struct listen_settings),
		.check = listen_check},
	{.name = "dns",
		.help = "How questions are asked.",
		ROWS(dns_rows),
		.size = sizeof(struct dns_settings),
		.check = dns_check},
	{.name = "policy",
		.help = "How findings become verdicts.",
		ROWS(policy_rows),
		.size = sizeof(struct policy_settings),
		.check = policy_check},
	{.name = "site",
		.help = "Who we are: a stranger who greets with these is an impostor.",
		ROWS(site_rows),
		.size = sizeof(struct site_settings)},
	{.name = "headers",
		.help = "What travels on with a message that is let in, in any profile.  Nothing "
			"else of it is changed.  A policy service adds fields one at a time, and "
			"only where it is asked at DATA too, but for the field of our own of what "
			"is "
			"tagged or held: see the section WHAT TRAVELS ON.",
		ROWS(headers_rows),
		.size = sizeof(struct headers_settings),
		.check = headers_check},
	{.name = "networks",
		.help = "Who belongs to us.",
		ROWS(networks_rows),
		.size = sizeof(struct networks_settings)},
	{.name = "actions",
		.help = "What each finding does, where the profile's choice does not suit.",
		.size = sizeof(struct actions_settings),
		.entry = action_line,
		.entry_help =
			"FINDING = off | score N | tag | quarantine | defer | reject | accept.  "
			"FINDING/ipv6 sets it for IPv6 clients only.  A temporary finding can only "
			"be off, tag "
			"or defer.  accept is for good news (rdns_ok, local_allow, ...): the "
			"message is let in whatever else was found, unless a local list blocks "
			"it."},
	{.name = "exempt",
		.help = "Who is spared which checks.",
		.size = sizeof(struct exempt_settings),
		.entry = exempt_line,
		.entry_help =
			"ADDRESS, NETWORK or DOMAIN = CHECK... ; reason.  A domain counts only for "
			"clients whose reverse name is in it and resolves back, and for senders in "
			"it for whom SPF vouches (finding spf_pass).  \"all\" stands for every "
			"check.  All lines that match add up.  \"mxward exempt\" keeps more of "
			"them in the store, without a reload."},
	{.name = "health",
		.help = "When decisions can no longer be believed.",
		ROWS(health_rows),
		.size = sizeof(struct health_settings)},
	{.name = "daemon",
		.help = "The process.",
		ROWS(daemon_rows),
		.size = sizeof(struct daemon_settings)},
	{.name = "log",
		.help = "What is written down.",
		ROWS(log_rows),
		.size = sizeof(struct log_settings)},
	{.name = "store",
		.help = "What is to outlive a restart.",
		ROWS(store_rows),
		.size = sizeof(struct store_settings),
		.check = store_section_check},
	{.name = "privacy",
		.help = "What the store may know of people.  The log is not concerned.",
		ROWS(privacy_rows),
		.size = sizeof(struct privacy_settings),
		.check = privacy_check},
	{.name = "explain",
		.help = "What bounces mean, for \"mxward explain\".",
		ROWS(explain_rows),
		.size = sizeof(struct explain_settings)},
};

#define SECTIONS_MAX (COUNT(fixed_sections) + 4 + CHECKS_MAX)

const struct section *const *
config_sections(size_t *n)
{
	static const struct section *all[SECTIONS_MAX];
	size_t n_checks, k = 0;
	const struct check *const *checks = checks_all(&n_checks);

	for (size_t i = 0; i < COUNT(fixed_sections); i++)
		all[k++] = &fixed_sections[i];
	for (size_t i = 0; i < n_checks; i++)
		if (checks[i]->section)
			all[k++] = checks[i]->section;
	all[k++] = &rdap_section;
	all[k++] = &dnsbl_section;
	all[k++] = &dnswl_section;
	all[k++] = &local_list_section;
	*n = k;
	return all;
}

void *const *
config_structs(struct config *c, size_t *n)
{
	if (c->structs) {
		*n = c->n_structs;
		return c->structs;
	}
	void **all = arena_calloc(&c->arena, SECTIONS_MAX, sizeof(*all));
	void *const fixed[] = {&c->listen, &c->dns, &c->policy, &c->site, &c->headers, &c->networks,
		&c->actions, &c->exempt, &c->health, &c->daemon, &c->log, &c->store, &c->privacy,
		&c->explain};
	size_t n_checks, k = 0;
	const struct check *const *checks = checks_all(&n_checks);

	static_assert(COUNT(fixed) == COUNT(fixed_sections), "one struct for each section");
	for (size_t i = 0; i < COUNT(fixed); i++)
		all[k++] = fixed[i];
	for (size_t i = 0; i < n_checks; i++) {
		if (!checks[i]->section)
			continue;
		void *settings = arena_calloc(&c->arena, 1, checks[i]->section->size);
		c->check_settings[i] = settings;
		all[k++] = settings;
	}
	all[k++] = &c->rdap;
	all[k++] = &c->dnsbl;
	all[k++] = &c->dnswl;
	all[k++] = &c->local_list;
	c->structs = all;
	*n = c->n_structs = k;
	return all;
}

void
config_warn(struct config *c, conf_warn_fn *warn, void *ctx)
{
	size_t n, n_structs;
	const struct section *const *sections = config_sections(&n);
	void *const *structs = config_structs(c, &n_structs);

	must(n == n_structs);
	conf_warn(sections, n, structs, warn, ctx);
}

struct action
finding_default(const struct finding_code *code, enum profile profile, bool ipv6)
{
	if (profile == PROFILE_STRICT && code->strict.kind != ACTION_OFF)
		return code->strict;
	if (ipv6 && code->action_ipv6.kind != ACTION_OFF)
		return code->action_ipv6;
	return code->action;
}

/* What each finding of a check does under this profile, where nobody says otherwise. */
static const struct action *
action_row(struct config *c, const struct check *check, size_t i, int six, enum profile profile)
{
	struct action *row = arena_calloc(&c->arena, check->n_codes + 1, sizeof(*row));

	must(check->n_codes <= HEALTH_CODES_MAX);
	for (size_t k = 0; k < check->n_codes; k++)
		row[k] = c->actions.set[six][i][k]
			? c->actions.action[six][i][k]
			: finding_default(&check->codes[k], profile, six);
	return row;
}

static void
set_actions(struct config *c, const struct check_set *checks)
{
	struct policy *p = &c->generation.policy;
	struct profile_actions *all = arena_calloc(&c->arena, PROFILES, sizeof(*all));

	for (int profile = 0; profile < PROFILES; profile++)
		for (int six = 0; six < 2; six++)
			for (size_t i = 0; i < checks->n; i++)
				all[profile].of[six][i] = action_row(
					c, checks->check[i], i, six, (enum profile)profile);
	p->profiles = all;
	memcpy(p->actions, all[p->profile].of, sizeof(p->actions));
}

static struct str
system_hostname(struct arena *a)
{
	char name[256] = "";

	if (gethostname(name, sizeof(name) - 1) != 0)
		return STR("");
	return arena_lower(a, str_of(name));
}

static void
release(struct generation *g)
{
	struct config *c = (struct config *)g;

	if (c->free_source)
		c->free_source(c);
	config_free_local(c);
	arena_done(&c->arena);
	heap_free(c);
}

static const void *
settings_of(const struct config *c, const struct check *check)
{
	size_t i = 0;

	while (c->generation.checks.check[i] != check)
		must(++i < c->generation.checks.n);
	return c->check_settings[i];
}

/* The administrator's words for reverse names, each file laid over what came before. */
static bool
load_rdns_words(struct config *c, struct errbuf *e)
{
	const struct rdns_words *under = NULL; /* the built-in ones */
	const struct generic_rdns_settings *s = settings_of(c, &check_generic_rdns);
	const struct words *files = &s->words;

	for (size_t i = 0; i < files->n; i++) {
		struct rdns_words *w = arena_new(&c->arena, struct rdns_words);
		const char *path = arena_z(&c->arena, files->word[i]);
		struct str text;
		if (!conf_read_file(path, &c->arena, &text, e) ||
			!rdns_words_load(w, under, &c->arena, path, text, e))
			return false;
		under = w;
	}
	c->generation.site.rdns_words = under;
	return true;
}

/* Domains whose SPF pass counts for nothing. */
static bool
load_spf_cheaters(struct config *c, struct errbuf *e)
{
	const struct spf_settings *s = settings_of(c, &check_spf);
	struct domains *all = arena_new(&c->arena, struct domains);
	const char *path = arena_z(&c->arena, s->cheaters);
	struct str text;

	if (!s->cheaters.n)
		return true;
	if (!conf_read_file(path, &c->arena, &text, e) ||
		!domains_parse(&c->arena, path, text, all, e))
		return false;
	c->generation.site.spf_cheaters = all;
	return true;
}

static const struct exempts *
table_of(struct config *c)
{
	struct exempts *x = exempts_new(&c->arena, c->exempt.n);

	for (size_t i = 0; i < c->exempt.n; i++)
		exempts_add(x, &c->exempt.list[i]);
	return x;
}

static bool
is_made(const struct generation *g, const struct check *check)
{
	size_t i = 0;

	while (g->checks.check[i] != check)
		must(++i < g->checks.n);
	return !(g->off >> i & 1);
}

static bool
fill_generation(struct config *c, struct errbuf *e)
{
	struct generation *g = &c->generation;
	const struct policy_settings *s = &c->policy;

	g->checks.check = checks_all(&g->checks.n);
	g->checks.settings = c->check_settings;
	g->site = (struct site){.hostname = c->site.hostname.n
			? arena_lower(&c->arena, c->site.hostname)
			: system_hostname(&c->arena),
		.hostnames = c->site.hostnames,
		.domains = c->site.domains,
		.addresses = c->site.addresses};
	g->policy = (struct policy){.profile = (enum profile)s->profile,
		.reject_at = s->reject_at,
		.defer_at = s->defer_at,
		.first_defers = s->first_defers,
		.terse = s->reply == 1,
		.show_score = s->show_score,
		.help_url = s->help_url,
		.ours = c->networks.ours,
		.exempts.table[EXEMPTS_SETTINGS] = table_of(c),
		.delimiters = str_eq(c->site.recipient_delimiter, STR("none"))
			? STR("")
			: c->site.recipient_delimiter};
	g->stamp = (struct stamp_settings){
		.id = c->headers.authserv_id.n ? c->headers.authserv_id : g->site.hostname,
		.ids = c->headers.authserv_id.n ? (struct words){0, NULL} : c->site.hostnames,
		.auth_results = c->headers.auth_results,
		.received_spf = c->headers.received_spf,
		.remove_forged = c->headers.remove_forged,
		.on = (enum stamp_on)c->headers.field_on,
		.field = c->headers.field};
	set_actions(c, &g->checks);
	g->off = checks_off(&s->checks);
	g->wants_header = is_made(g, &check_header) || g->stamp.remove_forged;
	g->budget_ms = (uint64_t)s->budget;
	g->again_ms = (uint64_t)s->again;
	g->remember = (size_t)s->remember;
	g->watch_nat = c->health.watch_addresses;
	g->watch_findings = c->health.watch_findings;
	g->suspend_ms = (uint64_t)c->health.suspend;
	return load_rdns_words(c, e) && load_spf_cheaters(c, e) && config_make_lists(c, e) &&
		config_check_rdap(c, e) && config_load_local(c, e);
}

static struct config *
config_new(void)
{
	struct config *c = heap_calloc(1, sizeof(*c));

	arena_init(&c->arena, 16 << 10, (size_t)64 << 20);
	c->generation.refs = 1;
	c->generation.release = release;
	return c;
}

/* path, or text under a name, or neither: the defaults. */
static struct config *
load(const char *path, const char *name, struct str text, conf_report_fn *report, void *ctx,
	struct errbuf *e)
{
	struct config *c = config_new();
	size_t n, n_structs;
	const struct section *const *sections = config_sections(&n);
	void *const *structs = config_structs(c, &n_structs);

	must(n == n_structs);
	bool ok = path
		? conf_load_file(path, sections, n, structs, c, &c->arena, report, ctx, e)
		: conf_load_text(name, text, sections, n, structs, c, &c->arena, report, ctx, e);
	if (ok && fill_generation(c, e))
		return c;
	if (ok && report) /* an error after reading: of a file that the settings name */
		report(e, ctx);
	config_free(c);
	return NULL;
}

struct config *
config_load_file(const char *path, conf_report_fn *report, void *ctx, struct errbuf *e)
{
	return load(path, "defaults", STR(""), report, ctx, e);
}

struct config *
config_load_text(const char *name, struct str text, struct errbuf *e)
{
	return load(NULL, name, text, NULL, NULL, e);
}

struct generation *
config_generation(struct config *c)
{
	return &c->generation;
}

void
config_free(struct config *c)
{
	if (c)
		generation_unref(&c->generation);
}
