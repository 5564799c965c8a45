/* Fuzz target: answers of lists.  Each line is a pattern, and where it can be read as one also the
 * answer that all patterns are asked about.  What is printed reads back to the same. */
#include "lists/codes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_print(const struct list_code *c)
{
	char room[LIST_CODE_TEXT_MAX];
	struct buf b = BUF(room);
	struct list_code again;
	struct errbuf e = {0};

	list_code_print(c, &b);
	must(!buf_is_cut(&b));
	must(list_code_parse(buf_str(&b), &again, &e));
	must(again.from == c->from && again.to == c->to && again.mask == c->mask);
}

static void
check_answer(const struct list_codes *codes, const struct ip *ip)
{
	const struct list_code *row;
	enum list_meaning m = list_codes_read(codes, ip, &row);

	must(row == list_codes_find(codes, ip));
	must(!row || list_code_has(row, ip));
	must(row || m != LIST_LISTED);
	must(ip->b[0] == 127 || m == LIST_ERROR);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_from((const char *)data, size), rest = text, line;
	struct list_code rows[16];
	struct list_codes codes = {0, rows};

	while (codes.n < COUNT(rows) && str_split(&rest, '\n', &line)) {
		struct errbuf e = {0};
		bool ok = list_code_parse(line, &rows[codes.n], &e);
		must(ok == (e.count == 0));
		if (!ok)
			continue;
		rows[codes.n].error = codes.n % 3 == 0;
		check_print(&rows[codes.n]);
		codes.n++;
	}
	for (rest = text; str_split(&rest, '\n', &line);) {
		struct ip ip;
		if (ip_parse(line, &ip))
			check_answer(&codes, &ip);
	}
	return 0;
}
