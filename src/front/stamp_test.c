/*
 * Unit tests of front/stamp: the values, and that of a message's own fields exactly those go that
 * claim to be ours, whichever way the mail server counts.
 *
 * What a milter says is carried out by an emulation of both known mail servers: Postfix counts the
 * fields that are still there, Sendmail also those that were removed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/cursor.h"
#include "front/stamp.h"

#define ID STR("mx.example.net")

static struct stamp_settings settings = {.id = {"mx.example.net", 14},
	.auth_results = true,
	.received_spf = true,
	.remove_forged = true,
	.on = STAMP_CHECKED,
	.field = {"X-Mxward", 8}};

static const struct finding_code codes[] = {
	{.id = "rdns_none", .text = "{client} has no reverse name"},
	{.id = "helo_fine", .text = "all is well", .good = true},
	{.id = "spf_softfail", .text = "SPF says softfail"},
	{.id = "spf_helo_fail", .text = "SPF of HELO says fail"},
	{.id = "quiet", .text = "nobody cares"},
};
static const struct action actions[] = {{ACTION_SCORE, 450}, {ACTION_SCORE, -100},
	{ACTION_SCORE, 200}, {ACTION_TAG, 0}, {ACTION_OFF, 0}};
static const struct check check = {.name = "c", .codes = codes, .n_codes = COUNT(codes)};
static const struct check *const checks[] = {&check};
static const struct check_set set = {1, checks, NULL};
static const struct policy policy = {.actions = {{actions}, {actions}}};

static struct arena arena;

static int
setup(void **state)
{
	arena_init(&arena, 4096, 1 << 20);
	return 0;
}

static int
teardown(void **state)
{
	arena_done(&arena);
	return 0;
}

/* --- the values --- */

struct made {
	struct finding f[COUNT(codes)];
	const struct finding *list[COUNT(codes)];
	struct result r;
	struct verdict v;
	struct ip client;
	struct stamp_message m;
};

static void
made_init(struct made *d)
{
	*d = (struct made){.client = {.len = 4, .b = {203, 0, 113, 5}},
		.v = {.score = 650, .policy = &policy}};
	for (size_t i = 0; i < COUNT(codes); i++) {
		d->f[i] = (struct finding){.code = &codes[i]};
		finding_note(&d->f[i], "client", STR("203.0.113.5"));
		finding_note(&d->f[i], "term", i == 2 ? STR("~all") : STR("-all"));
		d->list[i] = &d->f[i];
	}
	d->v.main = &d->f[0];
	d->r = (struct result){.n = COUNT(codes),
		.finding = d->list,
		.iprev = AUTH_PASS,
		.spf_helo = AUTH_FAIL,
		.spf_mailfrom = AUTH_SOFTFAIL,
		.confirmed = STR("mail.example.org"),
		.spf_domain = STR("example.org")};
	d->m = (struct stamp_message){.settings = &settings,
		.checks = &set,
		.result = &d->r,
		.verdict = &d->v,
		.kind = VERDICT_TAG,
		.client = &d->client,
		.helo = STR("helo.example.org"),
		.from = STR("ann@example.org"),
		.receiver = STR("host.example.net"),
		.case_id = STR("7Q2K-M8RT-9FBC")};
}

static void
assert_value(struct str got, const char *want)
{
	if (!str_eq(got, str_of(want)))
		fail_msg("got:\n%.*s\nwant:\n%s", STR_ARG(got), want);
}

static void
test_values(void **state)
{
	struct made d;
	struct stamp s;

	made_init(&d);
	stamp_make(&d.m, &arena, &s);
	assert_value(s.results,
		"mx.example.net;\n\tiprev=pass (mail.example.org) policy.iprev=203.0.113.5;\n\t"
		"spf=softfail smtp.mailfrom=example.org;\n\tspf=fail smtp.helo=helo.example.org");
	assert_value(s.received_spf,
		"softfail\n\t(host.example.net: domain of ann@example.org probably does not "
		"designate 203.0.113.5 as permitted sender)\n\tidentity=mailfrom;\n\t"
		"client-ip=203.0.113.5;\n\treceiver=host.example.net;\n\thelo=helo.example.org;\n\t"
		"envelope-from=\"ann@example.org\";\n\tmechanism=~all");
	assert_value(s.field,
		"score=6.5; findings=rdns_none,spf_softfail,spf_helo_fail; case=7Q2K-M8RT-9FBC; "
		"verdict=tag");
	assert_value(s.hold, "");
	d.m.kind = VERDICT_QUARANTINE;
	stamp_make(&d.m, &arena, &s);
	assert_value(s.hold, "rdns_none: 203.0.113.5 has no reverse name; case 7Q2K-M8RT-9FBC");
	assert_true(str_has_suffix(s.field, STR("; verdict=quarantine")));
}

/* A null sender stands for the HELO name, which then is what was asked about. */
static void
test_null_sender(void **state)
{
	struct made d;
	struct stamp s;

	made_init(&d);
	d.m.from = STR("");
	d.r.spf_helo = AUTH_UNSET;
	d.r.iprev = AUTH_PERMERROR;
	d.r.confirmed = STR("");
	stamp_make(&d.m, &arena, &s);
	assert_value(s.results,
		"mx.example.net;\n\tiprev=permerror policy.iprev=203.0.113.5;\n\t"
		"spf=softfail smtp.helo=helo.example.org");
	assert_true(str_contains(s.received_spf, STR("\n\tidentity=helo;\n\t")));
	d.r.spf_mailfrom = AUTH_UNSET;
	stamp_make(&d.m, &arena, &s);
	assert_value(s.received_spf, "");
	d.r.iprev = AUTH_UNSET;
	stamp_make(&d.m, &arena, &s);
	assert_value(s.results, "mx.example.net; none");
}

static void
test_switches(void **state)
{
	struct stamp_settings some = settings;
	struct made d;
	struct stamp s;

	made_init(&d);
	some.auth_results = some.received_spf = false;
	some.on = STAMP_TAGGED;
	d.m.settings = &some;
	stamp_make(&d.m, &arena, &s);
	assert_int_equal(s.results.n + s.received_spf.n, 0);
	assert_true(s.field.n > 0);
	d.m.kind = VERDICT_ACCEPT;
	stamp_make(&d.m, &arena, &s);
	assert_int_equal(s.field.n, 0);
	some.on = STAMP_NONE;
	d.m.kind = VERDICT_TAG;
	stamp_make(&d.m, &arena, &s);
	assert_int_equal(s.field.n, 0);
	/* Who was not checked, of him nothing is said. */
	made_init(&d);
	d.m.result = NULL;
	stamp_make(&d.m, &arena, &s);
	assert_int_equal(s.results.n + s.received_spf.n + s.field.n + s.hold.n, 0);
}

/* Whatever strangers are called, the values stay well-formed and whole. */
static void
test_hostile(void **state)
{
	char long_name[2000];
	struct made d;
	struct stamp s;

	memset(long_name, '"', sizeof(long_name));
	made_init(&d);
	d.m.helo = STR("x\r\nAuthentication-Results: mx.example.net; spf=pass\r\n");
	d.m.from = str_from(long_name, sizeof(long_name));
	d.r.spf_domain = STR("");
	stamp_make(&d.m, &arena, &s);
	assert_value(s.results,
		"mx.example.net;\n\tiprev=pass (mail.example.org) policy.iprev=203.0.113.5;\n\t"
		"spf=softfail;\n\tspf=fail");
	assert_true(s.received_spf.n > 0);
	for (size_t i = 0; i < s.received_spf.n; i++) {
		char c = s.received_spf.p[i];
		assert_true(chr_is_print(c) || c == '\t' ||
			(c == '\n' && s.received_spf.p[i + 1] == '\t'));
	}
}

static void
test_field_names(void **state)
{
	static const struct {
		const char *name;
		bool ok;
	} cases[] = {{"X-Mxward", true}, {"x-a", true}, {"X-1-b", true}, {"X-", false},
		{"X", false}, {"", false}, {"Received", false}, {"From", false}, {"X-A:", false},
		{"X-A B", false}, {"X-A\nB", false}, {"X-\xc3\xa4", false},
		{"X-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false}};

	for (size_t i = 0; i < COUNT(cases); i++)
		if (stamp_field_valid(str_of(cases[i].name)) != cases[i].ok)
			fail_msg("%s", cases[i].name);
}

/* --- a mail server --- */

#define FIELDS_MAX 1600

struct field {
	struct str name, value;
	bool gone, mine; /* removed; to be removed */
};

struct server {
	bool counts_gone; /* Sendmail */
	size_t n;
	struct field field[FIELDS_MAX];
	bool held;
	struct arena a;
};

static void
server_delete(struct server *s, uint32_t index, struct str name)
{
	for (size_t i = 0; i < s->n; i++) {
		struct field *f = &s->field[i];
		if (!str_eq_nocase(str_trim(f->name), name) || (f->gone && !s->counts_gone))
			continue;
		if (--index == 0) {
			assert_false(f->gone);
			f->gone = true;
			return;
		}
	}
	fail_msg("no such field");
}

static void
server_insert(struct server *s, struct str name, struct str value)
{
	assert_true(s->n < FIELDS_MAX);
	memmove(s->field + 1, s->field, s->n++ * sizeof(*s->field));
	s->field[0] =
		(struct field){.name = arena_str(&s->a, name), .value = arena_str(&s->a, value)};
}

static void
server_obey(struct server *s, struct str said)
{
	struct milter_frame f;
	size_t used;

	for (; said.n; said = str_skip(said, used)) {
		assert_int_equal(milter_read(said, &f, &used), MILTER_FRAME);
		struct cursor c = cursor_on(f.data);
		uint32_t index = f.command == 'q' ? 0 : cursor_u32(&c);
		struct str name = cursor_z(&c), value = f.command == 'q' ? name : cursor_z(&c);
		assert_true(cursor_ok(&c) && cursor_rest(&c).n == 0);
		if (f.command == 'm') {
			assert_int_equal(value.n, 0);
			server_delete(s, index, name);
		} else if (f.command == 'i') {
			assert_int_equal(index, 0);
			server_insert(s, name, value);
		} else {
			assert_int_equal(f.command, 'q');
			s->held = true;
		}
	}
}

/* --- any message --- */

static const char *const ours[] = {
	"mx.example.net; spf=pass smtp.mailfrom=example.org",
	"MX.Example.NET 1; dkim=pass header.d=example.org",
	"(a (nested) comment) mx.example.net (behind it); none",
	"\"mx.example.net\"; iprev=pass",
	"\n\tmx.example.net\n\t;\n\tspf=pass",
	"mx.example.net",
	"mx.example.net.; auth=pass",
	"mx.exam(split)ple.net; spf=pass",
	"mx.example.net spf=pass",
	"\"mx.exa\\mple.net\"; spf=pass",
	"=?utf-8?q?mx=2Eexample=2Enet?=; spf=pass",
};
static const char *const foreign[] = {
	"other.example.org; spf=pass smtp.mailfrom=example.org",
	"notmx.example.net; none",
	"mx.example.net.evil.example; spf=pass",
	"mx.example.org 1;\n\tdkim=pass (mx.example.net said so) header.d=example.org",
	"(mx.example.net) mx.example.com; none",
	"xmx.example.net; spf=fail smtp.mailfrom=mx.example.net",
};

static struct str
any_case(struct str s, struct arena *a)
{
	char *p = arena_alloc(a, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		p[i] = rand() % 3			 ? s.p[i]
			: rand() % 2			 ? chr_lower(s.p[i])
			: s.p[i] >= 'a' && s.p[i] <= 'z' ? (char)(s.p[i] - 32)
							 : s.p[i];
	return str_from(p, s.n);
}

static struct field
any_field(struct arena *a)
{
	static const char *const names[] = {
		"Authentication-Results", "Authentication-Results ", "Authentication-Results\t"};
	struct str name = any_case(str_of(names[rand() % 3]), a);

	switch (rand() % 8) {
	case 0:
		return (struct field){.name = STR("Received"), .value = STR("from mx.example.net")};
	case 1:
		return (struct field){.name = any_case(STR("X-Mxward"), a),
			.value = STR("score=-9"),
			.mine = true};
	case 2:
	case 3:
	case 4:
		return (struct field){
			.name = name, .value = str_of(foreign[(size_t)rand() % COUNT(foreign)])};
	default:
		break;
	}
	struct str value = str_of(ours[(size_t)rand() % COUNT(ours)]);
	/* In an encoded word case has a meaning. */
	return (struct field){.name = name,
		.value = str_contains(value, STR("=?")) ? value : any_case(value, a),
		.mine = true};
}

/* Give this message to a server of either kind; its own fields that are not ours remain. */
static void
check_message(const struct field *field, size_t n, bool counts_gone)
{
	struct server *s = test_calloc(1, sizeof(*s));
	struct stamp_forged forged = {.n = 0};
	struct milter_terms terms = {6, 0x131, 0};
	struct made d;
	struct stamp stamp;

	s->counts_gone = counts_gone;
	s->n = n;
	memcpy(s->field, field, n * sizeof(*field));
	arena_init(&s->a, 4096, 1 << 20);
	for (size_t i = 0; i < n; i++)
		stamp_see(&forged, &settings, field[i].name, field[i].value, &s->a);
	made_init(&d);
	d.m.forged = &forged;
	stamp_make(&d.m, &s->a, &stamp);
	size_t size = stamp_milter_size(&stamp);
	struct buf out = buf_on(test_malloc(size), size);
	stamp_put_milter(&stamp, &terms, &out);
	server_obey(s, buf_str(&out));

	assert_int_equal(s->n, n + 3);
	assert_true(str_eq(s->field[0].name, STR("Authentication-Results")));
	assert_true(str_eq(s->field[0].value, stamp.results));
	assert_true(str_eq(s->field[1].name, STR("Received-SPF")));
	assert_true(str_eq(s->field[2].name, STR("X-Mxward")));
	for (size_t i = 0; i < n; i++) {
		const struct field *f = &s->field[i + 3];
		assert_ptr_equal(f->value.p, field[i].value.p);
		if (f->gone != f->mine)
			fail_msg("%.*s: %.*s: %s", STR_ARG(f->name), STR_ARG(f->value),
				f->gone ? "gone" : "still there");
	}
	test_free(out.p);
	arena_done(&s->a);
	test_free(s);
}

static void
test_any_message(void **state)
{
	struct field *field = test_calloc(FIELDS_MAX, sizeof(*field));

	srand(1);
	for (int round = 0; round < 3000; round++) {
		struct arena a;
		size_t n = round % 300 == 0 ? 500 : (size_t)(round % 51);
		arena_init(&a, 4096, 1 << 20);
		for (size_t i = 0; i < n; i++)
			field[i] = any_field(&a);
		check_message(field, n, round & 1);
		arena_done(&a);
	}
	test_free(field);
}

/* What the mail server did not offer is left out. */
static void
test_terms(void **state)
{
	static const struct {
		struct milter_terms terms;
		const char *want; /* commands */
	} cases[] = {
		{{6, 0x31, 0}, "mmiiiq"},
		{{2, 0x31, 0}, "mmhhhq"},
		{{6, 0x11, 0}, "mmiii"},
		{{6, 0x21, 0}, "iiiq"},
		{{6, 0x10, 0}, "mm"},
		{{6, 0, 0}, ""},
	};
	struct stamp_forged forged = {.n = 0};
	struct made d;
	struct stamp stamp;

	made_init(&d);
	for (int i = 0; i < 2; i++)
		stamp_see(&forged, &settings, STR("Authentication-Results"), ID, &arena);
	d.m.forged = &forged;
	d.m.kind = VERDICT_QUARANTINE;
	stamp_make(&d.m, &arena, &stamp);
	for (size_t i = 0; i < COUNT(cases); i++) {
		char room[4 * MILTER_OUT_MAX], got[16] = "";
		struct buf b = BUF(room);
		struct milter_frame f;
		size_t used, n = 0;
		stamp_put_milter(&stamp, &cases[i].terms, &b);
		for (struct str s = buf_str(&b); s.n; s = str_skip(s, used)) {
			assert_int_equal(milter_read(s, &f, &used), MILTER_FRAME);
			got[n++] = f.command;
		}
		assert_string_equal(got, cases[i].want);
	}
}

static void
test_too_many(void **state)
{
	struct stamp_forged f = {.n = 0};
	struct stamp_settings keep = settings;

	for (int i = 0; i < STAMP_FORGED_MAX; i++)
		stamp_see(&f, &settings, STR("Authentication-Results"), ID, &arena);
	assert_false(f.too_many);
	assert_int_equal(f.n, STAMP_FORGED_MAX);
	stamp_see(&f, &settings, STR("Authentication-Results"), STR("other.example"), &arena);
	assert_false(f.too_many);
	stamp_see(&f, &settings, STR("Authentication-Results"), ID, &arena);
	assert_true(f.too_many);
	assert_int_equal(f.n, STAMP_FORGED_MAX);

	static const struct str other[] = {STR_INIT("mx2.example.net")};
	keep.ids = (struct words){1, other};
	f = (struct stamp_forged){.n = 0};
	stamp_see(&f, &keep, STR("Authentication-Results"), STR("MX2.example.net; none"), &arena);
	stamp_see(&f, &keep, STR("Authentication-Results"), STR("mx3.example.net; none"), &arena);
	stamp_see(&f, &keep, STR("Authentication-Results"), ID, &arena);
	assert_int_equal(f.n, 2);

	keep.remove_forged = false;
	f = (struct stamp_forged){.n = 0};
	stamp_see(&f, &keep, STR("Authentication-Results"), ID, &arena);
	assert_int_equal(f.n, 0);
}

static void
test_unfolded(void **state)
{
	char room[64];
	struct buf b = BUF(room);

	stamp_put_unfolded(STR("a;\n\tb c;\n\td"), &b);
	assert_true(str_eq(buf_str(&b), STR("a; b c; d")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_values, setup, teardown),
		cmocka_unit_test_setup_teardown(test_null_sender, setup, teardown),
		cmocka_unit_test_setup_teardown(test_switches, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
		cmocka_unit_test(test_field_names),
		cmocka_unit_test(test_any_message),
		cmocka_unit_test_setup_teardown(test_terms, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
		cmocka_unit_test(test_unfolded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
