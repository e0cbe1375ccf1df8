/* go test, plain and -v. Source: cmd/go/internal/test and testing of Go 1.19 to 1.24. */
#include "goopen.h"

#include "vdo/base/mem.h"

#include <stdio.h>
#include <stdlib.h>

enum { NAME = 512, PENDING = 4000 };

/* A package is told at the end of its tests, so they wait for it. */
struct waiting {
    char *name;
    enum result_state state;
};

struct gotest {
    struct waiting tests[PENDING];
    size_t n;
    bool named;          /* the package had tests by name, or a failure of its own */
    char running[NAME];  /* whose log lines come now */
    struct go_open open; /* what running tests have printed before it is known how they end */
    char failing[NAME];  /* "" or the test whose lines follow "--- FAIL" */
    bool panics;
};

/* What is kept of a failing test is found by its name without the package until that comes. */
static struct failure *failing(struct reading *r)
{
    struct gotest *go = r->state;

    return *go->failing ? reading_failure(r, go->failing) : NULL;
}

static void tell(struct failure *failure, const char *line)
{
    const char *text = line + text_indent(line);
    struct place place;

    failure_detail(failure, text, strlen(text));
    if (!failure || !text_place(text, &place) || place.file != text)
        return;
    /* The first line of a log may only announce; the last one that names a place is the failure. */
    free(failure->file);
    failure->file = NULL;
    failure_place(failure, &place);
    text = strstr(text, ": ");
    if (text) {
        free(failure->message);
        failure->message = NULL;
        failure_message(failure, text + 2, strlen(text + 2));
    }
}

static void flush(struct reading *r, const char *package)
{
    struct gotest *go = r->state;

    for (size_t i = 0; i < go->n; i++) {
        struct waiting *test = &go->tests[i];
        AUTO_FREE char *name =
            package ? xasprintf("%s.%s", package, test->name) : xstrdup(test->name);

        if (test->state == RESULT_FAILED)
            tally_rename(r->tally, reading_failure(r, test->name), name);
        reading_test(r, name, test->state);
        free(test->name);
    }
    go->n = 0;
    go->named = false;
    *go->failing = *go->running = '\0';
    go->panics = r->in_block = r->all_lines = false;
    go_open_clear(&go->open);
}

/* "--- FAIL: TestX/sub (0.00s)" */
static void take_end(struct reading *r, const char *text, enum result_state state)
{
    struct gotest *go = r->state;
    AUTO_FREE char *name = xmemdup0(text, text_without_duration(text, strlen(text)));

    if (strlen(name) >= NAME || !*name)
        return;
    if (go->n == PENDING)
        flush(r, NULL);
    go->tests[go->n++] = (struct waiting){xstrdup(name), state};
    go->named = true;
    *go->failing = '\0';
    r->in_block = r->all_lines = state == RESULT_FAILED;
    if (state != RESULT_FAILED) {
        go_open_end(&go->open, name, NULL);
        return;
    }
    (void)snprintf(go->failing, NAME, "%s", name);
    go_open_end(&go->open, name, reading_failure(r, name));
}

/* "ok  \tpkg\t0.01s", "FAIL\tpkg\t0.01s", "FAIL\tpkg [build failed]" */
static void take_package(struct reading *r, const char *text, enum result_state state)
{
    struct gotest *go = r->state;
    size_t len = strcspn(text, " \t");
    AUTO_FREE char *package = xmemdup0(text, len);
    const char *why = text + len;
    bool whole = !go->named;

    if (len == 0)
        return;
    flush(r, package);
    if (!whole || strstr(why, "[no test"))
        return;
    reading_test(r, package, state);
    if (state == RESULT_FAILED && *why) {
        why += strspn(why, " \t");
        if (*why == '[')
            failure_message(reading_failure(r, package), why, strlen(why));
    }
}

static void take_block(struct reading *r, const char *line, size_t len)
{
    struct gotest *go = r->state;
    const char *panic = text_after(line, "panic: ");

    if (panic) {
        go->panics = true;
        failure_message(failing(r), line, len);
    }
    if (*line == ' ' && !go->panics)
        tell(failing(r), line);
    else
        failure_detail(failing(r), line, len);
    if (go->panics)
        failure_place_in(failing(r), line);
}

static void gotest_line(struct reading *r, const char *line, size_t len)
{
    static const struct {
        const char *word;
        enum result_state state;
    } ends[] = {{"--- PASS: ", RESULT_PASSED},
                {"--- FAIL: ", RESULT_FAILED},
                {"--- SKIP: ", RESULT_SKIPPED}};
    static const char *const runs[] = {"=== RUN ", "=== CONT ", "=== NAME "};
    struct gotest *go = r->state;
    const char *text = line + text_indent(line);

    for (size_t i = 0; i < 3; i++) {
        const char *at = text_after(text, ends[i].word);

        if (at) {
            take_end(r, at, ends[i].state);
            return;
        }
        at = text_after(line, runs[i]);
        if (at) {
            (void)snprintf(go->running, NAME, "%s", at + text_indent(at));
            *go->failing = '\0';
            r->in_block = false;
            r->all_lines = true;
            return;
        }
    }
    if (text_after(line, "ok  \t"))
        take_package(r, line + 5, RESULT_PASSED);
    else if (text_after(line, "FAIL\t"))
        take_package(r, line + 5, RESULT_FAILED);
    else if (*go->failing)
        take_block(r, line, len);
    else if (*go->running && *line == ' ')
        go_open_print(&go->open, go->running, line);
}

static void gotest_end(struct reading *r)
{
    flush(r, NULL);
}

const struct format gotest_format = {
    .name = "go test",
    .first = "-=oF",
    .state_size = sizeof(struct gotest),
    .line = gotest_line,
    .end = gotest_end,
};
