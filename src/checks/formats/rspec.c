/* RSpec's progress and documentation formatters. Source: rspec-core 3.12. */
#include "format.h"

#include <stdio.h>

struct rspec {
    bool failures; /* behind "Failures:" */
    struct failure *current;
};

static void end_failures(struct reading *r)
{
    struct rspec *rspec = r->state;

    rspec->failures = r->all_lines = r->in_block = false;
    rspec->current = NULL;
}

/* "5 examples, 2 failures, 2 pending" */
static bool take_summary(struct reading *r, const char *line)
{
    const char *at = line;
    int examples;
    int failed = 0;
    int pending = 0;
    int n;

    if (!text_number(&at, &examples) || !text_after(at, " example"))
        return false;
    at += strlen(" example");
    at += *at == 's';
    if (*at != ',')
        return false;
    while (*at == ',' && at[1] == ' ') {
        at += 2;
        if (!text_number(&at, &n))
            return false;
        if (text_after(at, " failure"))
            text_add(&failed, n);
        else if (text_after(at, " error"))
            text_add(&failed, n), text_add(&examples, n);
        else if (text_after(at, " pending"))
            pending = n;
        at += strcspn(at, ",");
    }
    end_failures(r);
    reading_summary(r, RESULT_FAILED, failed);
    reading_summary(r, RESULT_SKIPPED, pending);
    reading_summary(r, RESULT_PASSED, examples - failed - pending);
    return true;
}

/* "  1) sums adds wrong" */
static bool begin_failure(struct reading *r, const char *line)
{
    struct rspec *rspec = r->state;
    const char *at = line + 2;
    int n;

    if (strncmp(line, "  ", 2) != 0 || !text_number(&at, &n) || !text_after(at, ") "))
        return false;
    reading_test(r, at + 2, RESULT_FAILED);
    rspec->current = reading_failure(r, at + 2);
    return true;
}

static void take_detail(struct rspec *rspec, const char *line)
{
    const char *text = line + text_indent(line);
    const char *error = text_after(text, "Failure/Error: ");
    const char *frame = text_after(text, "# ");

    failure_detail(rspec->current, text, strlen(text));
    if (frame)
        failure_place_in(rspec->current, frame);
    /* "RuntimeError:" stands alone in its line; what it says follows. */
    if (*text && !error && text[strlen(text) - 1] != ':')
        failure_message(rspec->current, text, strlen(text));
}

static void rspec_line(struct reading *r, const char *line, size_t len)
{
    struct rspec *rspec = r->state;

    (void)len;
    if (take_summary(r, line))
        return;
    if (strcmp(line, "Failures:") == 0)
        rspec->failures = r->all_lines = r->in_block = true;
    else if (text_after(line, "Finished in "))
        end_failures(r);
    else if (rspec->failures && !begin_failure(r, line) && rspec->current)
        take_detail(rspec, line);
}

const struct format rspec_format = {
    .name = "rspec",
    .first = "F0123456789",
    .state_size = sizeof(struct rspec),
    .line = rspec_line,
};
