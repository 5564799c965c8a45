/* Fuzz target: a mailbox's switches as the store has them, its key on the first line and its value
 * behind it.  What can be read prints back to the same, in both forms, and holds for its mailbox.
 */
#include <stdint.h>

#include "checks/checks.h"
#include "core/mailbox_value.h"
#include "daemon/rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
same(const struct switches *a, const struct switches *b, const struct check_set *set)
{
	char room_a[MAILBOX_TEXT_MAX], room_b[MAILBOX_TEXT_MAX];
	struct buf x = BUF(room_a), y = BUF(room_b);

	switches_print(a, set, &x);
	switches_print(b, set, &y);
	must(!buf_is_cut(&x) && x.n > 0);
	return str_eq(buf_str(&x), buf_str(&y));
}

static void
print_back(const struct switches *s, const struct check_set *set)
{
	char room[MAILBOX_VALUE_MAX], text_room[MAILBOX_TEXT_MAX];
	struct buf json = BUF(room), text = BUF(text_room);
	struct switches again, words = {.set = 0};
	struct errbuf e = {0};
	struct str rest, word;

	mailbox_value_print(s, set, &json);
	must(mailbox_value_parse(buf_str(&json), set, &again));
	must(same(s, &again, set));
	switches_print(s, set, &text);
	rest = buf_str(&text);
	while (str_word(&rest, &word))
		must(switches_parse(word, set, &words, &e));
	must(words.set == s->set && same(s, &words, set));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct check_set set = {.n = 0};
	struct str value = str_from((const char *)data, size), key = STR("");
	struct switches s;
	struct mailbox_found found;

	(void)str_split(&value, '\n', &key);
	if (!value.p || !key.n || key.n > STORE_KEY_MAX)
		return 0;
	set.check = checks_all(&set.n);
	if (mailbox_value_parse(value, &set, &s))
		print_back(&s, &set);
	const struct store_record record = {.key = key, .value = value};
	const struct store_record *const list[] = {&record};
	const struct store_image image = {.n = 1, .record = list};
	struct rules *r = rules_read(STORE_MAILBOX, &image, &set);
	must(rules_count(r) + rules_unread(r) == 1);
	const struct mailbox *m = mailboxes_get(rules_mailboxes(r), key);
	must((m != NULL) == (rules_count(r) == 1));
	/* As a mail server would ask for it; with quotation marks around it, it reads otherwise. */
	if (m && key.p[0] != '"')
		must(mailboxes_find(rules_mailboxes(r), key, STR("+"), &found) &&
			found.by[0] == m && same(&found.switches, &m->switches, &set));
	rules_unref(r);
	return 0;
}
