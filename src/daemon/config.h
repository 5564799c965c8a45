/*
 * daemon/config: the settings of the whole program.
 *
 * Puts the sections of all parts together, reads a file into them, and makes the generation that
 * the gate works by.  The daemon and every command use the same reader, so `mxward conf check` and
 * a reload cannot disagree.
 */
#ifndef DAEMON_CONFIG_H
#define DAEMON_CONFIG_H

#include "base/hash.h"
#include "checks/local.h"
#include "conf/load.h"
#include "conf/warn.h"
#include "front/gate.h"
#include "source/rdap.h"

/* Where the settings are expected. */
#define CONFIG_FILE "/etc/mxward/mxward.conf"

struct listen_settings {
	struct words milter, policy;
	int64_t unix_mode;
	struct str unix_group; /* empty: as it comes */
	struct str control;    /* empty: none */
	unsigned control_line; /* 0: nobody has asked for it, it is the default */
	int64_t control_mode;
};

struct dns_settings {
	struct str resolver, zone;
	int64_t timeout, cache, max_inflight, stale;
};

struct policy_settings {
	struct words checks;
	int profile, reply;
	int32_t reject_at, defer_at;
	bool show_score, first_defers;
	struct str help_url;
	int64_t budget, again, remember;
};

struct site_settings {
	struct str hostname;
	struct words hostnames, domains;
	struct nets addresses;
	struct str recipient_delimiter;
};

struct headers_settings {
	struct str authserv_id; /* empty: the host name */
	bool auth_results, received_spf, remove_forged;
	struct str field;
	unsigned authserv_id_line, field_line;
	int field_on; /* enum stamp_on */
};

struct networks_settings {
	struct nets ours;
};

struct health_settings {
	bool watch_addresses, watch_findings;
	int64_t suspend;
};

struct daemon_settings {
	struct str user, pid_file;
	int64_t workers;
};

struct log_settings {
	struct str to;
	int level;
};

struct store_settings {
	struct str file;     /* empty: none */
	struct str redis;    /* the same; not both */
	unsigned redis_line; /* where that is written */
	struct str redis_user, redis_password_file, redis_prefix;
	int64_t redis_db, redis_timeout;
	int cases; /* enum cases */
	int64_t keep_refused, keep_accepted, keep_history, keep_seen, max_size;
};

struct rdap_settings {
	struct str bootstrap; /* path; empty: what is built in */
	struct str ca_file;   /* path; empty: the system's */
	unsigned ca_file_line;
	int64_t rate, rate_all, timeout;
	/* Its lines SUFFIX = URL. */
	struct rdap_server *server;
	size_t n, room;
};

struct explain_settings {
	struct str rules;
};

/* Which decisions are kept. */
enum cases { CASES_ALL, CASES_REFUSED, CASES_NONE };

struct privacy_settings {
	int recipients;		      /* enum privacy_recipients */
	struct str secret;	      /* as written */
	uint8_t key[HASH_KEYED_SIZE]; /* the same in bytes */
};

struct actions_settings {
	struct action action[2][CHECKS_MAX][HEALTH_CODES_MAX];
	bool set[2][CHECKS_MAX][HEALTH_CODES_MAX];
};

struct exempt_settings {
	struct exemption *list;
	size_t n, room;
};

struct config {
	struct generation generation; /* first: the generation is the config */
	struct arena arena;
	struct listen_settings listen;
	struct dns_settings dns;
	struct policy_settings policy;
	struct site_settings site;
	struct headers_settings headers;
	struct networks_settings networks;
	struct health_settings health;
	struct daemon_settings daemon;
	struct log_settings log;
	struct store_settings store;
	struct privacy_settings privacy;
	struct explain_settings explain;
	struct rdap_settings rdap;
	struct actions_settings actions;
	struct exempt_settings exempt;
	struct named dnsbl, dnswl;		 /* of struct dnsbl_settings */
	struct named local_list;		 /* of struct list_settings */
	struct local_lists local;		 /* their tables are ours: see config_local.h */
	const struct local_source *local_source; /* one for each of them */
	const void *check_settings[CHECKS_MAX];
	void *const *structs; /* see config_structs() */
	size_t n_structs;
	/* Freed with the generation by whoever gave it: see generation.source. */
	void (*free_source)(struct config *c);
	void *source_owner;
};

/* Sections of the program, for `mxward conf` and the manual. */
const struct section *const *config_sections(size_t *n);

/* path NULL: all defaults.  NULL on error with e filled (its first error); report, where given, is
 * called for each error. */
struct config *config_load_file(
	const char *path, conf_report_fn *report, void *ctx, struct errbuf *e);
/* The same from memory; name stands in errors. */
struct config *config_load_text(const char *name, struct str text, struct errbuf *e);
/* Borrowed. */
struct generation *config_generation(struct config *c);
/* Drop the first reference: memory goes when no visit uses it any more. */
void config_free(struct config *c);
/* What is taken and should be thought over: see conf/warn.h. */
void config_warn(struct config *c, conf_warn_fn *warn, void *ctx);
/* The structs that the sections are read into, in the order of config_sections(). */
void *const *config_structs(struct config *c, size_t *n);

/* What the defaults are per finding and profile; [1] is IPv6. */
struct action finding_default(const struct finding_code *code, enum profile profile, bool ipv6);

#endif
