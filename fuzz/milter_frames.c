/*
 * milter_frames: a whole connection of the milter front, with a made-up gate and stream.
 *
 * The input is a list of moves of a mail server: well-formed and malformed commands, headers, raw
 * bytes, verdicts given now or later.  A model of the mail server's side, written from the
 * protocol, checks that each command that wants an answer gets exactly one, of a kind that is
 * allowed there, in order, well-formed and in one write, and that no other gets any.
 */
#include "front/fake_gate.h"
#include "base/cursor.h"
#include "base/must.h"
#include "fake_stream.h"
#include "front/milter.h"
#include "reply_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SENT_MAX ((size_t)1 << 20)

static struct {
	char sent_room[SENT_MAX], heard_room[SENT_MAX];
	struct buf sent, heard; /* all bytes of either side */
	size_t sent_at, heard_at;
	uint32_t protocol; /* as agreed */
} mta;

/* The next whole frame at *at of what one side has said. */
static bool
next_frame(const struct buf *b, size_t *at, char *command, struct str *data)
{
	struct cursor c = cursor_on(str_skip(buf_str(b), *at));
	uint32_t n = cursor_u32(&c);
	struct str body = cursor_bytes(&c, n);

	if (!cursor_ok(&c) || n == 0)
		return false;
	*command = body.p[0];
	*data = str_skip(body, 1);
	*at += 4 + n;
	return true;
}

/* The table of protocols.md: who gets an answer. */
static bool
wants_answer(char command)
{
	static const struct {
		char command;
		uint32_t no_reply;
	} rows[] = {{'O', 0}, {'E', 0}, {'C', 0x1000}, {'H', 0x2000}, {'M', 0x4000}, {'R', 0x8000},
		{'T', 0x10000}, {'U', 0x20000}, {'L', 0x80}, {'N', 0x40000}, {'B', 0x80000}};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].command == command)
			return !(mta.protocol & rows[i].no_reply);
	return false;
}

/* A field that is added or removed, behind the index. */
static void
check_field(struct str data, bool removed)
{
	static const struct str names[] = {
		STR_INIT("X-Mxward"), STR_INIT("Authentication-Results"), STR_INIT("Received-SPF")};
	struct str name, value;
	size_t k = 0;

	must(str_split(&data, '\0', &name) && str_split(&data, '\0', &value));
	must(data.p && data.n == 0 && removed == (value.n == 0));
	while (!str_eq(name, names[k]))
		must(++k < COUNT(names));
	for (size_t i = 0; i < value.n; i++) {
		bool fold = value.p[i] == '\n' && i + 2 < value.n && value.p[i + 1] == '\t';
		must(fold || (value.p[i] >= ' ' && value.p[i] <= '~'));
		i += fold;
	}
}

static void
check_change(char reply, struct str data)
{
	struct cursor c = cursor_on(data);

	switch (reply) {
	case 'h':
		check_field(data, false);
		break;
	case 'i':
		must(cursor_u32(&c) == 0);
		check_field(cursor_rest(&c), false);
		break;
	case 'm':
		must(cursor_u32(&c) > 0);
		check_field(cursor_rest(&c), true);
		break;
	default:
		must(reply == 'q');
		(void)cursor_z(&c);
		must(cursor_ok(&c) && cursor_left(&c) == 0);
	}
}

static bool
is_change(char reply)
{
	return reply == 'h' || reply == 'i' || reply == 'm' || reply == 'q';
}

static void
check_answer(char command, char reply, struct str data)
{
	if (reply == 'c') {
		must(command != 'O' && data.n == 0);
	} else if (reply == 'y') {
		must(command == 'R' || command == 'E');
		check_replycode(data);
	} else {
		must(reply == 'O' && command == 'O');
		struct cursor c = cursor_on(data);
		(void)cursor_u32(&c);
		(void)cursor_u32(&c);
		mta.protocol = cursor_u32(&c);
		must(cursor_ok(&c));
	}
}

/* Compare what was sent with what was heard, as far as both go. */
static void
account(void)
{
	char command, reply;
	struct str data;

	for (;;) {
		size_t at = mta.sent_at;
		if (!next_frame(&mta.sent, &at, &command, &data))
			break;
		if (wants_answer(command)) {
			if (!next_frame(&mta.heard, &mta.heard_at, &reply, &data)) {
				/* Still to come, or never. */
				must(fake_stream_is_closed() || command == 'R' || command == 'E');
				break;
			}
			while (command == 'E' && is_change(reply)) {
				check_change(reply, data);
				must(next_frame(&mta.heard, &mta.heard_at, &reply, &data));
				/* Of what is refused nothing is changed. */
				must(reply == 'c' || is_change(reply));
			}
			check_answer(command, reply, data);
		}
		mta.sent_at = at;
	}
	must(mta.heard_at == mta.heard.n);
}

/* Every write is one answer: modifications, then the final reply. */
static void
on_write(struct str bytes)
{
	struct buf b = {.p = mta.heard_room + mta.heard.n, .n = bytes.n, .max = bytes.n};
	size_t at = 0, finals = 0;
	char command = 0;
	struct str data;

	buf_put(&mta.heard, bytes);
	must(!buf_is_cut(&mta.heard));
	while (next_frame(&b, &at, &command, &data))
		finals += !is_change(command);
	must(at == bytes.n && finals == 1 && !is_change(command));
}

static void
say(struct str bytes)
{
	/* What comes behind a close is not heard by anybody. */
	if (fake_stream_is_closed())
		return;
	buf_put(&mta.sent, bytes);
	fake_stream_say(bytes);
	account();
}

static void
say_frame(char command, struct str data)
{
	char head[5];
	struct buf b = BUF(head);

	buf_put32(&b, (uint32_t)(1 + data.n));
	buf_putc(&b, command);
	if (fake_stream_is_closed())
		return;
	buf_put(&mta.sent, buf_str(&b));
	fake_stream_say(buf_str(&b));
	say(data);
	account();
}

static const struct canned {
	char command;
	struct str data;
} canned[] = {
	{'O', STR_INIT("\0\0\0\6\0\0\1\xff\0\x1f\xff\xff")},
	{'O', STR_INIT("\0\0\0\2\0\0\0\x3f\0\0\0\x7f")},
	{'C',
		STR_INIT("mx.example\0"
			 "4\0\x19"
			 "192.0.2.1\0")},
	{'C', STR_INIT("localhost\0U")},
	{'H', STR_INIT("mx.example\0")},
	{'H', STR_INIT("b.example\0")},
	{'M', STR_INIT("<ann@example>\0SIZE=1\0")},
	{'M', STR_INIT("<>\0SMTPUTF8\0")},
	{'R', STR_INIT("<bob@example.org>\0")},
	{'R', STR_INIT("<reject@example.org>\0")},
	{'R', STR_INIT("<defer@example.org>\0")},
	{'R', STR_INIT("<tag@example.org>\0")},
	{'D', STR_INIT("M{auth_authen}\0ann\0")},
	{'D', STR_INIT("R{rcpt_mailer}\0error\0i\0004F5C\0")},
	{'E', STR_INIT("")},
	{'A', STR_INIT("")},
	{'K', STR_INIT("")},
	{'T', STR_INIT("")},
	{'L', STR_INIT("Subject\0hi\0")},
	{'N', STR_INIT("")},
	{'B', STR_INIT("body")},
	{'U', STR_INIT("NOOP\0")},
	{'Q', STR_INIT("")},
	{'L', STR_INIT("Verdict\0reject\0")},
	{'L', STR_INIT("Verdict\0defer\0")},
	{'L', STR_INIT("Verdict\0tag\0")},
	{'L', STR_INIT("Authentication-Results\0mx.example;\n\tnone\0")},
	{'R', STR_INIT("<hold@example.org>\0")},
	{'O', STR_INIT("\0\0\0\6\0\0\0\x01\0\0\0\0")},
};

static void
answer_one(void)
{
	if (fake_gate_answer())
		fake_stream_turn();
	account();
}

/* One move of the mail server. */
static void
move(struct cursor *c)
{
	uint8_t what = cursor_u8(c);

	if (what < 0x80) {
		const struct canned *k = &canned[what % COUNT(canned)];
		say_frame(k->command, k->data);
	} else if (what < 0xc0) {
		answer_one();
	} else if (what < 0xd0) {
		fake_gate_later = !fake_gate_later;
	} else {
		uint8_t command = cursor_u8(c);
		size_t n = cursor_u8(c), left = cursor_left(c);
		struct str data = cursor_bytes(c, n < left ? n : left);
		if (what < 0xf0)
			say_frame((char)command, data);
		else
			say(data);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cursor c = cursor_on((struct str){(const char *)data, size});

	if (size > 4096) /* then all that is said fits its room */
		return 0;
	mta.sent = BUF(mta.sent_room);
	mta.heard = BUF(mta.heard_room);
	mta.sent_at = mta.heard_at = 0;
	mta.protocol = 0;
	static uint32_t found[] = {1 << 1, 1 << 1 | 1, 3 << 1};
	static const struct stamp_forged forged = {.n = COUNT(found), .found = found};
	fake_gate_reset();
	fake_gate_stamp.forged = &forged;
	fake_gate_stamp.results = STR("mx.example;\n\tiprev=pass");
	fake_gate_stamp.received_spf = STR("none");
	fake_stream_reset();
	fake_stream_on_write = on_write;
	struct front *f = front_milter_new(NULL, NULL, &FRONT_LIMITS_DEFAULT);
	front_accept(f, -1);
	while (cursor_left(&c) > 0)
		move(&c);
	while (fake_gate_answer())
		fake_stream_turn();
	account();
	/* Nothing is left over: not answered is only what came behind a close. */
	char command;
	struct str rest;
	must(fake_stream_is_closed() || !next_frame(&mta.sent, &mta.sent_at, &command, &rest));
	fake_stream_end();
	must(fake_gate_open() == 0);
	front_free(f);
	return 0;
}
