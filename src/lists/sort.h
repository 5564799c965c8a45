/*
 * lists/sort: records of a few bytes, very many of them, sorted where they lie.
 *
 * By radix, one byte of the key after the other: qsort(3) takes as much memory again, and longer.
 */
#ifndef LISTS_SORT_H
#define LISTS_SORT_H

#include <stddef.h>
#include <stdint.h>

#define RECORD_MAX 32

/* n records of size bytes (at most RECORD_MAX) in ascending order of their first key bytes, as
 * memcmp() has it.  Records with equal keys end up in any order. */
void records_sort(uint8_t *at, size_t n, size_t size, size_t key);

#endif
