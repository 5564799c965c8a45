/*
 * core/texts: what is said to people about causes, in each language.
 *
 * Made of data/texts/LANG.txt by tools/texts at build time, which sees to it that English is
 * complete, that each language has the same {places} in each sentence, and that a sentence that a
 * language lacks is the English one.  Texts are UTF-8, English ASCII; strangers' values that go
 * into places are escaped, so what comes out can be shown as it is.
 *
 * SMTP replies, findings and diagnostics are English and not from here.
 */
#ifndef CORE_TEXTS_H
#define CORE_TEXTS_H

#include "base/buf.h"
#include "core/cause.h"

/* The sentences beside those of the catalogue: of `explain`, then of pages about causes. */
#define SAYINGS(X)                                        \
	X(HEAD_INPUT, head_input)                         \
	X(HEAD_WHAT, head_what)                           \
	X(HEAD_WHY, head_why)                             \
	X(HEAD_MEANING, head_meaning)                     \
	X(HEAD_WHO, head_who)                             \
	X(HEAD_STEPS, head_steps)                         \
	X(HEAD_RETRY, head_retry)                         \
	X(HEAD_NOW, head_now)                             \
	X(HEAD_SURE, head_sure)                           \
	X(HEAD_SAID, head_said)                           \
	X(HEAD_ASKED, head_asked)                         \
	X(ASKED, asked)                                   \
	X(ASKED_COMMAND, asked_command)                   \
	X(HEAD_LIKEWISE, head_likewise)                   \
	X(HEAD_NOTE, head_note)                           \
	X(THE_SERVER, the_server)                         \
	X(REFUSED, refused)                               \
	X(REFUSED_TO, refused_to)                         \
	X(DELAYED, delayed)                               \
	X(DELAYED_TO, delayed_to)                         \
	X(DONT_KNOW, dont_know)                           \
	X(RETRY_NO, retry_no)                             \
	X(RETRY_LATER, retry_later)                       \
	X(RETRY_UNKNOWN, retry_unknown)                   \
	X(SURE_HIGH, sure_high)                           \
	X(SURE_FAIRLY, sure_fairly)                       \
	X(SURE_LIKELY, sure_likely)                       \
	X(SURE_GUESS, sure_guess)                         \
	X(SURE_WORDS, sure_words)                         \
	X(SURE_CODE, sure_code)                           \
	X(INPUT_CUT, input_cut)                           \
	X(LIVE_FIXED, live_fixed)                         \
	X(LIVE_STILL, live_still)                         \
	X(LIVE_UNKNOWN, live_unknown)                     \
	X(LIVE_NO_ANSWER, live_no_answer)                 \
	X(LIVE_NO_QUESTION, live_no_question)             \
	X(LIVE_NO_CLIENT, live_no_client)                 \
	X(LIVE_NO_LIST, live_no_list)                     \
	X(LIVE_NOT_LISTED, live_not_listed)               \
	X(NONE_DELIVERED_LOG, none_delivered_log)         \
	X(NONE_DELIVERED, none_delivered)                 \
	X(NONE_ABUSE, none_abuse)                         \
	X(NONE_RECEIPT, none_receipt)                     \
	X(NONE_ABSENCE, none_absence)                     \
	X(NONE_ANSWER, none_answer)                       \
	X(NONE_AT_ALL, none_at_all)                       \
	X(PTR_RECORD, ptr_record)                         \
	X(PTR_RECORD_EXAMPLE, ptr_record_example)         \
	X(ADDRESS_RECORD, address_record)                 \
	X(ADDRESS_RECORD_EXAMPLE, address_record_example) \
	X(HELO_POSTFIX, helo_postfix)                     \
	X(HELO_EXIM, helo_exim)                           \
	X(HELO_SENDMAIL, helo_sendmail)                   \
	X(HELO_OPENSMTPD, helo_opensmtpd)                 \
	X(HELO_EXCHANGE, helo_exchange)                   \
	X(LIST_DEAD, list_dead)                           \
	X(LIST_DEAD_SINCE, list_dead_since)               \
	X(LIST_NOTE, list_note)                           \
	X(LIST_IS, list_is)                               \
	X(LIST_LOOKUP, list_lookup)                       \
	X(LIST_POLICY, list_policy)                       \
	X(LIST_REMOVAL, list_removal)                     \
	X(LIST_REMOVAL_WORDS, list_removal_words)         \
	X(PROVIDER_FORM, provider_form)                   \
	X(PROVIDER_ASKS, provider_asks)                   \
	X(PAGE_TITLE, page_title)                         \
	X(PAGE_INTRODUCTION, page_introduction)           \
	X(PAGE_ALL, page_all)                             \
	X(PAGE_WHO, page_who)                             \
	X(PAGE_NATURE, page_nature)                       \
	X(PAGE_STEPS, page_steps)                         \
	X(PAGE_EXAMPLE, page_example)                     \
	X(PAGE_RECORDS, page_records)                     \
	X(PAGE_SAID, page_said)                           \
	X(PAGE_CODES, page_codes)                         \
	X(PAGE_FINDINGS, page_findings)                   \
	X(PAGE_REFERENCES, page_references)               \
	X(NATURE_PERMANENT, nature_permanent)             \
	X(NATURE_TEMPORARY, nature_temporary)             \
	X(NATURE_REPLY, nature_reply)

enum saying {
	SAY_NOTHING,
#define SAYING_ENUM(upper, lower) SAY_##upper,
	SAYINGS(SAYING_ENUM)
#undef SAYING_ENUM
		SAY_COUNT
};

struct cause_text {
	const char *title;   /* one line: what is wrong */
	const char *meaning; /* two or three sentences for somebody who got the bounce */
	/* What to do, in order.  Places {client}, {reverse}, {name}, {helo}, {domain}, {list}, ...
	 * stand for evidence; a step with a place that nothing fills is left out. */
	const char *steps[CAUSE_STEPS_MAX];
};

/* Words for what has English ones elsewhere: a finding's sentence, what a provider asks. */
struct named_text {
	const char *name, *text;
};

struct texts {
	const char *lang;	 /* "de" */
	const char *name;	 /* "Deutsch" */
	bool titles_begin_small; /* within a sentence */
	struct cause_text cause[CAUSE_COUNT];
	const char *fixer[FIXER_COUNT];
	const char *group[GROUP_COUNT];
	const char *say[SAY_COUNT];		  /* all but SAY_NOTHING */
	const struct named_text *findings, *asks; /* English has none */
	size_t n_findings, n_asks;
};

/* All languages, English first. */
extern const struct texts texts_all[];
extern const size_t texts_count;

const struct texts *texts_english(void);
/* By code ("de"); NULL: there is none. */
const struct texts *texts_find(struct str lang);
/* The words of a list that belong to a name, or what is given instead. */
const char *texts_named(
	const struct named_text *list, size_t n, struct str name, const char *otherwise);

/* What stands for a {place}; empty values are none. */
struct place {
	const char *key;
	struct str value;
	bool ours; /* words of this program: not escaped */
};

/* A sentence with its places filled.  False: one of them has no value. */
bool texts_fill(const char *template, const struct place *places, size_t n, struct buf *out);

#endif
