/* cargo test (libtest): results, failures with their output, summaries. Source: libtest's pretty
 * and terse formatters of Rust 1.60 to 1.95. */
#include "format.h"
#include "rust.h"

#include "../name.h"

#include "vdo/base/mem.h"

#include <stdio.h>
#include <stdlib.h>

enum { NAME = 700 };

struct cargo {
    char target[128];   /* the crate or test file; "" until told */
    char waiting[NAME]; /* a test whose result has not come: its output tore the line */
    bool running;       /* behind "running n tests" */
    struct clip torn;   /* what it has printed */
    struct failure *current;
    bool message_follows;
};

/* "target/debug/deps/demo-8348ca7a80742723" is "demo". */
static void take_target(struct cargo *cargo, const char *text)
{
    const char *open = strchr(text, '(');
    const char *close = open ? strrchr(open, ')') : NULL;
    const char *from = close;
    const char *dash;

    if (!close)
        return;
    while (from > open + 1 && from[-1] != '/')
        from--;
    dash = memrchr(from, '-', (size_t)(close - from));
    (void)snprintf(cargo->target, sizeof(cargo->target), "%.*s",
                   (int)((dash && close - dash == 17 ? dash : close) - from), from);
}

/* With the target before it, so that two targets' tests stay apart. A test of documentation is
 * named after a line that moves: "src/lib.rs - add (line 3)" goes without it. */
static void full_name(const struct cargo *cargo, const char *name, size_t len, char *out)
{
    const char *line = memmem(name, len, " (line ", 7);
    AUTO_FREE char *clipped = name_clip(name, line ? (size_t)(line - name) : len);

    (void)snprintf(out, NAME, "%s%s%s", cargo->target, *cargo->target ? "::" : "", clipped);
}

static enum result_state state_of(const char *text)
{
    return strcmp(text, "ok") == 0     ? RESULT_PASSED :
           text_after(text, "FAILED")  ? RESULT_FAILED :
           text_after(text, "ignored") ? RESULT_SKIPPED :
           text_after(text, "bench:")  ? RESULT_PASSED :
           text_after(text, "ok <")    ? RESULT_PASSED :
                                         RESULT_UNKNOWN;
}

/* "test tests::adds ... ok"; "test tests::adds - should panic ... ok" */
static void take_test(struct reading *r, const char *text)
{
    struct cargo *cargo = r->state;
    const char *dots = strstr(text, " ... ");
    const char *panic;
    size_t len;

    if (!dots)
        return;
    len = (size_t)(dots - text);
    panic = memmem(text, len, " - should panic", 15);
    full_name(cargo, text, panic ? (size_t)(panic - text) : len, cargo->waiting);
    text = dots + 5;
    clip_release(&cargo->torn);
    if (state_of(text) == RESULT_UNKNOWN) {
        clip_add(&cargo->torn, text, strlen(text));
        return;
    }
    reading_test(r, cargo->waiting, state_of(text));
    *cargo->waiting = '\0';
}

static void end_section(struct reading *r)
{
    struct cargo *cargo = r->state;

    cargo->current = NULL;
    cargo->message_follows = r->in_block = false;
}

/* "test result: FAILED. 2 passed; 2 failed; 1 ignored; 0 measured; ..." */
static void take_summary(struct reading *r, const char *line)
{
    struct cargo *cargo = r->state;

    reading_summary(r, RESULT_PASSED,
                    text_count_before(line, " passed;") + text_count_before(line, " measured;"));
    reading_summary(r, RESULT_FAILED, text_count_before(line, " failed;"));
    reading_summary(r, RESULT_SKIPPED, text_count_before(line, " ignored;"));
    end_section(r);
    cargo->running = r->all_lines = false;
    *cargo->waiting = '\0';
}

/* "---- tests::adds_wrong stdout ----" */
static bool begin_section(struct reading *r, const char *line)
{
    struct cargo *cargo = r->state;
    const char *name = text_after(line, "---- ");
    const char *end = name ? strstr(name, " stdout ----") : NULL;
    char full[NAME];

    if (!end)
        return false;
    full_name(cargo, name, (size_t)(end - name), full);
    cargo->current = reading_failure(r, full);
    r->in_block = true;
    return true;
}

/* The result of a test whose line was torn: what came between belongs to it. */
static void end_torn(struct reading *r, enum result_state state)
{
    struct cargo *cargo = r->state;
    AUTO_STRBUF text = {0};
    char *rest;

    reading_test(r, cargo->waiting, state);
    strbuf_init(&text, RESULTS_MAX_DETAIL + 100);
    clip_text(&cargo->torn, &text);
    clip_release(&cargo->torn);
    if (state == RESULT_FAILED) {
        cargo->current = reading_failure(r, cargo->waiting);
        for (char *line = strtok_r(text.ptr, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
            rust_detail(cargo->current, &cargo->message_follows, line, strlen(line));
        cargo->current = NULL;
        cargo->message_follows = false;
    }
    *cargo->waiting = '\0';
}

static void cargo_line(struct reading *r, const char *line, size_t len)
{
    struct cargo *cargo = r->state;
    const char *text = line + text_indent(line);
    const char *at;
    int n;

    if (text_after(line, "test result: ")) {
        take_summary(r, line);
    } else if ((at = text_after(line, "test "))) {
        take_test(r, at);
    } else if ((at = text_after(text, "Running ")) && strstr(at, "/deps/")) {
        take_target(cargo, at);
    } else if (text != line && (at = text_after(text, "Doc-tests "))) {
        (void)snprintf(cargo->target, sizeof(cargo->target), "%s", at);
    } else if ((at = text_after(line, "running ")) && text_number(&at, &n) &&
               text_after(at, " test")) {
        cargo->running = r->all_lines = true;
        end_section(r);
    } else if (!cargo->running || begin_section(r, line)) {
        return;
    } else if (strcmp(line, "failures:") == 0) {
        end_section(r);
    } else if (cargo->current) {
        rust_detail(cargo->current, &cargo->message_follows, line, len);
    } else if (*cargo->waiting && state_of(line) != RESULT_UNKNOWN) {
        end_torn(r, state_of(line));
    } else if ((at = strstr(line, " --- FAILED")) && at > line && at[11] == '\0') {
        char full[NAME];

        full_name(cargo, line, (size_t)(at - line), full);
        reading_test(r, full, RESULT_FAILED);
    } else if (*cargo->waiting) {
        clip_add(&cargo->torn, line, len);
    }
}

static void cargo_end(struct reading *r)
{
    struct cargo *cargo = r->state;

    clip_release(&cargo->torn);
}

const struct format cargo_format = {
    .name = "cargo test",
    .first = "trRD-f",
    .state_size = sizeof(struct cargo),
    .line = cargo_line,
    .end = cargo_end,
};
