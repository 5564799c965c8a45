/* checks/history: its settings; see history.c. */
#include "checks/checks.h"

#define ROW(member) offsetof(struct history_settings, member)
#define DAY	    86400000LL
#define MANY	    1000000

static const struct setting settings[] = {
	{"half_life", SETTING_DURATION, ROW(half_life), "30d", 3600000, 3650 * DAY, NULL,
		"A message counts half after this time.  From now on; what was counted before "
		"halves as it did."},
	{"good_at", SETTING_NUMBER, ROW(good_at), "5", 1, MANY, NULL,
		"history_good: the accepted messages outnumber the refused ones by so many, old "
		"ones counted in part (half_life) ..."},
	{"good_refused", SETTING_NUMBER, ROW(good_refused), "10", 0, 100, NULL,
		"... and at most so many per cent of all were refused."},
	{"bad_at", SETTING_NUMBER, ROW(bad_at), "5", 1, MANY, NULL,
		"history_bad: the refused messages outnumber the accepted ones by so many, old "
		"ones counted in part.  So it is the share that counts: who has less than half "
		"refused is never bad, however much it is."},
	{"spam_outweighs", SETTING_NUMBER, ROW(spam_outweighs), "100", 0, MANY, NULL,
		"sender_abused: a report of spam counts as long as there is one for so many "
		"accepted messages of that sender, and more such reports than of wanted mail; 0: "
		"it counts whatever was accepted."},
	{"too_many_refused", SETTING_NUMBER, ROW(too_many), "20", 0, MANY, NULL,
		"too_many_refused: from so many refused messages of one client on, everything else "
		"that it sends is put off for a while, unless its record is good; 0: never."},
	{"within", SETTING_DURATION, ROW(within), "1h", 1000, 30 * DAY, NULL,
		"A refused message counts half for that after this time, a quarter after twice as "
		"long.  What is only put off does not count, so it comes to an end."},
};

const struct section history_section = {
	.name = "history",
	.help = "The check history: how client, sender and sender's domain behaved here before.  "
		"It needs a store (section store); without one it says nothing.",
	.settings = settings,
	.n = COUNT(settings),
	.size = sizeof(struct history_settings),
};
