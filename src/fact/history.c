/* fact/history: see history.h. */
#include "fact/history.h"
#include "mail/address.h"
#include "mail/psl.h"

static const char *const kinds[HISTORY_KINDS] = {[HISTORY_CLIENT] = "client",
	[HISTORY_REFUSALS] = "refusals",
	[HISTORY_SENDER] = "sender",
	[HISTORY_DOMAIN] = "domain",
	[HISTORY_RESETS] = "resets",
	[HISTORY_COMMANDS] = "commands",
	[HISTORY_RECIPIENTS] = "recipients",
	[HISTORY_EMPTY] = "empty",
	[HISTORY_SEEN] = "seen",
	[HISTORY_REGISTERED] = "registered"};

const char *
history_kind_name(enum history_kind what)
{
	return kinds[what];
}

bool
history_kind_parse(struct str s, enum history_kind *out)
{
	for (unsigned i = 0; i < HISTORY_KINDS; i++) {
		if (!str_eq(s, str_of(kinds[i])))
			continue;
		*out = (enum history_kind)i;
		return true;
	}
	return false;
}

const char *
history_status_name(enum history_status s)
{
	static const char *const names[] = {[HISTORY_UNKNOWN] = "unknown",
		[HISTORY_OK] = "ok",
		[HISTORY_NONE] = "none",
		[HISTORY_FAIL] = "fail"};

	return names[s];
}

const char *
history_number_name(enum history_number n)
{
	static const char *const names[HISTORY_NUMBERS] = {[HISTORY_ACCEPTED] = "accepted",
		[HISTORY_REFUSED] = "refused",
		[HISTORY_DEFERRED] = "deferred",
		[HISTORY_BAD_RCPTS] = "bad_recipients",
		[HISTORY_SPAM] = "spam",
		[HISTORY_HAM] = "ham"};

	return names[n];
}

static int64_t
between(int64_t min, int64_t v)
{
	return v < min ? min : v > HISTORY_MAX ? HISTORY_MAX : v;
}

void
history_clamp(struct history *h)
{
	for (size_t i = 0; i < HISTORY_NUMBERS; i++)
		h->n[i] = between(0, h->n[i]);
	h->score = between(-HISTORY_MAX, h->score);
	h->age_s = between(0, h->age_s);
	h->idle_s = between(0, h->idle_s);
}

void
history_client_name(const struct ip *client, struct buf *out)
{
	const struct ip_net net = ip_net_of(client, client->len == 16 ? 64 : 32);

	ip_net_print(&net, out);
}

static void
put_lower(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++)
		buf_putc(out, chr_lower(s.p[i]));
}

static bool
parse(struct str sender, struct mail_address *out)
{
	return sender.n > 0 && sender.n <= HISTORY_NAME_MAX &&
		str_printable(sender, '\0') == sender.n && !mail_address_parse(sender, out) &&
		out->kind == MAIL_DOMAIN_NAME;
}

bool
history_sender_name(struct str sender, struct buf *out)
{
	struct mail_address a;

	if (!parse(sender, &a))
		return false;
	put_lower(a.local, out);
	buf_putc(out, '@');
	put_lower(a.domain, out);
	return true;
}

bool
history_domain_name(struct str sender, struct buf *out)
{
	char room[HISTORY_NAME_MAX];
	struct buf domain = BUF(room);
	struct mail_address a;

	if (!parse(sender, &a))
		return false;
	put_lower(a.domain, &domain);
	struct str own = psl_registrable(buf_str(&domain));
	buf_put(out, own);
	return own.n > 0;
}
