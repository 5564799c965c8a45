/*
 * dns/name: see name.h.
 *
 * Text and messages both become the flat wire form first (255 bytes at most), and canonical text is
 * printed from that alone: so there is one place where a name's limits are tested and one where
 * bytes are escaped.
 */
#include "dns/name.h"

#define WIRE_MAX  255 /* RFC 1035 2.3.4, the root's zero byte included */
#define LABEL_MAX 63
/* More pointers than a name can have labels only cost time: each may lead to the next one. */
#define POINTERS_MAX 127

/* Length-prefixed labels, without the root's zero byte. */
struct wire {
	size_t n;
	uint8_t b[WIRE_MAX - 1];
};

static bool
wire_add_label(struct wire *w, struct str label)
{
	if (label.n == 0 || label.n > LABEL_MAX || sizeof(w->b) - w->n < label.n + 1)
		return false;
	w->b[w->n++] = (uint8_t)label.n;
	memcpy(w->b + w->n, label.p, label.n);
	w->n += label.n;
	return true;
}

bool
dns_text_next(struct cursor *c, char *out, bool *escaped)
{
	uint8_t b = cursor_u8(c);

	*escaped = b == '\\';
	if (*escaped) {
		b = cursor_u8(c);
		if (chr_is_digit((char)b)) {
			struct str tail = cursor_bytes(c, 2);
			if (tail.n != 2 || !chr_is_digit(tail.p[0]) || !chr_is_digit(tail.p[1]))
				return false;
			int value = (b - '0') * 100 + (tail.p[0] - '0') * 10 + tail.p[1] - '0';
			if (value > 255)
				return false;
			b = (uint8_t)value;
		}
	}
	*out = (char)b;
	return cursor_ok(c);
}

static bool
wire_from_text(struct str text, struct wire *w)
{
	struct cursor c = cursor_on(text);
	char label[LABEL_MAX];
	size_t n = 0;

	w->n = 0;
	if (str_eq(text, STR(".")))
		return true;
	if (text.n == 0)
		return false;
	while (cursor_left(&c)) {
		char byte;
		bool escaped;
		if (!dns_text_next(&c, &byte, &escaped))
			return false;
		if (byte != '.' || escaped) {
			if (n == sizeof(label))
				return false;
			label[n++] = byte;
			continue;
		}
		if (!wire_add_label(w, str_from(label, n)))
			return false;
		n = 0;
	}
	/* What ends in a dot has no last label left to add. */
	return n == 0 || wire_add_label(w, str_from(label, n));
}

/* RFC 1035 4.1.4.  A pointer must lead before the place where the labels read last began, so the
 * places fall and the walk ends. */
static bool
wire_from_message(struct cursor *c, struct wire *w)
{
	struct cursor at = *c;
	size_t before = at.at;
	unsigned pointers = 0;
	uint8_t len;

	w->n = 0;
	while ((len = cursor_u8(&at)) != 0) {
		if (len <= LABEL_MAX) {
			struct str label = cursor_bytes(&at, len);
			if (!wire_add_label(w, label))
				return false;
			continue;
		}
		size_t target = (size_t)(len & 0x3f) << 8 | cursor_u8(&at);
		if ((len & 0xc0) != 0xc0 || !cursor_ok(&at))
			return false;
		if (pointers++ == 0)
			*c = at;
		if (target >= before || pointers > POINTERS_MAX)
			return false;
		before = target;
		cursor_seek(&at, target);
	}
	if (!cursor_ok(&at))
		return false;
	if (pointers == 0)
		*c = at;
	return true;
}

static void
print_label(struct str label, struct buf *out)
{
	for (size_t i = 0; i < label.n; i++) {
		char ch = chr_lower(label.p[i]);
		uint8_t u = (uint8_t)ch;
		if (chr_is_print(ch) && ch != ' ' && ch != '.' && ch != '\\') {
			buf_putc(out, ch);
			continue;
		}
		buf_putc(out, '\\');
		buf_putc(out, (char)('0' + u / 100));
		buf_putc(out, (char)('0' + u / 10 % 10));
		buf_putc(out, (char)('0' + u % 10));
	}
}

static struct str
wire_print(const struct wire *w, char room[DNS_NAME_TEXT_MAX])
{
	struct buf out = buf_on(room, DNS_NAME_TEXT_MAX);

	if (w->n == 0)
		buf_putc(&out, '.');
	for (size_t i = 0; i < w->n; i += w->b[i] + (size_t)1) {
		if (i)
			buf_putc(&out, '.');
		print_label(str_from((const char *)w->b + i + 1, w->b[i]), &out);
	}
	must(!buf_is_cut(&out));
	return buf_str(&out);
}

bool
dns_name_parse(struct arena *a, struct str text, struct str *out)
{
	UNSET char room[DNS_NAME_TEXT_MAX];
	struct wire w;

	if (!wire_from_text(text, &w))
		return false;
	*out = arena_str(a, wire_print(&w, room));
	return true;
}

bool
dns_name_read_text(struct cursor *c, char room[DNS_NAME_TEXT_MAX], struct str *out)
{
	struct wire w;

	if (!wire_from_message(c, &w)) {
		cursor_fail(c);
		return false;
	}
	*out = wire_print(&w, room);
	return true;
}

bool
dns_name_read(struct arena *a, struct cursor *c, struct str *out)
{
	UNSET char room[DNS_NAME_TEXT_MAX];
	struct str text;

	if (!dns_name_read_text(c, room, &text))
		return false;
	*out = arena_str(a, text);
	return true;
}

void
dns_name_skip(struct cursor *c)
{
	uint8_t len;

	while ((len = cursor_u8(c)) != 0) {
		if (len <= LABEL_MAX) {
			cursor_bytes(c, len);
		} else {
			cursor_u8(c);
			if ((len & 0xc0) != 0xc0)
				cursor_fail(c);
			return;
		}
	}
}

bool
dns_name_write(struct str name, struct buf *out)
{
	struct wire w;

	if (!wire_from_text(name, &w))
		return false;
	buf_put(out, str_from((const char *)w.b, w.n));
	buf_putc(out, '\0');
	return !buf_is_cut(out);
}

struct str
dns_reverse_name(struct arena *a, const struct ip *ip)
{
	static const char digits[] = "0123456789abcdef";
	UNSET char room[DNS_NAME_TEXT_MAX];
	struct buf b = BUF(room);

	must(ip->len == 4 || ip->len == 16);
	for (size_t i = ip->len; i-- > 0;) {
		if (ip->len == 4) {
			buf_putu(&b, ip->b[i]);
			buf_putc(&b, '.');
		} else {
			buf_putc(&b, digits[ip->b[i] & 15]);
			buf_putc(&b, '.');
			buf_putc(&b, digits[ip->b[i] >> 4]);
			buf_putc(&b, '.');
		}
	}
	buf_puts(&b, ip->len == 4 ? "in-addr.arpa" : "ip6.arpa");
	return arena_str(a, buf_str(&b));
}

/* In canonical text a dot inside a label is \046, so each '.' divides labels. */
unsigned
dns_name_labels(struct str name)
{
	unsigned n = 1;

	if (str_eq(name, STR(".")))
		return 0;
	for (size_t i = 0; i < name.n; i++)
		n += name.p[i] == '.';
	return n;
}

bool
dns_name_is_under(struct str name, struct str zone)
{
	if (str_eq(zone, STR(".")))
		return true;
	if (!str_has_suffix(name, zone))
		return false;
	return name.n == zone.n || name.p[name.n - zone.n - 1] == '.';
}

bool
dns_name_is_hostname(struct str name)
{
	struct str label;

	if (name.n == 0)
		return false;
	while (str_split(&name, '.', &label)) {
		if (label.n == 0 || label.n > LABEL_MAX)
			return false;
		if (label.p[0] == '-' || label.p[label.n - 1] == '-')
			return false;
		for (size_t i = 0; i < label.n; i++)
			if (!chr_is_alnum(label.p[i]) && label.p[i] != '-')
				return false;
	}
	return true;
}
