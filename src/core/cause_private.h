/* The rows of the catalogue, in the order of CAUSES; three files because of their length. */
#ifndef CORE_CAUSE_PRIVATE_H
#define CORE_CAUSE_PRIVATE_H

#include "core/cause.h"

/* The first cause of each file and of what lies behind the last. */
#define CAUSE_SENDER_FIRST    CAUSE_NO_PTR
#define CAUSE_MESSAGE_FIRST   CAUSE_HEADER_NONCOMPLIANT
#define CAUSE_RECIPIENT_FIRST CAUSE_USER_UNKNOWN

extern const struct cause cause_rows_sender[CAUSE_MESSAGE_FIRST - CAUSE_SENDER_FIRST];
extern const struct cause cause_rows_message[CAUSE_RECIPIENT_FIRST - CAUSE_MESSAGE_FIRST];
extern const struct cause cause_rows_recipient[CAUSE_COUNT - CAUSE_RECIPIENT_FIRST];

#endif
