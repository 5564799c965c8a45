/*
 * cli/open_store: the settings and their store, for commands that read or change what it has.
 *
 * The daemon may be running: it sees the changes of exemptions and switches by itself.
 */
#ifndef CLI_OPEN_STORE_H
#define CLI_OPEN_STORE_H

#include "daemon/config.h"
#include "daemon/rules.h"
#include "store/store.h"

struct opened {
	struct config *config;
	struct store *store; /* NULL where there is none */
};

enum opened_how {
	OPENED_WRITE, /* there must be a store */
	OPENED_READ,  /* it may be missing */
};

/* -1: open; else what was wrong has been told, and this is the exit status.  settings NULL: the
 * usual file, if there is one. */
int cli_open_store(const char *settings, enum opened_how how, struct opened *out);
/* The same, but there must be a store also to read, and file, unless NULL, is meant instead of the
 * one that the settings name. */
int cli_need_store(const char *settings, const char *file, enum opened_how how, struct opened *out);
void cli_close_store(struct opened *o);
/* Write this and wait for it: EX_OK, or what was wrong has been told. */
int cli_store_write(struct store *s, const struct store_op *op, size_t n);
/* One record, waited for.  STORE_FAIL also where nobody answers in time. */
enum store_status cli_store_get(struct store *s, enum store_table table, struct str key,
	void (*take)(void *ctx, const struct store_record *r), void *ctx);
/* Exemptions (STORE_EXEMPT) or switches (STORE_MAILBOX) as they are now, with one reference; NULL
 * where they are not known, which is told. */
struct rules *cli_read_rules(struct store *s, enum store_table table, const struct config *config);
/* What goes wrong when the store is read: told, and an exit status. */
int cli_store_failed(const struct store *s, enum store_status status);

#endif
