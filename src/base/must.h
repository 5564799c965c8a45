/*
 * must: assertions that stay in the product.
 *
 * A false must() is a bug of ours.  It prints where and what and aborts the worker, or ends what
 * must_contain() runs: a wrong verdict is never the price.  It is not for what a peer or an
 * administrator can cause: those are values of an enum or an errbuf.
 */
#ifndef BASE_MUST_H
#define BASE_MUST_H

#include <stdbool.h>

struct must_failure {
	const char *cond, *file;
	int line;
	bool contained; /* it does not end the process */
};

/* Print one line to standard error, then abort or end what is contained. */
_Noreturn void must_fail(const char *cond, const char *file, int line);

/* Let hook say it instead of standard error; it must return.  NULL: standard error again. */
typedef void must_hook_fn(const struct must_failure *f);
void must_hook(must_hook_fn *hook);

/*
 * Containment, for code that changes nothing but memory that its caller throws away: a check, the
 * policy.  run(ctx) is called; false: a must() in it was false, it was left where it stood, and
 * what it has written must not be read.  It may hold no heap memory, no descriptor and no lock.
 *
 * Off at first, so that tests, fuzzers and commands end at a bug as ever: then run(ctx) is called,
 * and that is all.
 *
 * Where it calls something that does have a state of its own, that is wrapped in must_hold() and
 * must_resume(): a bug in there ends the process as ever.
 */
__attribute__((warn_unused_result)) bool must_contain(
	void (*run)(void *ctx), void *ctx, struct must_failure *out);
void must_containment(bool on);
struct containment;
struct containment *must_hold(void);
void must_resume(struct containment *held);

#define must(cond)                                            \
	do {                                                  \
		if (__builtin_expect(!(cond), 0))             \
			must_fail(#cond, __FILE__, __LINE__); \
	} while (0)

#define NODISCARD	       __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
/* For room that is written before it is read, in hot paths: spares them the zeroing of automatic
 * variables that the release build asks for. */
#if defined(__has_attribute) && __has_attribute(uninitialized)
#define UNSET __attribute__((uninitialized))
#else
#define UNSET
#endif
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
