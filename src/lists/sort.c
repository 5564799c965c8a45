/* lists/sort: see sort.h.  McIlroy, Bostic, McIlroy: Engineering Radix Sort, 1993 (American flag).
 */
#include <string.h>

#include "base/must.h"

#include "lists/sort.h"

#define FEW 24 /* below this, insertion is faster */

static void
swap(uint8_t *a, uint8_t *b, size_t size)
{
	uint8_t t[RECORD_MAX];

	memcpy(t, a, size);
	memcpy(a, b, size);
	memcpy(b, t, size);
}

static void
sort_few(uint8_t *at, size_t n, size_t size, size_t key)
{
	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k && memcmp(at + (k - 1) * size, at + k * size, key) > 0; k--)
			swap(at + (k - 1) * size, at + k * size, size);
}

/* By the bytes from `byte` on; those before are the same in all. */
static void
sort_from(uint8_t *at, size_t n, size_t size, size_t key, size_t byte)
{
	size_t next[256] = {0}, end[256], from = 0;

	if (byte == key)
		return;
	if (n < FEW) {
		sort_few(at, n, size, key);
		return;
	}
	for (size_t i = 0; i < n; i++)
		next[at[i * size + byte]]++;
	for (size_t b = 0; b < 256; b++) {
		end[b] = from + next[b];
		next[b] = from;
		from = end[b];
	}
	for (size_t b = 0; b < 256; b++)
		while (next[b] < end[b]) {
			uint8_t *record = at + next[b] * size, to = record[byte];
			if (to == b)
				next[b]++;
			else
				swap(record, at + next[to]++ * size, size);
		}
	for (size_t b = 0; b < 256; b++) {
		from = b ? end[b - 1] : 0;
		if (end[b] - from > 1)
			sort_from(at + from * size, end[b] - from, size, key, byte + 1);
	}
}

void
records_sort(uint8_t *at, size_t n, size_t size, size_t key)
{
	must(size <= RECORD_MAX && key <= size);
	sort_from(at, n, size, key, 0);
}
