/*
 * checks/local: is this client, name or sender on a list of the administrator's own?
 *
 * Lists that block come first: the client's address, which needs no DNS; then HELO, sender and
 * reverse names as they are said, since a forged name can only hurt its forger.  Who is blocked is
 * not looked up any further; no accept undoes it.
 *
 * Lists that allow: the client's address; a reverse name or a HELO only where the name resolves to
 * the client.  Never a sender: a forged one must not earn an exemption.  Where DNS does not answer
 * for somebody who says that he is on such a list, local_temperror keeps him from being refused for
 * good; for others it changes nothing.
 *
 * In each step the first list of the settings that has it decides.
 */
#include "checks/checks.h"
#include "checks/local.h"

enum { BLOCK, ALLOW, TEMPERROR };

static const struct finding_code codes[] = {
	[BLOCK] = {.id = "local_block",
		.label = "blocked by this site",
		.text = "user-defined policy: {what} {value} is blocked here{note}",
		.fix = "if that is a mistake, write to the postmaster of this site, who is always "
		       "reachable",
		.cause = CAUSE_POLICY_REJECTED,
		.action = {ACTION_REJECT},
		.final = true,
		.code = 553,
		.enhanced = "5.7.1",
		.reference = "RFC 5321 7.9"},
	[ALLOW] = {.id = "local_allow",
		.label = "on a list of this site's friends",
		.text = "{what} {value} is on the allow list {list} ({why})",
		.cause = CAUSE_NOT_BOUNCE,
		.action = {ACTION_ACCEPT},
		.good = true,
		.reference = "RFC 5321 7.9"},
	[TEMPERROR] = {.id = "local_temperror",
		.label = "DNS did not answer who this is",
		.text = "DNS did not answer whether {client} is {value} ({question}: {reason})",
		.fix = "the DNS servers of that zone, or the way to them, need repair",
		.cause = CAUSE_NETWORK_ERROR,
		.action = {ACTION_DEFER},
		.temporary = true,
		.code = 451,
		.enhanced = "4.4.3",
		.reference = "RFC 8601 2.7.3"},
};

enum look { LOOK_NO, LOOK_YES, LOOK_WAIT };

struct search {
	struct ask *q;
	const struct local_lists *lists;
	/* what was found */
	const struct local_list *list;
	struct table_hit hit;
	const char *what;
	struct str value;
	/* who might be on a list that allows, and what DNS did not answer; p NULL: nobody */
	struct str doubt, question;
	const char *reason;
};

/* The first list of this kind that has it.  Of the client's address the value is not needed. */
static bool
look_up(struct search *s, bool allow, enum local_match match, const char *what, struct str value)
{
	for (size_t i = 0; i < s->lists->n; i++) {
		const struct local_list *l = &s->lists->list[i];
		if (l->allow != allow || !(l->match & match))
			continue;
		bool found = match == LOCAL_CLIENT ? table_find_ip(l->table, &s->q->client, &s->hit)
			: match == LOCAL_SENDER	   ? table_find_sender(l->table, value, &s->hit)
						   : table_find_name(l->table, value, &s->hit);
		if (!found)
			continue;
		s->list = l;
		s->what = what;
		s->value = match == LOCAL_CLIENT ? ip_str(s->q, &s->q->client) : value;
		return true;
	}
	return false;
}

static enum look
find_block(struct search *s)
{
	struct ask *q = s->q;
	const unsigned block = s->lists->block;
	const struct dns_answer *ptr = NULL;
	const struct str *said;

	if (block & LOCAL_CLIENT && look_up(s, false, LOCAL_CLIENT, "client", STR("")))
		return LOOK_YES;
	if ((block | s->lists->allow) & LOCAL_RDNS)
		ptr = ask_reverse_names(q); /* so that it is under way */
	if (block & LOCAL_HELO) {
		said = ask_env(q, ENV_HELO);
		if (!said)
			return LOOK_WAIT;
		if (look_up(s, false, LOCAL_HELO, "HELO", *said))
			return LOOK_YES;
	}
	if (block & LOCAL_SENDER) {
		said = ask_env(q, ENV_MAIL_FROM);
		if (!said)
			return LOOK_WAIT;
		if (look_up(s, false, LOCAL_SENDER, "sender", *said))
			return LOOK_YES;
	}
	if (!(block & LOCAL_RDNS))
		return LOOK_NO;
	if (!ptr)
		return LOOK_WAIT;
	for (size_t i = 0; ptr->status == DNS_OK && i < reverse_names_count(ptr); i++)
		if (look_up(s, false, LOCAL_RDNS, "reverse name", ptr->rr[i].text))
			return LOOK_YES;
	return LOOK_NO;
}

/* A name on a list that allows, in canonical form: does it resolve to the client? */
static enum look
confirm(struct search *s, struct str name)
{
	const struct dns_answer *a = ask_dns(s->q, address_type(&s->q->client), name);

	if (!a)
		return LOOK_WAIT;
	if (dns_answer_has_ip(a, &s->q->client))
		return LOOK_YES;
	if (a->status == DNS_FAIL || a->status == DNS_STALE) {
		s->doubt = s->question = name;
		s->reason = a->status == DNS_STALE ? "answer has expired" : a->reason;
	}
	return LOOK_NO;
}

static enum look
allow_by_helo(struct search *s)
{
	const struct str *helo = ask_env(s->q, ENV_HELO);
	struct str name;

	if (!helo)
		return LOOK_WAIT;
	if (!dns_name_parse(s->q->scratch, *helo, &name) ||
		!look_up(s, true, LOCAL_HELO, "HELO", name))
		return LOOK_NO;
	return confirm(s, name);
}

/* Nobody knows the client's reverse name; but he may say that he is one of them. */
static enum look
doubt_reverse_name(struct search *s, const char *reason)
{
	const struct str *helo = ask_env(s->q, ENV_HELO);

	if (!helo)
		return LOOK_WAIT;
	if (look_up(s, true, LOCAL_RDNS, "HELO", *helo)) {
		s->doubt = *helo;
		s->question = s->q->reverse;
		s->reason = reason;
	}
	return LOOK_NO;
}

static enum look
allow_by_reverse_name(struct search *s)
{
	const struct dns_answer *ptr = ask_reverse_names(s->q);
	struct search found = {.list = NULL};
	bool waits = false;

	if (!ptr)
		return LOOK_WAIT;
	if (ptr->status == DNS_FAIL)
		return doubt_reverse_name(s, ptr->reason);
	for (size_t i = 0; i < reverse_names_count(ptr); i++) {
		if (!look_up(s, true, LOCAL_RDNS, "reverse name", ptr->rr[i].text))
			continue;
		enum look r = confirm(s, ptr->rr[i].text);
		waits |= r == LOOK_WAIT; /* keep going: ask for the rest too */
		if (r == LOOK_YES && !found.list)
			found = *s;
	}
	/* Which of several names it is must not depend on who answers first. */
	if (waits)
		return LOOK_WAIT;
	if (found.list)
		*s = found;
	return found.list ? LOOK_YES : LOOK_NO;
}

static enum look
find_allow(struct search *s)
{
	const unsigned allow = s->lists->allow;
	enum look by_name = LOOK_NO;

	if (allow & LOCAL_CLIENT && look_up(s, true, LOCAL_CLIENT, "client", STR("")))
		return LOOK_YES;
	if (allow & LOCAL_RDNS)
		by_name = allow_by_reverse_name(s);
	if (by_name == LOOK_YES || !(allow & LOCAL_HELO))
		return by_name;
	enum look by_helo = allow_by_helo(s); /* also while the reverse name is waited for */
	return by_name == LOOK_WAIT ? LOOK_WAIT : by_helo;
}

/* " (complaint of 2 March)" where it is to be shown. */
static struct str
note(const struct search *s)
{
	if (!s->list->show_comment || !s->hit.comment.n)
		return STR("");
	return arena_printf(s->q->scratch, " (%.*s)", STR_ARG(s->hit.comment));
}

/* The entry's own reply, else the list's, with the comment where there is room for it. */
static struct finding_reply
reply_of(const struct search *s)
{
	const struct table_reply *own = &s->hit.reply;
	struct finding_reply r = s->list->reply;
	char room[TABLE_REPLY_MAX + 64];
	struct buf b = BUF(room);

	if (own->code)
		r = (struct finding_reply){own->code, own->enhanced, own->text};
	if (!r.text.n)
		return r;
	buf_put(&b, r.text);
	buf_put_escaped(&b, note(s), sizeof(room));
	if (!buf_is_cut(&b))
		r.text = arena_str(s->q->scratch, buf_str(&b));
	return r;
}

static struct finding *
report(struct search *s, struct findings *out, int code)
{
	struct finding *f = found(out, &codes[code]);
	struct ask *q = s->q;
	char room[TABLE_ENTRY_MAX];
	struct buf entry = BUF(room);

	table_print_entry(&s->hit, &entry);
	finding_note(f, "client", ip_str(q, &q->client));
	finding_note(f, "what", str_of(s->what));
	finding_note(f, "value", s->value);
	finding_note(f, "list", s->list->name);
	finding_note(f, "entry", arena_str(q->scratch, buf_str(&entry)));
	finding_note(f, "comment", s->hit.comment);
	finding_note(f, "why",
		arena_printf(q->scratch, "entry %.*s of list %.*s%s%.*s", STR_ARG(buf_str(&entry)),
			STR_ARG(s->list->name), s->hit.comment.n ? ": " : "",
			STR_ARG(s->hit.comment)));
	return f;
}

static void
report_doubt(struct search *s, struct findings *out)
{
	struct finding *f = found(out, &codes[TEMPERROR]);

	finding_note(f, "client", ip_str(s->q, &s->q->client));
	finding_note(f, "value", s->doubt);
	finding_note(f, "question", s->question);
	finding_note(f, "reason", str_of(s->reason));
}

static enum check_status
run(struct ask *q, struct findings *out)
{
	struct search s = {.q = q, .lists = q->site->local};

	if (!s.lists)
		return CHECK_DONE;
	enum look r = find_block(&s);
	if (r == LOOK_YES) {
		struct finding *f = report(&s, out, BLOCK);
		finding_note(f, "note", note(&s));
		f->reply = reply_of(&s);
		return CHECK_DONE;
	}
	if (r == LOOK_NO)
		r = find_allow(&s);
	if (r == LOOK_WAIT)
		return CHECK_WAIT;
	if (r == LOOK_YES)
		report(&s, out, ALLOW);
	else if (s.doubt.p)
		report_doubt(&s, out);
	return CHECK_DONE;
}

const struct check check_local = {
	.name = "local",
	.help = "Lists of the administrator's own in files, without DNS: whom they block is "
		"refused, "
		"whom they allow is let in whatever else is found; block goes before allow.  Does "
		"nothing without sections [list NAME].  Who is on a block list that comes from "
		"elsewhere is freed by an entry with \"!\" in it, or by [exempt] ADDRESS = local.",
	.codes = codes,
	.n_codes = COUNT(codes),
	.run = run,
};
