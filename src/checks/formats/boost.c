/* Boost.Test's human-readable log. Source: compiler_log_formatter.cpp of Boost 1.59 to 1.84. */
#include "format.h"

#include "vdo/base/mem.h"

#include <stdlib.h>

struct boost {
    int cases;               /* "Running 4 test cases..."; 0 outside of a run */
    int failed;              /* of them; one test may print many errors, one after the other */
    char *last;              /* that failed; NULL */
    struct failure *unknown; /* thrown out of nowhere: the last checkpoint tells the place. NULL */
};

/* "sums.cpp(6): ": a path, a line in parentheses. */
static const char *without_place(const char *line, struct place *out)
{
    const char *open = strstr(line, "): ");
    const char *at;

    while (open && open > line && open[-1] != '(')
        open--;
    if (!open || open <= line)
        return NULL;
    at = open;
    *out = (struct place){.file = line, .len = (size_t)(open - 1 - line)};
    return text_number(&at, &out->line) && text_after(at, "): ") ? at + 3 : NULL;
}

/* "error: in "arith/wrong": check 2 + 2 == 5 has failed [2 + 2 != 5]" */
static bool take_error(struct reading *r, const char *text, const struct place *place)
{
    struct boost *boost = r->state;
    const char *name = text_after(text, "error: in \"");
    const char *end;
    struct failure *failure;

    if (!name)
        name = text_after(text, "fatal error: in \"");
    end = name ? strstr(name, "\": ") : NULL;
    if (!end)
        return false;
    AUTO_FREE char *copy = xmemdup0(name, (size_t)(end - name));

    reading_test(r, copy, RESULT_FAILED);
    if (!boost->last || strcmp(boost->last, copy) != 0)
        text_add(&boost->failed, 1);
    free(boost->last);
    boost->last = xstrdup(copy);
    failure = reading_failure(r, copy);
    failure_message(failure, end + 3, strlen(end + 3));
    failure_detail(failure, text, strlen(text));
    boost->unknown = place->line ? NULL : failure;
    if (place->line)
        failure_place(failure, place);
    return true;
}

static void end_run(struct reading *r)
{
    struct boost *boost = r->state;

    free(boost->last);
    *boost = (struct boost){0};
    r->all_lines = r->in_block = false;
}

static void take_end(struct reading *r)
{
    struct boost *boost = r->state;

    reading_summary(r, RESULT_PASSED, boost->cases - boost->failed);
    end_run(r);
}

static void boost_line(struct reading *r, const char *line, size_t len)
{
    struct boost *boost = r->state;
    const char *at = text_after(line, "Running ");
    struct place place = {0};
    int n;

    (void)len;
    if (at && text_number(&at, &n) && text_after(at, " test case") && strstr(at, "...")) {
        end_run(r);
        boost->cases = n;
        r->all_lines = r->in_block = true;
    } else if (boost->cases == 0) {
        return;
    } else if (text_after(line, "*** ") && (strstr(line, "No errors detected") ||
                                            strstr(line, "detected in the test module"))) {
        take_end(r);
    } else if ((at = without_place(line, &place)) && !take_error(r, at, &place) && boost->unknown &&
               text_after(at, "last checkpoint: ")) {
        failure_place(boost->unknown, &place);
        boost->unknown = NULL;
    }
}

const struct format boost_format = {
    .name = "boost.test",
    .first = "R",
    .state_size = sizeof(struct boost),
    .line = boost_line,
    .end = end_run,
};
