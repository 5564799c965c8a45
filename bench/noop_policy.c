/* noop_policy: answers DUNNO to every policy request and reads nothing but its end. */
#include "noop.h"

/* An empty line ends a request.  have: the last byte seen ended a line. */
static bool
input(struct noop_conn *c, struct str bytes, struct buf *out)
{
	size_t eol;

	while ((eol = str_find(bytes, '\n')) < bytes.n) {
		if (eol == 0 && c->have)
			buf_put(out, STR("action=DUNNO\n\n"));
		c->have = 1;
		bytes = str_skip(bytes, eol + 1);
	}
	if (bytes.n)
		c->have = 0;
	return true;
}

int
main(int argc, char **argv)
{
	return noop_main(argc, argv, input);
}
