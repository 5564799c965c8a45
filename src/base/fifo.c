/* fifo: see fifo.h. */
#include "base/arena.h"
#include "base/fifo.h"

#define KEPT_MAX ((size_t)64 << 10) /* by one that is empty */

struct str
fifo_bytes(const struct fifo *f)
{
	return str_from(f->p ? f->p + f->at : NULL, fifo_size(f));
}

char *
fifo_room(struct fifo *f, size_t more)
{
	/* What is used makes room as soon as it is as much as the rest. */
	if (f->max - f->n < more && f->at > 0 && f->at >= fifo_size(f)) {
		memmove(f->p, f->p + f->at, fifo_size(f));
		f->n -= f->at;
		f->at = 0;
	}
	if (f->max - f->n < more) {
		f->max = f->n + (more > f->n ? more : f->n);
		f->p = heap_realloc(f->p, f->max);
	}
	return f->p + f->n;
}

void
fifo_added(struct fifo *f, size_t n)
{
	must(n <= f->max - f->n);
	f->n += n;
}

void
fifo_put(struct fifo *f, struct str bytes)
{
	if (bytes.n == 0)
		return;
	memcpy(fifo_room(f, bytes.n), bytes.p, bytes.n);
	fifo_added(f, bytes.n);
}

void
fifo_use(struct fifo *f, size_t n)
{
	must(n <= fifo_size(f));
	f->at += n;
	if (f->at < f->n)
		return;
	f->at = f->n = 0;
	if (f->max > KEPT_MAX)
		fifo_done(f);
}

void
fifo_done(struct fifo *f)
{
	heap_free(f->p);
	*f = (struct fifo){0};
}
