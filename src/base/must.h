/*
 * must: assertions that stay in the product.
 *
 * A false must() is a bug of ours.  It prints where and what and aborts the worker: one restart
 * and one message's checks are the price, a wrong verdict never is.  It is not for what a peer or
 * an administrator can cause: those are values of an enum or an errbuf.
 */
#ifndef BASE_MUST_H
#define BASE_MUST_H

/* Print one line to standard error and abort. */
_Noreturn void must_fail(const char *cond, const char *file, int line);

/* Let hook say it instead of standard error; it must return.  NULL: standard error again. */
void must_hook(void (*hook)(const char *cond, const char *file, int line));

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
