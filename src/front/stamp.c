/* front/stamp: see stamp.h. */
#include "front/stamp.h"

#include "mail/auth_results.h"

#define RESULTS	     STR("Authentication-Results")
#define RECEIVED_SPF STR("Received-SPF")

#define VALUE_MAX	   (MILTER_HEADER_MAX - STAMP_FIELD_MAX)
#define FINDINGS_MAX_BYTES 600 /* of the list of findings: with the rest it is one line */

bool
stamp_field_valid(struct str name)
{
	if (name.n < 3 || name.n > STAMP_FIELD_MAX || !str_has_prefix_nocase(name, STR("X-")))
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!chr_is_alnum(name.p[i]) && name.p[i] != '-')
			return false;
	return true;
}

/* --- fields that claim to be ours --- */

static void
add_forged(struct stamp_forged *f, uint32_t found, struct arena *a)
{
	if (f->n == STAMP_FORGED_MAX) {
		f->too_many = true;
		return;
	}
	if (f->n == f->room) {
		uint32_t room = f->room ? f->room * 2 : 8;
		uint32_t *more = arena_alloc(a, room * sizeof(*more));
		if (f->n)
			memcpy(more, f->found, f->n * sizeof(*more));
		f->found = more;
		f->room = room;
	}
	f->found[f->n++] = found;
}

static bool
claims_to_be_ours(const struct stamp_settings *s, struct str value)
{
	if (auth_results_owner(value, s->id) != AUTH_RESULTS_OTHER)
		return true;
	for (size_t i = 0; i < s->ids.n; i++)
		if (auth_results_owner(value, s->ids.word[i]) != AUTH_RESULTS_OTHER)
			return true;
	return false;
}

void
stamp_see(struct stamp_forged *f, const struct stamp_settings *s, struct str name, struct str value,
	struct arena *a)
{
	if (!s->remove_forged)
		return;
	if (auth_results_is_field(name)) {
		f->results++;
		if (claims_to_be_ours(s, value))
			add_forged(f, f->results << 1, a);
	} else if (str_eq_nocase(str_trim(name), s->field)) {
		f->fields++;
		add_forged(f, f->fields << 1 | 1, a);
	}
}

/* --- the stamp --- */

/* What the check of SPF said about the sender: its other codes tell of the HELO name. */
static const struct finding *
spf_finding(const struct result *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct str id = str_of(r->finding[i]->code->id);
		if (str_has_prefix(id, STR("spf_")) && !str_has_prefix(id, STR("spf_helo")))
			return r->finding[i];
	}
	return NULL;
}

/* A null sender stands for postmaster at the HELO name: only of that something is known. */
static bool
has_sender(const struct stamp_message *m)
{
	return m->from.p && m->from.n;
}

static struct spf_header
spf_of(const struct stamp_message *m, bool of_helo)
{
	const struct result *r = m->result;
	const struct finding *f = of_helo && has_sender(m) ? NULL : spf_finding(r);
	struct spf_header h = {.result = auth_result_name(of_helo ? r->spf_helo : r->spf_mailfrom),
		.of_helo = of_helo,
		.client = *m->client,
		.receiver = m->receiver,
		.helo = m->helo,
		.sender = m->from,
		.domain = of_helo ? m->helo : r->spf_domain};

	if (of_helo && r->spf_helo == AUTH_UNSET)
		h.result = auth_result_name(r->spf_mailfrom);
	if (f) {
		h.mechanism = finding_get(f, "term");
		h.problem = finding_get(f, "problem");
	}
	if (str_eq(h.mechanism, STR("no term matches")))
		h.mechanism = STR("default");
	return h;
}

static bool
has_spf(const struct stamp_message *m, bool of_helo)
{
	const struct result *r = m->result;

	if (of_helo)
		return r->spf_helo != AUTH_UNSET ||
			(!has_sender(m) && r->spf_mailfrom != AUTH_UNSET);
	return has_sender(m) && r->spf_mailfrom != AUTH_UNSET;
}

static struct str
results_value(const struct stamp_message *m, struct arena *a)
{
	char room[VALUE_MAX];
	struct buf b = BUF(room);
	const struct result *r = m->result;
	struct spf_header spf[2];
	struct auth_results all = {.id = m->settings->id,
		.iprev = r->iprev == AUTH_UNSET ? NULL : auth_result_name(r->iprev),
		.client = *m->client,
		.confirmed = r->confirmed};

	for (int of_helo = 0; of_helo < 2; of_helo++) {
		if (!has_spf(m, of_helo))
			continue;
		spf[of_helo] = spf_of(m, of_helo);
		all.spf[of_helo] = &spf[of_helo];
	}
	auth_results_print(&all, &b);
	return buf_is_cut(&b) ? STR("") : arena_str(a, buf_str(&b));
}

static struct str
received_spf_value(const struct stamp_message *m, struct arena *a)
{
	char room[VALUE_MAX];
	struct buf b = BUF(room);
	bool of_helo = !has_spf(m, false);

	if (!has_spf(m, of_helo))
		return STR("");
	struct spf_header h = spf_of(m, of_helo);
	received_spf_print(&h, &b);
	return buf_is_cut(&b) ? STR("") : arena_str(a, buf_str(&b));
}

/* Names of what speaks against it, as many as fit. */
static void
put_findings(const struct stamp_message *m, struct buf *out)
{
	char room[FINDINGS_MAX_BYTES];
	struct buf b = BUF(room);

	for (size_t i = 0; i < m->result->n; i++) {
		const struct finding *f = m->result->finding[i];
		struct action act = policy_action_in(m->verdict, m->checks, f, m->client);
		size_t before = b.n;
		if (act.kind == ACTION_OFF || f->code->good)
			continue;
		buf_puts(&b, b.n ? "," : "");
		buf_puts(&b, f->code->id);
		if (buf_is_cut(&b)) {
			b.n = before;
			break;
		}
	}
	buf_put(out, b.n ? buf_str(&b) : STR("none"));
}

/* "score=4; findings=rdns_none,helo_bare; case=7Q2K-M8RT-9FBC; verdict=tag" */
static struct str
field_value(const struct stamp_message *m, struct arena *a)
{
	char room[FINDINGS_MAX_BYTES + 200];
	struct buf b = BUF(room);

	buf_puts(&b, "score=");
	points_print(m->verdict->score, false, &b);
	buf_puts(&b, "; findings=");
	put_findings(m, &b);
	buf_puts(&b, "; case=");
	buf_put(&b, m->case_id);
	buf_puts(&b, "; verdict=");
	buf_puts(&b, verdict_name(m->kind));
	must(!buf_is_cut(&b));
	return arena_str(a, buf_str(&b));
}

/* "203.0.113.5 has no reverse name; case 7Q2K-M8RT-9FBC" */
static struct str
hold_reason(const struct stamp_message *m, struct arena *a)
{
	char room[MILTER_LINE_MAX];
	struct buf b = BUF(room), text = buf_on(room, sizeof(room) - 100);
	const struct finding *f = m->verdict->main;

	if (f) {
		buf_puts(&text, f->code->id);
		buf_puts(&text, ": ");
		finding_fill(f, f->code->text, &text);
		buf_puts(&text, "; ");
	}
	b.n = text.n;
	buf_puts(&b, "case ");
	buf_put(&b, m->case_id);
	return arena_str(a, buf_str(&b));
}

void
stamp_make(const struct stamp_message *m, struct arena *a, struct stamp *out)
{
	const struct stamp_settings *s = m->settings;

	*out = (struct stamp){.settings = s, .kind = m->kind, .forged = m->forged};
	if (!m->result)
		return;
	if (s->auth_results)
		out->results = results_value(m, a);
	if (s->received_spf)
		out->received_spf = received_spf_value(m, a);
	if (s->on == STAMP_CHECKED || (s->on == STAMP_TAGGED && m->kind != VERDICT_ACCEPT))
		out->field = field_value(m, a);
	if (m->kind == VERDICT_QUARANTINE)
		out->hold = hold_reason(m, a);
}

bool
stamp_adds(const struct stamp *s)
{
	return s->results.n || s->received_spf.n || s->field.n;
}

/* --- in a milter's words --- */

static void
put_removals(const struct stamp *s, struct buf *out)
{
	const struct stamp_forged *f = s->forged;

	/* Each name's come in the order of their index, so backwards the highest comes first. */
	for (size_t i = f->n; i-- > 0;)
		milter_put_delheader(
			out, f->found[i] >> 1, f->found[i] & 1 ? s->settings->field : RESULTS);
}

static void
put_field(const struct milter_terms *terms, struct str name, struct str value, struct buf *out)
{
	if (!value.n)
		return;
	if (terms->version > 2)
		milter_put_insheader(out, name, value);
	else
		milter_put_addheader(out, name, value);
}

void
stamp_put_milter(const struct stamp *s, const struct milter_terms *terms, struct buf *out)
{
	/* First, so that what we add is not counted. */
	if (s->forged && terms->actions & MILTER_CAN_CHGHDRS)
		put_removals(s, out);
	/* The last one stands on top. */
	if (terms->actions & MILTER_CAN_ADDHDRS) {
		put_field(terms, s->settings->field, s->field, out);
		put_field(terms, RECEIVED_SPF, s->received_spf, out);
		put_field(terms, RESULTS, s->results, out);
	}
	if (s->hold.n && terms->actions & MILTER_CAN_QUARANTINE)
		milter_put_quarantine(out, s->hold);
}

size_t
stamp_milter_size(const struct stamp *s)
{
	size_t name = RESULTS.n > s->settings->field.n ? RESULTS.n : s->settings->field.n;

	return 4 * MILTER_OUT_MAX + (s->forged ? s->forged->n * MILTER_DELHEADER_SIZE(name) : 0);
}

void
stamp_put_unfolded(struct str value, struct buf *out)
{
	for (size_t i = 0; i < value.n; i++) {
		bool fold = value.p[i] == '\n' && i + 1 < value.n && value.p[i + 1] == '\t';
		buf_putc(out, fold ? ' ' : value.p[i]);
		i += fold;
	}
}
