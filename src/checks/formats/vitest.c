/* vitest's default, verbose and dot reporters. Source: vitest 1 to 4. */
#include "format.h"

#include "vdo/base/mem.h"

#include <stdio.h>

struct vitest {
    struct failure *current;
};

static void end_failure(struct reading *r)
{
    struct vitest *vitest = r->state;

    vitest->current = NULL;
    r->in_block = r->all_lines = false;
}

/* " FAIL  sums.test.js > sums > adds wrong", " FAIL  bad.test.js [ bad.test.js ]" */
static bool take_failure(struct reading *r, const char *line)
{
    struct vitest *vitest = r->state;
    const char *name = text_after(line, " FAIL  ");
    const char *bracket = name ? strstr(name, " [ ") : NULL;
    size_t len;

    if (!name)
        return false;
    /* "|project| file > test" of workspaces */
    if (*name == '|' && strstr(name, "| "))
        name = strstr(name, "| ") + 2;
    len = text_len(name, strlen(name));
    if (bracket)
        len = (size_t)(bracket - name);
    else if (!strstr(name, " > "))
        return false;
    AUTO_FREE char *full = xmemdup0(name, len);

    if (bracket)
        reading_beside(r, full);
    else
        reading_test(r, full, RESULT_FAILED);
    vitest->current = reading_failure(r, full);
    r->in_block = r->all_lines = true;
    return true;
}

static bool is_rule(const char *line)
{
    return text_after(line, "\u23af\u23af\u23af") != NULL;
}

static void take_detail(struct vitest *vitest, const char *line, size_t len)
{
    const char *text = line + text_indent(line);

    failure_detail(vitest->current, line, len);
    if (*line && *line != ' ')
        failure_message(vitest->current, line, len);
    if (text_after(text, "\u276f "))
        failure_place_in(vitest->current, text);
}

/* " ✓ sums.test.js > sums > adds 2ms" of the verbose reporter; lines of the default one name the
 * test without its suites and tell nothing that the summary does not. */
static void take_mark(struct reading *r, const char *text)
{
    static const struct {
        const char *mark;
        enum result_state state;
    } marks[] = {
        {"\u2713 ", RESULT_PASSED},  /* ✓ */
        {"\u00d7 ", RESULT_FAILED},  /* × */
        {"\u2193 ", RESULT_SKIPPED}, /* ↓ */
        {"\u25a1 ", RESULT_SKIPPED}, /* □ */
    };

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        const char *name = text_after(text, marks[i].mark);

        if (name && strstr(name, " > ")) {
            AUTO_FREE char *full = xmemdup0(name, text_without_duration(name, strlen(name)));

            reading_test(r, full, marks[i].state);
        }
    }
}

/* "      Tests  2 failed | 2 passed | 1 skipped | 1 todo (6)" */
static bool take_summary(struct reading *r, const char *line)
{
    const char *at = text_after(line + text_indent(line), "Tests  ");

    if (!at || *line != ' ')
        return false;
    reading_summary_parts(r, at, '|');
    end_failure(r);
    return true;
}

static void vitest_line(struct reading *r, const char *line, size_t len)
{
    struct vitest *vitest = r->state;

    if (take_failure(r, line) || take_summary(r, line))
        return;
    if (is_rule(line))
        end_failure(r);
    else if (vitest->current)
        take_detail(vitest, line, len);
    else if (*line == ' ')
        take_mark(r, line + text_indent(line));
}

const struct format vitest_format = {
    .name = "vitest",
    .first = "FT\xe2\xc3",
    .state_size = sizeof(struct vitest),
    .line = vitest_line,
};
