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

#include "cli/cli.h"
#include "daemon/log.h"
#include "daemon/process.h"
#include "daemon/worker.h"

#define DEFAULT_CONFIG "/etc/mxward/mxward.conf"

static const char help[] =
	"Usage: mxward serve [-c FILE]\n"
	"Run in the foreground and answer mail servers until SIGTERM or Ctrl-C.\n"
	"\n"
	"  -c, --config FILE   settings; without it " DEFAULT_CONFIG " if there is one,\n"
	"                      else the defaults (see \"mxward conf show --defaults\")\n"
	"  -h, --help          this text\n"
	"\n"
	"SIGHUP reads the settings anew; a broken file is reported and the old settings stay.\n"
	"Sockets, user and number of workers change only with a restart.\n";

struct serve {
	struct worker_options worker;
	size_t n_milter;
};

static int
work(void *ctx, const int *fds, size_t n)
{
	struct serve *s = ctx;

	s->worker.fds = fds;
	s->worker.n_milter = s->n_milter;
	s->worker.n_policy = n - s->n_milter;
	return worker_run(&s->worker);
}

static void
report(const struct errbuf *one, void *ctx)
{
	char text[1024];

	errbuf_print(one, text, sizeof(text));
	fprintf(stderr, "mxward: %s\n", text);
}

static int
serve_with(struct config *config, const char *path)
{
	struct errbuf e = {0};
	struct words milter = config->listen.milter, policy = config->listen.policy;
	unsigned mode = (unsigned)config->listen.unix_mode;
	struct process_socket listen[64];
	size_t n = 0;

	if (milter.n + policy.n > COUNT(listen))
		return cli_fail(EX_CONFIG, "more than %zu sockets in [listen]", COUNT(listen));
	for (size_t i = 0; i < milter.n; i++)
		listen[n++] = (struct process_socket){.spec = milter.word[i], .unix_mode = mode};
	for (size_t i = 0; i < policy.n; i++)
		listen[n++] = (struct process_socket){.spec = policy.word[i], .unix_mode = mode};
	if (!n)
		return cli_fail(EX_CONFIG, "[listen] names no socket: nobody could connect");
	if (!log_open(config->log.to, (enum log_level)config->log.level, &e))
		return report(&e, NULL), EX_CONFIG;
	log_catch_bugs();
	void *recall = mmap(NULL, recall_size(WORKER_RECALL), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (recall == MAP_FAILED)
		return cli_fail(EX_OSERR, "no shared memory");
	struct serve s = {.worker = {.path = path, .config = config, .recall_memory = recall},
		.n_milter = milter.n};
	const struct process_settings settings = {.user = config->daemon.user,
		.pid_file = config->daemon.pid_file,
		.listen = listen,
		.n_listen = n,
		.workers = (unsigned)config->daemon.workers};
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
	const char *path = access(DEFAULT_CONFIG, F_OK) == 0 ? DEFAULT_CONFIG : NULL;
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
