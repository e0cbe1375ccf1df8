/* ScalaTest, alone or behind sbt's "[info] ", and what sbt itself counts. Source: StringReporter of
 * ScalaTest 3, TestResultLogger of sbt 1. */
#include "format.h"

#include "vdo/base/mem.h"

#include <stdio.h>

struct scalatest {
    char suite[RESULTS_MAX_NAME + 1];
    struct failure *current;
    size_t indent;
    bool told; /* ScalaTest has counted: sbt counts the same once more */
};

static void end_failure(struct reading *r)
{
    struct scalatest *scala = r->state;

    scala->current = NULL;
    r->in_block = r->all_lines = false;
}

static const char *without_level(const char *line)
{
    static const char *const levels[] = {"[info] ", "[error] ", "[warn] "};

    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        const char *at = text_after(line, levels[i]);

        if (at)
            return at;
    }
    return line;
}

static void count(struct reading *r, const char *text, enum result_state state,
                  const char *const *words)
{
    int sum = 0;

    for (; *words; words++)
        text_add(&sum, text_count_after(text, *words));
    reading_summary(r, state, sum);
}

/* "Tests: succeeded 3, failed 1, canceled 0, ignored 1, pending 0"; of sbt "Failed: Total 4, Failed
 * 1, Errors 0, Passed 3, Skipped 1" */
static bool take_summary(struct reading *r, const char *text)
{
    static const char *const failed[] = {" failed ", ", Failed ", ", Errors ", NULL};
    static const char *const passed[] = {"succeeded ", ", Passed ", NULL};
    static const char *const skipped[] = {" canceled ", " ignored ",   " pending ", ", Skipped ",
                                          ", Ignored ", ", Canceled ", NULL};
    struct scalatest *scala = r->state;
    bool by_sbt = (text_after(text, "Passed: Total ") || text_after(text, "Failed: Total ") ||
                   text_after(text, "Error: Total ")) &&
                  strstr(text, ", Errors ");

    if (!by_sbt && !(text_after(text, "Tests: succeeded ") && strstr(text, ", failed ")))
        return false;
    end_failure(r);
    if (!by_sbt || !scala->told) {
        count(r, text, RESULT_FAILED, failed);
        count(r, text, RESULT_PASSED, passed);
        count(r, text, RESULT_SKIPPED, skipped);
    }
    scala->told = !by_sbt;
    return true;
}

/* "- adds wrong *** FAILED ***", "- later !!! IGNORED !!!", "- some day (pending)": passing ones
 * look like any list, and are counted without a name */
static bool take_test(struct reading *r, const char *text)
{
    static const struct {
        const char *mark;
        enum result_state state;
    } marks[] = {{" *** FAILED ***", RESULT_FAILED},
                 {" !!! IGNORED !!!", RESULT_SKIPPED},
                 {" !!! CANCELED !!!", RESULT_SKIPPED}};
    struct scalatest *scala = r->state;
    size_t indent = text_indent(text);
    const char *title = text_after(text + indent, "- ");

    for (size_t i = 0; title && i < sizeof(marks) / sizeof(marks[0]); i++) {
        const char *end = strstr(title, marks[i].mark);

        if (!end)
            continue;
        AUTO_FREE char *name = xasprintf("%s%s%.*s", scala->suite, *scala->suite ? " > " : "",
                                         (int)(end - title), title);

        end_failure(r);
        reading_test(r, name, marks[i].state);
        if (marks[i].state == RESULT_FAILED) {
            scala->current = reading_failure(r, name);
            scala->indent = indent;
            r->in_block = r->all_lines = true;
        }
        return true;
    }
    return false;
}

/* "  4 did not equal 5 (SumsSpec.scala:12)" */
static void take_detail(struct failure *failure, const char *text)
{
    text += text_indent(text);
    failure_detail(failure, text, strlen(text));
    failure_message(failure, text, strlen(text));
    failure_place_in(failure, text);
}

static void scalatest_line(struct reading *r, const char *line, size_t len)
{
    struct scalatest *scala = r->state;
    const char *text = without_level(line);
    size_t n = text_len(text, len - (size_t)(text - line));

    if (take_summary(r, text) || take_test(r, text))
        return;
    if (scala->current && text_indent(text) > scala->indent) {
        take_detail(scala->current, text);
        return;
    }
    end_failure(r);
    /* "SumsSpec:" */
    if (n > 1 && n < sizeof(scala->suite) && text[n - 1] == ':' && !memchr(text, ' ', n))
        (void)snprintf(scala->suite, sizeof(scala->suite), "%.*s", (int)(n - 1), text);
}

const struct format scalatest_format = {
    .name = "scalatest",
    .first = "[-ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    .state_size = sizeof(struct scalatest),
    .line = scalatest_line,
};
