/*
 * hash: keyed hashing for tables that hold strangers' strings.
 *
 * SipHash-1-3 with a key drawn at start, so that nobody outside can aim at one bucket; and
 * SipHash-2-4 with 128 bits, under a key of the caller, for what is written down.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/str.h"

/* Draw the process's key from getrandom(2); without it the key is fixed (tests, fuzzing). */
void hash_seed(void);
uint64_t hash_str(struct str s);
/* As hash_str(), with more material mixed in. */
uint64_t hash_str_with(struct str s, uint64_t more);
/* SipHash-2-4-128: who does not know the key can neither find s nor make another with the same
 * result. */
#define HASH_KEYED_SIZE 16
void hash_keyed(const uint8_t key[HASH_KEYED_SIZE], struct str s, uint8_t out[HASH_KEYED_SIZE]);
/* Fill with random bytes from the kernel. */
void random_bytes(void *out, size_t n);

#endif
