/*
 * daemon/log: see log.h.
 *
 * Not syslog(3): it waits when the daemon behind the socket is stuck.  Not a blocking write to
 * standard error either: whoever reads that pipe could stop a mail server by not reading.
 * O_NONBLOCK is never set on the descriptor that was given to us, as it is shared with the
 * processes that gave it; a pipe or terminal is opened anew through /proc to have flags of our own.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/must.h"

#include "daemon/log.h"

#define FULL	  4096 /* bytes that make a write worthwhile; a pipe takes so many as a whole */
#define GATHER_MS 20
#define RETRY_MS  200	    /* a sink that does not take bytes is tried again */
#define VALUE_MAX 512	    /* bytes of one value */
#define FACILITY  (2u << 3) /* RFC 3164, 4.1.1: mail system */

enum sink {
	SINK_STREAM, /* write(), after poll() says that it will not wait */
	SINK_SOCKET, /* send() */
	SINK_SYSLOG, /* one datagram per line */
};

static struct {
	enum sink sink;
	enum log_level most;
	int fd;		/* STDERR_FILENO, or our own */
	char *path;	/* of a file, else NULL */
	bool is_stderr; /* opened as such */
	bool journal;	/* systemd reads standard error and knows the time itself */
	bool blocked;	/* the sink did not take bytes; the timer tries again */
	bool gathering; /* the timer is set */
	struct timer *timer;
	size_t at, n;	      /* room[at..n) waits */
	uint64_t dropped;     /* not yet told of */
	uint64_t dropped_all; /* since the process began */
	char room[LOG_BUFFER];
} lg = {.most = LOG_LEVEL_INFO, .fd = STDERR_FILENO};

static const struct {
	const char *name;
	unsigned severity; /* RFC 3164, 4.1.1 */
} levels[] = {
	[LOG_LEVEL_ERROR] = {"error", 3},
	[LOG_LEVEL_WARN] = {"warn", 4},
	[LOG_LEVEL_INFO] = {"info", 6},
	[LOG_LEVEL_DEBUG] = {"debug", 7},
};

/* A line. */

static void
put_value(struct buf *b, struct str s)
{
	bool cut = s.n > VALUE_MAX;

	s = str_slice(s, 0, VALUE_MAX);
	bool quoted = s.n == 0 || str_find(s, ' ') < s.n || str_find(s, '=') < s.n ||
		str_find(s, '"') < s.n;
	if (quoted)
		buf_putc(b, '"');
	while (s.n > 0) {
		size_t end = str_find(s, '"');

		buf_put_escaped(b, str_slice(s, 0, end), VALUE_MAX);
		if (end < s.n)
			buf_puts(b, "\\\"");
		s = str_skip(s, end + 1);
	}
	if (cut)
		buf_puts(b, "...");
	if (quoted)
		buf_putc(b, '"');
}

static void
put_time(struct buf *b)
{
	static int64_t second;
	static char text[CLOCK_TEXT_MAX];
	int64_t now = clock_wall();

	if (now != second)
		clock_text(now, text);
	second = now;
	buf_puts(b, "time=");
	buf_puts(b, text);
	buf_putc(b, ' ');
}

static void
put_line(struct buf *b, enum log_level level, const char *event, const struct log_pair *pairs,
	size_t n)
{
	static const char mark[] = " cut=yes\n";

	b->max -= sizeof(mark);
	if (lg.journal || lg.sink == SINK_SYSLOG)
		buf_printf(b, "<%u>",
			levels[level].severity + (lg.sink == SINK_SYSLOG ? FACILITY : 0));
	if (lg.sink == SINK_SYSLOG)
		buf_printf(b, "mxward[%d]: ", (int)getpid());
	else if (!lg.journal)
		put_time(b);
	buf_printf(b, "level=%s event=%s", levels[level].name, event);
	for (size_t i = 0; i < n && !b->cut; i++) {
		size_t whole = b->n;

		buf_putc(b, ' ');
		buf_puts(b, pairs[i].key);
		buf_putc(b, '=');
		if (pairs[i].is_number)
			buf_putu(b, pairs[i].number);
		else
			put_value(b, pairs[i].text);
		if (b->cut)
			b->n = whole;
	}
	b->max += sizeof(mark);
	buf_puts(b, b->cut ? mark : "\n");
}

/* The sink. */

static int
syslog_connect(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof(a)) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static ssize_t
syslog_give(struct str line)
{
	/* A second try, as syslogd may have been started anew since. */
	for (int i = 0; i < 2; i++) {
		if (lg.fd < 0)
			lg.fd = syslog_connect();
		if (lg.fd < 0)
			return 0;
		if (send(lg.fd, line.p, line.n - 1, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return (ssize_t)line.n;
		if (errno == EAGAIN)
			return 0;
		close(lg.fd);
		lg.fd = -1;
	}
	return 0;
}

/* Bytes taken; 0 or less: none now. */
static ssize_t
sink_give(struct str lines)
{
	struct pollfd p = {.fd = lg.fd, .events = POLLOUT};

	switch (lg.sink) {
	case SINK_STREAM:
		if (poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT))
			return 0;
		return write(lg.fd, lines.p, lines.n);
	case SINK_SOCKET:
		return send(lg.fd, lines.p, lines.n, MSG_DONTWAIT | MSG_NOSIGNAL);
	case SINK_SYSLOG:
		return syslog_give(lines);
	}
	return 0;
}

/* As many whole lines as one write may hold. */
static struct str
next_write(void)
{
	struct str waiting = str_from(lg.room + lg.at, lg.n - lg.at);

	if (lg.sink == SINK_SYSLOG)
		return str_slice(waiting, 0, str_find(waiting, '\n') + 1);
	return str_slice(waiting, 0, str_rfind(str_slice(waiting, 0, FULL), '\n') + 1);
}

static void
append(struct str line)
{
	if (line.n > sizeof(lg.room) - lg.n) {
		lg.dropped++;
		lg.dropped_all++;
		return;
	}
	memcpy(lg.room + lg.n, line.p, line.n);
	lg.n += line.n;
}

static void
append_dropped(void)
{
	UNSET char room[LOG_LINE_MAX];
	struct buf line = BUF(room);
	struct log_pair pair = log_u("dropped", lg.dropped);

	lg.dropped = 0;
	put_line(&line, LOG_LEVEL_WARN, "log_dropped", &pair, 1);
	append(buf_str(&line));
}

void
log_flush(void)
{
	lg.blocked = false;
	for (;;) {
		struct str out;
		ssize_t n;

		if (lg.at == lg.n) {
			lg.at = lg.n = 0;
			if (lg.dropped == 0)
				return;
			append_dropped();
		}
		out = next_write();
		n = sink_give(out);
		if (n <= 0)
			break;
		lg.at += (size_t)n;
	}
	lg.blocked = true;
	memmove(lg.room, lg.room + lg.at, lg.n - lg.at);
	lg.n -= lg.at;
	lg.at = 0;
}

uint64_t
log_dropped(void)
{
	return lg.dropped_all;
}

static void
gather(uint64_t ms)
{
	if (lg.gathering || !lg.timer)
		return;
	timer_set(lg.timer, ms);
	lg.gathering = true;
}

static void
gathered(void *ctx)
{
	lg.gathering = false;
	log_flush();
	if (lg.blocked)
		gather(RETRY_MS);
}

bool
log_wants(enum log_level level)
{
	return level <= lg.most;
}

void
log_pairs(enum log_level level, const char *event, const struct log_pair *pairs, size_t n)
{
	UNSET char room[LOG_LINE_MAX];
	struct buf line = BUF(room);

	if (!log_wants(level))
		return;
	put_line(&line, level, event, pairs, n);
	append(buf_str(&line));
	if (!lg.timer || level == LOG_LEVEL_ERROR || (lg.n - lg.at >= FULL && !lg.blocked))
		log_flush();
	if (lg.n > 0)
		gather(lg.blocked ? RETRY_MS : GATHER_MS);
}

/* Opening. */

static bool
is_journal(const struct stat *st)
{
	const char *where = getenv("JOURNAL_STREAM"); /* "device:inode", systemd.exec(5) */
	char room[64];
	struct buf own = BUF(room);

	buf_printf(&own, "%ju:%ju", (uintmax_t)st->st_dev, (uintmax_t)st->st_ino);
	return where && str_eq(str_of(where), buf_str(&own));
}

/* Standard error in whatever form can be written to without waiting. */
static enum sink
stderr_open(int *fd_out, bool *journal_out)
{
	struct stat st;
	int fd = -1;

	*fd_out = STDERR_FILENO;
	*journal_out = false;
	if (fstat(STDERR_FILENO, &st) != 0)
		return SINK_STREAM;
	*journal_out = is_journal(&st);
	if (S_ISSOCK(st.st_mode))
		return SINK_SOCKET;
	/* A file has no need of it, and its position would no longer be the shared one. */
	if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))
		fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0)
		*fd_out = fd;
	return SINK_STREAM;
}

static int
file_open(const char *path, struct errbuf *e)
{
	/* Non-blocking for the sake of a path that is a pipe. */
	int fd =
		open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);

	if (fd < 0)
		(void)err(e, "cannot open the log %s: %s", path, strerror(errno));
	return fd;
}

static char *
heap_z(struct str s)
{
	char *z = heap_alloc(s.n + 1);

	memcpy(z, s.p, s.n);
	z[s.n] = '\0';
	return z;
}

/* What the old sink does not take any more goes to the new one. */
static void
sink_swap(enum sink sink, int fd, char *path, bool journal)
{
	log_flush();
	if (lg.fd > STDERR_FILENO)
		close(lg.fd);
	if (path != lg.path)
		heap_free(lg.path);
	lg.sink = sink;
	lg.fd = fd;
	lg.path = path;
	lg.is_stderr = !path && sink != SINK_SYSLOG;
	lg.journal = journal;
	lg.blocked = false;
}

bool
log_open(struct str to, enum log_level most, struct errbuf *e)
{
	bool journal = false;
	enum sink sink = SINK_STREAM;
	char *path = NULL;
	int fd;

	if (lg.is_stderr && str_eq(to, STR("stderr"))) {
		lg.most = most; /* once root is given up it may be impossible to open it anew */
		return true;
	}
	if (str_eq(to, STR("syslog"))) {
		sink = SINK_SYSLOG;
		fd = syslog_connect();
		if (fd < 0)
			return err(e, "nobody listens at /dev/log: %s", strerror(errno));
	} else if (str_eq(to, STR("stderr"))) {
		sink = stderr_open(&fd, &journal);
	} else if (str_has_prefix(to, STR("/"))) {
		path = heap_z(to);
		fd = file_open(path, e);
		if (fd < 0) {
			heap_free(path);
			return false;
		}
	} else {
		return err(e, "\"%.*s\" is no log: write stderr, syslog or the path of a file",
			STR_ARG(to));
	}
	sink_swap(sink, fd, path, journal);
	lg.most = most;
	return true;
}

bool
log_reopen(struct errbuf *e)
{
	int fd;

	if (!lg.path)
		return true;
	fd = file_open(lg.path, e);
	if (fd < 0)
		return false;
	sink_swap(SINK_STREAM, fd, lg.path, false);
	return true;
}

void
log_give(uid_t uid, gid_t gid)
{
	if (lg.path && fchown(lg.fd, uid, gid) != 0)
		log_event(LOG_LEVEL_WARN, "log_owner", log_z("file", lg.path),
			log_z("error", strerror(errno)));
}

void
log_use_loop(struct loop *l)
{
	log_flush();
	timer_free(lg.timer);
	lg.timer = l ? timer_new(l, gathered, NULL) : NULL;
	lg.gathering = false;
}

static void
on_bug(const struct must_failure *f)
{
	log_event(LOG_LEVEL_ERROR, "bug", log_z("file", f->file),
		log_u("line", (uint64_t)f->line), log_z("must", f->cond),
		log_z("costs", f->contained ? "one message" : "this process"));
}

void
log_catch_bugs(void)
{
	must_hook(on_bug);
}
