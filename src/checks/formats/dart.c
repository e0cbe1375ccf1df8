/* dart test and flutter test. Source: the compact and expanded reporters of package:test 1. Lines
 * name what begins, so that passing tests are counted without a name. */
#include "format.h"

#include "vdo/base/mem.h"

struct dart {
    struct failure *current;
};

static void end_failure(struct reading *r)
{
    struct dart *dart = r->state;

    dart->current = NULL;
    r->in_block = r->all_lines = false;
}

/* "00:01 +2 ~1 -1: ": what stands behind it, or NULL. counts by enum result_state. */
static const char *read_progress(const char *line, int counts[RESULT_SKIPPED + 1])
{
    static const struct {
        char sign;
        enum result_state state;
    } signs[] = {{'+', RESULT_PASSED}, {'~', RESULT_SKIPPED}, {'-', RESULT_FAILED}};
    const char *at = line;
    int n;

    if (!text_number(&at, &n) || *at++ != ':' || !text_number(&at, &n) || !text_after(at, " +"))
        return NULL;
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        if (*at == ' ' && at[1] == signs[i].sign) {
            at += 2;
            if (!text_number(&at, &counts[signs[i].state]))
                return NULL;
        }
    }
    return text_after(at, ": ");
}

static void dart_progress(struct reading *r, const char *text, const int *counts)
{
    static const char *const ends[] = {"All tests passed!", "Some tests failed.",
                                       "All tests skipped.", "No tests ran.", NULL};
    static const char mark[] = " [E]";
    struct dart *dart = r->state;
    size_t len = text_len(text, strlen(text));

    end_failure(r);
    if (text_is_one_of(text, len, ends)) {
        for (int i = RESULT_PASSED; i <= RESULT_SKIPPED; i++)
            reading_summary(r, (enum result_state)i, counts[i]);
        return;
    }
    if (len <= sizeof(mark) || strncmp(text + len - 4, mark, 4) != 0)
        return;
    AUTO_FREE char *name = xmemdup0(text, len - 4);

    reading_test(r, name, RESULT_FAILED);

    dart->current = reading_failure(r, name);
    r->in_block = r->all_lines = true;
}

/* "  test/sums_test.dart 6:5  main.<fn>": frames without a package are the project's */
static void take_frame(struct failure *failure, const char *text)
{
    const char *end = strstr(text, ".dart ");
    const char *at = end ? end + strlen(".dart ") : NULL;
    struct place place = {.file = text};

    if (!end || text_after(text, "package:") || text_after(text, "dart:"))
        return;
    place.len = (size_t)(end - text) + 5;
    if (!memchr(text, ' ', place.len) && text_number(&at, &place.line) && *at == ':')
        failure_place(failure, &place);
}

static void dart_line(struct reading *r, const char *line, size_t len)
{
    struct dart *dart = r->state;
    const char *text = line + text_indent(line);
    int counts[RESULT_SKIPPED + 1] = {0};
    const char *behind = read_progress(line, counts);

    if (behind) {
        dart_progress(r, behind, counts);
    } else if (dart->current && *line && text == line) {
        end_failure(r);
    } else if (dart->current && *text) {
        failure_detail(dart->current, line, len);
        failure_message(dart->current, text, strlen(text));
        take_frame(dart->current, text);
    }
}

const struct format dart_format = {
    .name = "dart test",
    .first = "0123456789",
    .state_size = sizeof(struct dart),
    .line = dart_line,
};
