/* Python's unittest: verbose lines, sections of failures, "Ran 3 tests" and the line behind it.
 * Source: unittest/runner.py of 3.9 to 3.12. */
#include "format.h"

#include "vdo/base/mem.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { RULE = 70, NAME = 512 };

struct unittest {
    char waiting[NAME]; /* a verbose line whose result has not come */
    bool ruled;         /* the last line was a rule of "=" */
    bool section;
    struct failure *current;
    char last[RESULTS_MAX_MESSAGE]; /* the traceback's last line is the message */
    int ran;
    int beside;     /* failures of setUpClass and its like, which are not among those that ran */
    bool after_ran; /* "Ran n tests" waits for its result */
};

/* "test_x (tests.test_a.SumTest.test_x)" and, before 3.11, "test_x (tests.test_a.SumTest)" are
 * "tests.test_a.SumTest.test_x"; what follows (a subtest's parameters) stays. Returns what stands
 * behind the parentheses, or NULL. */
static const char *name_of(const char *text, char *out)
{
    size_t word = strcspn(text, " ");
    const char *open = text + word;
    const char *close = strncmp(open, " (", 2) == 0 ? strchr(open, ')') : NULL;
    size_t len;

    if (word == 0 || !close || memchr(open + 1, ' ', (size_t)(close - open - 1)))
        return NULL;
    open += 2;
    len = (size_t)(close - open);
    /* A module that cannot be loaded: "tests.test_b (unittest.loader._FailedTest.tests.test_b)". */
    if (text_after(open, "unittest."))
        (void)snprintf(out, NAME, "%.*s", (int)word, text);
    else if (len > word && strncmp(close - word, text, word) == 0 && close[-(long)word - 1] == '.')
        (void)snprintf(out, NAME, "%.*s", (int)len, open);
    else
        (void)snprintf(out, NAME, "%.*s.%.*s", (int)len, open, (int)word, text);
    return close + 1;
}

static enum result_state state_of(const char *text)
{
    static const struct {
        const char *word;
        enum result_state state;
    } ends[] = {
        {"ok", RESULT_PASSED},
        {"FAIL", RESULT_FAILED},
        {"ERROR", RESULT_FAILED},
        {"expected failure", RESULT_SKIPPED},
        {"unexpected success", RESULT_FAILED},
    };

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (strcmp(text, ends[i].word) == 0)
            return ends[i].state;
    }
    return text_after(text, "skipped ") ? RESULT_SKIPPED : RESULT_UNKNOWN;
}

/* "test_x (tests.test_a.SumTest)": are there a module and a class in the parentheses? Many tools
 * print a word and a remark. */
static bool has_class(const char *line)
{
    const char *at = strstr(line, " (");
    size_t len = at ? strcspn(at + 2, ")") : 0;

    if (!at || isdigit((unsigned char)at[2]) || !memchr(at + 2, '.', len))
        return false;
    for (const char *c = at + 2; c < at + 2 + len; c++) {
        if (!isalnum((unsigned char)*c) && !strchr("._<>-", *c) && !((unsigned char)*c & 0x80))
            return false;
    }
    return true;
}

/* A verbose line, or the end of one that was torn apart by what the test printed. */
static void take_verbose(struct reading *r, const char *line)
{
    struct unittest *ut = r->state;
    char name[NAME];
    const char *behind;
    const char *dots;
    enum result_state state;

    if (!*ut->waiting && !strstr(line, " ("))
        return;
    behind = has_class(line) ? name_of(line, name) : NULL;
    dots = strstr(line, " ... ");
    state = state_of(dots ? dots + 5 : line);
    if (behind && (*behind == '\0' || *behind == ' ')) {
        const char *parameters = behind;

        if (*parameters == ' ' && parameters[1] == '(' && dots && dots > parameters) {
            size_t len = strlen(name);

            (void)snprintf(name + len, NAME - len, "%.*s", (int)(dots - parameters), parameters);
        }
        memcpy(ut->waiting, name, NAME);
        r->all_lines = true;
    }
    if (*ut->waiting && state != RESULT_UNKNOWN) {
        reading_test(r, ut->waiting, state);
        *ut->waiting = '\0';
        r->all_lines = false;
    }
}

static void end_section(struct reading *r)
{
    struct unittest *ut = r->state;

    if (ut->section && ut->current)
        failure_message(ut->current, ut->last, strlen(ut->last));
    ut->section = r->in_block = r->all_lines = false;
    ut->current = NULL;
}

/* "FAIL: test_x (tests.SumTest.test_x) (i=1)" behind a rule. */
static void begin_section(struct reading *r, const char *line)
{
    struct unittest *ut = r->state;
    const char *at = text_after(line, "FAIL: ");
    char name[NAME + 200];
    const char *behind;

    if (!at)
        at = text_after(line, "ERROR: ");
    if (!at)
        at = text_after(line, "UNEXPECTED SUCCESS: ");
    behind = at ? name_of(at, name) : NULL;
    if (!behind)
        return;
    if (*behind == ' ' && strchr("([", behind[1])) {
        size_t len = strlen(name);

        (void)snprintf(name + len, sizeof(name) - len, "%s", behind);
    }
    if (text_after(at, "setUp") || text_after(at, "tearDown"))
        ut->beside++;
    reading_test(r, name, RESULT_FAILED);
    ut->current = reading_failure(r, name);
    ut->section = r->in_block = r->all_lines = true;
    *ut->last = '\0';
}

static void take_detail(struct unittest *ut, const char *line, size_t len)
{
    const char *file = text_after(line + text_indent(line), "File \"");
    const char *end = file ? strstr(file, "\", line ") : NULL;
    const char *at = end ? end + strlen("\", line ") : NULL;
    struct place place = {file, 0, 0};

    failure_detail(ut->current, line, len);
    if (*line && *line != ' ')
        (void)snprintf(ut->last, sizeof(ut->last), "%s", line);
    if (!at || !ut->current || !text_number(&at, &place.line))
        return;
    place.len = (size_t)(end - file);
    if (text_is_foreign(file, place.len))
        return;
    /* The innermost of the project's own frames is the last. */
    free(ut->current->file);
    ut->current->file = NULL;
    failure_place(ut->current, &place);
}

static int counted(const char *line, const char *word)
{
    const char *at = strstr(line, word);
    int n = 0;

    at = at ? at + strlen(word) : NULL;
    return at && text_number(&at, &n) ? n : 0;
}

/* "OK (skipped=1)", "FAILED (failures=2, errors=1, expected failures=1)" behind "Ran n tests". */
static bool take_result(struct reading *r, const char *line)
{
    struct unittest *ut = r->state;
    int failed;
    int skipped;

    if (!text_after(line, "OK") && !text_after(line, "FAILED") && !text_after(line, "NO TESTS RAN"))
        return false;
    failed = counted(line, "(failures=") + counted(line, "errors=") +
             counted(line, "unexpected successes=");
    skipped = counted(line, "skipped=") + counted(line, "expected failures=");
    reading_summary(r, RESULT_FAILED, failed);
    reading_summary(r, RESULT_SKIPPED, skipped);
    reading_summary(r, RESULT_PASSED, ut->ran + ut->beside - failed - skipped);
    ut->beside = 0;
    return true;
}

static bool is_rule(const char *line, char c)
{
    size_t n = 0;

    while (line[n] == c)
        n++;
    return n == RULE && line[n] == '\0';
}

static void unittest_line(struct reading *r, const char *line, size_t len)
{
    struct unittest *ut = r->state;
    const char *ran = text_after(line, "Ran ");

    if (ut->after_ran && *line) {
        ut->after_ran = r->all_lines = false;
        if (take_result(r, line))
            return;
    }
    if (is_rule(line, '=')) {
        end_section(r);
        ut->ruled = true;
        return;
    }
    if (ut->ruled) {
        ut->ruled = false;
        begin_section(r, line);
        return;
    }
    if (ran && text_number(&ran, &ut->ran) && text_after(ran, " test") && strstr(ran, " in ")) {
        end_section(r);
        ut->after_ran = r->all_lines = true;
    } else if (ut->section) {
        if (!is_rule(line, '-'))
            take_detail(ut, line, len);
    } else {
        take_verbose(r, line + text_indent(line));
    }
}

static void unittest_end(struct reading *r)
{
    end_section(r);
}

const struct format unittest_format = {
    .name = "unittest",
    .first = NULL,
    .state_size = sizeof(struct unittest),
    .line = unittest_line,
    .end = unittest_end,
};
