/*
 * store/client, inside: what the kinds of a client have in common.
 *
 * A kind is a table of functions, and a struct of its own that begins with struct store_client.
 */
#ifndef STORE_CLIENT_PRIVATE_H
#define STORE_CLIENT_PRIVATE_H

#include "store/client.h"

/* See the function of the same name in client.h. */
struct store_client_kind {
	void (*free)(struct store_client *c);
	bool (*write)(struct store_client *c, const struct store_op *op);
	bool (*get)(struct store_client *c, enum store_table table, struct str key,
		store_answer_fn *answer, void *ctx);
	void (*forget)(struct store_client *c, const void *ctx);
	const struct store_image *(*image)(const struct store_client *c, enum store_table table);
	void (*counters)(const struct store_client *c, struct store_client_counters *out);
};

struct store_client {
	const struct store_client_kind *kind;
	struct store_client_options o;
	struct store_client_counters count;
};

/* Fill in what all have; o may be NULL. */
void store_client_init(struct store_client *c, const struct store_client_kind *kind,
	const struct store_client_options *o);

#endif
