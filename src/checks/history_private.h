/* The parts of checks/history: its table of codes. */
#ifndef CHECKS_HISTORY_PRIVATE_H
#define CHECKS_HISTORY_PRIVATE_H

#include "checks/checks.h"

enum { GOOD, BAD, NEW_CLIENT, ABUSED, TOO_MANY, TEMPERROR, HISTORY_CODES };

extern const struct finding_code history_codes[HISTORY_CODES];

#endif
