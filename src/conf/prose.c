/* conf/prose: see prose.h. */
#include "conf/prose.h"

#define MDOC_WIDTH 76

void
prose_wrap(FILE *out, const char *prefix, struct str text, size_t width)
{
	size_t column = 0;
	struct str word;

	while (str_word(&text, &word)) {
		if (column && column + 1 + word.n > width) {
			fputc('\n', out);
			column = 0;
		}
		const char *before = column ? " " : prefix;
		fprintf(out, "%s%.*s", before, STR_ARG(word));
		column += strlen(before) + word.n;
	}
	if (column)
		fputc('\n', out);
}

static void
put_escaped(FILE *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\')
			fputs("\\e", out);
		else
			fputc(s.p[i], out);
	}
}

/* mandoc(1) wants each sentence on a line of its own, so that the formatter can set its end. */
static bool
ends_sentence(struct str word)
{
	while (word.n > 1 && strchr("\")'", word.p[word.n - 1]))
		word.n--;
	return strchr(".?!", word.p[word.n - 1]);
}

void
prose_mdoc(FILE *out, struct str text)
{
	size_t column = 0;
	struct str word;

	while (str_word(&text, &word)) {
		if (column && column + 1 + word.n > MDOC_WIDTH) {
			fputc('\n', out);
			column = 0;
		}
		if (column)
			fputc(' ', out);
		else if (word.p[0] == '.' || word.p[0] == '\'')
			fputs("\\&", out); /* no request */
		put_escaped(out, word);
		column += word.n + (column > 0);
		if (ends_sentence(word)) {
			fputc('\n', out);
			column = 0;
		}
	}
	if (column)
		fputc('\n', out);
}

void
prose_mdoc_args(FILE *out, struct str text)
{
	struct str word;

	while (str_word(&text, &word)) {
		fputs(" \\&", out);
		for (size_t i = 0; i < word.n; i++) {
			if (word.p[i] == '"')
				fputs("\\(dq", out);
			else
				put_escaped(out, str_slice(word, i, i + 1));
		}
		if (strchr(".,:;()[]?!", word.p[word.n - 1]))
			fputs("\\&", out);
	}
}
