/* cli/explain: the rules, with those of the administrator in front. */
#include <errno.h>
#include <stdio.h>
#include <sysexits.h>

#include "cli/cli.h"
#include "cli/explain.h"
#include "daemon/config.h"

#define RULES_FILE_MAX ((size_t)1 << 20)

static int
fail(const struct errbuf *e, int status)
{
	char text[1024];

	errbuf_print(e, text, sizeof(text));
	return cli_fail(status, "%s", text);
}

/* The whole of a file of rules, in a. */
static bool
read_rules(struct arena *a, const char *path, struct str *out, struct errbuf *e)
{
	FILE *f = fopen(path, "rb");

	errbuf_at(e, path, 0);
	if (!f)
		return err(e, "%s", strerror(errno));
	char *room = arena_alloc(a, RULES_FILE_MAX);
	size_t n = fread(room, 1, RULES_FILE_MAX, f);
	bool failed = ferror(f);
	fclose(f);
	if (failed)
		return err(e, "cannot be read");
	if (n == RULES_FILE_MAX)
		return err(e, "is too long for rules");
	*out = str_from(room, n);
	return true;
}

/* The administrator's file in front of the rules there are. */
static int
add_own(const char *config_path, struct arena *a, struct bounce_rules *rules,
	struct live_resolver *resolver)
{
	struct errbuf e = {0};
	struct str text;
	struct config *config = config_load_file(config_path, NULL, NULL, &e);

	if (!config)
		return fail(&e, EX_CONFIG);
	const char *path = arena_z(a, config->explain.rules);
	*resolver = (struct live_resolver){
		arena_str(a, config->dns.resolver), arena_str(a, config->dns.zone)};
	config_free(config);
	if (!*path)
		return EX_OK;
	if (!read_rules(a, path, &text, &e))
		return fail(&e, EX_NOINPUT);
	return bounce_rules_add(rules, path, text, &e) ? EX_OK : fail(&e, EX_CONFIG);
}

int
explain_rules_load(const char *path, struct arena *a, struct bounce_rules **out,
	struct live_resolver *resolver)
{
	struct errbuf e = {0};
	struct bounce_rules *rules = bounce_rules_new(a, &e);

	if (!rules)
		return fail(&e, EX_SOFTWARE);
	*out = rules;
	/* The settings cost more than the rules: without a file there are none of one's own. */
	*resolver = (struct live_resolver){STR("system"), STR("")};
	return path ? add_own(path, a, rules, resolver) : EX_OK;
}
