/*
 * conf/value: the text of one setting to its typed value and back.
 *
 * What setting_print() writes setting_parse() reads back to the same value.
 */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include "conf/schema.h"

/* Points are limited so that no sum of a transaction's findings can overflow. */
#define POINTS_LIMIT 1000

/* Read text into its place in the section's struct.  Strings, words and networks are copied to a.
 * An empty text is an empty string or list, and for every other type the default.  An error names
 * the setting, the value and what is possible; the struct is then untouched. */
NODISCARD bool setting_parse(const struct setting *s, struct str text, void *section_struct,
	struct arena *a, struct errbuf *e);
/* The value as an administrator would write it, without quotes. */
void setting_print(const struct setting *s, const void *section_struct, struct buf *out);
/* What can be written: "yes or no", "100ms to 10s", "one of score, strict, monitor". */
void setting_print_range(const struct setting *s, struct buf *out);

/* Words out of a known few, in any case: bit i for names[i].  An unknown one is an error that names
 * the key and the nearest known word. */
NODISCARD bool words_to_bits(const struct words *w, const char *key, const char *const *names,
	size_t n, unsigned *out, struct errbuf *e);

/* "4", "-0.5", "+2.25" to hundredths: up to two decimals, at most POINTS_LIMIT. */
NODISCARD bool points_parse(struct str s, int32_t *out);
/* "+4", "-0.5" with sign, "4" without. */
void points_print(int32_t hundredths, bool sign, struct buf *out);

#endif
