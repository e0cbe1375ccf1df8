/* ctest: "1/3 Test #1: name ....   Passed", output of failing tests. Source: CTest of CMake 3.25.
 */
#include "format.h"

#include "vdo/base/mem.h"

#include <ctype.h>

struct ctest {
    struct failure *current; /* whose output follows (--output-on-failure) */
};

static enum result_state state_of(const char *text)
{
    if (text_after(text, "Passed"))
        return RESULT_PASSED;
    if (strstr(text, "***Skipped") || strstr(text, "***Not Run (Disabled)"))
        return RESULT_SKIPPED;
    return strstr(text, "***") ? RESULT_FAILED : RESULT_UNKNOWN;
}

/* "***Timeout   1.00 sec", "Subprocess aborted***Exception:   0.00 sec" */
static void take_reason(struct failure *failure, const char *text)
{
    const char *behind = text_after(text, "***");
    const char *from = behind ? behind : text;
    const char *end = strstr(from, behind ? "   " : "***");

    failure_message(failure, from, end ? (size_t)(end - from) : strlen(from));
}

/* " name ......   Passed    0.01 sec" */
static void take_test(struct reading *r, const char *text)
{
    struct ctest *ctest = r->state;
    const char *dots = strstr(text, " ..");
    const char *end;
    enum result_state state;

    if (!dots)
        return;
    AUTO_FREE char *name = xmemdup0(text, (size_t)(dots - text));
    end = dots + 1 + strspn(dots + 1, ".");
    end += strspn(end, " ");
    state = state_of(end);
    if (state == RESULT_UNKNOWN)
        return;
    reading_test(r, name, state);
    ctest->current = state == RESULT_FAILED ? reading_failure(r, name) : NULL;
    r->all_lines = r->in_block = ctest->current != NULL;
    if (ctest->current)
        take_reason(ctest->current, end);
}

static void ctest_line(struct reading *r, const char *line, size_t len)
{
    struct ctest *ctest = r->state;
    const char *at = line + text_indent(line);
    int n;

    if (isdigit((unsigned char)*at) && text_number(&at, &n) && *at++ == '/' &&
        text_number(&at, &n) && text_after(at, " Test ")) {
        const char *name = strchr(at, ':');

        if (name)
            take_test(r, name + 1 + strspn(name + 1, " "));
        return;
    }
    if (text_after(line, "    Start ") || strstr(line, "% tests passed, ")) {
        ctest->current = NULL;
        r->all_lines = r->in_block = false;
    } else if (ctest->current && *line) {
        failure_detail(ctest->current, line, len);
        failure_place_in(ctest->current, line);
    }
}

const struct format ctest_format = {
    .name = "ctest",
    .first = "0123456789S",
    .state_size = sizeof(struct ctest),
    .line = ctest_line,
};
