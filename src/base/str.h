/*
 * str: a run of bytes by pointer and length.
 *
 * Passed by value, never owned: whoever made the bytes (an arena, a buffer, a literal) says how
 * long they live.  The bytes may be anything, NUL included; there is no terminator.  Character
 * classes are ASCII tables: no locale decides what a letter is.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *p;
	size_t n;
};

/* A literal as a struct str.  STR_INIT is for static initialisers. */
#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_INIT(literal)                       \
	{                                       \
		"" literal, sizeof(literal) - 1 \
	}
/* The two arguments of printf's "%.*s". */
#define STR_ARG(s) (int)(s).n, (s).p

/* What every byte passes through is inline. */

/* A NUL-terminated string as a struct str; NULL gives the empty string.  Borrows. */
static inline struct str
str_of(const char *z)
{
	return (struct str){z, z ? strlen(z) : 0};
}

static inline struct str
str_from(const char *p, size_t n)
{
	return (struct str){p, n};
}

/* s[from..to), both clamped to the length. */
static inline struct str
str_slice(struct str s, size_t from, size_t to)
{
	if (to > s.n)
		to = s.n;
	if (from > to)
		from = to;
	return (struct str){s.p ? s.p + from : NULL, to - from};
}

static inline struct str
str_skip(struct str s, size_t n)
{
	return str_slice(s, n, s.n);
}

/* Index of the first c, or s.n where there is none. */
static inline size_t
str_find(struct str s, char c)
{
	const char *at = s.n ? (const char *)memchr(s.p, c, s.n) : NULL;

	return at ? (size_t)(at - s.p) : s.n;
}

/* ASCII classes and case. */
static inline bool
chr_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
chr_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool
chr_is_alnum(char c)
{
	return chr_is_digit(c) || chr_is_alpha(c);
}

static inline bool
chr_is_print(char c) /* 0x20..0x7e */
{
	return c >= 0x20 && c <= 0x7e;
}

static inline char
chr_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* How many bytes from the start are printable (0x20..0x7e) and not `stop`. */
size_t str_printable(struct str s, char stop);
bool str_eq(struct str a, struct str b);
bool str_eq_nocase(struct str a, struct str b);
/* <0, 0, >0 as memcmp, the shorter first. */
int str_cmp(struct str a, struct str b);
bool str_has_prefix(struct str s, struct str prefix);
bool str_has_prefix_nocase(struct str s, struct str prefix);
bool str_has_suffix(struct str s, struct str suffix);
bool str_has_suffix_nocase(struct str s, struct str suffix);
bool str_contains(struct str s, struct str part);

/* Index of the last c, or s.n where there is none; str_find() is above. */
size_t str_rfind(struct str s, char c);
/* Cut *rest at the first sep: the part before goes to *head, the part after stays in *rest.
 * False when *rest was used up (its p is NULL): a string without sep is one part, an empty
 * string one empty part. */
bool str_split(struct str *rest, char sep, struct str *head);
/* The next word between blanks (space, tab); false when none is left. */
bool str_word(struct str *rest, struct str *word);
/* Without blanks (space, tab, CR, LF) at both ends. */
struct str str_trim(struct str s);

/* Sort by str_cmp(); find a key in what is sorted. */
void str_sort(struct str *list, size_t n);
bool str_is_in(const struct str *sorted, size_t n, struct str key);

/* Not empty, and decimal digits only. */
bool str_is_digits(struct str s);
/* Decimal digits only, at most max; false for anything else, also for the empty string. */
bool str_to_u64(struct str s, uint64_t max, uint64_t *out);

/* Bytes of the character that s begins with, in UTF-8: the shortest form only, no surrogates, none
 * above U+10FFFF (RFC 3629 4); 0: there is none. */
size_t utf8_length(struct str s);

bool chr_is_xdigit(char c);
/* 0..15, or -1. */
int chr_hex(char c);

#endif
