/* Elixir's ExUnit. Source: ExUnit.CLIFormatter and ExUnit.Formatter of Elixir 1.10 to 1.18. */
#include "format.h"

#include "vdo/base/mem.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

struct exunit {
    char module[RESULTS_MAX_NAME + 1]; /* of --trace: "" until told */
    char *waiting; /* a test of which the next line has to tell the place, or it is none. NULL */
    struct failure *current;
};

static void end_failure(struct reading *r)
{
    struct exunit *exunit = r->state;

    free(exunit->waiting);
    exunit->waiting = NULL;
    exunit->current = NULL;
    r->all_lines = r->in_block = false;
}

/* "1 doctest, 4 tests, 2 failures, 1 excluded, 1 invalid, 1 skipped" */
static bool take_summary(struct reading *r, const char *line)
{
    const char *at = line;
    int all = 0;
    int failed = 0;
    int skipped = 0;
    int n;

    if (!text_number(&at, &n) || *at != ' ' || !strstr(at, " failure") ||
        strstr(at, " assertion") ||
        !(text_after(at, " test") || text_after(at, " doctest") || text_after(at, " propert")))
        return false;
    text_add(&all, text_count_before(line, " test"));
    text_add(&all, text_count_before(line, " doctest"));
    text_add(&all, text_count_before(line, " propert"));
    text_add(&failed, text_count_before(line, " failure"));
    text_add(&failed, text_count_before(line, " invalid"));
    text_add(&skipped, text_count_before(line, " skipped"));
    text_add(&skipped, text_count_before(line, " excluded"));
    end_failure(r);
    reading_summary_all(r, all, failed, skipped);
    return true;
}

/* "  * test adds (0.02ms) [L#4]", "  * test later (skipped) [L#13]"; without the parentheses it has
 * only begun. */
static bool take_traced(struct reading *r, const char *line)
{
    struct exunit *exunit = r->state;
    const char *title = text_after(line, "  * ");
    const char *at = title ? strstr(title, ") [L#") : NULL;
    const char *open = at ? memrchr(title, '(', (size_t)(at - title)) : NULL;
    bool skipped = open && (text_after(open, "(skipped") || text_after(open, "(excluded"));

    if (!open || open <= title || (!skipped && !isdigit((unsigned char)open[1])) ||
        (!skipped && at[-1] != 's'))
        return false;
    AUTO_FREE char *name = xasprintf("%s > %.*s", exunit->module, (int)(open - title - 1), title);

    end_failure(r);
    reading_test(r, name, skipped ? RESULT_SKIPPED : RESULT_PASSED);
    return true;
}

/* "  1) test adds wrong (SumsTest)": the place has to follow. */
static bool take_header(struct reading *r, const char *line, size_t len)
{
    struct exunit *exunit = r->state;
    const char *at = line + text_indent(line);
    const char *open;
    int n;

    len = text_len(line, len);
    if (at > line + 2 || !text_number(&at, &n) || !(at = text_after(at, ") ")) ||
        line[len - 1] != ')')
        return false;
    open = strrchr(line, '(');
    if (!open || open <= at)
        return false;
    end_failure(r);
    exunit->waiting = xasprintf("%.*s > %.*s", (int)(line + len - open - 2), open + 1,
                                (int)text_len(at, (size_t)(open - at)), at);
    r->all_lines = true;
    return true;
}

static void begin_failure(struct reading *r, const char *line)
{
    struct exunit *exunit = r->state;
    AUTO_FREE char *name = exunit->waiting;
    struct place place;

    exunit->waiting = NULL;
    end_failure(r);
    if (text_indent(line) < 5 || !text_place(line, &place) || !strstr(line, ".ex"))
        return;
    reading_test(r, name, RESULT_FAILED);
    exunit->current = reading_failure(r, name);
    r->all_lines = r->in_block = true;
}

/* Frames stand behind "stacktrace:", the test's own last; the header's line is the test's. */
static void take_detail(struct failure *failure, const char *line, size_t len)
{
    const char *text = line + text_indent(line);

    failure_detail(failure, line, len);
    failure_message(failure, text, strlen(text));
    if (text_indent(line) >= 7)
        failure_place_in(failure, text);
}

/* "SumsTest [test/sums_test.exs]" */
static void take_module(struct exunit *exunit, const char *line, size_t len)
{
    static const char end[] = ".exs]";
    const char *open;

    if (len < sizeof(end) || strcmp(line + len - sizeof(end) + 1, end) != 0)
        return;
    open = strstr(line, " [");
    if (open)
        (void)snprintf(exunit->module, sizeof(exunit->module), "%.*s", (int)(open - line), line);
}

static void exunit_line(struct reading *r, const char *line, size_t len)
{
    struct exunit *exunit = r->state;

    if (take_summary(r, line) || take_traced(r, line) || take_header(r, line, len))
        return;
    if (exunit->waiting)
        begin_failure(r, line);
    else if (exunit->current && *line && text_indent(line) < 5)
        end_failure(r);
    else if (exunit->current)
        take_detail(exunit->current, line, len);
    if (!exunit->current)
        take_module(exunit, line, len);
}

static void exunit_end(struct reading *r)
{
    end_failure(r);
}

const struct format exunit_format = {
    .name = "exunit",
    .first = "*ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    .state_size = sizeof(struct exunit),
    .line = exunit_line,
    .end = exunit_end,
};
