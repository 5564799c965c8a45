/*
 * store/image: hot tables in memory, as they were when they were last loaded.
 *
 * A load that fails leaves the image of before: what was known stays known.
 */
#ifndef STORE_IMAGE_H
#define STORE_IMAGE_H

#include "store/store.h"

void images_init(struct store *s);
void images_done(struct store *s);
/* All hot tables anew. */
enum store_status images_load(struct store *s);
/* The change that makes a record of an image anew, should the store have lost it: with the end that
 * it had.  Borrows from r.  False: it is over by now. */
NODISCARD bool image_put_again(struct store *s, const struct store_record *r, struct store_op *out);

#endif
