/* milter_connect: the data of milter commands, each parser on the same bytes (the first byte says
 * which).  What is borrowed lies within the bytes, strings hold no NUL. */
#include "base/must.h"
#include "wire/milter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_string(struct str s, struct str data)
{
	must(s.p >= data.p && s.p + s.n <= data.p + data.n);
	must(str_find(s, '\0') == s.n);
}

static void
check_connect(struct str data)
{
	struct milter_connect m;

	if (!milter_connect_parse(data, &m))
		return;
	check_string(m.name, data);
	must(m.ip.len == 0 || m.ip.len == 4 || m.ip.len == 16);
	if (m.family == 'U' || m.family == 'L')
		must(m.ip.len == 0);
}

static void
check_path(struct str data)
{
	struct milter_path p;
	struct str name;

	if (milter_path_parse(data, &p)) {
		check_string(p.address, data);
		must(p.args.n == 0 || p.args.p + p.args.n == data.p + data.n);
	}
	if (milter_helo_parse(data, &name))
		check_string(name, data);
}

static void
check_macros(struct str data)
{
	struct cursor c;
	struct str name, value;
	char command;

	if (!milter_macros_parse(data, &command, &c))
		return;
	must(command == data.p[0]);
	while (milter_macro_next(&c, &name, &value)) {
		check_string(name, data);
		check_string(value, data);
		must(name.p + name.n < value.p);
	}
}

static void
check_header(struct str data)
{
	struct str name, value;

	if (!milter_header_parse(data, &name, &value))
		return;
	check_string(name, data);
	/* What is not the name nor a NUL behind one of the two is the value. */
	must(name.n + value.n + 2 == data.n && value.p + value.n + 1 == data.p + data.n);
}

static void
check_negotiation(struct str data)
{
	struct milter_terms t;
	char room[MILTER_OUT_MAX];
	struct buf b = BUF(room);
	struct milter_frame f;
	size_t used;

	if (!milter_negotiate(data, data.n % 2, &t))
		return;
	struct cursor c = cursor_on(data);
	uint32_t version = cursor_u32(&c), actions = cursor_u32(&c), protocol = cursor_u32(&c);
	must(t.version >= 2 && t.version <= 6 && t.version <= version);
	must((t.actions & ~actions) == 0 && (t.protocol & ~protocol) == 0);
	milter_put_terms(&b, &t);
	must(milter_read(buf_str(&b), &f, &used) == MILTER_FRAME && used == b.n);
	must(f.command == 'O');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const checks[])(struct str) = {
		check_connect, check_path, check_macros, check_negotiation, check_header};

	if (size > 0)
		checks[data[0] % COUNT(checks)]((struct str){(const char *)data + 1, size - 1});
	return 0;
}
