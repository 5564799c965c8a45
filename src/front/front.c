/* front: see front.h and front_private.h. */
#include "front/front_private.h"

static size_t
on_input(void *ctx, struct str bytes)
{
	struct conn *c = ctx;
	size_t used = 0, n = 0;

	while (!c->pending) {
		switch (c->front->protocol->step(c, str_skip(bytes, used), &n)) {
		case CONN_MORE:
			return used;
		case CONN_NEXT:
			used += n;
			break;
		case CONN_CLOSE:
			stream_close(c->stream);
			return used;
		}
	}
	stream_pause(c->stream);
	return used;
}

void
conn_answer(struct conn *c, struct str answer)
{
	c->pending = false;
	stream_write(c->stream, answer);
	stream_resume(c->stream);
}

static void
conn_free(struct conn *c)
{
	struct arena arena = c->arena;

	parking_end(&c->front->parking, &c->place);
	list_remove(&c->link);
	arena_done(&arena);
}

static void
on_closed(void *ctx, const char *why)
{
	conn_free(ctx);
}

void
front_accept(void *front, int fd)
{
	static const struct stream_handler handler = {.input = on_input, .closed = on_closed};
	struct front *f = front;
	struct arena arena;

	arena_init(&arena, f->protocol->conn_size, f->protocol->conn_size);
	struct conn *c = arena_calloc(&arena, 1, f->protocol->conn_size);
	c->arena = arena;
	c->front = f;
	place_init(&c->place);
	list_add_last(&f->conns, &c->link);
	c->stream = stream_new(f->loop, fd, &f->limits, &handler, c);
}

struct front *
front_new(struct loop *l, struct gate *g, const struct front_limits *limits,
	const struct protocol *protocol)
{
	struct arena arena;

	arena_init(&arena, sizeof(struct front), sizeof(struct front));
	struct front *f = arena_new(&arena, struct front);
	f->arena = arena;
	f->loop = l;
	f->gate = g;
	f->protocol = protocol;
	f->limits = (struct stream_limits){.input_max = protocol->message_max,
		.output_max = protocol->output_max,
		.unfinished_ms = limits->unfinished_ms,
		.idle_ms = limits->idle_ms};
	list_init(&f->conns);
	parking_init(&f->parking);
	return f;
}

void
front_free(struct front *f)
{
	if (!f)
		return;
	while (!list_is_empty(&f->conns))
		conn_free(LIST_ELEMENT(f->conns.next, struct conn, link));
	struct arena arena = f->arena;
	arena_done(&arena);
}
