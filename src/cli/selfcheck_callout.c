/* cli/selfcheck_callout: what receivers hear that ask the domain's own mail servers by callout. */
#include "cli/selfcheck_items.h"

static struct self_item *
add(struct self_report *r, enum self_item_id id, enum self_state state, struct str text)
{
	must(r->n_items < SELF_ITEMS_MAX);
	struct self_item *item = &r->item[r->n_items++];
	*item = (struct self_item){.id = id,
		.state = state,
		.subject = id == SELF_SENDER ? r->callout[SELF_CALLOUT_SENDER].address
					     : r->domain.name,
		.text = text,
		.fix = STR(""),
		.fixer = FIXER_SENDER_ADMIN};
	return item;
}

/* "mx.a.example [192.0.2.1]" */
static struct str
server_of(struct arena *a, const struct callout *c)
{
	char ip[IP_TEXT_MAX];

	return arena_printf(a, "%.*s [%s]", STR_ARG(c->mx), c->ip.len ? ip_text(&c->ip, ip) : "?");
}

static struct str
refusal(struct arena *a, const struct self_callout *k, const char *what)
{
	return arena_printf(a, "%.*s refuses %s%.*s: %.*s", STR_ARG(server_of(a, &k->got)), what,
		STR_ARG(*what ? STR("") : k->address), STR_ARG(k->got.said));
}

/* It was put off, or told nothing that means anything. */
static void
judge_open(struct self_report *r, enum self_item_id id, const struct self_callout *k)
{
	bool later = k->got.code / 100 == 4;
	struct self_item *item = add(r, id, later ? SELF_WARN : SELF_UNSURE,
		k->got.said.n ? arena_printf(r->a, "%.*s: %.*s", STR_ARG(k->got.reason),
					STR_ARG(k->got.said))
			      : k->got.reason);

	if (later)
		item->fix = STR("spare MAIL FROM:<> greylisting, or receivers that verify senders "
				"put its mail off");
}

static void
judge(struct self_report *r, enum self_item_id id, const struct self_callout *k)
{
	switch (k->got.status) {
	case CALLOUT_OK:
	case CALLOUT_ACCEPT_ALL:
		add(r, id, SELF_PASS,
			arena_printf(r->a, "%.*s takes bounces for %.*s%s",
				STR_ARG(server_of(r->a, &k->got)), STR_ARG(k->address),
				k->got.status == CALLOUT_OK ? "" : ", and for any other address"));
		return;
	case CALLOUT_REFUSED:
		add(r, id, SELF_FAIL, refusal(r->a, k, ""))->fix = id == SELF_SENDER
			? STR("let its mail server take mail for that address, or send with one "
			      "that exists")
			: STR("let its mail server take mail for postmaster (RFC 5321 4.5.1)");
		return;
	case CALLOUT_NULL_REFUSED:
		add(r, id, SELF_FAIL, refusal(r->a, k, "bounces (MAIL FROM:<>)"))->fix =
			STR("let its mail server accept MAIL FROM:<>: RFC 5321 4.5.5 wants it, and "
			    "receivers that verify senders refuse its mail");
		return;
	case CALLOUT_UNVERIFIABLE:
	case CALLOUT_UNKNOWN:
		break;
	}
	judge_open(r, id, k);
}

void
self_judge_callouts(struct self_report *r)
{
	const struct self_callout *postmaster = &r->callout[SELF_CALLOUT_POSTMASTER];
	const struct self_callout *sender = &r->callout[SELF_CALLOUT_SENDER];

	if (postmaster->address.n)
		judge(r, SELF_POSTMASTER, postmaster);
	else
		add(r, SELF_POSTMASTER, SELF_HAND,
			arena_printf(r->a,
				"DNS does not tell whether postmaster@%.*s is read: write to it "
				"from elsewhere, or have its mail servers asked with --callout",
				STR_ARG(r->domain.name)));
	if (sender->address.n)
		judge(r, SELF_SENDER, sender);
}
