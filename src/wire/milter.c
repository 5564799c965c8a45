/* milter: see milter.h. */
#include "wire/milter.h"

#include "base/must.h"
#include "wire/reply.h"

/*
 * No check looks at the body, so it need not come.  The header does where somebody looks at it; its
 * fields and its end get no answer, which makes it one write of the mail server and none of ours.
 * The blank behind a field's colon (SMFIP_HDR_LEADSPC) is not asked for: no check wants it, and
 * without it what we add is written the same for all mail servers.  MAIL is not answered either: no
 * verdict is given there, nothing can be asked before RCPT that was not asked at HELO, and each
 * answer costs both sides a switch.  CONNECT and HELO are: Postfix sends a command that wants no
 * answer only together with the next one that does, and then our questions would start at RCPT.
 */
static const uint32_t wanted_actions =
	MILTER_CAN_ADDHDRS | MILTER_CAN_CHGHDRS | MILTER_CAN_QUARANTINE | MILTER_CAN_SETSYMLIST;
static const uint32_t wanted_protocol = MILTER_NO_BODY | MILTER_NO_DATA | MILTER_RCPT_REJ |
	MILTER_NR_MAIL | MILTER_NR_HDR | MILTER_NR_EOH | MILTER_NR_DATA | MILTER_NR_UNKNOWN |
	MILTER_NR_BODY;
static const uint32_t without_header = MILTER_NO_HDRS | MILTER_NO_EOH;

/* Macros by class.  A class that is not listed here gets none from Postfix.  None is wanted of the
 * connection: the client's names are looked up, whatever the mail server has found ({client_ptr}),
 * and all listeners of a mail server ({daemon_name}) are served alike. */
static const struct {
	uint32_t class;
	struct str names;
} macro_lists[] = {
	{1, STR_INIT("{tls_version}")},
	{2, STR_INIT("i {auth_type} {auth_authen}")},
	{3, STR_INIT("i {rcpt_mailer}")},
	{5, STR_INIT("i")},
};

enum milter_status
milter_read(struct str bytes, struct milter_frame *out, size_t *used_out)
{
	struct cursor c = cursor_on(bytes);
	uint32_t n = cursor_u32(&c);

	if (!cursor_ok(&c))
		return MILTER_MORE;
	if (n == 0 || n > MILTER_FRAME_MAX)
		return MILTER_BAD;
	struct str body = cursor_bytes(&c, n);
	if (!cursor_ok(&c))
		return MILTER_MORE;
	*out = (struct milter_frame){.command = body.p[0], .data = str_skip(body, 1)};
	*used_out = c.at;
	return MILTER_FRAME;
}

bool
milter_negotiate(struct str data, bool header, struct milter_terms *out)
{
	struct cursor c = cursor_on(data);
	struct milter_terms offer = {0};

	offer.version = cursor_u32(&c);
	offer.actions = cursor_u32(&c);
	offer.protocol = cursor_u32(&c);
	if (!cursor_ok(&c) || offer.version < 2)
		return false;
	*out = (struct milter_terms){
		.version = offer.version < MILTER_VERSION ? offer.version : MILTER_VERSION,
		.actions = offer.actions & wanted_actions,
		.protocol = offer.protocol & (wanted_protocol | (header ? 0 : without_header)),
	};
	return true;
}

/* Length and command of a frame with n bytes of data. */
static void
put_head(struct buf *b, char command, size_t n)
{
	must(b->max - b->n >= 5 + n);
	buf_put32(b, (uint32_t)(1 + n));
	buf_putc(b, command);
}

void
milter_put_terms(struct buf *b, const struct milter_terms *t)
{
	bool lists = t->actions & MILTER_CAN_SETSYMLIST;
	size_t n = 12;

	for (size_t i = 0; lists && i < COUNT(macro_lists); i++)
		n += 4 + macro_lists[i].names.n + 1;
	put_head(b, MILTER_OPTNEG, n);
	buf_put32(b, t->version);
	buf_put32(b, t->actions);
	buf_put32(b, t->protocol);
	for (size_t i = 0; lists && i < COUNT(macro_lists); i++) {
		buf_put32(b, macro_lists[i].class);
		buf_put(b, macro_lists[i].names);
		buf_putc(b, '\0');
	}
}

bool
milter_connect_parse(struct str data, struct milter_connect *out)
{
	struct cursor c = cursor_on(data);
	struct milter_connect m = {0};

	m.name = cursor_z(&c);
	m.family = (char)cursor_u8(&c);
	if (m.family != 'U') {
		m.port = cursor_u16(&c);
		struct str address = cursor_z(&c);
		/* Sendmail may write the tag of RFC 5321 4.1.3; Postfix does not. */
		if (str_has_prefix_nocase(address, STR("IPv6:")))
			address = str_skip(address, 5);
		if (m.family == 'L' || !ip_parse(address, &m.ip))
			m.ip = (struct ip){0};
	}
	if (!cursor_ok(&c))
		return false;
	*out = m;
	return true;
}

bool
milter_helo_parse(struct str data, struct str *out)
{
	struct cursor c = cursor_on(data);
	struct str name = cursor_z(&c);

	if (cursor_ok(&c))
		*out = name;
	return cursor_ok(&c);
}

bool
milter_path_parse(struct str data, struct milter_path *out)
{
	struct cursor c = cursor_on(data);
	struct str s = cursor_z(&c);

	if (!cursor_ok(&c))
		return false;
	if (s.n >= 2 && s.p[0] == '<' && s.p[s.n - 1] == '>')
		s = str_slice(s, 1, s.n - 1);
	*out = (struct milter_path){.address = s, .args = cursor_rest(&c)};
	return true;
}

bool
milter_path_has(const struct milter_path *p, struct str keyword)
{
	struct str args = p->args, arg;

	while (args.n && str_split(&args, '\0', &arg))
		if (str_eq_nocase(arg, keyword))
			return true;
	return false;
}

bool
milter_header_parse(struct str data, struct str *name_out, struct str *value_out)
{
	struct cursor c = cursor_on(data);
	struct str name = cursor_z(&c), value = cursor_rest(&c);

	if (!cursor_ok(&c) || !value.n || value.p[value.n - 1])
		return false;
	*name_out = name;
	*value_out = str_slice(value, 0, value.n - 1);
	return true;
}

bool
milter_macros_parse(struct str data, char *command_out, struct cursor *out)
{
	if (data.n == 0)
		return false;
	*command_out = data.p[0];
	*out = cursor_on(str_skip(data, 1));
	return true;
}

bool
milter_macro_next(struct cursor *c, struct str *name_out, struct str *value_out)
{
	struct str name = cursor_z(c);
	struct str value = cursor_z(c);

	if (!cursor_ok(c))
		return false;
	*name_out = name;
	*value_out = value;
	return true;
}

void
milter_put(struct buf *b, enum milter_reply reply)
{
	put_head(b, (char)reply, 0);
}

/* Every line carries both codes; CR LF stands between the lines, and one NUL ends the whole. */
void
milter_put_replycode(
	struct buf *b, unsigned code, struct str enhanced, const struct str *line, size_t n)
{
	char room[MILTER_LINES_MAX * (REPLY_CODES_MAX + 1 + MILTER_LINE_MAX + 2)];
	struct buf text = BUF(room);

	must(n >= 1 && n <= MILTER_LINES_MAX);
	for (size_t i = 0; i < n; i++) {
		bool last = i + 1 == n;
		reply_put_codes(&text, code, last ? ' ' : '-', enhanced);
		buf_putc(&text, ' ');
		reply_put_format(&text, line[i], MILTER_LINE_MAX);
		if (!last)
			buf_put(&text, STR("\r\n"));
	}
	must(!buf_is_cut(&text));
	put_head(b, 'y', text.n + 1);
	buf_put(b, buf_str(&text));
	buf_putc(b, '\0');
}

/* One byte for each of value's. */
static void
put_folded(struct buf *b, struct str value)
{
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];
		bool fold = c == '\n' && i + 1 < value.n && value.p[i + 1] == '\t';
		bool folded = c == '\t' && i > 0 && value.p[i - 1] == '\n';
		buf_putc(b, chr_is_print(c) || fold || folded ? c : '?');
	}
}

static void
put_field(struct buf *b, struct str name, struct str value)
{
	buf_put(b, name);
	buf_putc(b, '\0');
	put_folded(b, value);
	buf_putc(b, '\0');
}

static struct str
cut_value(struct str name, struct str value)
{
	must(name.n < MILTER_HEADER_MAX);
	return str_slice(value, 0, MILTER_HEADER_MAX - name.n);
}

void
milter_put_addheader(struct buf *b, struct str name, struct str value)
{
	value = cut_value(name, value);
	put_head(b, 'h', name.n + 1 + value.n + 1);
	put_field(b, name, value);
}

void
milter_put_insheader(struct buf *b, struct str name, struct str value)
{
	value = cut_value(name, value);
	put_head(b, 'i', 4 + name.n + 1 + value.n + 1);
	buf_put32(b, 0);
	put_field(b, name, value);
}

void
milter_put_delheader(struct buf *b, uint32_t index, struct str name)
{
	must(index >= 1);
	put_head(b, 'm', MILTER_DELHEADER_SIZE(name.n) - 5);
	buf_put32(b, index);
	put_field(b, name, STR(""));
}

void
milter_put_quarantine(struct buf *b, struct str reason)
{
	reason = str_slice(reason, 0, MILTER_LINE_MAX);
	put_head(b, 'q', reason.n + 1);
	reply_put_text(b, reason, reason.n);
	buf_putc(b, '\0');
}
