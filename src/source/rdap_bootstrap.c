/* source/rdap_bootstrap: see rdap_bootstrap.h. */
#include <stdlib.h>

#include "base/json_in.h"
#include "wire/rdap.h"
#include "source/rdap_bootstrap.h"

#define URL_MAX	       255
#define REGISTRIES_MAX 5000
#define SUFFIX_MAX     63 /* a label or a few of them */

struct reader {
	struct arena *a;
	struct errbuf *e;
	struct rdap_suffix *suffix;
	size_t n, room;
	struct str *url;
	size_t n_urls;
};

static bool
is_suffix(struct str s)
{
	bool ok = s.n > 0 && s.n <= SUFFIX_MAX && s.p[0] != '.' && s.p[s.n - 1] != '.';

	for (size_t i = 0; i < s.n; i++)
		ok &= chr_is_alnum(s.p[i]) || s.p[i] == '-' || s.p[i] == '.';
	return ok;
}

/* The first that will do, with a slash at its end; empty: none does. */
static struct str
pick_url(struct arena *a, const struct json_in *urls)
{
	for (const struct json_in *u = urls->first; u; u = u->next) {
		struct rdap_url parts;
		bool whole = str_has_suffix(u->text, STR("/"));
		if (u->kind != JSON_IN_TEXT || u->text.n + !whole > URL_MAX ||
			!rdap_url_parse(u->text, &parts) || !parts.https ||
			str_find(parts.path, '?') < parts.path.n)
			continue;
		return whole ? arena_str(a, u->text) : arena_printf(a, "%.*s/", STR_ARG(u->text));
	}
	return STR("");
}

static bool
read_service(struct reader *r, const struct json_in *service)
{
	const struct json_in *names, *urls;

	if (service->kind != JSON_IN_LIST || service->n != 2)
		return err(r->e, "a service is a list of two lists");
	names = service->first;
	urls = names->next;
	if (names->kind != JSON_IN_LIST || urls->kind != JSON_IN_LIST)
		return err(r->e, "a service is a list of two lists");
	struct str url = pick_url(r->a, urls);
	if (!url.n)
		return true;
	for (const struct json_in *n = names->first; n; n = n->next) {
		if (n->kind != JSON_IN_TEXT || !is_suffix(n->text))
			return err(r->e, "a name in a service is no name of a domain");
		must(r->n < r->room);
		r->suffix[r->n++] = (struct rdap_suffix){arena_lower(r->a, n->text), r->n_urls};
	}
	r->url[r->n_urls++] = url;
	return true;
}

static int
compare(const void *a, const void *b)
{
	const struct rdap_suffix *x = a, *y = b;

	return str_cmp(x->name, y->name);
}

static bool
read_services(struct reader *r, const struct json_in *services)
{
	if (!services || services->kind != JSON_IN_LIST)
		return err(r->e, "\"services\" is missing or no list");
	if (services->n > REGISTRIES_MAX)
		return err(r->e, "more than %d services", REGISTRIES_MAX);
	for (const struct json_in *s = services->first; s; s = s->next)
		r->room += s->kind == JSON_IN_LIST && s->first ? s->first->n : 0;
	r->suffix = arena_calloc(r->a, r->room + 1, sizeof(*r->suffix));
	r->url = arena_calloc(r->a, services->n + 1, sizeof(*r->url));
	for (const struct json_in *s = services->first; s; s = s->next)
		if (!read_service(r, s))
			return false;
	if (!r->n)
		return err(r->e, "it names no registry that can be asked over https");
	qsort(r->suffix, r->n, sizeof(*r->suffix), compare);
	for (size_t i = 1; i < r->n; i++)
		if (str_eq(r->suffix[i].name, r->suffix[i - 1].name))
			return err(r->e, "%.*s stands there twice", STR_ARG(r->suffix[i].name));
	return true;
}

bool
rdap_bootstrap_parse(struct arena *a, struct str text, struct rdap_bootstrap *out, struct errbuf *e)
{
	struct reader r = {.a = a, .e = e};
	struct json_in_error why;

	if (text.n > RDAP_BOOTSTRAP_MAX)
		return err(e, "it is longer than %zu bytes", RDAP_BOOTSTRAP_MAX);
	const struct json_in *root = json_in_parse(a, text, &why);
	if (!root)
		return err(e, "it is no JSON: %s at byte %zu", why.why, why.at);
	if (root->kind != JSON_IN_OBJECT)
		return err(e, "it is no object");
	if (!str_has_prefix(json_in_text(root, "version"), STR("1.")))
		return err(e, "its version is not 1 (RFC 9224 3)");
	if (!read_services(&r, json_in_get(root, "services")))
		return false;
	struct str publication = json_in_text(root, "publication");
	bool plain = str_printable(publication, '"') == publication.n && publication.n < 64 &&
		!str_contains(publication, STR("\\"));
	*out = (struct rdap_bootstrap){.n = r.n,
		.suffix = r.suffix,
		.n_registries = r.n_urls,
		.url = r.url,
		.publication = plain && publication.n ? arena_str(a, publication) : STR("")};
	return true;
}

bool
rdap_bootstrap_find(const struct rdap_bootstrap *b, struct str domain, size_t *registry_out)
{
	/* From the longest suffix on. */
	for (struct str rest = domain; rest.n; rest = str_skip(rest, str_find(rest, '.') + 1)) {
		const struct rdap_suffix key = {.name = rest};
		const struct rdap_suffix *found =
			bsearch(&key, b->suffix, b->n, sizeof(key), compare);
		if (!found)
			continue;
		*registry_out = found->registry;
		return true;
	}
	return false;
}

void
rdap_bootstrap_print(const struct rdap_bootstrap *b, struct buf *out)
{
	buf_printf(out, "{\n\"version\": \"1.0\",\n\"publication\": \"%.*s\",\n\"services\": [\n",
		STR_ARG(b->publication));
	for (size_t i = 0; i < b->n_registries; i++) {
		bool any = false;
		for (size_t k = 0; k < b->n; k++) {
			if (b->suffix[k].registry != i)
				continue;
			buf_puts(out, any ? ", \"" : "[[\"");
			buf_put(out, b->suffix[k].name);
			buf_putc(out, '"');
			any = true;
		}
		buf_puts(out, any ? "], [\"" : "[[], [\"");
		buf_put(out, b->url[i]);
		buf_puts(out, i + 1 < b->n_registries ? "\"]],\n" : "\"]]\n");
	}
	buf_puts(out, "]\n}\n");
}
