/*
 * daemon/callout_run: one callout from beginning to end: DNS, connection, dialogue.
 *
 * Hosts are tried in turn until one speaks; who has spoken is the last.  One deadline holds over
 * all of it (timeout in [callout]).
 */
#ifndef DAEMON_CALLOUT_RUN_H
#define DAEMON_CALLOUT_RUN_H

#include "checks/callout.h"
#include "daemon/config.h"

struct callout_run;

struct callout_run_options {
	struct loop *loop;
	struct config *config; /* with its resolver (daemon/resolver.h); lives as long as the run */
	/* Can we speak with this server from here?  NULL: yes; else why not, a literal, or as long
	 * as the owner.  May be NULL: with anybody. */
	const char *(*usable)(void *ctx, const struct ip *server);
	/* May this server be asked now?  NULL: yes; else why not, a literal.  May be NULL: anybody.
	 */
	const char *(*begin)(void *ctx, const struct ip *server);
	/* It is over with this server; called once for each begin() that said yes. */
	void (*end)(void *ctx, const struct ip *server);
	/* Called once, from the loop; c is borrowed.  held_back: nobody was asked, because usable()
	 * or begin() said no.  The run is no more. */
	void (*done)(void *ctx, const struct callout *c, bool held_back);
	void *ctx;
};

struct callout_run *callout_run_new(const struct callout_run_options *o, struct str address);
/* Give up, without a call of done().  NULL is fine. */
void callout_run_free(struct callout_run *r);

/* The settings of the check in these settings. */
const struct callout_settings *callout_settings_of(const struct config *c);
/* The name that is said in EHLO. */
struct str callout_helo(const struct config *c);

#endif
