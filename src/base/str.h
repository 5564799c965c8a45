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

/* A NUL-terminated string as a struct str; NULL gives the empty string.  Borrows. */
struct str str_of(const char *z);
struct str str_from(const char *p, size_t n);

bool str_eq(struct str a, struct str b);
bool str_eq_nocase(struct str a, struct str b);
/* <0, 0, >0 as memcmp, the shorter first. */
int str_cmp(struct str a, struct str b);
bool str_has_prefix(struct str s, struct str prefix);
bool str_has_prefix_nocase(struct str s, struct str prefix);
bool str_has_suffix(struct str s, struct str suffix);
bool str_has_suffix_nocase(struct str s, struct str suffix);
bool str_contains(struct str s, struct str part);

/* s[from..to), both clamped to the length. */
struct str str_slice(struct str s, size_t from, size_t to);
struct str str_skip(struct str s, size_t n);
/* Index of the first (last) c, or s.n where there is none. */
size_t str_find(struct str s, char c);
size_t str_rfind(struct str s, char c);
/* Cut *rest at the first sep: the part before goes to *head, the part after stays in *rest.
 * False when *rest was used up (its p is NULL): a string without sep is one part, an empty
 * string one empty part. */
bool str_split(struct str *rest, char sep, struct str *head);
/* The next word between blanks (space, tab); false when none is left. */
bool str_word(struct str *rest, struct str *word);
/* Without blanks (space, tab, CR, LF) at both ends. */
struct str str_trim(struct str s);

/* Decimal digits only, at most max; false for anything else, also for the empty string. */
bool str_to_u64(struct str s, uint64_t max, uint64_t *out);

/* ASCII classes and case. */
bool chr_is_digit(char c);
bool chr_is_alpha(char c);
bool chr_is_alnum(char c);
bool chr_is_xdigit(char c);
bool chr_is_print(char c); /* 0x20..0x7e */
char chr_lower(char c);
/* 0..15, or -1. */
int chr_hex(char c);

#endif
