/*
 * checks/generic_rdns: does the client's reverse name look like an end user's line?
 *
 * Mail servers have names; lines of homes, offices and rented machines have numbers.  The look of a
 * name proves nothing, so by default it only scores, and one name among several that looks like a
 * server's clears the client.  What a name looks like is decided in rdns_class.c; whether it
 * resolves back is the business of rdns.
 */
#include "checks/checks.h"
#include "checks/rdns_class.h"

enum { ENDUSER, ENDUSER_WEAK, STATIC, HOSTING };

#define FIX_RELAY                                                                                 \
	"send through your provider's mail server, or ask the provider to set a reverse name of " \
	"your own domain"

static const struct finding_code codes[] = {
	[ENDUSER] = {.id = "rdns_enduser",
		.label = "reverse name of an end user's line",
		.text = "the reverse name {name} of {client} is that of an end user's line ({why})",
		.fix = FIX_RELAY,
		.expected = "mail comes from a provider's mail server, or from a server whose "
			    "reverse name is a host name of its owner's domain",
		.record = "{reverse}. IN PTR {host}.",
		.cause = CAUSE_DYNAMIC_IP,
		.action = SCORE(400),
		.strict = {ACTION_REJECT},
		.code = 550,
		.enhanced = "5.7.1",
		.reference = "RFC 8601 3"},
	[ENDUSER_WEAK] = {.id = "rdns_enduser_weak",
		.label = "reverse name looks like an end user's line",
		.text = "the reverse name {name} of {client} looks like an end user's line ({why})",
		.fix = FIX_RELAY,
		.expected = "mail comes from a provider's mail server, or from a server whose "
			    "reverse name is a host name of its owner's domain",
		.record = "{reverse}. IN PTR {host}.",
		.cause = CAUSE_DYNAMIC_IP,
		.action = SCORE(200),
		.code = 550,
		.enhanced = "5.7.1",
		.reference = "RFC 8601 3"},
	[STATIC] = {.id = "rdns_static",
		.label = "reverse name of a numbered static line",
		.text = "the reverse name {name} of {client} is a provider's number for a static "
			"line "
			"({why})",
		.fix = "ask the provider to set a reverse name of your own domain",
		.expected =
			"the reverse name of a mail server is a host name of its owner's domain",
		.record = "{reverse}. IN PTR {host}.",
		.cause = CAUSE_DYNAMIC_IP,
		.action = SCORE(100),
		.code = 550,
		.enhanced = "5.7.1",
		.reference = "RFC 8601 3"},
	[HOSTING] = {.id = "rdns_hosting",
		.label = "reverse name of a numbered rented server",
		.text = "the reverse name {name} of {client} is a hosting provider's number for a "
			"rented server ({why})",
		.fix = "set a reverse name of your own domain in the provider's control panel",
		.expected =
			"the reverse name of a mail server is a host name of its owner's domain",
		.record = "{reverse}. IN PTR {host}.",
		.cause = CAUSE_DYNAMIC_IP,
		.action = SCORE(100),
		.code = 550,
		.enhanced = "5.7.1",
		.reference = "RFC 8601 3"},
};

static const struct setting settings[] = {
	{.name = "words",
		.type = SETTING_WORDS,
		.offset = offsetof(struct generic_rdns_settings, words),
		.fallback = "",
		.help = "Files with further words and domains (see DATA FILES); their lines win "
			"over "
			"the built-in ones."},
};

static const struct section section = {
	.name = "generic_rdns",
	.help = "The check generic_rdns: what the reverse name looks like.",
	.settings = settings,
	.n = COUNT(settings),
	.size = sizeof(struct generic_rdns_settings),
};

/* The finding for a class; -1: a name like a server's. */
static int
finding_of(const struct rdns_verdict *v)
{
	switch (v->class) {
	case RDNS_ENDUSER:
		return v->strength == RDNS_STRONG ? ENDUSER : ENDUSER_WEAK;
	case RDNS_GENERIC_STATIC:
		return STATIC;
	case RDNS_GENERIC_HOSTING:
		return HOSTING;
	case RDNS_SERVER:
		break;
	}
	return -1;
}

static enum check_status
run(struct ask *q, struct findings *out)
{
	const struct dns_answer *ptr = ask_reverse_names(q);
	struct rdns_verdict best = {.class = RDNS_SERVER};
	struct str name = STR("");
	int code = -1;

	if (!ptr)
		return CHECK_WAIT;
	if (ptr->status != DNS_OK) /* an expired name accuses nobody */
		return CHECK_DONE;
	for (size_t i = 0; i < reverse_names_count(ptr); i++) {
		struct rdns_verdict v =
			rdns_classify(q->site->rdns_words, &q->client, ptr->rr[i].text);
		int c = finding_of(&v);
		/* The mildest name speaks for the client: codes are in order of weight. */
		if (i > 0 && c >= 0 && c <= code)
			continue;
		code = c;
		best = v;
		name = ptr->rr[i].text;
		if (c < 0)
			return CHECK_DONE;
	}
	struct finding *f = found(out, &codes[code]);
	finding_note(f, "client", ip_str(q, &q->client));
	finding_note(f, "reverse", q->reverse);
	finding_note(f, "name", name);
	finding_note(f, "why", arena_str(q->scratch, str_of(best.reason)));
	return CHECK_DONE;
}

const struct check check_generic_rdns = {
	.name = "generic_rdns",
	.help = "A reverse name that only numbers its address belongs to somebody's line, not to a "
		"mail server.  Words and addresses left of the registrable domain decide.",
	.codes = codes,
	.n_codes = COUNT(codes),
	.section = &section,
	.run = run,
};
