/* meson test: "2/6 name  FAIL  0.04s", output of failing tests. Source: mtest.py of Meson 1.0. */
#include "format.h"

#include "vdo/base/mem.h"

#include <ctype.h>

struct meson {
    struct failure *current; /* whose output follows (--print-errorlogs) */
};

static const struct {
    const char *word;
    enum result_state state;
} words[] = {
    {"OK", RESULT_PASSED},        {"FAIL", RESULT_FAILED},
    {"SKIP", RESULT_SKIPPED},     {"TIMEOUT", RESULT_FAILED},
    {"ERROR", RESULT_FAILED},     {"EXPECTEDFAIL", RESULT_SKIPPED},
    {"INTERRUPT", RESULT_FAILED}, {"UNEXPECTEDPASS", RESULT_FAILED},
};

/* The last " WORD   0.04s" of a line: the state and where the word stands. */
static enum result_state state_in(const char *text, const char **out_at)
{
    for (const char *blank = strchr(text, ' '); blank; blank = strchr(blank + 1, ' ')) {
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            const char *behind = text_after(blank + 1, words[i].word);
            const char *seconds = behind ? behind + strspn(behind, " ") : NULL;

            if (!seconds || seconds - behind < 2 || !isdigit((unsigned char)*seconds))
                continue;
            *out_at = blank + 1;
            return words[i].state;
        }
    }
    return RESULT_UNKNOWN;
}

static void end_failure(struct reading *r)
{
    struct meson *meson = r->state;

    meson->current = NULL;
    r->all_lines = r->in_block = false;
}

static bool take_test(struct reading *r, const char *line)
{
    struct meson *meson = r->state;
    const char *at = line + text_indent(line);
    const char *word = NULL;
    enum result_state state;
    int n;

    if (!text_number(&at, &n) || *at++ != '/' || !text_number(&at, &n) || *at++ != ' ')
        return false;
    state = state_in(at, &word);
    if (state == RESULT_UNKNOWN)
        return false;
    AUTO_FREE char *name = xmemdup0(at, text_len(at, (size_t)(word - at)));

    end_failure(r);
    reading_test(r, name, state);
    if (state == RESULT_FAILED) {
        const char *why = strchr(word, 's');

        meson->current = reading_failure(r, name);
        r->all_lines = r->in_block = true;
        why = why && why[1] ? why + 1 + strspn(why + 1, " ") : word;
        failure_message(meson->current, why, why == word ? strcspn(word, " ") : strlen(why));
    }
    return true;
}

static void meson_line(struct reading *r, const char *line, size_t len)
{
    struct meson *meson = r->state;

    if (take_test(r, line) || !meson->current)
        return;
    if (text_after(line, "Ok: ") || text_after(line, "Summary of Failures:")) {
        end_failure(r);
    } else if (*line && !text_after(line, ">>> ") && !text_after(line, "\u2015\u2015")) {
        failure_detail(meson->current, line, len);
        failure_place_in(meson->current, line);
    }
}

const struct format meson_format = {
    .name = "meson test",
    .first = "0123456789",
    .state_size = sizeof(struct meson),
    .line = meson_line,
};
