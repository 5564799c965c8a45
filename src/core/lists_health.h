/*
 * core/lists_health: which DNS lists are fit to be asked.
 *
 * A list is suspended as soon as one transaction, or a test, shows it to be silent, unwilling, wild
 * or broken; it is not asked then, so it costs no waiting and no mail.  It is tested again after a
 * while that doubles each time, and comes back when a test is passed.  Lists that are fine are
 * tested every so often.  Only the state and its rules are here; who asks the tests' questions is
 * daemon/lists_watch.  Times are clock_ms() of the caller, so that tests own the clock.
 */
#ifndef CORE_LISTS_HEALTH_H
#define CORE_LISTS_HEALTH_H

#include "core/finding.h"

#define LISTS_HEALTH_MAX 64 /* bits of struct lists_now */

#define LISTS_FIRST_RETRY_MS 5000
#define LISTS_LAST_RETRY_MS  (30 * 60000)

enum list_trouble {
	LIST_FINE,
	LIST_SILENT,  /* does not answer */
	LIST_REFUSES, /* answers with error codes */
	LIST_WILD,    /* lists everything */
	LIST_BROKEN,  /* answers with what is no answer of a list */
	LIST_UNKNOWN, /* could not be tested: it stays as it was */
	LIST_EMPTY,   /* not even its test entry is on it */
};
/* "fine", "silent", "refuses", "wild", "broken", "empty"; and a sentence for people. */
const char *list_trouble_name(enum list_trouble t);
const char *list_trouble_text(enum list_trouble t);

struct list_health {
	enum list_trouble trouble;
	unsigned in_a_row;     /* tests failed since it was suspended */
	uint64_t suspended_ms; /* since when */
	uint64_t tested_ms;    /* last finished test; 0: none yet */
	uint64_t next_ms;      /* the next test */
	bool testing;
};

struct lists_health {
	size_t n;
	uint64_t suspended; /* for struct lists_now */
	struct list_health list[LISTS_HEALTH_MAX];
};

/* Told each change: list i was suspended, or is fine again. */
typedef void list_news_fn(void *ctx, size_t i, enum list_trouble now);

/* All fine, tests due at once. */
void lists_health_init(struct lists_health *h, size_t n);
/* What a transaction has seen. */
void lists_health_learn(struct lists_health *h, const struct list_reports *r, uint64_t now_ms,
	list_news_fn *news, void *ctx);
/* A list whose test is due; its test counts as begun.  False: none. */
bool lists_health_due(struct lists_health *h, uint64_t now_ms, size_t *out);
/* When the next test is due; UINT64_MAX: never. */
uint64_t lists_health_next(const struct lists_health *h);
/* The outcome of a test.  every_ms: to the next one of a list that is fine; 0: none. */
void lists_health_tested(struct lists_health *h, size_t i, enum list_trouble outcome,
	uint64_t now_ms, uint64_t every_ms, list_news_fn *news, void *ctx);

#endif
