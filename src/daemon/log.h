/*
 * daemon/log: one line per event, key=value, never in anybody's way.
 *
 *	time=2026-01-02T03:04:05Z level=info event=decision client=192.0.2.1 verdict=reject
 *
 * A value is quoted where it holds a blank, '=', '"' or nothing; inside, a quote is \" and bytes
 * outside 0x20..0x7e and backslashes are \DDD (decimal), so a line is a line whatever a peer sends.
 *A line has at most LOG_LINE_MAX bytes; what does not fit is left out and marked by cut=yes.
 *
 * Writing never blocks.  Lines gather (LOG_BUFFER at most) and leave when 4 KiB are full, after
 * 20 ms, or at once at level error.  While the sink takes nothing they stay, then are dropped and
 * counted; the count is logged (event=log_dropped dropped=N) as soon as the sink takes bytes again.
 *
 * One log per process.  Before log_open() it goes to standard error; without log_use_loop() each
 * line leaves at once.
 */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include <sys/types.h>

#include "base/errbuf.h"
#include "base/str.h"

#include "net/loop.h"

#define LOG_LINE_MAX 2048
#define LOG_BUFFER   ((size_t)64 << 10)

enum log_level {
	LOG_LEVEL_ERROR, /* the administrator must act */
	LOG_LEVEL_WARN,	 /* the administrator should know */
	LOG_LEVEL_INFO,	 /* decisions */
	LOG_LEVEL_DEBUG, /* questions, answers, runs */
};

struct log_pair {
	const char *key;
	struct str text;
	uint64_t number;
	bool is_number;
};

static inline struct log_pair
log_s(const char *key, struct str value)
{
	return (struct log_pair){.key = key, .text = value};
}

static inline struct log_pair
log_z(const char *key, const char *value)
{
	return (struct log_pair){.key = key, .text = str_of(value)};
}

static inline struct log_pair
log_u(const char *key, uint64_t value)
{
	return (struct log_pair){.key = key, .number = value, .is_number = true};
}

/* log_event(LOG_LEVEL_INFO, "reload", log_z("file", path), log_u("line", 3)); nothing is evaluated
 * for a level that is not logged.  At least one pair. */
#define log_event(level, event, ...)                                                  \
	(log_wants(level) ? log_pairs(level, event, (struct log_pair[]){__VA_ARGS__}, \
				    sizeof((struct log_pair[]){__VA_ARGS__}) /        \
					    sizeof(struct log_pair))                  \
			  : (void)0)

bool log_wants(enum log_level level);
void log_pairs(enum log_level level, const char *event, const struct log_pair *pairs, size_t n);

/* to: "stderr", "syslog" or the absolute path of a file (appended to; made with mode 0640).  On
 * error the log stays as it was.  May be called again, on reload. */
bool log_open(struct str to, enum log_level most, struct errbuf *e) NODISCARD;
/* Open a file of the same name anew: it may have been renamed. */
bool log_reopen(struct errbuf *e) NODISCARD;
/* Give the log's file to the user that the process is going to be. */
void log_give(uid_t uid, gid_t gid);
/* Gather lines and let the loop write them; NULL: write each at once again. */
void log_use_loop(struct loop *l);
/* Write what the sink takes now. */
void log_flush(void);
/* Lines lost since the process began. */
uint64_t log_dropped(void);
/* Flush, and leave a bug's place in the log when the process dies of it: see base/must.h. */
void log_catch_bugs(void);

#endif
