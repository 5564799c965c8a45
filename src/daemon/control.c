/* daemon/control: see control.h. */
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "daemon/control.h"
#include "net/listen.h"
#include "net/stream.h"
#include "wire/control.h"

struct asker {
	struct control *control;
	struct stream *stream; /* NULL: the place is free */
};

struct control {
	struct loop *loop;
	struct listener *listener;
	json_t *(*status)(void *ctx);
	void *ctx;
	struct asker asker[CONTROL_CONNECTIONS_MAX];
};

/* As one line and in one write; the reference is used up. */
static void
answer(struct asker *a, json_t *object)
{
	const size_t flags = JSON_COMPACT | JSON_ENSURE_ASCII;
	size_t n = json_dumpb(object, NULL, 0, flags);
	char *line = heap_alloc(n + 1);

	must(n > 0 && json_dumpb(object, line, n, flags) == n);
	line[n] = '\n';
	stream_write(a->stream, str_from(line, n + 1));
	heap_free(line);
	json_decref(object);
}

static json_t *
error(struct str text)
{
	json_t *o = json_object();

	must(o && json_object_set_new(o, "error", json_stringn_nocheck(text.p, text.n)) == 0);
	return o;
}

static json_t *
unknown(struct str line)
{
	char room[128];
	struct buf b = BUF(room);

	buf_puts(&b, "unknown command: ");
	buf_put_escaped(&b, line, 20);
	return error(buf_str(&b));
}

static size_t
on_input(void *ctx, struct str bytes)
{
	struct asker *a = ctx;
	struct control *c = a->control;
	struct str line;

	switch (control_read(bytes, &line)) {
	case CONTROL_MORE:
		return 0;
	case CONTROL_STATUS:
		answer(a, c->status(c->ctx));
		break;
	case CONTROL_UNKNOWN:
		answer(a, unknown(line));
		break;
	case CONTROL_TOO_LONG:
		answer(a, error(STR("the line is too long")));
		break;
	}
	stream_close(a->stream);
	return bytes.n;
}

static void
on_closed(void *ctx, const char *why)
{
	struct asker *a = ctx;

	a->stream = NULL;
}

static void
on_accepted(void *ctx, int fd)
{
	static const struct stream_limits limits = {.input_max = CONTROL_REQUEST_MAX,
		.output_max = CONTROL_ANSWER_MAX,
		.unfinished_ms = CONTROL_WAIT_MS,
		.idle_ms = CONTROL_WAIT_MS};
	static const struct stream_handler handler = {.input = on_input, .closed = on_closed};
	static const struct str busy =
		STR_INIT("{\"error\":\"too many ask at once: try again in a few seconds\"}\n");
	struct control *c = ctx;

	for (size_t i = 0; i < COUNT(c->asker); i++) {
		struct asker *a = &c->asker[i];
		if (a->stream)
			continue;
		a->control = c;
		a->stream = stream_new(c->loop, fd, &limits, &handler, a);
		return;
	}
	(void)!send(fd, busy.p, busy.n, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

struct control *
control_new(struct loop *l, int fd, json_t *(*status)(void *ctx), void *ctx)
{
	struct control *c = heap_calloc(1, sizeof(*c));

	c->loop = l;
	c->status = status;
	c->ctx = ctx;
	c->listener = listener_new(l, fd, on_accepted, c);
	listener_use_reserve(c->listener);
	return c;
}

void
control_stop(struct control *c)
{
	if (!c)
		return;
	listener_free(c->listener);
	c->listener = NULL;
}

size_t
control_count(const struct control *c)
{
	size_t n = 0;

	for (size_t i = 0; c && i < COUNT(c->asker); i++)
		n += c->asker[i].stream != NULL;
	return n;
}

void
control_free(struct control *c)
{
	control_stop(c);
	heap_free(c);
}
