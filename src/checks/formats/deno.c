/* deno test. Source: cli/tools/test/reporters/pretty.rs of Deno 1.30 to 2. */
#include "format.h"

#include "vdo/base/mem.h"

#include <stdio.h>

struct deno {
    char file[RESULTS_MAX_NAME + 1]; /* "" outside of a run */
    bool errors;                     /* behind " ERRORS " */
    struct failure *current;
};

static void end_failure(struct reading *r)
{
    struct deno *deno = r->state;

    deno->current = NULL;
    r->in_block = false;
}

/* "running 4 tests from ./sums_test.ts" */
static bool take_file(struct reading *r, const char *line)
{
    struct deno *deno = r->state;
    const char *at = text_after(line, "running ");
    const char *from = at ? strstr(at, " from ") : NULL;
    int n;

    if (!from || !text_number(&at, &n) || !text_after(at, " test"))
        return false;
    from += strlen(" from ");
    from += text_after(from, "./") ? 2 : 0;
    (void)snprintf(deno->file, sizeof(deno->file), "%s", from);
    deno->errors = false;
    end_failure(r);
    r->all_lines = true;
    return true;
}

/* "adds ... ok (401us)", "steps ... FAILED (due to 1 failed step) (1ms)"; steps are indented, and
 * belong to their test. */
static bool take_test(struct reading *r, const char *line)
{
    static const struct {
        const char *word;
        enum result_state state;
    } words[] = {{" ... ok (", RESULT_PASSED},
                 {" ... FAILED (", RESULT_FAILED},
                 {" ... ignored (", RESULT_SKIPPED},
                 {" ... cancelled (", RESULT_FAILED}};
    const struct deno *deno = r->state;

    for (size_t i = 0; text_indent(line) == 0 && i < sizeof(words) / sizeof(words[0]); i++) {
        const char *at = strstr(line, words[i].word);

        if (!at || at == line)
            continue;
        AUTO_FREE char *name = xasprintf("%s > %.*s", deno->file, (int)(at - line), line);

        reading_test(r, name, words[i].state);
        return true;
    }
    return false;
}

/* "FAILED | 2 passed (1 step) | 2 failed (1 step) | 1 ignored (70ms)" */
static bool take_summary(struct reading *r, const char *line)
{
    struct deno *deno = r->state;

    if ((!text_after(line, "FAILED | ") && !text_after(line, "ok | ")) || !strstr(line, " passed"))
        return false;
    reading_summary(r, RESULT_PASSED, text_count_before(line, " passed"));
    reading_summary(r, RESULT_FAILED, text_count_before(line, " failed"));
    reading_summary(r, RESULT_SKIPPED, text_count_before(line, " ignored"));
    end_failure(r);
    *deno->file = '\0';
    deno->errors = r->all_lines = false;
    return true;
}

/* "adds wrong => ./sums_test.ts:3:6", "steps ... second => ./sums_test.ts:7:11" */
static bool begin_failure(struct reading *r, const char *line)
{
    struct deno *deno = r->state;
    const char *arrow = strstr(line, " => ");
    const char *step = strstr(line, " ... ");
    struct place place;

    if (!arrow || arrow == line || text_indent(line) || !text_place(arrow, &place))
        return false;
    if (!step || step > arrow)
        step = arrow;
    AUTO_FREE char *name =
        xasprintf("%.*s > %.*s", (int)place.len, place.file, (int)(step - line), line);

    deno->current = reading_failure(r, name);
    r->in_block = true;
    return true;
}

static void take_detail(struct deno *deno, const char *line, size_t len)
{
    const char *error = text_after(line, "error: ");

    failure_detail(deno->current, line, len);
    if (error)
        failure_message(deno->current, error, strlen(error));
    if (text_after(line + text_indent(line), "at "))
        failure_place_in(deno->current, line);
}

static void deno_line(struct reading *r, const char *line, size_t len)
{
    struct deno *deno = r->state;
    const char *text = line + text_indent(line);

    if (take_file(r, line) || !*deno->file || take_summary(r, line))
        return;
    if (text_after(text, "ERRORS") || text_after(text, "FAILURES")) {
        end_failure(r);
        deno->errors = *text == 'E';
    } else if (!deno->errors) {
        (void)take_test(r, line);
    } else if (!begin_failure(r, line) && deno->current && *line) {
        take_detail(deno, line, len);
    }
}

const struct format deno_format = {
    .name = "deno test",
    .first = "r",
    .state_size = sizeof(struct deno),
    .line = deno_line,
};
