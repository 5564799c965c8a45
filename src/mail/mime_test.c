/* Unit tests of mail/mime: what is broken, and what only looks so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/must.h"
#include "mail/mime.h"

#define F(f)	(1u << MIME_##f)
#define SEVENTY "0123456789012345678901234567890123456789012345678901234567890123456789"

static void
assert_mime(const char *version, const char *type, const char *encoding, uint32_t faults)
{
	struct mime m;

	mime_parse(str_of(version), str_of(type), str_of(encoding), &m);
	if (m.faults != faults)
		fail_msg("%s, %s, %s: got %#x, want %#x", version ? version : "-",
			type ? type : "-", encoding ? encoding : "-", m.faults, faults);
}

static void
test_version(void **state)
{
	assert_mime("1.0", NULL, NULL, 0);
	assert_mime(" 1.0 (produced by MetaSend Vx.x)", NULL, NULL, 0);
	assert_mime("1 (a) .\n 0", NULL, NULL, 0);
	assert_mime("", NULL, NULL, F(VERSION));
	assert_mime("1.1", NULL, NULL, F(VERSION));
	assert_mime("1.0; Windows-1252", NULL, NULL, F(VERSION));
	assert_mime("1.000000000", NULL, NULL, F(VERSION));
	assert_mime("(1.0", NULL, NULL, F(VERSION));
}

static void
test_type(void **state)
{
	static const struct {
		const char *text;
		uint32_t faults;
	} cases[] = {
		{"text/plain", 0},
		{"TEXT/PLAIN; charset=us-ascii", 0},
		{"text/plain; charset = \"iso-8859-1\" ;", 0},
		{"text/plain (a); charset=x (b); format=flowed", 0},
		{"application/vnd.x+xml;\n\tname=\"a;b=c\"", 0},
		{"text/plain;; charset=x", 0},
		{"multipart/mixed; boundary=a", 0},
		{"multipart/mixed; BOUNDARY=\"a b:=?\"", 0},
		{"multipart/mixed; boundary=\"" SEVENTY "\"", 0},
		{"multipart/mixed; boundary*0=a; boundary*1=b", 0},
		{"text/plain; boundary=\"#\"", 0}, /* means nothing there */
		{"", F(TYPE)},
		{"text", F(TYPE)},
		{"text plain", F(TYPE)},
		{"/plain", F(TYPE)},
		{"text/", F(TYPE)},
		{"\"text\"/plain", F(TYPE)},
		{"text/plain; Windows-1252", F(PARAMETER)},
		{"text/plain charset=x", F(PARAMETER)},
		{"text/plain; charset=a/b", F(PARAMETER)},
		{"text/plain; charset=", F(PARAMETER)},
		{"text/plain; =x", F(PARAMETER)},
		{"text/plain; charset=\"x", F(PARAMETER)},
		{"multipart/mixed", F(NO_BOUNDARY)},
		{"multipart/mixed; boundary=\"\"", F(NO_BOUNDARY)},
		{"multipart/mixed; charset=x", F(NO_BOUNDARY)},
		{"multipart/mixed; boundary=a; boundary=b", F(TWO_BOUNDARIES)},
		{"multipart/mixed; boundary=\"" SEVENTY "x\"", F(LONG_BOUNDARY)},
		{"multipart/mixed; boundary=" SEVENTY "x", F(LONG_BOUNDARY)},
		{"multipart/mixed; boundary=\"#a#\"", F(BOUNDARY)},
		{"multipart/mixed; boundary=\"a \"", F(BOUNDARY)},
		{"multipart/mixed; boundary=\"a\\\"b\"", F(BOUNDARY)},
		{"multipart/mixed; boundary=a:b", F(PARAMETER)},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		assert_mime(NULL, cases[i].text, NULL, cases[i].faults);
}

static void
test_encoding(void **state)
{
	assert_mime(NULL, NULL, "7bit", 0);
	assert_mime(NULL, NULL, " 8BIT (raw)", 0);
	assert_mime(NULL, NULL, "Quoted-Printable", 0);
	assert_mime(NULL, NULL, "base64", 0);
	assert_mime(NULL, NULL, "x-uuencode", 0);
	assert_mime(NULL, NULL, "", F(ENCODING));
	assert_mime(NULL, NULL, "x-", F(ENCODING));
	assert_mime(NULL, NULL, "8 bit", F(ENCODING));
	assert_mime(NULL, NULL, "7bit;", F(ENCODING));
	assert_mime(NULL, NULL, "base65", F(ENCODING));
	assert_mime(NULL, NULL, "\"base64\"", F(ENCODING));
	assert_mime(NULL, "multipart/mixed; boundary=a", "binary", 0);
	assert_mime(NULL, "multipart/mixed; boundary=a", "base64", F(MULTIPART_ENCODING));
	assert_mime(NULL, "message/rfc822", "base64", 0); /* wrong, but all readers agree */
}

static void
test_places(void **state)
{
	struct mime m;

	mime_parse(STR("1.0"), STR("multipart/mixed; boundary=\"#\""), STR("7bit x"), &m);
	assert_int_equal(m.faults, F(BOUNDARY) | F(ENCODING));
	assert_int_equal(m.at[MIME_BOUNDARY], 26);
	assert_int_equal(m.at[MIME_ENCODING], 5);
	assert_true(m.multipart);
	assert_int_equal(mime_fault_field(MIME_VERSION), MIME_FIELD_VERSION);
	assert_int_equal(mime_fault_field(MIME_BOUNDARY), MIME_FIELD_TYPE);
	assert_int_equal(mime_fault_field(MIME_MULTIPART_ENCODING), MIME_FIELD_ENCODING);
	for (size_t i = 0; i < MIME_FAULTS; i++)
		assert_non_null(mime_fault_text((enum mime_fault)i));
	mime_parse(STR("1.0 x"), str_of(NULL), str_of(NULL), &m);
	assert_int_equal(m.faults, F(VERSION));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_type),
		cmocka_unit_test(test_encoding),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
