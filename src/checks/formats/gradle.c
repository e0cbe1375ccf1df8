/* Gradle's console. Source: TestEventLogger, its short and full exception formats and
 * TestCountLogger of Gradle 4 to 8. A run without a failing test names none there. */
#include "format.h"
#include "java.h"

#include "vdo/base/mem.h"

struct gradle {
    struct failure *current;
};

static void end_failure(struct reading *r)
{
    struct gradle *gradle = r->state;

    gradle->current = NULL;
    r->in_block = r->all_lines = false;
}

/* The length without " FAILED" at the end, and the state it tells; 0 when there is none. */
static size_t without_state(const char *line, size_t len, enum result_state *out)
{
    static const struct {
        const char *word;
        enum result_state state;
    } words[] = {
        {" PASSED", RESULT_PASSED}, {" FAILED", RESULT_FAILED}, {" SKIPPED", RESULT_SKIPPED}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t n = strlen(words[i].word);

        if (len > n && memcmp(line + len - n, words[i].word, n) == 0) {
            *out = words[i].state;
            return len - n;
        }
    }
    return 0;
}

/* "org.demo.SumsTest > Inner > addsWrong() FAILED"; with more detail asked for, "Gradle Test Run
 * :test > Gradle Test Executor 1 > " stands before it. */
static bool take_test(struct reading *r, const char *line, size_t len)
{
    struct gradle *gradle = r->state;
    enum result_state state = RESULT_UNKNOWN;
    const char *end = line + without_state(line, text_len(line, len), &state);
    const char *next;

    if (end == line)
        return false;
    while (text_after(line, "Gradle Test ") &&
           (next = memmem(line, (size_t)(end - line), " > ", 3)))
        line = next + 3;
    if (end <= line || text_indent(line) || !memmem(line, (size_t)(end - line), " > ", 3))
        return false;
    AUTO_FREE char *name = xmemdup0(line, (size_t)(end - line));

    end_failure(r);
    reading_test(r, name, state);
    if (state == RESULT_FAILED) {
        gradle->current = reading_failure(r, name);
        r->in_block = r->all_lines = true;
    }
    return true;
}

/* "4 tests completed, 2 failed, 1 skipped" */
static bool take_summary(struct reading *r, const char *line)
{
    const char *at = line;
    int tests;
    int failed;
    int skipped;

    if (!text_number(&at, &tests) ||
        !(text_after(at, " tests completed, ") || text_after(at, " test completed, ")))
        return false;
    failed = text_count_before(at, " failed");
    skipped = text_count_before(at, " skipped");
    end_failure(r);
    reading_summary_all(r, tests, failed, skipped);
    return true;
}

/* "java.lang.AssertionError at SumsTest.java:12", "org.opentest4j.AssertionFailedError: text", "at
 * org.demo.SumsTest.addsWrong(SumsTest.java:12)" */
static void take_detail(struct failure *failure, const char *line, size_t len)
{
    size_t indent = text_indent(line);
    const char *text = line + indent;
    const char *frame = text_after(text, "at ");
    const char *at = strstr(text, " at ");

    failure_detail(failure, line, len);
    if (frame) {
        java_frame(failure, frame);
        return;
    }
    if (at && !strchr(at + 4, ' '))
        failure_place_in(failure, at + 4);
    failure_message(failure, text, at && !strchr(at + 4, ' ') ? (size_t)(at - text) : len - indent);
}

static void gradle_line(struct reading *r, const char *line, size_t len)
{
    struct gradle *gradle = r->state;

    /* Most lines of most outputs are none of ours. */
    if (len && line[len - 1] == 'D' && take_test(r, line, len))
        return;
    if (take_summary(r, line) || !gradle->current)
        return;
    if (*line && text_indent(line) == 0)
        end_failure(r);
    else if (*line)
        take_detail(gradle->current, line, len);
}

const struct format gradle_format = {
    .name = "gradle",
    .state_size = sizeof(struct gradle),
    .line = gradle_line,
};
