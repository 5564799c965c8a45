/*
 * Fuzz target: lists in files.
 *
 * The text is read at once and in pieces, which must come to the same.  What a good text has is
 * looked up, each entry and what lies around it, and compared with what looking at each line in
 * turn finds: the longest entry.
 */
#include <stdint.h>

#include "lists/table.h"

#define ALL	  (TABLE_ADDRESSES | TABLE_NAMES | TABLE_SENDERS)
#define LINES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A line's entry, as the naive search sees it. */
struct line {
	bool except;
	char mark;
	struct str word; /* without marks */
	bool is_net;
	struct ip_net net;
};

static size_t
read_lines(struct str text, struct line *out)
{
	struct str line, word;
	size_t n = 0;

	if (str_has_prefix(text, STR("\xef\xbb\xbf")))
		text = str_skip(text, 3);
	while (str_split(&text, '\n', &line)) {
		line = str_trim(line);
		if (!str_word(&line, &word) || word.p[0] == '#' || word.p[0] == ';')
			continue;
		must(n < LINES_MAX);
		struct line *l = &out[n++];
		*l = (struct line){.except = word.p[0] == '!'};
		word = str_skip(word, l->except);
		l->mark = word.p[0] == '=' || word.p[0] == '.' ? word.p[0] : '\0';
		l->word = str_skip(word, l->mark ? 1 : 0);
		if (l->word.p[l->word.n - 1] == '.')
			l->word.n--;
		l->is_net = ip_net_parse(word, &l->net);
	}
	return n;
}

/* The line that counts for an address, or NULL. */
static const struct line *
scan_ip(const struct line *lines, size_t n, const struct ip *ip)
{
	const struct line *best = NULL;

	for (size_t i = 0; i < n; i++)
		if (lines[i].is_net && ip_net_has(&lines[i].net, ip) &&
			(!best || lines[i].net.bits > best->net.bits))
			best = &lines[i];
	return best;
}

static bool
line_has_name(const struct line *l, struct str name)
{
	if (l->is_net || str_find(l->word, '@') < l->word.n)
		return false;
	if (str_eq_nocase(l->word, name))
		return l->mark != '.';
	return l->mark != '=' && name.n > l->word.n && str_has_suffix_nocase(name, l->word) &&
		name.p[name.n - l->word.n - 1] == '.';
}

static const struct line *
scan_name(const struct line *lines, size_t n, struct str name)
{
	const struct line *best = NULL;

	if (name.n && name.p[name.n - 1] == '.')
		name.n--;
	for (size_t i = 0; i < n; i++) {
		const struct line *l = &lines[i];
		if (!line_has_name(l, name))
			continue;
		/* Of the same length the one with a mark. */
		if (!best || l->word.n > best->word.n ||
			(l->word.n == best->word.n && l->mark && !best->mark))
			best = l;
	}
	return best;
}

static const struct line *
scan_sender(const struct line *lines, size_t n, struct str sender)
{
	size_t at = str_rfind(sender, '@');
	struct str whole = sender;

	if (at == sender.n)
		return NULL;
	if (whole.p[whole.n - 1] == '.')
		whole.n--;
	for (size_t i = 0; i < n; i++)
		if (!lines[i].is_net && str_eq_nocase(lines[i].word, whole) && !lines[i].mark)
			return &lines[i];
	return scan_name(lines, n, str_skip(sender, at + 1));
}

static void
agree(bool found, const struct table_hit *hit, const struct line *want)
{
	must(found == (want && !want->except));
	if (!found)
		return;
	if (want->is_net) {
		must(hit->net.bits == want->net.bits && ip_eq(&hit->net.ip, &want->net.ip));
		return;
	}
	must(!hit->net.ip.len && str_eq_nocase(hit->name, want->word));
	must(hit->mark == want->mark);
}

/* The ends of a network and what lies next to it. */
static void
check_net(const struct table *t, const struct line *lines, size_t n, const struct ip_net *net)
{
	for (int turn = 0; turn < 4; turn++) {
		struct ip ip = net->ip;
		struct table_hit hit;
		bool up = turn & 1, out = turn & 2;
		for (unsigned bit = net->bits; up && bit < ip.len * 8u; bit++)
			ip.b[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
		for (unsigned i = ip.len; out && i-- > 0;)
			if (up ? ++ip.b[i] : ip.b[i]--)
				break;
		struct ip clean;
		must(ip_from_bytes(ip.b, ip.len, &clean));
		agree(table_find_ip(t, &clean, &hit), &hit, scan_ip(lines, n, &clean));
	}
}

static void
check_word(const struct table *t, const struct line *lines, size_t n, struct str word)
{
	char room[1200];
	struct buf b = BUF(room);
	struct str rest = word, label;
	struct table_hit hit;

	agree(table_find_sender(t, word, &hit), &hit, scan_sender(lines, n, word));
	while (rest.n) {
		buf_reset(&b);
		buf_puts(&b, "x@a.");
		buf_put(&b, rest);
		struct str s = buf_str(&b);
		agree(table_find_name(t, rest, &hit), &hit, scan_name(lines, n, rest));
		agree(table_find_name(t, str_skip(s, 2), &hit), &hit,
			scan_name(lines, n, str_skip(s, 2)));
		agree(table_find_sender(t, s, &hit), &hit, scan_sender(lines, n, s));
		(void)str_split(&rest, '.', &label);
	}
}

/* What is found can be printed, and what is printed is such an entry. */
static void
check_print(const struct table *t, const struct line *l)
{
	char room[TABLE_ENTRY_MAX + 1];
	struct buf b = BUF(room);
	struct table_hit hit;
	struct errbuf e = {0};

	buf_putc(&b, '\n'); /* at the very start a byte order mark would be passed over */
	if (!(l->is_net ? table_find_ip(t, &l->net.ip, &hit)
			: table_find_sender(t, l->word, &hit) || table_find_name(t, l->word, &hit)))
		return;
	table_print_entry(&hit, &b);
	must(!buf_is_cut(&b));
	struct table *one = table_parse("entry", ALL, buf_str(&b), &e);
	must(one && table_count(one) == 1);
	table_unref(one);
	must(!hit.reply.code || hit.reply.enhanced.p[0] == '0' + hit.reply.code / 100);
}

static struct table *
in_pieces(struct str text, struct errbuf *e)
{
	struct table_reader *r = table_reader_new("fuzz", ALL);

	for (size_t n = 1; text.n; n = n * 3 % 31)
		if (table_reader_feed(r, str_slice(text, 0, n), e))
			text = str_skip(text, n);
		else
			break;
	return table_reader_done(r, e);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_from((const char *)data, size);
	struct errbuf e = {0}, e2 = {0};
	struct line lines[LINES_MAX];
	struct table_reply reply;
	size_t count = 1;

	for (size_t i = 0; i < size; i++)
		count += data[i] == '\n';
	if (count > LINES_MAX)
		return 0;
	if (table_reply_parse(text, &reply, &e))
		must(reply.code >= 400 && reply.code < 600);
	e = (struct errbuf){0};
	struct table *t = table_parse("fuzz", ALL, text, &e), *pieces = in_pieces(text, &e2);
	must(!t == !pieces && !t == (e.count > 0));
	must(e.line == e2.line && strcmp(e.text, e2.text) == 0);
	size_t n = t ? read_lines(text, lines) : 0;
	for (size_t i = 0; i < n; i++) {
		if (lines[i].is_net)
			check_net(t, lines, n, &lines[i].net);
		else
			check_word(t, lines, n, lines[i].word);
		check_print(pieces, &lines[i]);
	}
	must(!t || table_count(t) <= n);
	table_unref(t);
	table_unref(pieces);
	return 0;
}
