/* The parts of checks/header: its table of codes, its settings, what it says of Date and From. */
#ifndef CHECKS_HEADER_PRIVATE_H
#define CHECKS_HEADER_PRIVATE_H

#include "checks/checks.h"
#include "mail/header.h"

enum {
	NO_DATE,
	BAD_DATE,
	DATE_ODD,
	OLD_DATE,
	FUTURE_DATE,
	CLOCK,
	NO_FROM,
	MANY_FROM,
	BAD_FROM,
	NO_MESSAGE_ID,
	BAD_MESSAGE_ID,
	DUPLICATE,
	EIGHT_BIT,
	LONG_LINE,
	BAD_NAME,
	BARE_CR_OR_LF,
	TOO_BIG,
	MIME_BROKEN,
	RECEIVED_LOOP,
	HEADER_CODES
};

extern const struct finding_code header_codes[HEADER_CODES];
extern const struct section header_section;

struct header_settings {
	int64_t old, future, clock; /* milliseconds; old, future: 0: never */
	int64_t fields, bytes, received;
};

/* The message that is judged, and where what is found goes. */
struct message {
	struct ask *q;
	struct findings *out;
	const struct headers *h;
	const struct header_settings *set;
};

struct finding *header_report(const struct message *m, int code);
/* The same of a field that matters: notes which one it is, what is wrong with it (continues "the
 * field X ..."), and where: "field 5, byte 14", at an index of its value. */
struct finding *header_report_value(
	const struct message *m, int code, enum header_id id, struct str problem, size_t at);

void header_judge_date(const struct message *m);
void header_judge_from(const struct message *m);

#endif
