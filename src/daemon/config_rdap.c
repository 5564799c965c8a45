/* daemon/config_rdap: see config_rdap.h. */
#include "checks/checks.h"
#include "conf/value.h"
#include "daemon/config_rdap.h"
#include "daemon/config_store.h"
#include "daemon/registrar.h"

#define ROW(member) offsetof(struct rdap_settings, member)
#define SERVERS_MAX 1000

static const struct setting rows[] = {
	{"bootstrap", SETTING_STRING, ROW(bootstrap), "", 0, 0, NULL,
		"File that tells which registry is responsible for which domains, as IANA "
		"publishes it (RFC 9224); \"mxward rdap refresh\" fetches it.  Empty, or as long "
		"as there is no such file: what is built in."},
	{"ca_file", SETTING_STRING, ROW(ca_file), "", 0, 0, NULL,
		"File with certificates of authorities (PEM), which vouch for registries in the "
		"place of the system's.  Empty: those of the system.  For a registry of your own, "
		"or a proxy that opens TLS; the daemon's user has to be able to read it.",
		ROW(ca_file_line)},
	{"rate", SETTING_NUMBER, ROW(rate), "10", 1, 600, NULL,
		"So many questions a minute to each registry, one at a time.  More than a few are "
		"taken ill by most."},
	{"rate_all", SETTING_NUMBER, ROW(rate_all), "60", 1, 6000, NULL,
		"So many a minute to all of them together."},
	{"timeout", SETTING_DURATION, ROW(timeout), "10s", 100, 60000, NULL,
		"How long an answer may take.  No mail waits for it."},
};

static bool
unknown_key(struct str key, struct errbuf *e)
{
	const char *names[COUNT(rows)];

	for (size_t i = 0; i < COUNT(rows); i++)
		names[i] = rows[i].name;
	const char *near = nearest_name(key, names, COUNT(rows));
	return err(e, "\"%.*s\" is neither a key nor the end of domains%s%s%s", STR_ARG(key),
		near ? ": did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* "https://rdap.example/v1/"; a slash is added where there is none. */
static bool
read_url(struct arena *a, struct str text, struct str *out, struct errbuf *e)
{
	struct rdap_url url;

	if (str_eq(text, STR("off"))) {
		*out = STR("");
		return true;
	}
	if (text.n > 255 || !rdap_url_parse(text, &url) || str_find(url.path, '?') < url.path.n)
		return err(e,
			"\"%.*s\" is no base URL of a registry, such as "
			"https://rdap.example/v1/, nor off",
			STR_ARG(str_slice(text, 0, 100)));
	*out = str_has_suffix(text, STR("/")) ? arena_str(a, text)
					      : arena_printf(a, "%.*s/", STR_ARG(text));
	return true;
}

static bool
server_line(void *section_struct, struct arena *a, const struct entry *line, void *ctx,
	struct errbuf *e)
{
	struct rdap_settings *s = section_struct;
	struct rdap_server x;

	if (!dns_name_parse(a, line->key, &x.suffix) || !dns_name_is_hostname(x.suffix) ||
		(str_find(x.suffix, '.') == x.suffix.n &&
			str_find(line->value, ':') == line->value.n &&
			!str_eq(line->value, STR("off"))))
		return unknown_key(line->key, e);
	if (!read_url(a, line->value, &x.url, e))
		return false;
	if (s->n == SERVERS_MAX)
		return err(e, "more than %d lines", SERVERS_MAX);
	if (s->n == s->room) {
		size_t room = s->room ? s->room * 2 : 8;
		struct rdap_server *all = arena_calloc(a, room, sizeof(*all));
		if (s->n)
			memcpy(all, s->server, s->n * sizeof(*all));
		s->server = all;
		s->room = room;
	}
	s->server[s->n++] = x;
	return true;
}

const struct section rdap_section = {
	.name = "rdap",
	.help = "How registries are asked when a domain was registered, where the check domain_age "
		"wants to know ([domain_age] rdap = yes).  A process of its own does that, over "
		"https, through the resolver of [dns].",
	.settings = rows,
	.n = COUNT(rows),
	.size = sizeof(struct rdap_settings),
	.entry = server_line,
	.entry_help =
		"SUFFIX = URL | off.  The server for SUFFIX and all domains below it (a "
		"top-level domain, or more labels), in the place of what the file says; off: "
		"nobody is asked about them.  Such a server may be anywhere, and without TLS.",
};

/* Whether or not somebody asks registries: "mxward rdap" may. */
static bool
check_ca_file(const struct config *c, struct errbuf *e)
{
	struct arena a;

	if (!c->rdap.ca_file.n)
		return true;
	arena_init(&a, 512, SIZE_MAX);
	bool ok = http_can_trust(arena_z(&a, c->rdap.ca_file));
	arena_done(&a);
	if (ok)
		return true;
	e->line = c->rdap.ca_file_line;
	return err(e, "[rdap] ca_file %.*s cannot be read, or has no certificate in it",
		STR_ARG(c->rdap.ca_file));
}

bool
config_check_rdap(const struct config *c, struct errbuf *e)
{
	struct rdap_bootstrap ignored;
	struct arena a;

	if (!check_ca_file(c, e))
		return false;
	if (!registrar_settings(c)->rdap)
		return true;
	if (!config_has_store(c))
		return err(e, "[domain_age] rdap = yes needs a store, where the answers are kept");
	arena_init(&a, 64 << 10, SIZE_MAX);
	bool ok = registrar_bootstrap(c, &a, &ignored, e);
	arena_done(&a);
	return ok;
}
