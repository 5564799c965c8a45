/*
 * daemon/process: see process.h.
 *
 * The parent has no event loop and no signal handlers: its signals are blocked and fetched one by
 * one with a timeout, so nothing happens between two statements that was not meant to.
 *
 * Workers share a page with it in which each writes when its loop last turned.  0 means that the
 * worker is not ready yet.  Keepers come behind them.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/must.h"

#include "net/listen.h"

#include "daemon/log.h"
#include "daemon/notify.h"
#include "daemon/process.h"

#define RESTART_MS   100
#define RESTART_MOST 5000
#define YOUNG_MS     10000 /* dying before this age counts as dying at once */
#define BEAT_MS	     1000
#define CHECK_MS     2000
#define NEVER	     UINT64_MAX
#define NOFILE_MOST  (1u << 20) /* containers offer 2^30, which helps nobody */

struct beat {
	_Atomic uint64_t at;
};

struct worker {
	pid_t pid; /* 0: none now */
	uint64_t started_at;
	uint64_t start_at; /* with no pid */
	uint64_t delay;	   /* the last wait before a start */
};

struct parent {
	const struct process_settings *settings;
	process_worker *run;
	void *ctx;
	pid_t pid;
	int *fds;
	struct beat *beats; /* shared, one per worker */
	struct worker worker[PROCESS_WORKERS_MAX + PROCESS_KEEPERS_MAX];
	size_t n; /* of them, keepers included */
	uint64_t stall_ms, keeper_stall_ms;
	uint64_t checked_at, check_ms; /* looks at the beats, and word to the watchdog */
	bool has_watchdog;
	uint64_t kill_at;  /* stopping: when patience ends, NEVER before */
	bool keepers_told; /* to stop: no worker is left */
	sigset_t held;
	char *pid_file;
	int pid_fd;
	bool was_ready; /* the manager has been told */
	int status;
};

/* Start. */

static char *
heap_z(struct str s)
{
	char *z = heap_alloc(s.n + 1);

	if (s.n > 0)
		memcpy(z, s.p, s.n);
	z[s.n] = '\0';
	return z;
}

/* Of a socket in the file system, else NULL; the caller's. */
static char *
unix_path(const struct process_socket *at)
{
	return str_has_prefix(at->spec, STR("unix:/")) ? heap_z(str_skip(at->spec, 5)) : NULL;
}

/* Whoever may write to the directory may have put something else at the place by now: what is
 * given away is looked at first, and is then the very thing that was looked at. */
static bool
socket_give(const char *path, uid_t uid, gid_t gid)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC), why;
	struct stat st;

	if (fd < 0)
		return false;
	bool ok = fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) &&
		fchownat(fd, "", uid, gid, AT_EMPTY_PATH) == 0;
	why = errno;
	close(fd);
	errno = why;
	return ok;
}

/* By name or by number. */
static bool
group_find(const char *name, gid_t *out)
{
	const struct group *gr = getgrnam(name);
	uint64_t number;

	if (!gr && !str_to_u64(str_of(name), (gid_t)-2, &number))
		return false;
	*out = gr ? gr->gr_gid : (gid_t)number;
	return true;
}

/* Until then it has at most the permissions that it had for its maker's group. */
static bool
socket_group(const struct process_socket *at, struct errbuf *e)
{
	char *path = at->group.n ? unix_path(at) : NULL, *name;
	bool ok = true;
	gid_t gid;

	if (!path)
		return true;
	name = heap_z(at->group);
	if (!group_find(name, &gid))
		ok = err(e, "there is no group %s: see [listen] unix_group", name);
	else if (!socket_give(path, (uid_t)-1, gid))
		ok = err(e, "cannot give %s to the group %s: %s", path, name, strerror(errno));
	heap_free(name);
	heap_free(path);
	return ok;
}

static bool
sockets_open(struct parent *p, struct errbuf *e)
{
	const struct process_settings *s = p->settings;

	for (size_t i = 0; i < s->n_listen; i++) {
		const struct process_socket *at = &s->listen[i];
		struct errbuf why = {0};

		p->fds[i] = listen_open(at->spec, at->unix_mode, at->optional ? &why : e);
		if (p->fds[i] >= 0 && !socket_group(at, e))
			return false;
		if (p->fds[i] >= 0)
			continue;
		if (!at->optional)
			return false;
		log_event(LOG_LEVEL_WARN, "socket_left_out", log_s("socket", at->spec),
			log_z("text", why.text));
	}
	return true;
}

static void
sockets_give(const struct parent *p, uid_t uid, gid_t gid)
{
	for (size_t i = 0; i < p->settings->n_listen; i++) {
		const struct process_socket *at = &p->settings->listen[i];
		char *path = p->fds[i] >= 0 && at->given ? unix_path(at) : NULL;

		if (path && !socket_give(path, uid, gid))
			log_event(LOG_LEVEL_WARN, "socket_owner", log_s("socket", at->spec),
				log_z("error", strerror(errno)));
		heap_free(path);
	}
}

/* A unix socket's name goes first: once nobody listens a successor may have made its own there. */
static void
sockets_close(struct parent *p)
{
	for (size_t i = 0; i < p->settings->n_listen; i++) {
		char *path;

		if (p->fds[i] < 0)
			continue;
		path = unix_path(&p->settings->listen[i]);
		if (path)
			(void)unlink(path); /* without root it may have to stay */
		heap_free(path);
		close(p->fds[i]);
		p->fds[i] = -1;
	}
}

static bool
pid_file_write(struct parent *p, struct errbuf *e)
{
	if (p->settings->pid_file.n == 0)
		return true;
	p->pid_file = heap_z(p->settings->pid_file);
	p->pid_fd = open(p->pid_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (p->pid_fd < 0 || dprintf(p->pid_fd, "%d\n", (int)p->pid) < 0)
		return err(e, "cannot write the pid file %s: %s", p->pid_file, strerror(errno));
	return true;
}

/* Without root the directory may not be ours to change; then the file is left empty. */
static void
pid_file_remove(struct parent *p)
{
	if (p->pid_fd >= 0) {
		if (unlink(p->pid_file) != 0)
			(void)!ftruncate(p->pid_fd, 0);
		close(p->pid_fd);
	}
	heap_free(p->pid_file);
}

static const struct passwd *
user_find(struct str name, struct errbuf *e)
{
	const struct passwd *pw;
	char *z;

	if (name.n == 0) {
		pw = getpwnam("mxward");
		if (pw)
			return pw;
		pw = getpwnam("nobody");
		if (pw)
			log_event(LOG_LEVEL_WARN, "user", log_z("user", "nobody"),
				log_z("hint", "there is no user mxward, or set [daemon] user"));
		else
			(void)err(e, "there is no user mxward: set [daemon] user");
		return pw;
	}
	z = heap_z(name);
	pw = getpwnam(z);
	if (!pw)
		(void)err(e, "there is no user %s: see [daemon] user", z);
	heap_free(z);
	return pw;
}

/* Root is given up for good, and nothing that is executed could bring it back.  The process stays
 * as little dumpable as the kernel makes it then: others of the same user may not look inside. */
static bool
privileges_drop(const struct parent *p, struct errbuf *e)
{
	if (geteuid() == 0) {
		const struct passwd *pw = user_find(p->settings->user, e);

		if (!pw)
			return false;
		if (pw->pw_uid == 0)
			return err(e, "[daemon] user = %s would stay root", pw->pw_name);
		log_give(pw->pw_uid, pw->pw_gid);
		sockets_give(p, pw->pw_uid, pw->pw_gid);
		if (initgroups(pw->pw_name, pw->pw_gid) != 0 || setgid(pw->pw_gid) != 0 ||
			setuid(pw->pw_uid) != 0)
			return err(e, "cannot become user %s: %s", pw->pw_name, strerror(errno));
		must(setuid(0) != 0 && geteuid() != 0);
	}
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	return true;
}

static void
descriptors_raise(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur >= NOFILE_MOST)
		return;
	r.rlim_cur = r.rlim_max < NOFILE_MOST ? r.rlim_max : NOFILE_MOST;
	(void)setrlimit(RLIMIT_NOFILE, &r); /* with less the listeners rest earlier */
}

static void
signals_hold(struct parent *p)
{
	static const int held[] = {SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGUSR1};

	sigemptyset(&p->held);
	for (size_t i = 0; i < COUNT(held); i++) {
		sigaddset(&p->held, held[i]);
		/* Whoever started us may have ignored some (nohup), which outlives exec. */
		must(signal(held[i], SIG_DFL) != SIG_ERR);
	}
	must(sigprocmask(SIG_BLOCK, &p->held, NULL) == 0);
	/* A reader of our log or of an answer may go away at any time. */
	must(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
}

/* Inside a worker. */

static struct {
	struct beat *beat;
	struct timer *timer;
	sigset_t held;
	pid_t parent;
	unsigned number;
} self;

static void
beat(void *ctx)
{
	atomic_store(&self.beat->at, clock_ms());
	timer_set(self.timer, BEAT_MS);
}

unsigned
process_number(void)
{
	return self.number;
}

void
process_ready(struct loop *l)
{
	if (!self.beat)
		return;
	self.timer = timer_new(l, beat, NULL);
	beat(NULL);
	must(sigprocmask(SIG_UNBLOCK, &self.held, NULL) == 0);
	(void)kill(self.parent, SIGUSR1);
}

/* NULL: it is a worker. */
static const struct process_keeper *
keeper_of(const struct parent *p, size_t i)
{
	return i < p->settings->workers ? NULL : &p->settings->keeper[i - p->settings->workers];
}

static const char *
name_of(const struct parent *p, size_t i)
{
	const struct process_keeper *k = keeper_of(p, i);

	return k ? k->name : "worker";
}

static _Noreturn void
worker_main(struct parent *p, size_t i)
{
	int status;

	/* SIGTERM, not SIGKILL: requests in flight are answered even when the parent was killed. */
	must(prctl(PR_SET_PDEATHSIG, SIGTERM) == 0);
	if (getppid() != p->pid)
		_exit(0);
	/* Ctrl-C reaches the whole group, but the parent alone decides. */
	must(signal(SIGINT, SIG_IGN) != SIG_ERR);
	self.beat = &p->beats[i];
	self.held = p->held;
	self.parent = p->pid;
	const struct process_keeper *keeper = keeper_of(p, i);
	self.number = keeper ? 0 : (unsigned)i + 1;
	status = (keeper ? keeper->run : p->run)(p->ctx, p->fds, p->settings->n_listen);
	log_flush();
	exit(status);
}

/* The parent's work. */

static void
worker_start(struct parent *p, size_t i, uint64_t now)
{
	struct worker *w = &p->worker[i];
	pid_t pid;

	atomic_store(&p->beats[i].at, 0);
	pid = fork();
	if (pid == 0)
		worker_main(p, i);
	w->started_at = now;
	if (pid > 0) {
		w->pid = pid;
		return;
	}
	log_event(LOG_LEVEL_ERROR, keeper_of(p, i) ? "keeper_not_started" : "worker_not_started",
		log_z("process", name_of(p, i)), log_z("error", strerror(errno)));
	w->delay = RESTART_MOST;
	w->start_at = now + w->delay;
}

static void
log_end(const struct parent *p, size_t i, pid_t pid, int status, uint64_t again_ms)
{
	bool keeper = keeper_of(p, i) != NULL;

	if (WIFSIGNALED(status))
		log_event(LOG_LEVEL_ERROR, keeper ? "keeper_died" : "worker_died",
			log_z("process", name_of(p, i)), log_u("pid", (uint64_t)pid),
			log_u("signal", (uint64_t)WTERMSIG(status)),
			log_z("name", strsignal(WTERMSIG(status))), log_u("restart_ms", again_ms));
	else
		log_event(LOG_LEVEL_ERROR, keeper ? "keeper_ended" : "worker_ended",
			log_z("process", name_of(p, i)), log_u("pid", (uint64_t)pid),
			log_u("status", (uint64_t)WEXITSTATUS(status)),
			log_u("restart_ms", again_ms));
}

/* To the first n, which are the workers, or with p->n all. */
static void
workers_signal(const struct parent *p, size_t n, int signo)
{
	for (size_t i = 0; i < n; i++)
		if (p->worker[i].pid > 0)
			(void)kill(p->worker[i].pid, signo);
}

static bool
is_stopping(const struct parent *p)
{
	return p->kill_at != NEVER;
}

static void
stop(struct parent *p, uint64_t now)
{
	if (is_stopping(p)) {
		workers_signal(p, p->n, SIGKILL);
		return;
	}
	notify("STOPPING=1");
	sockets_close(p);
	workers_signal(p, p->settings->workers, SIGTERM);
	p->kill_at = now + PROCESS_STOP_MS + 1000; /* they keep the time themselves */
}

/* Of the first n, none is left. */
static bool
are_gone(const struct parent *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p->worker[i].pid > 0)
			return false;
	return true;
}

/* Stopping: what the workers have written by their end, the keeper is to keep. */
static void
keeper_stop(struct parent *p, uint64_t now)
{
	if (!is_stopping(p) || p->keepers_told || !are_gone(p, p->settings->workers))
		return;
	p->keepers_told = true;
	p->kill_at = now + PROCESS_STOP_MS + 1000;
	workers_signal(p, p->n, SIGTERM);
}

static void
worker_ended(struct parent *p, size_t i, int status, uint64_t now)
{
	struct worker *w = &p->worker[i];
	pid_t pid = w->pid;

	w->pid = 0;
	if (is_stopping(p))
		return;
	if (!p->was_ready && WIFEXITED(status) && !keeper_of(p, i)) {
		/* It cannot serve as things are, and has said why. */
		p->status = WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : EX_SOFTWARE;
		stop(p, now);
		return;
	}
	if (w->delay == 0 || now - w->started_at >= YOUNG_MS)
		w->delay = RESTART_MS;
	else
		w->delay = w->delay * 2 < RESTART_MOST ? w->delay * 2 : RESTART_MOST;
	w->start_at = now + w->delay;
	log_end(p, i, pid, status, w->delay);
}

static void
workers_reap(struct parent *p, uint64_t now)
{
	int status;
	pid_t pid;

	/* As the first process of a container we also meet orphans that are nobody's. */
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < p->n; i++)
			if (p->worker[i].pid == pid)
				worker_ended(p, i, status, now);
	keeper_stop(p, now);
}

/* Tell the manager once all serve. */
static void
ready_check(struct parent *p)
{
	for (size_t i = 0; i < p->settings->workers; i++)
		if (p->worker[i].pid == 0 || atomic_load(&p->beats[i].at) == 0)
			return;
	if (p->was_ready)
		return;
	p->was_ready = true;
	notify("READY=1");
	if (p->settings->all_ready)
		p->settings->all_ready(p->ctx);
}

/* Abort workers whose loop stands still.  When we ourselves were not run for a while (a stopped
 * machine) the next look decides, after the workers had their turn. */
static void
stall_check(struct parent *p, uint64_t now)
{
	bool late = now - p->checked_at > 2 * p->check_ms;

	p->checked_at = now;
	if (late)
		return;
	for (size_t i = 0; i < p->n; i++) {
		uint64_t at = atomic_load(&p->beats[i].at);
		uint64_t most = keeper_of(p, i) ? p->keeper_stall_ms : p->stall_ms;

		if (p->worker[i].pid == 0 || at == 0 || now - at < most || at > now)
			continue;
		log_event(LOG_LEVEL_ERROR, keeper_of(p, i) ? "keeper_stuck" : "worker_stuck",
			log_z("process", name_of(p, i)), log_u("pid", (uint64_t)p->worker[i].pid),
			log_u("ms", now - at));
		(void)kill(p->worker[i].pid, is_stopping(p) ? SIGKILL : SIGABRT);
		atomic_store(&p->beats[i].at, 0);
	}
}

/* What is due at this time; when to look again. */
static uint64_t
turn(struct parent *p, uint64_t now)
{
	uint64_t next = p->checked_at + p->check_ms;

	if (now >= next) {
		stall_check(p, now);
		if (p->has_watchdog)
			notify("WATCHDOG=1");
		next = now + p->check_ms;
	}
	if (is_stopping(p)) {
		if (now >= p->kill_at)
			workers_signal(p, p->keepers_told ? p->n : p->settings->workers, SIGKILL);
		return next;
	}
	for (size_t i = 0; i < p->n; i++) {
		struct worker *w = &p->worker[i];

		if (w->pid == 0 && w->start_at <= now)
			worker_start(p, i, now);
		if (w->pid == 0 && w->start_at < next)
			next = w->start_at;
	}
	return next;
}

static bool
is_over(const struct parent *p)
{
	return is_stopping(p) && are_gone(p, p->n);
}

static void
log_anew(void)
{
	struct errbuf e = {0};

	if (!log_reopen(&e))
		log_event(LOG_LEVEL_ERROR, "log", log_z("error", e.text));
}

static void
keep(struct parent *p)
{
	p->checked_at = clock_ms();
	while (!is_over(p)) {
		uint64_t now = clock_ms(), next = turn(p, now);
		uint64_t wait = next > now ? next - now : 0;
		struct timespec t = {
			.tv_sec = (time_t)(wait / 1000), .tv_nsec = (long)(wait % 1000 * 1000000)};

		switch (sigtimedwait(&p->held, NULL, &t)) {
		case SIGCHLD:
			workers_reap(p, clock_ms());
			break;
		case SIGUSR1:
			ready_check(p);
			break;
		case SIGHUP:
			log_anew();
			workers_signal(p, p->n, SIGHUP);
			break;
		case SIGINT:
		case SIGTERM:
			stop(p, clock_ms());
			keeper_stop(p, clock_ms()); /* there may be no worker just now */
			break;
		default: /* time is up */
			break;
		}
	}
}

int
process_run(const struct process_settings *settings, process_worker *worker, void *ctx,
	struct errbuf *e)
{
	struct parent p = {.settings = settings,
		.run = worker,
		.ctx = ctx,
		.pid = getpid(),
		.pid_fd = -1,
		.n = settings->workers + settings->n_keepers,
		.stall_ms = settings->stall_ms > 0 ? settings->stall_ms : PROCESS_STALL_MS,
		.keeper_stall_ms = settings->keeper_stall_ms > 0 ? settings->keeper_stall_ms
								 : PROCESS_KEEPER_MS,
		.check_ms = CHECK_MS,
		.kill_at = NEVER};
	size_t page = p.n * sizeof(struct beat);
	uint64_t watchdog_ms = notify_watchdog_ms();

	must(settings->workers > 0 && settings->workers <= PROCESS_WORKERS_MAX &&
		settings->n_keepers <= PROCESS_KEEPERS_MAX);
	if (watchdog_ms > 0) {
		p.has_watchdog = true;
		p.check_ms = watchdog_ms / 2 < CHECK_MS ? watchdog_ms / 2 : CHECK_MS;
	}
	p.fds = heap_alloc((settings->n_listen + 1) * sizeof(int));
	for (size_t i = 0; i < settings->n_listen; i++)
		p.fds[i] = -1;
	p.beats = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p.beats == MAP_FAILED) {
		(void)err(e, "no memory: %s", strerror(errno));
		p.status = EX_OSERR;
		goto out;
	}
	descriptors_raise();
	/* Before anybody can see that we listen: whoever does may tell us to stop at once. */
	signals_hold(&p);
	if (!sockets_open(&p, e) || !pid_file_write(&p, e) || !privileges_drop(&p, e)) {
		p.status = EX_UNAVAILABLE;
		goto out;
	}
	keep(&p);
out:
	sockets_close(&p);
	pid_file_remove(&p);
	if (p.beats != MAP_FAILED)
		munmap(p.beats, page);
	heap_free(p.fds);
	return p.status;
}
