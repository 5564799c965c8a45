/* cli/stored: see stored.h. */
#include <sysexits.h>

#include "cli/cli.h"
#include "cli/open_store.h"
#include "cli/stored.h"
#include "core/run.h"
#include "daemon/config_store.h"
#include "daemon/rules.h"

void
stored_open(struct stored *out, struct config *config, struct loop *loop, bool history)
{
	const struct store_options read_only = {.read_only = true};
	struct rules_now now = {.exempt = NULL};
	struct errbuf e = {0};

	*out = (struct stored){.generation = generation_ref(config_generation(config))};
	if (!config_has_store(config))
		return;
	struct store *s = config_open_store(config, &read_only, &e);
	if (!s) {
		(void)cli_fail(EX_OK, "nothing is known of %sexemptions and switches: %s",
			history ? "histories, " : "", e.text);
		return;
	}
	now.exempt = cli_read_rules(s, STORE_EXEMPT, config);
	now.mailbox = cli_read_rules(s, STORE_MAILBOX, config);
	out->store = store_client_on(loop, s, NULL);
	if (history) {
		out->history = source_history_new(&(struct source_history_options){
			.loop = loop, .store = out->store, .answered = transaction_answer});
		config_generation(config)->history = source_history_source(out->history);
	}
	generation_unref(out->generation);
	out->generation = rules_generation(config_generation(config), &now);
	rules_unref(now.exempt);
	rules_unref(now.mailbox);
}

void
stored_close(struct stored *s)
{
	generation_unref(s->generation);
	source_history_free(s->history);
	store_client_free(s->store);
}
