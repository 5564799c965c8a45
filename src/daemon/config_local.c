/* daemon/config_local: see config_local.h. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config_local.h"

#define PIECE ((size_t)64 << 10)

static struct file_stamp
stamp_of(const struct stat *st)
{
	return (struct file_stamp){.dev = st->st_dev,
		.ino = st->st_ino,
		.size = st->st_size,
		.sec = st->st_mtim.tv_sec,
		.nsec = st->st_mtim.tv_nsec};
}

bool
file_stamp_take(const char *path, struct file_stamp *out)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return false;
	*out = stamp_of(&st);
	return true;
}

bool
file_stamp_eq(const struct file_stamp *a, const struct file_stamp *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size && a->sec == b->sec &&
		a->nsec == b->nsec;
}

/* All that is in the file.  False: it cannot be read, or its text is wrong. */
static bool
read_pieces(int fd, struct table_reader *r, struct errbuf *e)
{
	char *room = heap_alloc(PIECE);
	bool ok = true;

	while (ok) {
		ssize_t n = read(fd, room, PIECE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			ok = err(e, "cannot be read: %s", strerror(errno));
		if (n <= 0)
			break;
		ok = table_reader_feed(r, str_from(room, (size_t)n), e);
	}
	heap_free(room);
	return ok;
}

static struct table *
read_open(int fd, const char *path, unsigned kinds, struct file_stamp *stamp, struct errbuf *e)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		err(e, "is no file");
		return NULL;
	}
	*stamp = stamp_of(&st); /* before reading: what changes meanwhile is seen later */
	struct table_reader *r = table_reader_new(path, kinds);
	bool ok = read_pieces(fd, r, e);
	struct table *t = table_reader_done(r, e);
	if (ok || !t)
		return t;
	table_unref(t);
	return NULL;
}

struct table *
local_read(const char *path, unsigned kinds, struct file_stamp *stamp, struct errbuf *e)
{
	/* Whatever lies at the place, a pipe for example, is not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	errbuf_at(e, path, 0);
	if (fd < 0) {
		err(e, "cannot be opened: %s", strerror(errno));
		return NULL;
	}
	struct table *t = read_open(fd, path, kinds, stamp, e);
	close(fd);
	return t;
}

bool
config_load_local(struct config *c, struct errbuf *e)
{
	const struct named *sections = &c->local_list;
	struct local_list *list = arena_calloc(&c->arena, sections->n + 1, sizeof(*list));
	struct local_source *source = arena_calloc(&c->arena, sections->n + 1, sizeof(*source));

	if (sections->n > LOCAL_LISTS_MAX)
		return err(e, "more than %d sections [list]", LOCAL_LISTS_MAX);
	c->local.list = list;
	c->local_source = source;
	for (size_t i = 0; i < sections->n; i++) {
		const struct list_settings *s = sections->item[i].values;
		struct local_list *l = &list[i];
		if (!local_list_compile(s, l, e)) /* which it has passed already */
			return false;
		source[i].path = arena_z(&c->arena, s->file);
		source[i].kinds = local_kinds(l->match);
		l->table = local_read(source[i].path, source[i].kinds, &source[i].stamp, e);
		if (!l->table)
			return false;
		c->local.n++;
		*(l->allow ? &c->local.allow : &c->local.block) |= l->match;
	}
	if (c->local.n)
		c->generation.site.local = &c->local;
	return true;
}

void
config_free_local(struct config *c)
{
	for (size_t i = 0; i < c->local.n; i++)
		table_unref(c->local.list[i].table);
}
