/* Fuzz target: header sections.  Places are inside of what was given; a milter that is told the
 * same fields one at a time makes of them what a file does. */
#include <stdint.h>

#include "mail/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_field(struct str name, struct str value)
{
	struct header_field f;

	header_field_scan(name, value, &f);
	must(f.name.n <= name.n && f.value.n <= value.n);
	for (size_t i = 0; i < HEADER_FAULTS; i++) {
		size_t n = i == HEADER_BAD_NAME ? f.name.n : f.value.n;
		must(!(f.faults & 1u << i) ? f.at[i] == 0 : f.at[i] <= n);
		struct header_place p = header_place_of(f.value, f.at[i]);
		must(p.line >= 1 && p.byte >= 1 && p.line + p.byte <= f.at[i] + 2);
	}
	must(!(f.faults & 1u << HEADER_UTF8) || !(f.faults & 1u << HEADER_8BIT));
}

/* The fields of the section, one at a time. */
static void
add_fields(struct headers *h, struct str section)
{
	while (section.n) {
		size_t end = str_find(section, '\n') + 1;
		while (end < section.n && (section.p[end] == ' ' || section.p[end] == '\t'))
			end += str_find(str_skip(section, end), '\n') + 1;
		struct str field = str_slice(section, 0, end);
		size_t colon = str_find(field, ':');
		struct str value = str_skip(field, colon + 1);
		if (colon == field.n || str_find(field, '\n') < colon)
			return;
		check_field(str_slice(field, 0, colon), value);
		headers_add(h, str_slice(field, 0, colon), value);
		section = str_skip(section, end);
	}
}

static void
check_same(const struct headers *a, const struct headers *b)
{
	static const enum header_fault same[] = {HEADER_BAD_NAME, HEADER_BARE_CR, HEADER_NUL,
		HEADER_CONTROL, HEADER_UTF8, HEADER_8BIT, HEADER_BLANK_LINE};

	must(a->fields == b->fields);
	for (size_t i = 0; i < COUNT(same); i++) {
		const struct header_met *x = &a->fault[same[i]], *y = &b->fault[same[i]];
		must(x->count == y->count && x->number == y->number);
		must(x->place.line == y->place.line && x->place.byte == y->place.byte);
	}
	for (size_t i = 0; i < HEADER_IDS; i++) {
		must(a->known[i].count == b->known[i].count);
		must(str_eq(a->known[i].value, b->known[i].value));
		must(a->known[i].value.n <= HEADER_VALUE_KEPT);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_from((const char *)data, size);
	struct headers whole, single;
	struct arena a;

	if (size > 100000)
		return 0;
	arena_init(&a, 4096, (size_t)4 << 20);
	headers_init(&whole, &a);
	headers_init(&single, &a);
	size_t used = headers_read(&whole, text);
	must(used <= size);
	must(whole.end != HEADER_END_OF_TEXT || used == size);
	size_t colon = str_find(text, ':'), at = strlen("From");
	while (at < colon && (text.p[at] == ' ' || text.p[at] == '\t'))
		at++;
	if (str_has_prefix(text, STR("From ")) && (at < colon || colon == text.n))
		text = str_skip(text, str_find(text, '\n') + 1);
	size_t section = used - (size - text.n);
	if (whole.end == HEADER_END_EMPTY_LINE)
		section -= section > 1 && text.p[section - 2] == '\r' ? 2 : 1;
	add_fields(&single, str_slice(text, 0, section));
	check_same(&whole, &single);
	must(!arena_is_over(&a));
	arena_done(&a);
	return 0;
}
