/* Unit tests of sorting records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lists/sort.h"

#define MOST 5000
#define SIZE 7
#define KEY  5

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, SIZE);
}

static unsigned
draw(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16;
}

/* Of few different bytes, so that many keys are equal; the bytes behind the key follow from it, so
 * that the order of equal ones does not show. */
static void
fill(uint8_t *at, size_t n, unsigned kinds, unsigned *seed)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t *r = at + i * SIZE;
		for (size_t k = 0; k < KEY; k++)
			r[k] = (uint8_t)(draw(seed) % kinds * (255 / (kinds > 1 ? kinds - 1 : 1)));
		r[KEY] = r[0] ^ r[4];
		r[KEY + 1] = r[1] ^ 0x55;
	}
}

static void
test_sort(void **state)
{
	static const size_t counts[] = {0, 1, 2, 23, 24, 25, 300, MOST};
	static const unsigned kinds[] = {1, 2, 3, 256};
	static uint8_t records[MOST * SIZE + 1], want[MOST * SIZE + 1];
	unsigned seed = 7;

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			size_t bytes = counts[i] * SIZE;
			fill(records, counts[i], kinds[k], &seed);
			records[bytes] = 0xa5; /* nothing is written behind the end */
			memcpy(want, records, bytes + 1);
			qsort(want, counts[i], SIZE, compare);
			records_sort(records, counts[i], SIZE, KEY);
			assert_memory_equal(records, want, bytes + 1);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_sort)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
