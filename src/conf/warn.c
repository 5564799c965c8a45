/* conf/warn: see warn.h. */
#include <inttypes.h>
#include <stdio.h>

#include "conf/warn.h"

static void
look_at(const struct section *section, const struct setting *s, const void *section_struct,
	conf_warn_fn *warn, void *ctx)
{
	char text[CONF_WARNING_MAX];
	int64_t value;

	if (!s->why_enough)
		return;
	must(s->type == SETTING_NUMBER);
	memcpy(&value, (const char *)section_struct + s->offset, sizeof(value));
	if (value <= s->enough)
		return;
	snprintf(text, sizeof(text), "[%s] %s = %" PRId64 " is more than %" PRId64 ": %s",
		section->name, s->name, value, s->enough, s->why_enough);
	warn(text, ctx);
}

void
conf_warn(const struct section *const *sections, size_t n, void *const *structs, conf_warn_fn *warn,
	void *ctx)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; !sections[i]->named && k < sections[i]->n; k++)
			look_at(sections[i], &sections[i]->settings[k], structs[i], warn, ctx);
}
