/* PHPUnit's printer. Source: TextUI/DefaultResultPrinter of PHPUnit 9.6, kept in 10 and 11. */
#include "format.h"

#include "vdo/base/mem.h"

#include <ctype.h>

struct phpunit {
    bool section; /* behind "There was 1 failure:" */
    struct failure *current;
};

static void end_section(struct reading *r)
{
    struct phpunit *php = r->state;

    php->section = r->all_lines = r->in_block = false;
    php->current = NULL;
}

/* "Tests: 7, Assertions: 4, Errors: 1, ..." or "OK (5 tests, 9 assertions)" */
static bool take_summary(struct reading *r, const char *line)
{
    const char *ok = text_after(line, "OK (");
    int tests = 0;
    int failed = 0;
    int skipped = 0;

    if (ok && text_number(&ok, &tests) && text_after(ok, " test") && strstr(ok, " assertion")) {
        failed = 0;
    } else if (text_after(line, "Tests: ") && strstr(line, ", Assertions: ")) {
        tests = text_count_after(line, "Tests: ");
        text_add(&failed, text_count_after(line, " Errors: "));
        text_add(&failed, text_count_after(line, " Failures: "));
        text_add(&skipped, text_count_after(line, " Skipped: "));
        text_add(&skipped, text_count_after(line, " Incomplete: "));
    } else {
        return false;
    }
    end_section(r);
    reading_summary_all(r, tests, failed, skipped);
    return true;
}

/* "There was 1 failure:", "There were 2 errors:"; warnings and skipped tests have such lists too.
 */
static bool begin_section(struct reading *r, const char *line)
{
    struct phpunit *php = r->state;
    const char *at = text_after(line, "There was ");
    int n;

    if (!at)
        at = text_after(line, "There were ");
    if (!at || !text_number(&at, &n))
        return false;
    end_section(r);
    php->section = r->all_lines = r->in_block = text_after(at, " fail") || text_after(at, " error");
    return true;
}

/* "2) SumsTest::testMany with data set "two" (2)": the data themselves are no part of the name. */
static bool begin_failure(struct reading *r, const char *line)
{
    struct phpunit *php = r->state;
    const char *at = line;
    const char *data;
    int n;

    if (!text_number(&at, &n) || !text_after(at, ") ") || !strstr(at, "::"))
        return false;
    at += 2;
    data = strstr(at, "\" (");
    AUTO_FREE char *name = xmemdup0(at, data ? (size_t)(data - at) + 1 : strlen(at));

    reading_test(r, name, RESULT_FAILED);
    php->current = reading_failure(r, name);
    return true;
}

static void phpunit_line(struct reading *r, const char *line, size_t len)
{
    struct phpunit *php = r->state;

    if (take_summary(r, line) || begin_section(r, line) || !php->section ||
        begin_failure(r, line) || !php->current)
        return;
    failure_message(php->current, line, len);
    failure_detail(php->current, line, len);
    if (*line == '/' || isalpha((unsigned char)*line))
        failure_place_in(php->current, line);
}

const struct format phpunit_format = {
    .name = "phpunit",
    .first = "TO",
    .state_size = sizeof(struct phpunit),
    .line = phpunit_line,
};
