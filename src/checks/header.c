/*
 * checks/header: is the message's header section what RFC 5322 wants?
 *
 * Programs that were thrown together to send unwanted mail get headers wrong in ways that mail
 * programs do not: so each fault costs points, and what honest mail is seen to do costs few
 * (docs/headers.md).  A fault is named with the field and the place of its first wrong byte, since
 * who has to repair the program sees neither.
 *
 * The message is there at its end only; without it (policy services, commands) nothing is said.
 * A record says what was found in it then, not what stood there, unless it was told to: of such a
 * one the same is found again.
 * What is too long to be kept whole (HEADER_VALUE_KEPT) is not judged by its half, and what lies
 * beyond the limits of mail/header is not said to be missing.  What RFC 5322 4 calls obsolete is no
 * fault, nor is a domain of one label in a Message-ID, which much wanted mail has.
 */
#include "checks/header_private.h"
#include "mail/message_id.h"
#include "mail/mime.h"

struct finding *
header_report(const struct message *m, int code)
{
	return found(m->out, &header_codes[code]);
}

/* "field 5, byte 14", "field 5, line 2, byte 14" */
static struct str
place(const struct message *m, unsigned number, struct header_place p)
{
	if (p.line == 1)
		return arena_printf(m->q->scratch, "field %u, byte %zu", number, p.byte);
	return arena_printf(m->q->scratch, "field %u, line %zu, byte %zu", number, p.line, p.byte);
}

static struct finding *
report_field(
	const struct message *m, int code, struct str field, struct str problem, struct str where)
{
	struct finding *f = header_report(m, code);

	finding_note(f, "field", field);
	finding_note(f, "problem", problem);
	finding_note(f, "place", where);
	return f;
}

struct finding *
header_report_value(
	const struct message *m, int code, enum header_id id, struct str problem, size_t at)
{
	const struct header_known *k = &m->h->known[id];

	return report_field(m, code, header_name(id), problem,
		place(m, k->number, header_place_of(k->value, at)));
}

static void
judge_message_id(const struct message *m)
{
	const struct header_known *k = &m->h->known[HEADER_MESSAGE_ID];
	struct message_id id;

	if (!k->count && !m->h->too_big)
		header_report(m, NO_MESSAGE_ID);
	if (!k->count || k->cut)
		return;
	message_id_parse(k->value, &id);
	for (size_t i = 0; i < MESSAGE_ID_UNQUALIFIED; i++)
		if (id.faults & 1u << i) {
			header_report_value(m, BAD_MESSAGE_ID, HEADER_MESSAGE_ID,
				str_of(message_id_fault_text((enum message_id_fault)i)), id.at[i]);
			return;
		}
}

/* "Subject (fields 4 and 7), Cc (fields 5 and 6)".  From is judge_authors()'. */
static void
judge_duplicates(const struct message *m)
{
	UNSET char room[255];
	struct buf b = BUF(room);

	for (size_t i = 0; i < HEADER_IDS; i++) {
		const struct header_known *k = &m->h->known[i];
		if (k->count < 2 || i == HEADER_FROM || !header_is_single((enum header_id)i))
			continue;
		buf_puts(&b, b.n ? ", " : "");
		buf_put(&b, header_name((enum header_id)i));
		buf_printf(&b, " (fields %u and %u)", k->number, k->second);
	}
	if (b.n)
		finding_note(header_report(m, DUPLICATE), "fields",
			arena_str(m->q->scratch, buf_str(&b)));
}

/* One finding of each code: the first in this order. */
static void
judge_bytes(const struct message *m, bool smtputf8)
{
	static const struct {
		enum header_fault fault;
		int code;
	} rows[] = {
		{HEADER_8BIT, EIGHT_BIT},
		{HEADER_UTF8, EIGHT_BIT},
		{HEADER_LONG_LINE, LONG_LINE},
		{HEADER_BAD_NAME, BAD_NAME},
		{HEADER_NUL, BARE_CR_OR_LF},
		{HEADER_BARE_CR, BARE_CR_OR_LF},
		{HEADER_BARE_LF, BARE_CR_OR_LF},
	};
	int last = -1;

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct header_met *met = &m->h->fault[rows[i].fault];
		bool allowed = rows[i].fault == HEADER_UTF8 && smtputf8;
		if (!met->count || allowed || rows[i].code == last)
			continue;
		last = rows[i].code;
		struct str where = place(m, met->number, met->place);
		if (last == EIGHT_BIT || last == BAD_NAME)
			where = arena_printf(
				m->q->scratch, "%.*s: 0x%02X", STR_ARG(where), met->byte);
		report_field(m, last, met->name, str_of(header_fault_text(rows[i].fault)), where);
	}
}

static void
judge_size(const struct message *m)
{
	bool fields = m->h->fields > m->set->fields;

	if (!fields && (int64_t)m->h->bytes <= m->set->bytes)
		return;
	struct finding *f = header_report(m, TOO_BIG);
	finding_note(f, "count", arena_printf(m->q->scratch, "%u", m->h->fields));
	finding_note(f, "bytes", arena_printf(m->q->scratch, "%zu", m->h->bytes));
	finding_note(f, "limit",
		arena_printf(m->q->scratch, "%lld %s",
			(long long)(fields ? m->set->fields : m->set->bytes),
			fields ? "fields" : "bytes"));
}

/* p NULL: there is none to be judged. */
static struct str
mime_value(const struct message *m, enum header_id id)
{
	const struct header_known *k = &m->h->known[id];

	return k->count && !k->cut ? k->value : (struct str){NULL, 0};
}

static void
judge_mime(const struct message *m)
{
	static const enum header_id ids[] = {[MIME_FIELD_VERSION] = HEADER_MIME_VERSION,
		[MIME_FIELD_TYPE] = HEADER_CONTENT_TYPE,
		[MIME_FIELD_ENCODING] = HEADER_ENCODING};
	struct mime mime;

	mime_parse(mime_value(m, HEADER_MIME_VERSION), mime_value(m, HEADER_CONTENT_TYPE),
		mime_value(m, HEADER_ENCODING), &mime);
	for (size_t i = 0; i < MIME_FAULTS; i++)
		if (mime.faults & 1u << i) {
			enum mime_fault fault = (enum mime_fault)i;
			header_report_value(m, MIME_BROKEN, ids[mime_fault_field(fault)],
				str_of(mime_fault_text(fault)), mime.at[i]);
			return;
		}
}

static void
judge_loop(const struct message *m)
{
	unsigned n = m->h->known[HEADER_RECEIVED].count;

	if (n > m->set->received)
		finding_note(header_report(m, RECEIVED_LOOP), "count",
			arena_printf(m->q->scratch, "%u", n));
}

static void
find_again(const struct findings *found, struct findings *out)
{
	out->n = found->n;
	memcpy(out->item, found->item, found->n * sizeof(found->item[0]));
}

static enum check_status
run(struct ask *q, struct findings *out)
{
	const struct message_head *head = ask_head(q);

	if (!head)
		return CHECK_WAIT;
	if (head->found)
		find_again(head->found, out);
	if (!head->headers || head->found)
		return CHECK_DONE;
	const struct message m = {q, out, head->headers, q->settings};
	header_judge_date(&m);
	header_judge_from(&m);
	judge_message_id(&m);
	judge_duplicates(&m);
	judge_bytes(&m, head->smtputf8);
	judge_size(&m);
	judge_mime(&m);
	judge_loop(&m);
	return CHECK_DONE;
}

const struct check check_header = {
	.name = "header",
	.help = "A message's header must have what every mail program writes (Date, From, "
		"Message-ID), once and in the form that RFC 5322 wants, with a date that can be.  "
		"It is judged where the whole message is known.",
	.codes = header_codes,
	.n_codes = HEADER_CODES,
	.section = &header_section,
	.run = run,
};
