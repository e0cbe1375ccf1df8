/* Ruby's minitest, and the reporter of Rails. Source: lib/minitest.rb of minitest 5,
 * rails/test_unit/reporter.rb. */
#include "format.h"

#include "vdo/base/mem.h"

struct minitest {
    bool named; /* the next line names the test */
    struct failure *current;
};

static void end_failure(struct reading *r)
{
    struct minitest *minitest = r->state;

    minitest->named = r->all_lines = r->in_block = false;
    minitest->current = NULL;
}

/* "5 runs, 3 assertions, 2 failures, 1 errors, 1 skips" */
static bool take_summary(struct reading *r, const char *line)
{
    const char *at = line;
    int runs;
    int failed = 0;

    if (!text_number(&at, &runs) || !text_after(at, " runs, ") || !strstr(at, " assertions, "))
        return false;
    text_add(&failed, text_count_before(at, " failures"));
    text_add(&failed, text_count_before(at, " errors"));
    end_failure(r);
    reading_summary_all(r, runs, failed, text_count_before(at, " skips"));
    return true;
}

/* "SumsTest#test_adds = 0.00 s = ." */
static bool take_verbose(struct reading *r, const char *line, size_t len)
{
    const char *equals;
    char mark = len ? line[len - 1] : '\0';
    enum result_state state = mark == '.'                ? RESULT_PASSED :
                              mark == 'F' || mark == 'E' ? RESULT_FAILED :
                              mark == 'S'                ? RESULT_SKIPPED :
                                                           RESULT_UNKNOWN;

    if (state == RESULT_UNKNOWN || len < 8 || strncmp(line + len - 6, " s = ", 5) != 0)
        return false;
    equals = strstr(line, " = ");
    if (!memchr(line, '#', (size_t)(equals - line)))
        return false;
    AUTO_FREE char *name = xmemdup0(line, (size_t)(equals - line));

    reading_test(r, name, state);
    return true;
}

/* "  1) Failure:", of Rails "Failure:" alone */
static bool begin_failure(struct reading *r, const char *line)
{
    struct minitest *minitest = r->state;
    const char *at = line + text_indent(line);
    int n;

    if (text_number(&at, &n)) {
        if (!(at = text_after(at, ") ")))
            return false;
    }
    if (strcmp(at, "Failure:") != 0 && strcmp(at, "Error:") != 0 && strcmp(at, "Skipped:") != 0)
        return false;
    end_failure(r);
    minitest->named = r->all_lines = *at != 'S';
    return true;
}

/* "SumsTest#test_adds_wrong [test/sums_test.rb:4]:", "SumsTest#test_dies:" */
static void take_name(struct reading *r, const char *line, size_t len)
{
    struct minitest *minitest = r->state;
    const char *open = strstr(line, " [");
    size_t end = open ? (size_t)(open - line) : text_len(line, len);

    end_failure(r);
    if (!memchr(line, '#', end) || line[len - 1] != ':')
        return;
    end -= !open;
    AUTO_FREE char *name = xmemdup0(line, end);

    reading_test(r, name, RESULT_FAILED);
    minitest->current = reading_failure(r, name);
    if (open)
        failure_place_in(minitest->current, open);
    r->all_lines = r->in_block = true;
}

static void minitest_line(struct reading *r, const char *line, size_t len)
{
    struct minitest *minitest = r->state;
    const char *text = line + text_indent(line);

    if (take_summary(r, line) || begin_failure(r, line))
        return;
    if (minitest->named) {
        if (*line)
            take_name(r, line, len);
    } else if (text_after(line, "bin/rails test ")) {
        end_failure(r);
    } else if (minitest->current) {
        failure_detail(minitest->current, line, len);
        failure_message(minitest->current, text, strlen(text));
        if (text != line)
            failure_place_in(minitest->current, text);
    } else {
        (void)take_verbose(r, line, len);
    }
}

const struct format minitest_format = {
    .name = "minitest",
    .first = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789b",
    .state_size = sizeof(struct minitest),
    .line = minitest_line,
};
