/* store/registration: see registration.h. */
#include "store/registration.h"

#define DATE_MAX ((uint64_t)1 << 40)
#define DATE_S	 (3650 * INT64_C(86400)) /* more than the table keeps anything untouched */

struct store_op
registration_op(struct str key, const int64_t *date, struct buf *room)
{
	struct store_op op = {.op = STORE_PUT, .table = STORE_SEEN, .key = key};

	if (date)
		buf_putu(room, (uint64_t)(*date > 0 ? *date : 0));
	else
		buf_puts(room, "none");
	op.value = buf_str(room);
	op.keep_s = date ? DATE_S : REGISTRATION_NONE_S;
	return op;
}

enum registration
registration_parse(struct str value, int64_t *date_out)
{
	uint64_t date;

	if (str_eq(value, STR("none")))
		return REGISTRATION_NONE;
	if (!str_to_u64(value, DATE_MAX, &date))
		return REGISTRATION_UNREADABLE;
	*date_out = (int64_t)date;
	return REGISTRATION_DATE;
}
