/* store/client_line: see client_line.h. */
#include <stdio.h>

#include "base/clock.h"
#include "store/client_line.h"

#define DIAL_MIN_MS 100
#define DIAL_MAX_MS 1000
#define SAY_MS	    60000
#define OUTPUT_MAX  ((size_t)8 << 20)
/* A slice of records is taken in a fraction of a millisecond. */
#define SLICE ((size_t)32 << 10)

static void
dial_later(struct line *l)
{
	l->pause_ms = l->pause_ms ? l->pause_ms * 2 : DIAL_MIN_MS;
	if (l->pause_ms > DIAL_MAX_MS)
		l->pause_ms = DIAL_MAX_MS;
	timer_set(l->dial, l->pause_ms);
}

/* The channel is no more. */
static void
gone(struct line *l)
{
	l->channel = NULL;
	l->heard = false;
	l->state = (struct store_frame_state){0};
	dial_later(l);
	l->handler->gone(l->ctx);
}

static void
complain(struct line *l, const char *what)
{
	uint64_t now = clock_ms();
	char text[160];

	if (l->said && now - l->said_ms < SAY_MS)
		return;
	l->said = true;
	l->said_ms = now;
	snprintf(text, sizeof(text), "the connection to the store's process is begun anew: %s",
		what);
	l->handler->say(l->ctx, STORE_SAY_ERROR, text);
}

static bool
take(struct line *l, const struct store_frame *f)
{
	if (f->type == STORE_FRAME_STATE) {
		l->heard = true;
		l->pause_ms = 0;
		l->state = f->state;
	}
	return l->handler->frame(l->ctx, f);
}

static size_t
on_input(void *ctx, struct str bytes)
{
	struct line *l = ctx;
	struct store_frame f;
	size_t used = 0, n;

	for (;;) {
		enum store_frame_read read = store_frame_read(str_skip(bytes, used), &f, &n);
		if (read == FRAME_MORE)
			return used;
		if (read == FRAME_BAD || !take(l, &f)) {
			complain(l,
				read == FRAME_BAD ? "what came was no frame"
						  : "it said what makes no sense");
			channel_free(l->channel);
			gone(l);
			return used;
		}
		used += n;
	}
}

static void
on_sent(void *ctx)
{
	struct line *l = ctx;

	if (l->handler->sent)
		l->handler->sent(l->ctx);
}

static void
on_closed(void *ctx, const char *why)
{
	struct line *l = ctx;

	if (strcmp(why, "too much") == 0)
		complain(l, why);
	gone(l);
}

static void
dial(void *ctx)
{
	static const struct channel_limits limits = {
		.slice = SLICE, .input_max = STORE_FRAME_MAX, .output_max = OUTPUT_MAX};
	static const struct channel_handler handler = {on_input, on_sent, on_closed};
	struct line *l = ctx;
	int fd = local_dial(l->name);

	if (fd >= 0)
		l->channel = channel_new(l->loop, fd, &limits, &handler, l);
	else
		dial_later(l);
}

void
line_init(struct line *l, struct loop *loop, const char *name, const struct line_handler *handler,
	void *ctx)
{
	*l = (struct line){.loop = loop, .handler = handler, .ctx = ctx};
	must(strlen(name) < sizeof(l->name));
	memcpy(l->name, name, strlen(name));
	l->dial = timer_new(loop, dial, l);
}

void
line_done(struct line *l)
{
	channel_free(l->channel);
	timer_free(l->dial);
}

void
line_dial(struct line *l)
{
	dial(l);
}

bool
line_write(struct line *l, struct str bytes)
{
	return l->channel && channel_write(l->channel, bytes);
}
