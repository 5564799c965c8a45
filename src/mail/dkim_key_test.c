/* Unit tests of mail/dkim_key: kinds and sizes of keys, and what makes a record useless. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mail/dkim_key.h"

#define RSA_2048                                                                                   \
	"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAkr2mC/vJsfNLEjDJ2jnAhNhR37/XsYyomZr9o7BdXGqh" \
	"VusvgHpQBEsTR3R6eTK4IW9urgpAw40DFANXDA6sYi2h+AVgjuhemidoOHrD0a9mXpRvQlyYFDCwOfZCvgRym9i4" \
	"k7eQRh/uX0qw3bteo/FPgzZ7DzxzEtYm6loy9s6bRiVFO49VlQsTRUsHf4R6udzufRb28HLmLcYvl+orQoGgzQi3" \
	"1Gi5KUagDrc3+TjMNkrH5Hv4BnFo/MgzydRlSUhmUtH5/oYOmkDFkMqjqAZfqgecY9/YrLuQIqUGk9YauFI6RYzI" \
	"lsj8qWXWDHS8yDeoKfQByLmrjqSSjSz6EQIDAQAB"
#define RSA_1024                                                                                   \
	"MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC6oO7WLsY53Lqa5y+X08nPdiVHN7RNGGRDc1WmkkxR6cuYLy2J" \
	"2f0CcmY7io2CfLeuRUV/uYohsIyVaVayeaLyXLeOp6wcTDWJ7veDxYzHT72iJ1CpT6JnFlRah8HklFltgVFd+SPZ" \
	"LfJ6TL6Cb/epOneuOLuckLSMoYAR4VuT0wIDAQAB"
#define RSA_512_BARE                                                                               \
	"MEgCQQDM4S5JIRxqA365+tGmootBdXPDEJPECK80u3gT0JPEH9bCw2mTUdSpSCIW7T0Yem7cJQKpA5g2ncuZuxYF" \
	"xPvzAgMBAAE="
#define ED25519 "6PATCXyQoo3HCYTkaGDq17wZEAhNM23Chk5uRrvyPUc="

static const struct usable {
	const char *text;
	enum dkim_kind kind;
	unsigned bits;
	bool revoked, testing, sha1;
} usable[] = {
	{"v=DKIM1; k=rsa; p=" RSA_2048, DKIM_RSA, 2048},
	{"p=" RSA_1024, DKIM_RSA, 1024},
	{"v=DKIM1;p= MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC6oO7WLsY53Lqa5y+X08nPdiVHN7RNGGRDc1Wm"
	 " kkxR6cuYLy2J 2f0CcmY7io2CfLeuRUV/uYohsIyVaVayeaLyXLeOp6wcTDWJ7veDxYzHT72iJ1CpT6JnFlRa"
	 " h8HklFltgVFd+SPZLfJ6TL6Cb/epOneuOLuckLSMoYAR4VuT0wIDAQAB ;",
		DKIM_RSA, 1024},
	{"v=DKIM1; k=rsa; p=" RSA_512_BARE, DKIM_RSA, 512},
	{"v=DKIM1; k=ed25519; p=" ED25519, DKIM_ED25519, 256},
	{"v=DKIM1; p=", DKIM_RSA, 0, .revoked = true},
	{"v=DKIM1; t=s:y; s=email; x=what; p=" RSA_1024, DKIM_RSA, 1024, .testing = true},
	{"v=DKIM1; h=sha1; p=" RSA_1024, DKIM_RSA, 1024, .sha1 = true},
};

static void
test_usable(void **state)
{
	struct arena a;

	for (size_t i = 0; i < COUNT(usable); i++) {
		const struct usable *u = &usable[i];
		struct dkim_key key;
		struct str problem;
		arena_init(&a, 1024, 1 << 20);
		if (!dkim_key_parse(&a, str_of(u->text), &key, &problem))
			fail_msg("%s: %.*s", u->text, STR_ARG(problem));
		assert_int_equal(key.kind, u->kind);
		assert_int_equal(key.bits, u->bits);
		assert_int_equal(key.revoked, u->revoked);
		assert_int_equal(key.testing, u->testing);
		assert_int_equal(key.sha1, u->sha1);
		arena_done(&a);
	}
}

static const struct {
	const char *text, *problem;
} useless[] = {
	{"", "it has no key (p)"},
	{"v=DKIM1; k=rsa", "it has no key (p)"},
	{"k=rsa; v=DKIM1; p=" RSA_1024, "v=DKIM1 does not come first"},
	{"v=DKIM2; p=" RSA_1024, "v=DKIM1 does not come first"},
	{"v=DKIM1; k=dsa; p=" RSA_1024, "nobody knows the kind of key \"dsa\""},
	{"v=DKIM1; p=MIGf!", "its key (p) is no base64"},
	{"v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC6",
		"its key (p) cannot be read: a part of it may be missing"},
	{"v=DKIM1; k=ed25519; p=6PATCXyQoo3HCYTkaGDq17wZEAhNM23Chk5uRrvyPQ==",
		"its key (p) cannot be read: a part of it may be missing"},
	{"v=DKIM1; \033oops; p=" RSA_1024, "\"\\027oops\" is no \"tag=value\""},
	{"v=DKIM1; s=other; p=" RSA_1024, "it is not for mail (s=other)"},
};

static void
test_useless(void **state)
{
	struct arena a;

	for (size_t i = 0; i < COUNT(useless); i++) {
		struct dkim_key key;
		struct str problem;
		arena_init(&a, 1024, 1 << 20);
		if (dkim_key_parse(&a, str_of(useless[i].text), &key, &problem))
			fail_msg("taken: %s", useless[i].text);
		if (!str_eq(problem, str_of(useless[i].problem)))
			fail_msg("%s: %.*s", useless[i].text, STR_ARG(problem));
		arena_done(&a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usable), cmocka_unit_test(test_useless)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
