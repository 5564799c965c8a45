/*
 * cli/import_read: the files of a log, line by line; see import.h.
 *
 * A line of the traditional form has no year.  It is found from the end: a file was written last
 * when its last line was, and each time that the months begin anew a year has passed.  For that
 * such a file is read twice.  What comes through a pipe cannot be: it is taken to have begun within
 * the last year.  The clock on the wall is taken to be that of this machine's time zone.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>
#include <zlib.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/import.h"

#define ROOM	   ((size_t)256 << 10) /* a longer line is skipped */
#define DAY_S	   86400
#define FILES_MAX  1000
#define TELL_EVERY 20000 /* lines */

struct log_file {
	const char *name; /* NULL: standard input */
	int64_t written;  /* seconds since 1970 */
	uint64_t size;
	int64_t first; /* time of its first line, INT64_MAX where it has none */
	int order;     /* in which it was named */
	int64_t year;  /* of its first line, where the lines have none */
};

/* The year of lines that come one after the other. */
struct years {
	int64_t year;
	unsigned month; /* 0: no line yet */
	int64_t hour, offset;
};

struct reader {
	gzFile gz;
	const char *name;
	char *room;
	size_t at, n;
	bool skipping; /* inside of a line that is too long */
	bool failed;
	uint64_t too_long;
};

/* Lines. */

static int
reader_open(struct reader *r, const struct log_file *f)
{
	int fd = f->name ? open(f->name, O_RDONLY | O_CLOEXEC) : dup(STDIN_FILENO);

	*r = (struct reader){.name = f->name ? f->name : "standard input"};
	if (fd < 0)
		return cli_fail(EX_NOINPUT, "%s: %s", r->name, strerror(errno));
	r->gz = gzdopen(fd, "rb"); /* what is not compressed goes through as it is */
	if (!r->gz) {
		close(fd);
		return cli_fail(EX_OSERR, "%s: cannot be read", r->name);
	}
	gzbuffer(r->gz, ROOM);
	r->room = heap_alloc(ROOM);
	return EX_OK;
}

static void
reader_close(struct reader *r)
{
	gzclose(r->gz);
	heap_free(r->room);
}

/* More bytes behind what is there.  A line that fills the room is given up. */
static bool
reader_fill(struct reader *r)
{
	int wrong = Z_OK;

	if (r->at)
		memmove(r->room, r->room + r->at, r->n - r->at);
	r->n -= r->at;
	r->at = 0;
	if (r->n == ROOM && !r->skipping) {
		r->too_long++;
		r->skipping = true;
	}
	if (r->skipping)
		r->n = 0;
	int got = gzread(r->gz, r->room + r->n, (unsigned)(ROOM - r->n));
	const char *why = got > 0 ? NULL : gzerror(r->gz, &wrong);
	if (got < 0 || (wrong != Z_OK && wrong != Z_STREAM_END)) {
		r->failed = true;
		cli_fail(EX_IOERR, "%s: %s", r->name, wrong == Z_ERRNO ? strerror(errno) : why);
		return false;
	}
	r->n += (size_t)got;
	return got > 0;
}

/* The next line, without its end; false at the end or on an error. */
static bool
reader_line(struct reader *r, struct str *line)
{
	for (size_t seen = 0;;) {
		struct str rest = str_from(r->room + r->at, r->n - r->at);
		size_t end = seen + str_find(str_skip(rest, seen), '\n');
		if (end < rest.n) {
			bool whole = !r->skipping;
			*line = str_slice(rest, 0, end);
			r->at += end + 1;
			r->skipping = false;
			seen = 0;
			if (whole)
				return true;
			continue;
		}
		bool more = reader_fill(r);
		seen = r->skipping ? 0 : rest.n;
		if (!more) {
			*line = str_from(r->room, r->n);
			r->at = r->n;
			return line->n > 0 && !r->failed && !r->skipping;
		}
	}
}

/* Times. */

static int64_t
year_of(int64_t seconds)
{
	int64_t year = 1970 + seconds / (365 * DAY_S + DAY_S / 4);

	while (days_of_date(year, 1, 1) * DAY_S > seconds)
		year--;
	while (days_of_date(year + 1, 1, 1) * DAY_S <= seconds)
		year++;
	return year;
}

/* Lines of several processes come a little out of order: a step of more than half a year is a turn,
 * also one backwards. */
static void
years_pass(struct years *y, unsigned month)
{
	if (y->month && month + 6 < y->month)
		y->year++;
	else if (y->month && month > y->month + 6)
		y->year--;
	y->month = month;
}

/* The latest year in which this was written before `written`, and a day for wrong clocks. */
static int64_t
last_year(const struct syslog_time *t, int64_t written)
{
	int64_t year = year_of(written);

	if (days_of_date(year, t->month, t->day) * DAY_S + t->seconds > written + DAY_S)
		year--;
	return year;
}

static int64_t
time_of(struct years *y, const struct syslog_time *t)
{
	if (t->absolute)
		return t->seconds;
	if (!t->year)
		years_pass(y, t->month);
	int64_t year = t->year ? t->year : y->year;
	int64_t local = days_of_date(year, t->month, t->day) * DAY_S + t->seconds;
	/* The C library looks the zone up in a file: once for each hour is enough. */
	if (y->hour != local / 3600) {
		y->hour = local / 3600;
		y->offset = clock_of_local(local) - local;
	}
	return local + y->offset;
}

/* When the file begins; in which year, where it does not say. */
static int
look_at(struct log_file *f)
{
	struct years y = {.year = 0};
	struct syslog_time t, last = {.absolute = false};
	struct reader r;
	struct str line, rest;
	int status = reader_open(&r, f);

	if (status != EX_OK)
		return status;
	f->first = INT64_MAX;
	struct syslog_time begin = last;
	while (reader_line(&r, &line)) {
		if (!syslog_time_parse(line, &t, &rest))
			continue;
		if (!begin.seconds && !begin.month)
			begin = t;
		if (t.absolute || t.year)
			break;
		years_pass(&y, t.month);
		last = t;
	}
	if (last.month)
		f->year = last_year(&last, f->written) - y.year;
	struct years from = {.year = f->year};
	if (begin.absolute || begin.month)
		f->first = time_of(&from, &begin);
	status = r.failed ? EX_IOERR : EX_OK;
	reader_close(&r);
	return status;
}

/* Files. */

static int
open_file(struct log_file *f, const char *name)
{
	struct stat st;

	if (str_eq(str_of(name), STR("-"))) {
		*f = (struct log_file){.written = clock_wall(), .first = INT64_MAX};
		return EX_OK;
	}
	*f = (struct log_file){.name = name};
	if (stat(name, &st) != 0)
		return cli_fail(EX_NOINPUT, "%s: %s", name, strerror(errno));
	f->written = st.st_mtime;
	if (!S_ISREG(st.st_mode)) {
		f->written = clock_wall();
		f->first = INT64_MAX;
		return EX_OK;
	}
	f->size = (uint64_t)st.st_size;
	return look_at(f);
}

static int
by_time(const void *a, const void *b)
{
	const struct log_file *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return x->order - y->order;
}

struct reading {
	struct postfix_track *track;
	struct import_span *span;
	void (*progress)(void *ctx, uint64_t done, uint64_t all);
	void *ctx;
	uint64_t done, all;
};

static void
read_line(struct reading *in, struct years *y, struct str line)
{
	struct syslog_line l;

	in->span->lines++;
	if (!syslog_line_parse(line, &l))
		return;
	int64_t time = time_of(y, &l.time);
	if (!in->span->first)
		in->span->first = time;
	in->span->last = time;
	postfix_track_line(in->track, &l, time);
}

static int
read_file(struct reading *in, struct log_file *f)
{
	struct years y = {.year = f->year};
	struct syslog_time t;
	struct reader r;
	struct str line, rest;
	int status = reader_open(&r, f);

	if (status != EX_OK)
		return status;
	for (uint64_t n = 0; reader_line(&r, &line); n++) {
		if (!y.year && syslog_time_parse(line, &t, &rest) && !t.absolute && !t.year)
			y.year = last_year(&t, f->written); /* nobody has looked at it before */
		read_line(in, &y, line);
		if (n % TELL_EVERY == 0)
			in->progress(in->ctx, in->done + (uint64_t)gzoffset(r.gz), in->all);
	}
	in->span->too_long += r.too_long;
	in->done += f->size;
	status = r.failed ? EX_IOERR : EX_OK;
	reader_close(&r);
	return status;
}

int
import_read(char **files, int n, struct postfix_track *track, struct import_span *span,
	void (*progress)(void *ctx, uint64_t done, uint64_t all), void *ctx)
{
	struct reading in = {.track = track, .span = span, .progress = progress, .ctx = ctx};
	int status = EX_OK;

	if (n > FILES_MAX)
		return cli_fail(EX_USAGE, "more than %d files", FILES_MAX);
	struct log_file *file = heap_calloc((size_t)n, sizeof(*file));
	bool all_known = true;
	for (int i = 0; i < n && status == EX_OK; i++) {
		status = open_file(&file[i], files[i]);
		file[i].order = i;
		in.all += file[i].size;
		all_known &= file[i].size > 0;
	}
	if (!all_known)
		in.all = 0;
	/* Whoever writes "mail.log*" gives the newest first. */
	qsort(file, (size_t)n, sizeof(*file), by_time);
	for (int i = 0; i < n && status == EX_OK; i++)
		status = read_file(&in, &file[i]);
	postfix_track_end(track);
	heap_free(file);
	return status;
}
