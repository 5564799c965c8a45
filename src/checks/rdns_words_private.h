/* rdns_words_private: the files of data/rdns/ as tools/embed writes them into the program. */
#ifndef CHECKS_RDNS_WORDS_PRIVATE_H
#define CHECKS_RDNS_WORDS_PRIVATE_H

#include <stddef.h>

struct rdns_builtin {
	const char *name;
	const char *text;
	size_t n;
};

extern const struct rdns_builtin rdns_builtin[];
extern const size_t rdns_builtin_n;

#endif
