/* Perl's prove. Source: TAP::Formatter::Base and TAP::Formatter::Console of Test::Harness 3. With
 * -v the TAP itself is there, and is read instead. */
#include "held.h"

#include "vdo/base/mem.h"

#include <stdio.h>
#include <stdlib.h>

struct prove {
    struct held found;                /* by what the programs said on their standard error */
    char title[RESULTS_MAX_NAME + 1]; /* of "Failed test 'sum'"; its place follows */
    char *current;                    /* whose lines follow; NULL */
    char *file;                       /* of the report at the end whose lines follow; NULL */
    int failed;                       /* as the report counts them */
};

static void set_current(struct reading *r, char *name)
{
    struct prove *prove = r->state;

    free(prove->current);
    prove->current = name;
}

/* "#   Failed test 'sum'", "#   at t/a.t line 4.", and what else stands behind "#" */
static void take_comment(struct reading *r, const char *text)
{
    struct prove *prove = r->state;
    const char *title = text_after(text, "Failed test '");
    const char *at = text_after(text, "at ");
    const char *line = at ? strstr(at, " line ") : NULL;
    struct place place = {0};

    if (title) {
        size_t len = text_len(title, strlen(title));

        len -= len && title[len - 1] == '\'';
        (void)snprintf(prove->title, sizeof(prove->title), "%.*s", (int)len, title);
        set_current(r, NULL);
    } else if (*prove->title && line) {
        place = (struct place){.file = at, .len = (size_t)(line - at)};
        line += strlen(" line ");
        set_current(r, xasprintf("%.*s > %s", (int)place.len, at, prove->title));
        if (text_number(&line, &place.line))
            failure_place(held_get(&prove->found, prove->current), &place);
        *prove->title = '\0';
    } else if (prove->current && !text_after(text, "Looks like you")) {
        struct failure *failure = held_get(&prove->found, prove->current);

        failure_detail(failure, text, strlen(text));
        failure_message(failure, text, strlen(text));
    } else {
        set_current(r, NULL);
    }
}

/* "t/a.t (Wstat: 256 (exited 1) Tests: 3 Failed: 1)"; where none failed, the program did. */
static bool take_report(struct reading *r, const char *line)
{
    struct prove *prove = r->state;
    const char *open = strstr(line, "(Wstat: ");
    int failed = open ? text_count_after(open, "Failed: ") : 0;

    if (!open || open == line || !strstr(open, "Tests: "))
        return false;
    free(prove->file);
    prove->file = NULL;

    text_add(&prove->failed, failed ? failed : 1);
    if (failed == 0)
        prove->file = xmemdup0(line, text_len(line, (size_t)(open - line)));
    return true;
}

static void take_why(struct prove *prove, const char *text)
{
    struct failure *failure = held_get(&prove->found, prove->file);

    failure_detail(failure, text, strlen(text));
    failure_message(failure, text, strlen(text));
}

/* "Files=4, Tests=5,  1 wallclock secs ..." */
static bool take_summary(struct reading *r, const char *line)
{
    struct prove *prove = r->state;
    const char *at = text_after(line, "Files=");
    int tests = at ? text_count_after(at, "Tests=") : 0;

    if (!at || !strstr(at, " wallclock secs"))
        return false;
    if (!tally_has_format(r->tally, "tap")) {
        held_give_all(&prove->found, r);
        reading_summary(r, RESULT_FAILED, prove->failed);
        reading_summary(r, RESULT_PASSED, tests - prove->failed);
    }
    held_release(&prove->found);
    set_current(r, NULL);
    free(prove->file);
    prove->file = NULL;
    prove->failed = 0;
    r->all_lines = false;
    return true;
}

static void prove_line(struct reading *r, const char *line, size_t len)
{
    struct prove *prove = r->state;
    const char *comment = text_after(line, "#");

    (void)len;
    if (comment)
        take_comment(r, comment + strspn(comment, " "));
    else if (text_after(line, "Test Summary Report"))
        r->all_lines = true;
    else if (take_summary(r, line) || take_report(r, line))
        return;
    else if (prove->file && text_indent(line) == 2)
        take_why(prove, line + 2);
}

static void prove_end(struct reading *r)
{
    struct prove *prove = r->state;

    held_release(&prove->found);
    set_current(r, NULL);
    free(prove->file);
    prove->file = NULL;
}

const struct format prove_format = {
    .name = "prove",
    .first = "#FT",
    .state_size = sizeof(struct prove),
    .line = prove_line,
    .end = prove_end,
};
