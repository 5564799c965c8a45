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

#include "core/cause.h"

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
		assert_string_equal(c->group, wanted[i].group);
		assert_string_equal(fixer_name(c->fixer), wanted[i].fixer);
		assert_int_equal(c->nature, wanted[i].nature);
		assert_ptr_equal(cause_find(str_of(wanted[i].id)), c);
	}
	assert_null(cause_find(STR("no_pt")));
	assert_null(cause_find(STR("")));
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
		str_contains(s, STR("  ")) || (chr_lower(s.p[0]) == s.p[0] && s.p[0] != '{'))
		fail_msg("not as it should be: \"%s\"", text);
	for (size_t i = 0; i < s.n; i++)
		if (!chr_is_print(s.p[i]))
			fail_msg("byte %d in \"%s\"", s.p[i], text);
}

static size_t
check_steps(const struct cause *c)
{
	size_t n = 0, general = 0;

	while (n < CAUSE_STEPS_MAX && c->steps[n]) {
		check_sentences(c->steps[n], 320);
		check_places(c->steps[n]);
		general += !strchr(c->steps[n], '{');
		n++;
	}
	/* Without any evidence there must still be something to do. */
	if (general == 0 || n < 2)
		fail_msg("%s has too few steps", c->id);
	for (size_t i = n; i < CAUSE_STEPS_MAX; i++)
		assert_null(c->steps[i]);
	return n;
}

static void
test_wording(void **state)
{
	for (enum cause_id i = 0; i < CAUSE_COUNT; i++) {
		const struct cause *c = cause_get(i);
		size_t n = strlen(c->title);
		if (n == 0 || n > 80 || c->title[n - 1] == '.' || strpbrk(c->title, "{}\n"))
			fail_msg("title of %s: \"%s\"", c->id, c->title);
		check_sentences(c->meaning, 480);
		assert_null(strpbrk(c->meaning, "{}"));
		check_steps(c);
		for (size_t k = 0; k < CAUSE_REFS_MAX && c->refs[k]; k++)
			assert_true(str_has_prefix(str_of(c->refs[k]), STR("RFC ")));
	}
}

static void
test_fixers(void **state)
{
	for (enum fixer f = 0; f < FIXER_COUNT; f++) {
		assert_true(strlen(fixer_text(f)) > 3);
		for (enum fixer g = 0; g < f; g++)
			assert_string_not_equal(fixer_name(f), fixer_name(g));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_wording),
		cmocka_unit_test(test_fixers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
