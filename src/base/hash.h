/*
 * hash: keyed hashing for tables that hold strangers' strings.
 *
 * SipHash-1-3 with a key drawn at start, so that nobody outside can aim at one bucket.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/str.h"

/* Draw the process's key from getrandom(2); without it the key is fixed (tests, fuzzing). */
void hash_seed(void);
uint64_t hash_str(struct str s);
/* As hash_str(), with more material mixed in. */
uint64_t hash_str_with(struct str s, uint64_t more);
/* Fill with random bytes from the kernel. */
void random_bytes(void *out, size_t n);

#endif
