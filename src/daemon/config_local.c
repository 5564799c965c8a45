/* daemon/config_local: see config_local.h. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#include "daemon/config_local.h"

#define PIECE ((size_t)256 << 10) /* 8,000 lines: about 4 ms */

struct local_reading {
	int fd;
	struct table_reader *reader;
	char room[PIECE];
};

static struct file_stamp
stamp_of(const struct stat *st)
{
	return (struct file_stamp){.dev = st->st_dev,
		.ino = st->st_ino,
		.size = st->st_size,
		.sec = st->st_mtim.tv_sec,
		.nsec = st->st_mtim.tv_nsec,
		.csec = st->st_ctim.tv_sec,
		.cnsec = st->st_ctim.tv_nsec};
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
		a->nsec == b->nsec && a->csec == b->csec && a->cnsec == b->cnsec;
}

bool
file_stamp_is_young(const struct file_stamp *s)
{
	int64_t age = clock_wall() - s->sec;

	/* A time to come is somebody else's clock and says nothing. */
	return age == 0 || age == 1;
}

struct local_reading *
local_reading_new(struct local_source *source, struct errbuf *e)
{
	/* Whatever lies at the place, a pipe for example, is not waited for. */
	int fd = open(source->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	errbuf_at(e, source->path, 0);
	if (fd < 0) {
		err(e, "cannot be opened: %s", strerror(errno));
		return NULL;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		err(e, "is no file");
		close(fd);
		return NULL;
	}
	source->stamp = stamp_of(&st);
	if (file_stamp_is_young(&source->stamp))
		source->stamp.nsec = -1;
	struct local_reading *r = heap_alloc(sizeof(*r));
	r->fd = fd;
	r->reader = table_reader_new(source->path, source->kinds);
	return r;
}

bool
local_reading_step(struct local_reading *r, struct errbuf *e)
{
	ssize_t n;

	do
		n = read(r->fd, r->room, sizeof(r->room));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err(e, "cannot be read: %s", strerror(errno));
	return n > 0 && table_reader_feed(r->reader, str_from(r->room, (size_t)n), e);
}

struct table *
local_reading_done(struct local_reading *r, struct errbuf *e)
{
	struct table *t = NULL;

	if (!e->count) {
		t = table_reader_done(r->reader, e);
		r->reader = NULL;
	}
	local_reading_free(r);
	return t;
}

void
local_reading_free(struct local_reading *r)
{
	if (!r)
		return;
	table_reader_free(r->reader);
	close(r->fd);
	heap_free(r);
}

static struct table *
read_whole(struct local_source *source, struct errbuf *e)
{
	struct local_reading *r = local_reading_new(source, e);

	if (!r)
		return NULL;
	while (local_reading_step(r, e))
		;
	return local_reading_done(r, e);
}

static bool
load(struct config *c, bool needed, struct errbuf *e)
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
		l->table = read_whole(&source[i], e);
		if (!l->table && needed)
			return false;
		if (!l->table) {
			*e = (struct errbuf){0};
			source[i].stamp = (struct file_stamp){.nsec = -1};
			l->table = table_parse("", 0, STR(""), e);
		}
		c->local.n++;
		*(l->allow ? &c->local.allow : &c->local.block) |= l->match;
	}
	if (c->local.n)
		c->generation.site.local = &c->local;
	return true;
}

bool
config_load_local(struct config *c, struct errbuf *e)
{
	return load(c, true, e);
}

void
config_load_local_again(struct config *c)
{
	struct errbuf e = {0};

	must(c->local.n == 0 && load(c, false, &e));
}

void
config_free_local(struct config *c)
{
	for (size_t i = 0; i < c->local.n; i++)
		table_unref(c->local.list[i].table);
	c->local.n = 0;
	c->generation.site.local = NULL;
}
