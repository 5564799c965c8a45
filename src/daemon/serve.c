/*
 * daemon/serve: the command `mxward serve`.
 *
 * Reads the settings, opens the log, and hands over to the parent and its workers (process.h);
 * what a worker does is in worker.c.
 */
#include <getopt.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "checks/checks.h"
#include "cli/cli.h"
#include "daemon/caller.h"
#include "daemon/callout_run.h"
#include "daemon/config_local.h"
#include "daemon/config_store.h"
#include "daemon/keeper.h"
#include "daemon/log.h"
#include "daemon/process.h"
#include "daemon/registrar.h"
#include "daemon/worker.h"
#include "net/local.h"

static const char help[] =
	"Usage: mxward serve [-c FILE]\n"
	"Run in the foreground and answer mail servers until SIGTERM or Ctrl-C.\n"
	"\n"
	"  -c, --config FILE   settings; without it " CONFIG_FILE " if there is one,\n"
	"                      else the defaults (see \"mxward conf show --defaults\")\n"
	"  -h, --help          this text\n"
	"\n"
	"SIGHUP reads the settings anew; a broken file is reported and the old settings stay.\n"
	"Sockets, user and number of workers change only with a restart.\n";

#define SOCKETS_MAX 64

struct serve {
	struct worker_options worker;
	size_t n_milter;
	bool has_control; /* the last socket */
	/* Listening, for workers; -1: there is no store, or no such process. */
	int keeper, reader, registrar;
	char keeper_name[LOCAL_NAME_MAX], reader_name[LOCAL_NAME_MAX];
	char registrar_name[LOCAL_NAME_MAX];
	struct store_client_names names;
	int caller;		       /* listening; -1: nobody makes callouts */
	struct callout_budget *budget; /* shared by those who make them, one after the other */
	char caller_name[LOCAL_NAME_MAX];
	struct process_keeper keepers[PROCESS_KEEPERS_MAX];
	size_t n_keepers;
	struct process_socket listen[SOCKETS_MAX + 1];
	size_t n;
};

/* What is for other processes. */
static void
close_others(const struct serve *s, int own)
{
	const int all[] = {s->keeper, s->reader, s->registrar, s->caller};

	for (size_t i = 0; i < COUNT(all); i++)
		if (all[i] >= 0 && all[i] != own)
			close(all[i]);
}

static void
close_sockets(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static int
work(void *ctx, const int *fds, size_t n)
{
	struct serve *s = ctx;

	close_others(s, -1);
	s->worker.fds = fds;
	s->worker.n_milter = s->n_milter;
	s->worker.n_policy = n - s->n_milter - s->has_control;
	s->worker.control = s->has_control ? fds[n - 1] : -1;
	return worker_run(&s->worker);
}

static int
keep_by(const struct serve *s, const int *fds, size_t n, bool reads)
{
	const struct keeper_options o = {.path = s->worker.path,
		.config = s->worker.config,
		.fd = reads ? s->reader : s->keeper,
		.reads = reads};

	close_sockets(fds, n);
	close_others(s, o.fd);
	return keeper_run(&o);
}

static int
keep(void *ctx, const int *fds, size_t n)
{
	return keep_by(ctx, fds, n, false);
}

static int
keep_reading(void *ctx, const int *fds, size_t n)
{
	return keep_by(ctx, fds, n, true);
}

static int
call_out(void *ctx, const int *fds, size_t n)
{
	const struct serve *s = ctx;
	const struct caller_options o = {.path = s->worker.path,
		.config = s->worker.config,
		.fd = s->caller,
		.store = s->worker.store,
		.budget = s->budget};

	close_sockets(fds, n);
	close_others(s, o.fd);
	return caller_run(&o);
}

static int
ask_registries(void *ctx, const int *fds, size_t n)
{
	const struct serve *s = ctx;
	const struct registrar_options o = {.path = s->worker.path,
		.config = s->worker.config,
		.fd = s->registrar,
		.store = &s->names};

	close_sockets(fds, n);
	close_others(s, o.fd);
	return registrar_run(&o);
}

/* The workers have the lists in files and read them again when they change: here they would only
 * grow old. */
static void
forget_lists(void *ctx)
{
	struct serve *s = ctx;

	config_free_local(s->worker.config);
}

static void
report(const struct errbuf *one, void *ctx)
{
	char text[1024];

	errbuf_print(one, text, sizeof(text));
	fprintf(stderr, "mxward: %s\n", text);
}

static void
add_sockets(struct serve *s, const struct words *specs, const struct listen_settings *l)
{
	for (size_t i = 0; i < specs->n; i++)
		s->listen[s->n++] = (struct process_socket){.spec = specs->word[i],
			.unix_mode = (unsigned)l->unix_mode,
			.group = l->unix_group};
}

/* In the order that work() takes them in. */
static void
name_sockets(struct serve *s, const struct listen_settings *l)
{
	add_sockets(s, &l->milter, l);
	add_sockets(s, &l->policy, l);
	s->n_milter = l->milter.n;
	s->has_control = l->control.n > 0;
	if (s->has_control)
		s->listen[s->n++] = (struct process_socket){.spec = l->control,
			.unix_mode = (unsigned)l->control_mode,
			.given = true,
			.optional = l->control_line == 0};
}

static void
add_keeper(struct serve *s, process_worker *run, const char *name)
{
	must(s->n_keepers < COUNT(s->keepers));
	s->keepers[s->n_keepers++] = (struct process_keeper){run, name};
}

/* Asks registries, where that is wanted. */
static bool
open_registrar(struct serve *s, const struct config *config, struct errbuf *e)
{
	if (!registrar_settings(config)->rdap)
		return true;
	local_name("registrar", s->registrar_name);
	s->registrar = local_listen(s->registrar_name, e);
	if (s->registrar < 0)
		return false;
	s->worker.registrar = s->registrar_name;
	add_keeper(s, ask_registries, "registrar");
	return true;
}

/* Opened here, so that workers find them whether anybody is behind them or not.  A store in Redis
 * is asked by the one process that writes to it as well. */
static bool
open_keepers(struct serve *s, const struct config *config, struct errbuf *e)
{
	s->keeper = s->reader = s->registrar = -1;
	if (!config_has_store(config))
		return true;
	local_name("store", s->keeper_name);
	local_name("reader", s->reader_name);
	s->keeper = local_listen(s->keeper_name, e);
	s->names = (struct store_client_names){s->keeper_name, s->keeper_name};
	s->worker.store = &s->names;
	if (s->keeper < 0)
		return false;
	add_keeper(s, keep, "keeper");
	if (config->store.file.n > 0) {
		s->names.reader = s->reader_name;
		s->reader = local_listen(s->reader_name, e);
		if (s->reader < 0)
			return false;
		add_keeper(s, keep_reading, "reader");
	}
	return open_registrar(s, config, e);
}

/* Memory that all processes of the daemon see, all zero; NULL: there is none. */
static void *
share(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static bool
open_caller(struct serve *s, const struct config *config, struct errbuf *e)
{
	s->caller = -1;
	if (!callout_settings_of(config)->enabled)
		return true;
	s->budget = share(sizeof(*s->budget));
	if (!s->budget)
		return err(e, "no shared memory");
	local_name("caller", s->caller_name);
	s->caller = local_listen(s->caller_name, e);
	s->worker.caller = s->caller_name;
	if (s->caller >= 0)
		add_keeper(s, call_out, "caller");
	return s->caller >= 0;
}

static int
serve_with(struct config *config, const char *path)
{
	const struct listen_settings *l = &config->listen;
	struct errbuf e = {0};

	if (l->milter.n + l->policy.n > SOCKETS_MAX)
		return cli_fail(EX_CONFIG, "more than %d sockets in [listen]", SOCKETS_MAX);
	if (l->milter.n + l->policy.n == 0)
		return cli_fail(EX_CONFIG, "[listen] names no socket: nobody could connect");
	if (!log_open(config->log.to, (enum log_level)config->log.level, &e))
		return report(&e, NULL), EX_CONFIG;
	log_catch_bugs();
	must_containment(true);
	void *recall = share(recall_size(WORKER_RECALL));
	if (!recall)
		return cli_fail(EX_OSERR, "no shared memory");
	struct serve s = {.worker = {.path = path,
				  .config = config,
				  .recall_memory = recall,
				  .workers = (unsigned)config->daemon.workers}};
	name_sockets(&s, l);
	if (!open_keepers(&s, config, &e) || !open_caller(&s, config, &e))
		return report(&e, NULL), EX_OSERR;
	const struct process_settings settings = {.user = config->daemon.user,
		.pid_file = config->daemon.pid_file,
		.listen = s.listen,
		.n_listen = s.n,
		.workers = (unsigned)config->daemon.workers,
		.keeper = s.keepers,
		.n_keepers = s.n_keepers,
		.all_ready = forget_lists};
	int status = process_run(&settings, work, &s, &e);
	if (e.count)
		report(&e, NULL);
	return status;
}

int
cli_serve(int argc, char **argv)
{
	static const struct option options[] = {
		{"config", required_argument, NULL, 'c'}, {"help", no_argument, NULL, 'h'}, {0}};
	const char *path = access(CONFIG_FILE, F_OK) == 0 ? CONFIG_FILE : NULL;
	struct errbuf e = {0};

	for (int c; (c = getopt_long(argc, argv, "c:h", options, NULL)) != -1;) {
		switch (c) {
		case 'c':
			path = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return cli_finish(EX_OK);
		default:
			return cli_usage("serve", "wrong option");
		}
	}
	if (optind < argc)
		return cli_usage("serve", "unexpected \"%s\"", argv[optind]);
	struct config *config = config_load_file(path, report, NULL, &e);
	if (!config)
		return EX_CONFIG;
	int status = serve_with(config, path);
	config_free(config);
	return status;
}
