/* pytest's terminal reports: verbose lines, sections of failures, the short summary, the last
 * line. Source: _pytest/terminal.py of 7.2 and 8.3; xdist 3.1. */
#include "format.h"

#include "../name.h"

#include "vdo/base/mem.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { PENDING = RESULTS_MAX_FAILURES };

struct pytest {
    bool session;
    bool summary; /* within "short test summary info" */
    bool section; /* within a failure's section */
    struct failure *current;
    char *header[PENDING]; /* sections whose test's full name did not come yet */
    struct failure *kept[PENDING];
    size_t n;
};

static const struct {
    const char *word;
    enum result_state state;
} words[] = {
    {"PASSED", RESULT_PASSED},   {"FAILED", RESULT_FAILED}, {"ERROR", RESULT_FAILED},
    {"SKIPPED", RESULT_SKIPPED}, {"XFAIL", RESULT_SKIPPED}, {"XPASS", RESULT_PASSED},
};

static enum result_state state_at(const char *text, size_t *out_len)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        *out_len = strlen(words[i].word);
        if (strncmp(text, words[i].word, *out_len) == 0 &&
            (text[*out_len] == '\0' || text[*out_len] == ' '))
            return words[i].state;
    }
    return RESULT_UNKNOWN;
}

/* "==== title ====" or "____ title ____": the title, which moves within the line. */
static const char *title_of(const char *line, size_t len, char rule, size_t *out_len)
{
    size_t from = 0;

    while (from < len && line[from] == rule)
        from++;
    if (from == 0 || from == len || line[from] != ' ')
        return NULL;
    len = text_len(line, len);
    if (line[len - 1] != rule)
        return NULL;
    while (len > from && line[len - 1] == rule)
        len--;
    len = text_len(line, len);
    *out_len = len > from + 1 ? len - from - 1 : 0;
    return line + from + 1;
}

/* "1 failed, 2 passed in 0.10s": how many there are by enum result_state. */
static bool totals_of(const char *text, int sums[4])
{
    static const struct {
        const char *word;
        enum result_state state;
    } kinds[] = {
        {"passed", RESULT_PASSED},      {"xpassed", RESULT_PASSED},   {"failed", RESULT_FAILED},
        {"errors", RESULT_FAILED},      {"error", RESULT_FAILED},     {"skipped", RESULT_SKIPPED},
        {"xfailed", RESULT_SKIPPED},    {"warnings", RESULT_UNKNOWN}, {"warning", RESULT_UNKNOWN},
        {"deselected", RESULT_UNKNOWN}, {"rerun", RESULT_UNKNOWN},
    };
    const char *none = text_after(text, "no tests ran");
    const char *at = none ? none : text;

    while (isdigit((unsigned char)*at)) {
        size_t i = 0;
        size_t word;
        int n;

        if (!text_number(&at, &n) || *at++ != ' ')
            return false;
        word = strspn(at, "abcdefghijklmnopqrstuvwxyz");
        while (i < sizeof(kinds) / sizeof(kinds[0]) &&
               (strlen(kinds[i].word) != word || strncmp(at, kinds[i].word, word) != 0))
            i++;
        if (i == sizeof(kinds) / sizeof(kinds[0]) || n > 100000000)
            return false;
        text_add(&sums[kinds[i].state], n);
        at += word;
        at += strspn(at, ", ");
    }
    at = at > text ? text_after(at + (*at == ' '), "in ") : NULL;
    return at && isdigit((unsigned char)*at) && at[strspn(at, "0123456789.")] == 's';
}

/* A section is headed by the test without its file: "TestSums.test_adds". */
static struct failure *begin_failure(struct reading *r, const char *title, size_t len)
{
    static const char *const leads[] = {"ERROR at setup of ", "ERROR at teardown of ",
                                        "ERROR collecting ", "ERROR "};
    struct pytest *py = r->state;
    AUTO_FREE char *text = xmemdup0(title, len);
    const char *name = text;

    for (size_t i = 0; i < 4 && name == text; i++)
        name = text_after(text, leads[i]) ? text_after(text, leads[i]) : text;
    if (py->n == PENDING)
        return NULL;
    py->kept[py->n] = reading_failure(r, name);
    if (!py->kept[py->n])
        return NULL;
    py->header[py->n] = name_canon(name);
    return py->kept[py->n++];
}

static void take_detail(struct pytest *py, const char *line, size_t len)
{
    const char *said = text_after(line, "E ");
    struct place place;

    failure_detail(py->current, line, len);
    if (said && py->current && !py->current->message) {
        said += text_indent(said);
        failure_message(py->current, said, strlen(said));
    }
    /* With --tb=native there are no such lines: the last line of the traceback tells. */
    if (!py->current || *line == ' ' || *line == '>')
        return;
    if (text_place(line, &place) && place.file == line + (strncmp(line, "./", 2) == 0 ? 2 : 0))
        failure_place(py->current, &place);
}

/* 'File "x.py", line 3' of a native traceback. */
static void take_native(struct pytest *py, const char *line)
{
    const char *file = text_after(line + text_indent(line), "File \"");
    const char *end = file ? strstr(file, "\", line ") : NULL;
    const char *at = end ? end + strlen("\", line ") : NULL;
    struct place place = {file, 0, 0};

    if (!at || !text_number(&at, &place.line))
        return;
    place.len = (size_t)(end - file);
    if (!text_is_foreign(place.file, place.len))
        failure_place(py->current, &place);
}

/* The test whose section was headed by the end of this name. */
static struct failure *pending(struct pytest *py, const char *name)
{
    const char *parts = strstr(name, "::");
    AUTO_FREE char *canon = name_canon(parts ? parts + 2 : name);

    for (size_t i = 0; i < py->n; i++) {
        if (py->header[i] && strcmp(py->header[i], canon) == 0) {
            free(py->header[i]);
            py->header[i] = NULL;
            return py->kept[i];
        }
    }
    return NULL;
}

/* "FAILED tests/test_a.py::test_x - assert 1 == 2"; names may hold blanks and dashes. */
static void take_short(struct reading *r, const char *line)
{
    struct pytest *py = r->state;
    struct failure *failure;
    size_t word;
    enum result_state state = state_at(line, &word);
    const char *name = line + word + 1;
    const char *bracket = strchr(name, '[');
    const char *dash = strstr(name, " - ");

    if (state == RESULT_UNKNOWN || line[word] != ' ' || *name == '[')
        return;
    /* A dash between brackets belongs to a parameter. */
    while (dash && bracket && bracket < dash && !memchr(bracket, ']', (size_t)(dash - bracket)))
        dash = strstr(dash + 1, " - ");
    AUTO_FREE char *id = dash ? xmemdup0(name, (size_t)(dash - name)) : xstrdup(name);
    size_t id_len = text_len(id, strlen(id));

    id[id_len] = '\0';
    if (state == RESULT_FAILED) {
        tally_rename(r->tally, pending(py, id), id);
        reading_test(r, id, state);
        failure = reading_failure(r, id);
        if (dash)
            failure_message(failure, dash + 3, strlen(dash + 3));
    } else if (strstr(id, "::")) {
        reading_test(r, id, state);
    }
}

/* Verbose lines: "tests/test_a.py::test_x PASSED [ 10%]", "[gw0] [ 10%] PASSED tests/...". */
static void take_verbose(struct reading *r, const char *line)
{
    const char *at = *line == '[' ? strstr(line, "%] ") : NULL;
    const char *mark;
    enum result_state state = RESULT_UNKNOWN;
    size_t word;

    if (at && text_after(line, "[gw")) {
        state = state_at(at + 3, &word);
        if (state != RESULT_UNKNOWN && strstr(at, "::"))
            reading_test(r, at + 3 + word, state);
        return;
    }
    if (!strstr(line, "::"))
        return;
    for (mark = strchr(line, ' '); mark && state == RESULT_UNKNOWN; mark = strchr(mark + 1, ' '))
        state = state_at(mark + 1, &word), at = mark;
    if (state != RESULT_UNKNOWN) {
        AUTO_FREE char *name = xmemdup0(line, (size_t)(at - line));

        reading_test(r, name, state);
    }
}

/* "TestSums.test_adds[x.y]" of file is "file::TestSums::test_adds[x.y]". */
static char *settled_name(const char *file, const char *header)
{
    size_t plain = strcspn(header, "[");
    AUTO_STRBUF name = {0};

    if (!file || strstr(header, ".py"))
        return xstrdup(header);
    strbuf_init(&name, RESULTS_MAX_NAME * 4UL);
    (void)strbuf_addf(&name, "%s::", file);
    for (size_t i = 0; i < plain; i++)
        (void)strbuf_add(&name, header[i] == '.' ? "::" : &header[i], header[i] == '.' ? 2 : 1);
    (void)strbuf_adds(&name, header + plain);
    return strbuf_take(&name, NULL);
}

/* Those whose summary line never came (-rN): the place of the failure names the file. */
static void settle(struct reading *r)
{
    struct pytest *py = r->state;

    for (size_t i = 0; i < py->n; i++) {
        struct failure *failure = py->kept[i];

        if (py->header[i] && failure->name) {
            AUTO_FREE char *name = settled_name(failure->file, failure->name);

            tally_rename(r->tally, failure, name);
            reading_test(r, name, RESULT_FAILED);
        }
        free(py->header[i]);
    }
    py->n = 0;
    py->current = NULL;
    py->section = py->summary = r->in_block = false;
}

static void take_title(struct reading *r, const char *title, size_t len)
{
    struct pytest *py = r->state;
    static const char *const sections[] = {"FAILURES", "ERRORS", NULL};

    py->summary = len == 23 && strncmp(title, "short test summary info", len) == 0;
    py->section = text_is_one_of(title, len, sections);
    r->in_block = py->section;
    py->current = NULL;
    if (len == 19 && strncmp(title, "test session starts", len) == 0)
        py->session = true;
    if (py->section || py->summary || py->session) {
        reading_saw(r);
        r->all_lines = true;
    }
}

static bool take_totals(struct reading *r, const char *title)
{
    struct pytest *py = r->state;
    int sums[4] = {0};

    if (!totals_of(title, sums))
        return false;
    settle(r);
    for (int i = RESULT_PASSED; i <= RESULT_SKIPPED; i++)
        reading_summary(r, (enum result_state)i, sums[i]);
    py->session = r->all_lines = false;
    return true;
}

static void pytest_line(struct reading *r, const char *line, size_t len)
{
    struct pytest *py = r->state;
    size_t title_len = 0;
    const char *title = title_of(line, len, '=', &title_len);

    if (take_totals(r, title ? title : line))
        return;
    if (title) {
        take_title(r, title, title_len);
    } else if (py->section && (title = title_of(line, len, '_', &title_len)) && title_len &&
               title[0] != '_') {
        py->current = begin_failure(r, title, title_len);
    } else if (py->section) {
        take_detail(py, line, len);
        take_native(py, line);
    } else if (py->summary) {
        take_short(r, line);
    } else if (py->session) {
        take_verbose(r, line);
        if (text_after(line, "INTERNALERROR> ") && strstr(line, "Error: "))
            tally_problem(r->tally, "", 0, 0, line, len);
    }
}

static void pytest_end(struct reading *r)
{
    settle(r);
}

const struct format pytest_format = {
    .name = "pytest",
    .first = "=0123456789n",
    .state_size = sizeof(struct pytest),
    .line = pytest_line,
    .end = pytest_end,
};
