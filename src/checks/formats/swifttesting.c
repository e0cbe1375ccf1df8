/* Swift Testing. Source: Event.HumanReadableOutputRecorder of swift-testing 6. */
#include "format.h"

#include "vdo/base/mem.h"

#include <stdlib.h>

/* Behind the symbol, which depends on the terminal: "Test adds() passed after 0.001 seconds." */
static const char *behind_symbol(const char *line)
{
    const char *at = line;

    while ((unsigned char)*at >= 0x80)
        at++;
    at += at == line ? 0 : strspn(at, " ");
    return at == line ? NULL : text_after(at, "Test ");
}

/* The name goes to the words behind it, without " with 3 test cases" and the quotes of a title. */
static char *name_of(const char *text, size_t len)
{
    const char *with = memmem(text, len, " with ", 6);

    if (*text == '"') {
        const char *quote = memchr(text + 1, '"', len - 1);

        if (quote)
            return xmemdup0(text + 1, (size_t)(quote - text) - 1);
    }
    return xmemdup0(text, with ? (size_t)(with - text) : len);
}

/* "recorded an issue at SumsTests.swift:16:17: Expectation failed: ...", with " with 1 argument a →
 * 2" before "at" */
static void take_issue(struct reading *r, const char *name, const char *text)
{
    struct failure *failure = reading_failure(r, name);
    const char *place = strstr(text, " at ");
    const char *message = place ? strstr(place, ": ") : NULL;

    if (place)
        failure_place_in(failure, place);
    if (message)
        failure_message(failure, message + 2, strlen(message + 2));
    failure_detail(failure, text, strlen(text));
}

static void swifttesting_line(struct reading *r, const char *line, size_t len)
{
    static const struct {
        const char *word;
        enum result_state state;
    } words[] = {{" passed after ", RESULT_PASSED},
                 {" failed after ", RESULT_FAILED},
                 {" skipped", RESULT_SKIPPED},
                 {" recorded an issue", RESULT_FAILED}};
    const char *text = behind_symbol(line);

    (void)len;
    if (!text || text_after(text, "run ") || text_after(text, "case "))
        return;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const char *at = strstr(text, words[i].word);

        if (!at || at == text)
            continue;
        AUTO_FREE char *name = name_of(text, (size_t)(at - text));

        reading_test(r, name, words[i].state);
        if (words[i].word[1] == 'r')
            take_issue(r, name, at);
        return;
    }
}

const struct format swifttesting_format = {
    .name = "swift testing",
    .first = "\xe2\xe3\xe4\xf0\xf3\xf4", /* of the symbols: arrows, dingbats, private ones */
    .line = swifttesting_line,
};
