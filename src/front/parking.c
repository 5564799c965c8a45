/* parking: see parking.h. */
#include "front/parking.h"

void
parking_init(struct parking *p)
{
	list_init(&p->visits);
	p->n = 0;
}

void
place_init(struct place *at)
{
	list_init(&at->link);
	at->visit = NULL;
}

void
parking_take(struct parking *p, struct place *at)
{
	if (list_is_empty(&at->link))
		return;
	list_remove(&at->link);
	p->n--;
}

void
parking_end(struct parking *p, struct place *at)
{
	parking_take(p, at);
	visit_end(at->visit);
	at->visit = NULL;
}

void
parking_put(struct parking *p, struct place *at)
{
	parking_take(p, at);
	if (!at->visit)
		return;
	list_add_last(&p->visits, &at->link);
	p->n++;
	if (p->n > PARKING_MAX)
		parking_end(p, LIST_ELEMENT(p->visits.next, struct place, link));
}
