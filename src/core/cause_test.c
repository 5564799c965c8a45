/*
 * The catalogue is complete, says who repairs what as it was agreed, and keeps to its wording: one
 * line of title, sentences, steps whose places are known.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/must.h"

#include "core/texts.h"

#define PERM  NATURE_PERMANENT
#define TEMP  NATURE_TEMPORARY
#define REPLY NATURE_REPLY

/* Written down a second time on purpose: scripts rely on every word of it. */
static const struct {
	const char *id, *group, *fixer;
	enum nature nature;
} wanted[] = {
	{"no_ptr", "host_identity", "sender_isp", REPLY},
	{"fcrdns_mismatch", "host_identity", "sender_isp", REPLY},
	{"dynamic_ip", "host_identity", "sender_admin", REPLY},
	{"helo_invalid", "host_identity", "sender_admin", REPLY},
	{"dnsbl_listed", "reputation", "sender_admin", REPLY},
	{"ip_blocked", "reputation", "sender_admin", REPLY},
	{"domain_reputation", "reputation", "sender_admin", REPLY},
	{"spf_fail", "authentication", "sender_admin", REPLY},
	{"dkim_fail", "authentication", "sender_admin", REPLY},
	{"dmarc_fail", "authentication", "sender_admin", REPLY},
	{"auth_missing", "authentication", "sender_admin", REPLY},
	{"sender_verify_failed", "sender_address", "sender_admin", REPLY},
	{"sender_domain_invalid", "sender_address", "sender_admin", REPLY},
	{"sender_domain_new", "sender_address", "sender_admin", TEMP},
	{"sender_rejected", "sender_address", "recipient_admin", PERM},
	{"sender_spoofed", "sender_address", "sender_user", PERM},
	{"sender_account_blocked", "sender_address", "sender_user", REPLY},
	{"header_noncompliant", "message", "sender_admin", PERM},
	{"spam_content", "message", "sender_user", REPLY},
	{"virus", "message", "sender_user", PERM},
	{"content_rejected", "message", "sender_user", PERM},
	{"message_too_big", "message", "sender_user", PERM},
	{"policy_rejected", "policy", "recipient_admin", REPLY},
	{"greylisted", "policy", "nobody", TEMP},
	{"protocol_error", "protocol", "sender_admin", PERM},
	{"rate_limited", "protocol", "sender_admin", TEMP},
	{"too_many_errors", "protocol", "sender_admin", REPLY},
	{"too_many_recipients", "protocol", "sender_user", TEMP},
	{"relay_denied", "protocol", "sender_admin", PERM},
	{"auth_required", "protocol", "sender_user", PERM},
	{"tls_required", "protocol", "sender_admin", PERM},
	{"user_unknown", "recipient", "sender_user", PERM},
	{"mailbox_full", "recipient", "recipient", TEMP},
	{"mailbox_disabled", "recipient", "recipient", PERM},
	{"recipient_restricted", "recipient", "recipient", PERM},
	{"recipient_moved", "recipient", "sender_user", PERM},
	{"bad_address_syntax", "recipient", "sender_user", PERM},
	{"host_unknown", "transport", "sender_user", PERM},
	{"no_mail_service", "transport", "recipient_admin", PERM},
	{"network_error", "transport", "recipient_admin", TEMP},
	{"delivery_expired", "transport", "recipient_admin", PERM},
	{"mail_loop", "transport", "recipient_admin", PERM},
	{"system_error", "transport", "recipient_admin", REPLY},
	{"unknown", "none", "unknown", REPLY},
	{"not_bounce", "none", "nobody", REPLY},
};

#define NAME(upper, lower) [CAUSE_##upper] = #lower,
static const char *const enum_names[] = {CAUSES(NAME)};

static const char *const places[] = {"client", "reverse", "name", "addresses", "helo", "domain",
	"list", "url", "recipient", "sender"};

static void
test_table(void **state)
{
	assert_int_equal(COUNT(wanted), CAUSE_COUNT);
	for (enum cause_id i = 0; i < CAUSE_COUNT; i++) {
		const struct cause *c = cause_get(i);
		assert_string_equal(c->id, wanted[i].id);
		assert_string_equal(c->id, enum_names[i]);
		assert_string_equal(cause_group_name(c->group), wanted[i].group);
		assert_string_equal(fixer_name(c->fixer), wanted[i].fixer);
		assert_int_equal(c->nature, wanted[i].nature);
		enum cause_id found;
		assert_true(cause_find(str_of(wanted[i].id), &found));
		assert_int_equal(found, i);
	}
	enum cause_id none;
	assert_false(cause_find(STR("no_pt"), &none));
	assert_false(cause_find(STR(""), &none));
	assert_string_equal(cause_nearest(STR("no_pt")), "no_ptr");
	assert_null(cause_nearest(STR("wombat")));
}

static void
check_places(const char *step)
{
	struct str rest = str_of(step);

	while (rest.n) {
		size_t open = str_find(rest, '{'), close = str_find(rest, '}');
		if (open == rest.n && close == rest.n)
			return;
		struct str place = str_slice(rest, open + 1, close);
		bool known = false;
		for (size_t i = 0; i < COUNT(places); i++)
			known = known || str_eq(place, str_of(places[i]));
		if (!known)
			fail_msg("unknown place in: %s", step);
		rest = str_skip(rest, close + 1);
	}
}

/* Sentences: a capital (or a place) first, a full stop last, no blanks at the ends or twice. */
static void
check_sentences(const char *text, size_t max)
{
	struct str s = str_of(text);

	if (s.n == 0 || s.n > max || !str_eq(str_trim(s), s) || s.p[s.n - 1] != '.' ||
		str_contains(s, STR("  ")) ||
		(chr_lower(s.p[0]) == s.p[0] && s.p[0] > 0 && s.p[0] != '{'))
		fail_msg("not as it should be: \"%s\"", text);
}

static void
check_steps(const char *id, const struct cause_text *t)
{
	size_t n = 0, general = 0;

	while (n < CAUSE_STEPS_MAX && t->steps[n]) {
		check_sentences(t->steps[n], 420);
		check_places(t->steps[n]);
		general += !strchr(t->steps[n], '{');
		n++;
	}
	/* Without any evidence there must still be something to do. */
	if (general == 0 || n < 2)
		fail_msg("%s has too few steps", id);
	for (size_t i = n; i < CAUSE_STEPS_MAX; i++)
		assert_null(t->steps[i]);
}

static void
check_cause(const struct cause *c, const struct cause_text *t)
{
	size_t n = strlen(t->title);

	if (n == 0 || n > 90 || t->title[n - 1] == '.' || strpbrk(t->title, "{}\n"))
		fail_msg("title of %s: \"%s\"", c->id, t->title);
	check_sentences(t->meaning, 520);
	assert_null(strpbrk(t->meaning, "{}"));
	check_steps(c->id, t);
}

static void
test_wording(void **state)
{
	for (size_t k = 0; k < texts_count; k++) {
		for (enum cause_id i = 0; i < CAUSE_COUNT; i++)
			check_cause(cause_get(i), &texts_all[k].cause[i]);
		for (enum saying say = SAY_NOTHING + 1; say < SAY_COUNT; say++)
			assert_true(strlen(texts_all[k].say[say]) > 1);
		for (enum cause_group g = 0; g < GROUP_COUNT; g++)
			assert_true(strlen(texts_all[k].group[g]) > 3);
		for (enum fixer f = 0; f < FIXER_COUNT; f++)
			assert_true(strlen(texts_all[k].fixer[f]) > 3);
	}
}

static void
test_references(void **state)
{
	for (enum cause_id i = 0; i < CAUSE_COUNT; i++) {
		const struct cause *c = cause_get(i);
		for (size_t k = 0; k < CAUSE_REFS_MAX && c->refs[k]; k++)
			assert_true(str_has_prefix(str_of(c->refs[k]), STR("RFC ")));
		for (size_t k = 0; k < CAUSE_RECORDS_MAX && c->records[k]; k++)
			assert_true(str_contains(str_of(c->records[k]), STR(". IN ")));
	}
}

static void
test_languages(void **state)
{
	assert_string_equal(texts_english()->lang, "en");
	assert_ptr_equal(texts_find(STR("de")), &texts_all[1]);
	assert_null(texts_find(STR("xx")));
	assert_null(texts_find(STR("")));
	assert_string_equal(fixer_text(FIXER_RECIPIENT), "the recipient");
	const struct texts *de = texts_find(STR("de"));
	assert_string_equal(texts_named(de->findings, de->n_findings, STR("rdns_none"), "-"),
		"{client} hat keinen Reverse-Namen (PTR-Eintrag)");
	assert_string_equal(texts_named(de->findings, de->n_findings, STR("none"), "-"), "-");
}

static void
check_filled(const char *template, bool whole, const char *text)
{
	static const struct place given[] = {
		{"a", STR_INIT("x\033y")}, {"b", STR_INIT("\xc3\xa4"), true}, {"none", {NULL, 0}}};
	char room[256];
	struct buf b = BUF(room);

	assert_int_equal(texts_fill(template, given, COUNT(given), &b), whole);
	assert_true(str_eq(buf_str(&b), str_of(text)));
}

static void
test_fill(void **state)
{
	check_filled("", true, "");
	check_filled("as it is", true, "as it is");
	check_filled("{a}{a}", true, "x\\027yx\\027y");
	check_filled("{b}: {a}.", true, "\xc3\xa4: x\\027y.");
	check_filled("{none}!", false, "!");
	check_filled("{unknown} {b}", false, " \xc3\xa4");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_wording),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_languages),
		cmocka_unit_test(test_fill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
