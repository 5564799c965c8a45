/* daemon/registrar_line: see registrar_line.h. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "daemon/registrar_line.h"
#include "dns/name.h"
#include "net/channel.h"
#include "net/local.h"

#define UNSENT_MAX ((size_t)64 << 10)
#define AGAIN_MS   1000

struct registrar_line {
	struct loop *loop;
	struct channel *channel; /* NULL: none */
	uint64_t dial_ms;	 /* not before */
	char name[LOCAL_NAME_MAX];
};

/* It has nothing to say. */
static size_t
on_input(void *ctx, struct str bytes)
{
	return bytes.n;
}

static void
on_closed(void *ctx, const char *why)
{
	struct registrar_line *l = ctx;

	l->channel = NULL;
}

static void
dial(struct registrar_line *l)
{
	static const struct channel_limits limits = {
		.slice = 4096, .input_max = 4096, .output_max = 2 * UNSENT_MAX};
	static const struct channel_handler handler = {.input = on_input, .closed = on_closed};
	uint64_t now = clock_ms();

	if (now < l->dial_ms)
		return;
	l->dial_ms = now + AGAIN_MS;
	int fd = local_dial(l->name);
	if (fd >= 0)
		l->channel = channel_new(l->loop, fd, &limits, &handler, l);
}

void
registrar_line_want(struct registrar_line *l, struct str domain)
{
	char room[DNS_NAME_TEXT_MAX + 1];
	struct buf b = BUF(room);

	if (!l->channel)
		dial(l);
	buf_put(&b, domain);
	buf_putc(&b, '\n');
	if (l->channel && !buf_is_cut(&b) && channel_unsent(l->channel) < UNSENT_MAX)
		(void)channel_write(l->channel, buf_str(&b));
}

struct registrar_line *
registrar_line_new(struct loop *loop, const char *name)
{
	struct registrar_line *l = heap_calloc(1, sizeof(*l));

	l->loop = loop;
	must(strlen(name) < sizeof(l->name));
	memcpy(l->name, name, strlen(name));
	return l;
}

void
registrar_line_free(struct registrar_line *l)
{
	if (!l)
		return;
	channel_free(l->channel);
	heap_free(l);
}
