/* usage: see usage.h. */
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "base/str.h"

#include "usage.h"

static FILE *
proc_open(int pid, const char *tid, const char *file)
{
	char path[128];

	if (tid)
		snprintf(path, sizeof path, "/proc/%d/task/%s/%s", pid, tid, file);
	else
		snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
	return fopen(path, "re");
}

/* Skips words and reads the next one as a number; 0 where there is none. */
static uint64_t
number_at(struct str line, unsigned skip)
{
	struct str word = {0};
	uint64_t v;

	for (unsigned i = 0; i <= skip; i++)
		if (!str_word(&line, &word))
			return 0;
	return str_to_u64(str_trim(word), UINT64_MAX, &v) ? v : 0;
}

static void
add_memory(int pid, struct usage *u)
{
	FILE *f = proc_open(pid, NULL, "smaps_rollup");
	char line[256];

	if (!f)
		return;
	while (fgets(line, sizeof line, f)) {
		if (str_has_prefix(str_of(line), STR("Rss:")))
			u->rss_kib += number_at(str_of(line), 1);
		else if (str_has_prefix(str_of(line), STR("Pss:")))
			u->pss_kib += number_at(str_of(line), 1);
	}
	fclose(f);
}

/* proc(5): fields 16 and 17 of stat, counted behind the command's closing bracket. */
static void
add_ended_children(int pid, struct usage *u)
{
	FILE *f = proc_open(pid, NULL, "stat");
	uint64_t tick_us = 1000000u / (uint64_t)sysconf(_SC_CLK_TCK);
	char line[1024];

	if (!f)
		return;
	if (fgets(line, sizeof line, f)) {
		struct str s = str_of(line);
		struct str tail = str_skip(s, str_rfind(s, ')') + 1);
		u->cpu_us += tick_us * (number_at(tail, 13) + number_at(tail, 14));
	}
	fclose(f);
}

static void
add_thread(int pid, const char *tid, struct usage *u)
{
	FILE *f = proc_open(pid, tid, "schedstat");
	char line[256];

	if (!f)
		return;
	if (fgets(line, sizeof line, f))
		u->cpu_us += number_at(str_of(line), 0) / 1000;
	fclose(f);
}

static void add_process(int pid, struct usage *u);

static void
add_children(int pid, const char *tid, struct usage *u)
{
	FILE *f = proc_open(pid, tid, "children");
	char line[4096];
	uint64_t child;

	if (!f)
		return;
	if (fgets(line, sizeof line, f)) {
		struct str rest = str_of(line), word;
		while (str_word(&rest, &word))
			if (str_to_u64(word, INT32_MAX, &child))
				add_process((int)child, u);
	}
	fclose(f);
}

static void
add_process(int pid, struct usage *u)
{
	char path[64];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof path, "/proc/%d/task", pid);
	d = opendir(path);
	if (!d)
		return;
	u->processes++;
	add_memory(pid, u);
	add_ended_children(pid, u);
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		add_thread(pid, e->d_name, u);
		add_children(pid, e->d_name, u);
	}
	closedir(d);
}

struct usage
usage_of(int pid)
{
	struct usage u = {0};

	add_process(pid, &u);
	return u;
}
