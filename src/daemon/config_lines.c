/* daemon/config_lines: see config_lines.h. */
#include "checks/checks.h"
#include "daemon/config.h"
#include "daemon/config_lines.h"
#include "mail/auth_results.h"
#include "store/redis.h"
#include "net/listen.h"
#include "source/dns_servers.h"

/* "; did you mean "x"?" for an unknown word, or nothing. */
static struct str
hint(struct arena *a, struct str word, const char *const *names, size_t n)
{
	const char *near = nearest_name(word, names, n);

	return near ? arena_printf(a, "; did you mean \"%s\"?", near) : STR("");
}

static const struct finding_code *
find_code(struct str id, size_t *check, size_t *code)
{
	size_t n;
	const struct check *const *checks = checks_all(&n);

	for (*check = 0; *check < n; (*check)++)
		for (*code = 0; *code < checks[*check]->n_codes; (*code)++)
			if (str_eq(id, str_of(checks[*check]->codes[*code].id)))
				return &checks[*check]->codes[*code];
	return NULL;
}

static bool
unknown_finding(struct arena *a, struct str id, struct errbuf *e)
{
	const char *names[CHECKS_MAX * HEALTH_CODES_MAX];
	size_t n, k = 0;
	const struct check *const *checks = checks_all(&n);

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < checks[i]->n_codes; j++)
			names[k++] = checks[i]->codes[j].id;
	return err(e, "unknown finding \"%.*s\"%.*s", STR_ARG(id), STR_ARG(hint(a, id, names, k)));
}

bool
action_line(void *section_struct, struct arena *a, const struct entry *line, void *ctx,
	struct errbuf *e)
{
	struct actions_settings *s = section_struct;
	size_t slash = str_find(line->key, '/'), check, code;
	struct str id = str_slice(line->key, 0, slash), family = str_skip(line->key, slash + 1);
	const struct finding_code *c = find_code(id, &check, &code);
	struct action action;

	if (!c)
		return unknown_finding(a, id, e);
	if (slash < line->key.n && !str_eq(family, STR("ipv6")))
		return err(e, "after \"/\" only ipv6 can stand, not \"%.*s\"", STR_ARG(family));
	if (!action_parse(line->value, &action, e))
		return false;
	/* A 5xx needs evidence: nobody can configure that away. */
	if (c->temporary &&
		(action.kind == ACTION_REJECT || action.kind == ACTION_SCORE ||
			action.kind == ACTION_QUARANTINE))
		return err(e,
			"%s means that an answer is missing, which can neither refuse nor hold "
			"mail: use "
			"off, "
			"tag or defer",
			c->id);
	if (c->passing && action.kind == ACTION_REJECT)
		return err(e,
			"%s ends by itself, so it can put mail off but not refuse it: use off, "
			"score N, tag, quarantine or defer",
			c->id);
	if (action.kind == ACTION_ACCEPT && !c->good)
		return err(e,
			"accept lets a message in whatever else is found, which only good news can "
			"do: for %s use off",
			c->id);
	if (action.kind == ACTION_OWN && c->action.kind != ACTION_OWN)
		return err(
			e, "%s has no actions of its own: only what a DNS list finds has", c->id);
	for (int six = slash < line->key.n; six < 2; six++) {
		if (!family.n && six && s->set[1][check][code])
			continue; /* the line for IPv6 stands, wherever it is */
		s->action[six][check][code] = action;
		s->set[six][check][code] = true;
	}
	return true;
}

bool
read_checks(struct str rest, struct arena *a, uint64_t *out, struct errbuf *e)
{
	const char *names[CHECKS_MAX + 1];
	size_t n;
	const struct check *const *checks = checks_all(&n);
	struct str word = STR(""), part = {NULL, 0};

	for (size_t i = 0; i < n; i++)
		names[i] = checks[i]->name;
	names[n] = "all";
	*out = 0;
	while (str_split(&part, ',', &word) || str_word(&rest, &part)) {
		if (!word.n) /* "rdns, helo" */
			continue;
		size_t i = 0;
		while (i <= n && !str_eq(word, str_of(names[i])))
			i++;
		if (i > n)
			return err(e, "unknown check \"%.*s\"%.*s", STR_ARG(word),
				STR_ARG(hint(a, word, names, n + 1)));
		*out |= i == n ? ((uint64_t)1 << n) - 1 : (uint64_t)1 << i;
	}
	return *out ? true : err(e, "name the checks to skip, or \"all\"");
}

bool
exempt_line(void *section_struct, struct arena *a, const struct entry *line, void *ctx,
	struct errbuf *e)
{
	struct exempt_settings *s = section_struct;
	struct exemption x;

	if (!exemption_parse(a, line->key, &x, e) || !read_checks(line->value, a, &x.checks, e))
		return false;
	if (s->n == EXEMPT_LINES_MAX)
		return err(e, "more than %d lines: \"mxward exempt\" keeps that many in the store",
			EXEMPT_LINES_MAX);
	x.reason = arena_str(a, line->comment);
	exemption_describe(a, &x);
	if (s->n == s->room) {
		size_t room = s->room ? s->room * 2 : 8;
		struct exemption *list = arena_calloc(a, room, sizeof(*list));
		if (s->n)
			memcpy(list, s->list, s->n * sizeof(*list));
		s->list = list;
		s->room = room;
	}
	s->list[s->n++] = x;
	return true;
}

static bool
control_check(const struct listen_settings *s, struct errbuf *e)
{
	e->line = s->control_line;
	if (s->control.n && !str_has_prefix(s->control, STR("unix:")))
		return err(e, "control = %.*s: only a unix socket can be asked: write unix:/PATH",
			STR_ARG(s->control));
	return !s->control.n || listen_valid(s->control, e);
}

bool
listen_check(void *section_struct, struct arena *a, void *ctx, struct errbuf *e)
{
	static const struct str milter[] = {STR_INIT("inet:127.0.0.1:8891")};
	static const struct str policy[] = {STR_INIT("inet:127.0.0.1:8892")};
	struct listen_settings *s = section_struct;
	const struct words *all[] = {&s->milter, &s->policy};

	for (size_t k = 0; k < COUNT(all); k++)
		for (size_t i = 0; i < all[k]->n; i++)
			if (!listen_valid(all[k]->word[i], e))
				return false;
	if (!control_check(s, e))
		return false;
	if (s->milter.n || s->policy.n)
		return true;
	s->milter = (struct words){1, milter};
	s->policy = (struct words){1, policy};
	return true;
}

bool
dns_check(void *section_struct, struct arena *a, void *ctx, struct errbuf *e)
{
	const struct dns_settings *s = section_struct;
	struct servers ignored;

	return servers_parse(s->resolver, &ignored, e);
}

uint64_t
checks_off(const struct words *names)
{
	size_t n;
	const struct check *const *checks = checks_all(&n);
	uint64_t on = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < names->n; k++)
			if (str_eq(names->word[k], str_of(checks[i]->name)) ||
				str_eq(names->word[k], STR("all")))
				on |= (uint64_t)1 << i;
	return ~on;
}

/* [policy] checks: names that exist. */
static bool
check_names(const struct words *names, struct arena *a, struct errbuf *e)
{
	uint64_t ignored;

	for (size_t i = 0; i < names->n; i++)
		if (!read_checks(names->word[i], a, &ignored, e))
			return false;
	return true;
}

bool
policy_check(void *section_struct, struct arena *a, void *ctx, struct errbuf *e)
{
	const struct policy_settings *s = section_struct;

	if (!check_names(&s->checks, a, e))
		return false;
	if (s->reject_at <= 0)
		return err(e, "reject_at must be above 0: at 0 everything would be refused");
	if (s->defer_at < 0 || s->defer_at > s->reject_at)
		return err(e, "defer_at must lie between 0 (never) and reject_at");
	return true;
}

/* RFC 8601 2.2 wants quotation marks around what is no token: nobody needs such a name. */
static bool
is_authserv_id(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!chr_is_alnum(s.p[i]) && str_find(STR("-._"), s.p[i]) == 3)
			return false;
	return s.n <= AUTH_RESULTS_ID_MAX;
}

bool
headers_check(void *section_struct, struct arena *a, void *ctx, struct errbuf *e)
{
	const struct headers_settings *s = section_struct;

	e->line = s->authserv_id_line;
	if (!is_authserv_id(s->authserv_id))
		return err(e,
			"authserv_id: letters, digits, hyphens, dots and underscores are expected, "
			"as "
			"in a host name");
	e->line = s->field_line;
	if (!stamp_field_valid(s->field))
		return err(e,
			"field = %.*s: \"X-\" and letters, digits and hyphens are expected, at "
			"most "
			"%d in all",
			(int)(s->field.n < 80 ? s->field.n : 80), s->field.p, STAMP_FIELD_MAX);
	return true;
}

static bool
redis_check_rows(const struct store_settings *s, struct errbuf *e)
{
	const struct str password = s->redis_password_file, prefix = s->redis_prefix;

	if (password.n && (password.p[0] != '/' || str_find(password, '\0') < password.n))
		return err(e, "redis_password_file: a path that begins with / is expected");
	if (s->redis_user.n && !password.n)
		return err(e, "redis_user is nothing without redis_password_file");
	if (prefix.n == 0 || prefix.n > REDIS_PREFIX_MAX || str_printable(prefix, ' ') < prefix.n)
		return err(e, "redis_prefix: 1 to %d printable characters are expected",
			REDIS_PREFIX_MAX);
	if (!s->redis.n)
		return true;
	e->line = s->redis_line;
	if (s->file.n)
		return err(e, "there can be one store only: either file or redis");
	return store_redis_at_is_valid(s->redis, e);
}

/* A daemon's working directory is nobody's choice. */
bool
store_section_check(void *section_struct, struct arena *a, void *ctx, struct errbuf *e)
{
	const struct store_settings *s = section_struct;

	if (s->file.n && (s->file.p[0] != '/' || str_find(s->file, '\0') < s->file.n))
		return err(e, "file = %.*s: a path that begins with / is expected",
			(int)(s->file.n < 200 ? s->file.n : 200), s->file.p);
	return redis_check_rows(s, e);
}
