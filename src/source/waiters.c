/* source/waiters: see waiters.h. */
#include "source/waiters.h"

struct waiter {
	struct list link;
	struct fact *fact;
};

void
waiters_add(struct list *waiters, struct fact *f)
{
	struct waiter *w = heap_calloc(1, sizeof(*w));

	w->fact = f;
	f->source_data = w;
	list_add_last(waiters, &w->link);
}

static struct fact *
take_out(struct waiter *w)
{
	struct fact *f = w->fact;

	list_remove(&w->link);
	heap_free(w);
	f->source_data = NULL;
	return f;
}

void
waiters_cancel(struct fact *f)
{
	if (f->source_data)
		(void)take_out(f->source_data);
}

void
waiters_drop(struct list *waiters)
{
	while (!list_is_empty(waiters))
		(void)take_out(LIST_ELEMENT(waiters->next, struct waiter, link));
}

void
waiters_move(struct list *waiters, struct list *to)
{
	list_init(to);
	while (!list_is_empty(waiters)) {
		struct list *link = waiters->next;
		list_remove(link);
		list_add_last(to, link);
	}
}

void
waiters_tell(
	struct list *waiters, struct answer *a, void (*answered)(struct fact *f, struct answer *a))
{
	while (!list_is_empty(waiters))
		answered(take_out(LIST_ELEMENT(waiters->next, struct waiter, link)), answer_ref(a));
	answer_unref(a);
}
