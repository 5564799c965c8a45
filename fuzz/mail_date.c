/* Fuzz target: dates.  What is known, printed in the right form, is without fault and the same. */
#include <stdint.h>

#include "base/buf.h"
#include "mail/date.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Another way to count than the parser's: day by day through 400 years, then by these. */
static void
print_right(int64_t t, struct buf *out)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	static const char days_of_week[] = "ThuFriSatSunMonTueWed";
	int64_t day = t >= 0 ? t / 86400 : -((-t + 86399) / 86400), second = t - day * 86400;
	size_t weekday = (size_t)((day % 7 + 7) % 7);
	int year = 1970;

	for (; day < 0; year -= 400)
		day += 146097;
	for (; day >= 146097; year += 400)
		day -= 146097;
	for (;; year++) {
		bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
		if (day < 365 + leap)
			break;
		day -= 365 + leap;
	}
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	size_t month = 0;
	for (; day >= lengths[month] + (month == 1 && leap); month++)
		day -= lengths[month] + (month == 1 && leap);
	buf_printf(out, "%.3s, %d %.3s %04d %02d:%02d:%02d +0000", days_of_week + 3 * weekday,
		(int)day + 1, names + 3 * month, year, (int)(second / 3600),
		(int)(second / 60 % 60), (int)(second % 60));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_from((const char *)data, size);
	struct mail_date d, again;
	char room[60];
	struct buf b = BUF(room);

	if (size > 10000)
		return 0;
	mail_date_parse(text, &d);
	must(d.faults < 1u << DATE_FAULTS);
	for (size_t i = 0; i < DATE_FAULTS; i++)
		must(d.at[i] <= size);
	must(d.known || d.faults);
	must(d.zone >= -14 * 60 && d.zone <= 14 * 60);
	if (!d.known)
		return 0;
	must(d.time >= -2208988800 - 86400 && d.time < 253402300800 + 86400);
	/* The zone may have moved it out of the years that there are. */
	if (d.time < -2208988800 || d.time >= 253402300800)
		return 0;
	print_right(d.time, &b);
	mail_date_parse(buf_str(&b), &again);
	must(!again.faults && again.known && again.zone_known && again.time == d.time);
	return 0;
}
