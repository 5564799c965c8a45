/*
 * store/client_image: images as they come from the process that owns the store, piece by piece.
 *
 * While one is loaded the one before stays in force.  No piece takes long, neither in coming nor in
 * going: what is not needed any more is freed bit by bit.
 */
#ifndef STORE_CLIENT_IMAGE_H
#define STORE_CLIENT_IMAGE_H

#include "base/list.h"
#include "net/loop.h"
#include "store/store.h"
#include "wire/store.h"

struct picture;

struct pictures {
	struct picture *shown[STORE_TABLES], *loading[STORE_TABLES];
	uint64_t generation;
	struct list litter; /* of blocks that nobody needs */
	struct timer *sweep;
};

void pictures_init(struct pictures *p, struct loop *l);
void pictures_done(struct pictures *p);
/* Take a BEGIN, RECORD or END.  *whole: the table has a new image.  False: it makes no sense. */
NODISCARD bool pictures_take(struct pictures *p, const struct store_frame *f, bool *whole);
/* What is half loaded is forgotten. */
void pictures_break(struct pictures *p);
/* Never NULL; borrowed until the table's next one is whole. */
const struct store_image *pictures_image(const struct pictures *p, enum store_table table);

#endif
