/* fake_stream: see fake_stream.h. */
#include "fake_stream.h"

#include "base/arena.h"
#include "base/must.h"

struct stream {
	const struct stream_limits *limits;
	const struct stream_handler *handler;
	void *ctx;
	bool paused, in_input, again, closed, ended;
	char *kept;
	size_t n;
};

void (*fake_stream_on_write)(struct str bytes);
static struct stream the;

void
fake_stream_reset(void)
{
	must(!the.handler || the.ended);
	heap_free(the.kept);
	the = (struct stream){0};
}

struct stream *
stream_new(struct loop *l, int fd, const struct stream_limits *limits,
	const struct stream_handler *handler, void *ctx)
{
	the.limits = limits;
	the.handler = handler;
	the.ctx = ctx;
	return &the;
}

/* The handler sees an exact copy, so that a sanitizer sees one byte too many. */
static size_t
show(struct stream *s)
{
	char *copy = heap_alloc(s->n);

	memcpy(copy, s->kept, s->n);
	s->in_input = true;
	size_t used = s->handler->input(s->ctx, str_from(copy, s->n));
	s->in_input = false;
	heap_free(copy);
	must(used <= s->n);
	return used;
}

static void
deliver(struct stream *s)
{
	while (s->n > 0 && !s->paused && !s->closed) {
		s->again = false;
		size_t used = show(s);
		s->n -= used;
		memmove(s->kept, s->kept + used, s->n);
		if (!s->again)
			break;
	}
	if (!s->paused && s->n > s->limits->input_max)
		s->closed = true;
}

void
fake_stream_say(struct str bytes)
{
	if (the.closed || bytes.n == 0)
		return;
	the.kept = heap_realloc(the.kept, the.n + bytes.n);
	memcpy(the.kept + the.n, bytes.p, bytes.n);
	the.n += bytes.n;
	deliver(&the);
}

void
fake_stream_turn(void)
{
	if (the.again)
		deliver(&the);
	the.again = false;
}

void
fake_stream_end(void)
{
	the.closed = the.ended = true;
	the.handler->closed(the.ctx, "eof");
}

bool
fake_stream_is_closed(void)
{
	return the.closed;
}

void
stream_write(struct stream *s, struct str bytes)
{
	must(!s->ended);
	if (!s->closed && bytes.n > 0)
		fake_stream_on_write(bytes);
}

void
stream_pause(struct stream *s)
{
	s->paused = true;
	s->again = false;
}

void
stream_resume(struct stream *s)
{
	s->again = s->paused;
	s->paused = false;
}

void
stream_hold(struct stream *s, bool held)
{
	must(!s->ended);
}

void
stream_close(struct stream *s)
{
	s->closed = true;
}
