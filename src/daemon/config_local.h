/*
 * daemon/config_local: the lists in files that the settings name, read into tables.
 */
#ifndef DAEMON_CONFIG_LOCAL_H
#define DAEMON_CONFIG_LOCAL_H

#include <sys/types.h>

#include "daemon/config.h"

/* By which it is seen that a file is another one or has changed.  All zero: no file. */
struct file_stamp {
	dev_t dev;
	ino_t ino;
	off_t size;
	int64_t sec, nsec; /* when it was written last */
};

/* Where the table of a list came from. */
struct local_source {
	const char *path;
	unsigned kinds; /* see table.h */
	struct file_stamp stamp;
};

/* As the file is now; false where there is none. */
bool file_stamp_take(const char *path, struct file_stamp *out);
bool file_stamp_eq(const struct file_stamp *a, const struct file_stamp *b);

/* Read a file.  *stamp is that of what was read, also on an error, where the file could be opened.
 * NULL with e filled: the file's line, where it is its fault. */
struct table *local_read(
	const char *path, unsigned kinds, struct file_stamp *stamp, struct errbuf *e);

/* Make site.local of c's generation from its sections.  False with e filled. */
NODISCARD bool config_load_local(struct config *c, struct errbuf *e);
/* Give the tables back. */
void config_free_local(struct config *c);

#endif
