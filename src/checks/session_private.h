/* The parts of checks/session: its table of codes. */
#ifndef CHECKS_SESSION_PRIVATE_H
#define CHECKS_SESSION_PRIVATE_H

#include "checks/checks.h"

enum { HELO_CHANGED, MANY_RSETS, BAD_COMMANDS, BAD_RECIPIENTS, EMPTY, NULL_RCPTS, SESSION_CODES };

extern const struct finding_code session_codes[SESSION_CODES];

#endif
