/*
 * daemon/memory_history: how clients, senders and domains behaved, for the store; and what a report
 * of spam or of wanted mail teaches.
 *
 * A message counts once, however many recipients it has, for each way it was decided: accepted (or
 * tagged or held; not where a milter saw that it was given up), refused, put off.  It counts as it
 * was decided, so what postmaster gets is accepted; only in the profile monitor, of the settings or
 * of a mailbox, where everything is, as it would have been.  Who is not checked (our own networks,
 * who has logged in) leaves no trace.
 *
 *	client			always; also the recipients that the mail server itself refused
 *	sender, domain		only where the client may speak for the sender
 *				(result.sender_confirmed): else forgers would ruin a name, or
 *				make one of tomorrow old by saying it today
 *	"n:CLIENT"		refused messages only, with a short half-life.  What is put off
 *				because of it (too_many_refused) is put off, not refused, so it
 *				comes to an end
 *	"r:CLIENT", ...		what it did too often in its sessions (fact/session), when they end;
 *				a half-life of its own
 *	first sight of domain	STORE_SEEN "d:DOMAIN", likewise only where confirmed; written
 *				again now and then, so that it is not forgotten in use
 *
 * Score, in thousandths: +1000 accepted, -1000 refused (0 where the refusal would not stand without
 * what is known of before, which would never end: it is no more than counted); a report takes back
 * what the message was counted as and four messages more.  All are additions, which come to the
 * same whatever the number of writers and their order.
 */
#ifndef DAEMON_MEMORY_HISTORY_H
#define DAEMON_MEMORY_HISTORY_H

#include "checks/checks.h"
#include "front/gate.h"
#include "source/history.h"

/* Whose message it was. */
struct history_message {
	struct ip client;
	struct str sender;     /* p NULL or empty: none */
	bool sender_confirmed; /* of a case: "confirmed" in its record */
};

#define HISTORY_OPS_MAX 5 /* also of a session: four counts */

/* Changes for a store; they point into the struct, which must not be moved. */
struct history_ops {
	size_t n;
	struct store_op op[HISTORY_OPS_MAX];
	enum history_kind what[HISTORY_OPS_MAX];
	struct str name[HISTORY_OPS_MAX];
	char room[HISTORY_OPS_MAX][HISTORY_NAME_MAX + 2];
};

/* A message was reported to have been spam, or wanted after all (HISTORY_SPAM, HISTORY_HAM);
 * take_back: an earlier report of it is withdrawn.  That the same message is not counted twice is
 * the caller's to see to.  Where the sender is not confirmed, only the client is taught. */
void history_report(const struct history_message *m, enum history_number report, bool take_back,
	const struct history_settings *settings, struct history_ops *out);

/* Settings of the check in this generation. */
const struct history_settings *history_settings_of(const struct generation *g);

/* All that is to be written after a visit; source may be NULL.  What is written is told to source
 * too, which the caller may not do again. */
void memory_history_put(
	struct source_history *source, struct store_client *store, const struct visit_case *c);
/* The mail server itself refused a recipient of this client's. */
void memory_history_bad_rcpt(struct source_history *source, struct store_client *store,
	const struct generation *g, const struct ip *client);
/* A session of this client's has ended. */
void memory_history_session(struct source_history *source, struct store_client *store,
	const struct generation *g, const struct ip *client, const struct session *s);

#endif
