/* cli/settings: see settings.h. */
#include <stdio.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/settings.h"

const char *
settings_path(const char *named)
{
	return named || access(CONFIG_FILE, F_OK) != 0 ? named : CONFIG_FILE;
}

void
settings_report(const struct errbuf *one, void *ctx)
{
	char line[1024];

	errbuf_print(one, line, sizeof(line));
	(void)cli_fail(0, "%s", line);
}

struct config *
settings_load(const char *path)
{
	struct errbuf e = {0};

	return config_load_file(path, settings_report, NULL, &e);
}
