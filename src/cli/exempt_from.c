/*
 * cli/exempt_from: the narrowest exemption that would have helped in a case.
 *
 * By name, where forward DNS confirmed the client's reverse name and that is the sender's own: then
 * the domain, so that it holds for its other servers too.  By address where there is no such name,
 * and where the name is one of a line, of a rented machine or of a big provider, whose other
 * customers are no concern of this one.
 */
#include <stdio.h>
#include <sysexits.h>

#include "checks/checks.h"
#include "cli/case_find.h"
#include "cli/cli.h"
#include "cli/exempt.h"
#include "mail/psl.h"

/* It cost something: points, or the mail itself. */
static bool
counted(const struct case_finding *f)
{
	bool temporary = f->finding.code && f->finding.code->temporary;

	if (f->action.kind == ACTION_SCORE)
		return f->action.points > 0;
	return f->action.kind == ACTION_REJECT || f->action.kind == ACTION_QUARANTINE ||
		(f->action.kind == ACTION_DEFER && !temporary);
}

static uint64_t
checks_that_counted(const struct stored_case *c, const struct check_set *checks)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < c->n_findings; i++)
		for (size_t k = 0; k < checks->n; k++)
			if (counted(&c->finding[i]) && c->finding[i].check &&
				strcmp(c->finding[i].check, checks->check[k]->name) == 0)
				bits |= (uint64_t)1 << k;
	return bits;
}

static const struct case_finding *
find(const struct stored_case *c, const char *id)
{
	for (size_t i = 0; i < c->n_findings; i++)
		if (str_eq(c->finding[i].id, str_of(id)))
			return &c->finding[i];
	return NULL;
}

/* A name that somebody else has given the machine. */
static bool
is_generic(const struct stored_case *c)
{
	for (size_t i = 0; i < c->n_findings; i++)
		if (c->finding[i].check &&
			strcmp(c->finding[i].check, check_generic_rdns.name) == 0 &&
			c->finding[i].finding.code && !c->finding[i].finding.code->good)
			return true;
	return false;
}

static bool
is_provider(const struct config *c, struct str domain)
{
	const struct check_set *checks = &c->generation.checks;

	for (size_t i = 0; i < checks->n; i++) {
		if (checks->check[i] != &check_spf)
			continue;
		const struct spf_settings *s = c->check_settings[i];
		for (size_t k = 0; k < s->providers.n; k++)
			if (psl_same_org(s->providers.word[k], domain))
				return true;
	}
	return false;
}

/* The domain whose server this is, or empty. */
static struct str
domain_of(const struct stored_case *c, const struct config *config)
{
	const struct case_finding *ok = find(c, "rdns_ok");
	struct str domain = ok ? psl_registrable(finding_get(&ok->finding, "name")) : STR("");

	return domain.n && !is_generic(c) && !is_provider(config, domain) ? domain : STR("");
}

struct reading {
	struct opened *o;
	struct exempt_proposal *out;
	const char *id;
	int status;
};

static void
on_case(void *ctx, const struct store_record *r)
{
	struct reading *p = ctx;
	struct arena *a = &p->o->config->arena;
	char room[IP_TEXT_MAX];
	struct stored_case c;
	struct errbuf e = {0};

	if (!case_read(a, r->value, &c, &e)) {
		p->status = cli_fail(EX_DATAERR, "case %s cannot be read: %s", p->id, e.text);
		return;
	}
	struct str domain = domain_of(&c, p->o->config);
	p->out->checks = checks_that_counted(&c, &p->o->config->generation.checks);
	p->out->what = arena_z(a, domain.n ? domain : str_of(ip_text(&c.record.client, room)));
	if (!p->out->checks)
		p->status = cli_fail(EX_DATAERR,
			"in case %s nothing counted against the client: no exemption would have "
			"helped",
			p->id);
	case_done(&c);
}

int
exempt_propose(struct opened *o, const char *text, struct exempt_proposal *out)
{
	struct reading p = {.o = o, .out = out, .id = out->id, .status = -1};

	if (!case_id_parse(str_of(text), out->id))
		return cli_fail(EX_DATAERR, "\"%.80s\" is no case id", text);
	int status = case_find(o, out->id, EX_NOINPUT, on_case, &p);
	return status == EX_OK ? p.status : status;
}
