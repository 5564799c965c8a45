/* wire/control: see control.h. */
#include "wire/control.h"

#include "base/must.h"

static const struct {
	struct str name;
	enum control_request command;
} commands[] = {
	{STR_INIT("status"), CONTROL_STATUS},
};

enum control_request
control_read(struct str bytes, struct str *line_out)
{
	struct str start = str_slice(bytes, 0, CONTROL_REQUEST_MAX);
	size_t end = str_find(start, '\n');

	if (end == start.n)
		return bytes.n < CONTROL_REQUEST_MAX ? CONTROL_MORE : CONTROL_TOO_LONG;
	*line_out = str_trim(str_slice(start, 0, end));
	for (size_t i = 0; i < COUNT(commands); i++)
		if (str_eq(*line_out, commands[i].name))
			return commands[i].command;
	return CONTROL_UNKNOWN;
}

void
control_put_request(struct buf *b, enum control_request command)
{
	size_t i = 0;

	while (commands[i].command != command)
		must(++i < COUNT(commands));
	buf_put(b, commands[i].name);
	buf_putc(b, '\n');
}

bool
control_answer(struct str bytes, struct str *line_out)
{
	if (bytes.n == 0 || bytes.n > CONTROL_ANSWER_MAX || bytes.p[bytes.n - 1] != '\n')
		return false;
	struct str line = str_slice(bytes, 0, bytes.n - 1);
	for (size_t i = 0; i < line.n; i++)
		if (!chr_is_print(line.p[i]))
			return false;
	*line_out = line;
	return true;
}
