/* errbuf: see errbuf.h. */
#include <stdarg.h>
#include <stdio.h>

#include "base/errbuf.h"

void
errbuf_at(struct errbuf *e, const char *file, unsigned line)
{
	if (e->count)
		return; /* the place belongs to the first error */
	if (file)
		snprintf(e->file, sizeof(e->file), "%s", file);
	else
		e->file[0] = '\0';
	e->line = line;
}

bool
err(struct errbuf *e, const char *fmt, ...)
{
	va_list ap;

	if (e->count++)
		return false;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return false;
}

void
errbuf_print(const struct errbuf *e, char *out, size_t size)
{
	if (e->file[0] && e->line)
		snprintf(out, size, "%s:%u: %s", e->file, e->line, e->text);
	else if (e->file[0])
		snprintf(out, size, "%s: %s", e->file, e->text);
	else
		snprintf(out, size, "%s", e->text);
}

#define WORD_MAX 64

/* Edits (insert, delete, replace, swap of neighbours) from a to b. */
static size_t
distance(struct str a, struct str b)
{
	size_t row[3][WORD_MAX + 1];

	for (size_t j = 0; j <= b.n; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t *now = row[i % 3], *prev = row[(i + 2) % 3], *before = row[(i + 1) % 3];
		now[0] = i;
		for (size_t j = 1; j <= b.n; j++) {
			bool same = chr_lower(a.p[i - 1]) == chr_lower(b.p[j - 1]);
			size_t best = prev[j - 1] + (same ? 0 : 1);
			if (prev[j] + 1 < best)
				best = prev[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && chr_lower(a.p[i - 1]) == chr_lower(b.p[j - 2]) &&
				chr_lower(a.p[i - 2]) == chr_lower(b.p[j - 1]) &&
				before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
	}
	return row[a.n % 3][b.n];
}

const char *
nearest_name(struct str word, const char *const *names, size_t n)
{
	const char *best = NULL;
	size_t best_d = word.n / 3 + 1;

	if (word.n > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		struct str name = str_of(names[i]);
		if (name.n > WORD_MAX)
			continue;
		size_t d = distance(word, name);
		if (d < best_d || (d == best_d && !best)) {
			best_d = d;
			best = names[i];
		}
	}
	return best;
}
