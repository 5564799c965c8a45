/*
 * daemon/config_local: the lists in files that the settings name, read into tables.
 */
#ifndef DAEMON_CONFIG_LOCAL_H
#define DAEMON_CONFIG_LOCAL_H

#include <sys/types.h>

#include "daemon/config.h"

/* By which it is seen that a file is another one or has changed. */
struct file_stamp {
	dev_t dev;
	ino_t ino;
	off_t size;
	int64_t sec, nsec;   /* when it was written last; nsec -1: it cannot be told */
	int64_t csec, cnsec; /* when anything about it was changed last, permissions too */
};

/* False where there is no such file (errno says why). */
bool file_stamp_take(const char *path, struct file_stamp *out);
bool file_stamp_eq(const struct file_stamp *a, const struct file_stamp *b);
/* Written less than a second ago, perhaps two: there may be more to come, which would not show. */
bool file_stamp_is_young(const struct file_stamp *s);

/* Where the table of a list came from. */
struct local_source {
	const char *path;
	unsigned kinds; /* see table.h */
	/* As it was before it was read.  Of a young file it is no stamp of any, so that it is read
	 * again. */
	struct file_stamp stamp;
};

/* A file that is being read, a piece at a time. */
struct local_reading;

/* Takes the stamp of source.  NULL with e filled. */
struct local_reading *local_reading_new(struct local_source *source, struct errbuf *e);
/* Read on, for a few ms at most.  False at the end and on an error (e->count). */
bool local_reading_step(struct local_reading *r, struct errbuf *e);
/* The table, or NULL with e filled: the line of the file, where the text is at fault.  The reading
 * is over in any case.  Of a million entries this takes a fifth of a second. */
struct table *local_reading_done(struct local_reading *r, struct errbuf *e);
void local_reading_free(struct local_reading *r); /* NULL is fine */

/* Make site.local of c's generation from its sections.  False with e filled. */
NODISCARD bool config_load_local(struct config *c, struct errbuf *e);
/* The same again after config_free_local(), without errors: what cannot be read is an empty list,
 * which whoever watches the files will find changed. */
void config_load_local_again(struct config *c);
/* Give the tables back; the generation has no lists then. */
void config_free_local(struct config *c);

#endif
