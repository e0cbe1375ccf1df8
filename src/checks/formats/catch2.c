/* Catch2's console reporter, and doctest's. Source: catch_reporter_console.cpp of Catch2 2.13 and
 * 3, ConsoleReporter of doctest 2.4. */
#include "format.h"

#include "vdo/base/mem.h"

#include <stdlib.h>

struct catch2 {
    enum { OUTSIDE, TITLE, SECTIONS, BODY } at;
    char *name; /* of the test case; NULL outside of one */
    struct failure *current;
    bool message_follows;
};

static void end_test(struct reading *r)
{
    struct catch2 *catch2 = r->state;

    free(catch2->name);
    catch2->name = NULL;
    catch2->current = NULL;
    catch2->message_follows = r->all_lines = r->in_block = false;
    catch2->at = OUTSIDE;
}

/* "test cases: 4 | 1 passed | 3 failed | 1 skipped", of doctest behind "[doctest] " */
static bool take_counts(struct reading *r, const char *line)
{
    const char *at = text_after(line, "[doctest] ");

    at = text_after(at ? at : line, "test cases:");
    if (!at || !strchr(at, '|'))
        return false;
    end_test(r);
    reading_summary(r, RESULT_PASSED,
                    text_count_before(at, " passed") +
                        text_count_before(at, " failed as expected"));
    reading_summary(r, RESULT_FAILED, text_count_before(at, " failed"));
    reading_summary(r, RESULT_SKIPPED, text_count_before(at, " skipped"));
    return true;
}

/* "All tests passed (3 assertions in 2 test cases)" */
static bool take_all_passed(struct reading *r, const char *line)
{
    const char *at = text_after(line, "All tests passed (");

    if (!at || !strstr(at, " assertion") || !strstr(at, " test case"))
        return false;
    end_test(r);
    reading_summary(r, RESULT_PASSED, text_count_before(at, " test case"));
    return true;
}

static void set_name(struct catch2 *catch2, const char *text, size_t len)
{
    char *before = catch2->name;

    catch2->name = before ? xasprintf("%s %.*s", before, (int)len, text) : xmemdup0(text, len);
    free(before);
}

/* "sums.cpp:5: FAILED:", of doctest "sums.cpp:5: ERROR: CHECK( 2 + 2 == 5 ) is NOT correct!" */
static bool begin_failure(struct reading *r, const char *line)
{
    static const char *const words[] = {": FAILED:", ": ERROR: ", ": FATAL ERROR: "};
    struct catch2 *catch2 = r->state;
    const char *behind = NULL;

    for (size_t i = 0; !behind && i < sizeof(words) / sizeof(words[0]); i++) {
        const char *at = strstr(line, words[i]);

        behind = at ? at + strlen(words[i]) : NULL;
    }
    if (!behind)
        return false;
    reading_test(r, catch2->name, RESULT_FAILED);
    catch2->current = reading_failure(r, catch2->name);
    failure_detail(catch2->current, line, strlen(line));
    failure_place_in(catch2->current, line);
    failure_message(catch2->current, behind, strlen(behind));
    catch2->message_follows = *behind == '\0';
    return true;
}

/* "  CHECK( 2 + 2 == 5 )", "with expansion:", "  4 == 5" */
static void take_detail(struct catch2 *catch2, const char *line, size_t len)
{
    const char *text = line + text_indent(line);

    failure_detail(catch2->current, line, len);
    if (catch2->message_follows && text != line)
        failure_message(catch2->current, text, strlen(text));
}

static void take_body(struct reading *r, const char *line, size_t len)
{
    struct catch2 *catch2 = r->state;

    if (begin_failure(r, line) || !catch2->current)
        return;
    if (*line)
        take_detail(catch2, line, len);
}

static void begin_body(struct reading *r)
{
    struct catch2 *catch2 = r->state;

    catch2->at = catch2->name ? BODY : OUTSIDE;
    r->all_lines = r->in_block = catch2->name != NULL;
}

/* A rule begins a title, ends one, or ends what was before. */
static void take_rule(struct reading *r, bool dashes)
{
    struct catch2 *catch2 = r->state;

    if (dashes && (catch2->at == TITLE || catch2->at == SECTIONS)) {
        begin_body(r);
        return;
    }
    end_test(r);
    catch2->at = dashes ? TITLE : OUTSIDE;
    r->all_lines = dashes;
}

/* A long title goes on in the next line; sections are indented. */
static void take_title(struct reading *r, const char *line, size_t len)
{
    struct catch2 *catch2 = r->state;
    size_t had = catch2->name ? strlen(catch2->name) : 0;

    if (len == 0 || had + len > RESULTS_MAX_NAME)
        end_test(r);
    else if (text_indent(line) && had)
        catch2->at = SECTIONS;
    else
        set_name(catch2, line, text_len(line, len));
}

static void catch2_line(struct reading *r, const char *line, size_t len)
{
    static const char dashes[] = "-----------------------------------------------------------";
    static const char equals[] = "===========================================================";
    struct catch2 *catch2 = r->state;
    const char *title = text_after(line, "TEST CASE:  ");

    if (take_counts(r, line) || take_all_passed(r, line))
        return;
    if (title) {
        end_test(r);
        set_name(catch2, title, text_len(title, strlen(title)));
        begin_body(r);
    } else if (text_after(line, dashes) || text_after(line, equals)) {
        take_rule(r, *line == '-');
    } else if (catch2->at == TITLE) {
        take_title(r, line, len);
    } else if (catch2->at == BODY) {
        take_body(r, line, len);
    }
}

static void catch2_end(struct reading *r)
{
    end_test(r);
}

const struct format catch2_format = {
    .name = "catch2",
    .first = "-=tAT[",
    .state_size = sizeof(struct catch2),
    .line = catch2_line,
    .end = catch2_end,
};
