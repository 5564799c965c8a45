/*
 * mail/enhanced: enhanced status codes of SMTP replies, RFC 3463.
 */
#ifndef MAIL_ENHANCED_H
#define MAIL_ENHANCED_H

#include "base/str.h"

/* "5.7.25" for class '5': class "." subject "." detail, the latter two of one to three digits. */
bool mail_enhanced_is_of(struct str s, char class);

#endif
