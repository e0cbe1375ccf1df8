/* bun test. Source: test_command.zig of bun 1.0 to 1.4. What a failing test has printed stands
 * before its own line. */
#include "format.h"

#include "vdo/base/mem.h"

#include <ctype.h>
#include <stdio.h>

struct bun {
    char file[RESULTS_MAX_NAME + 1];
    struct clip lines; /* since the last result */
    bool repeats;      /* behind "2 tests failed:": they are named again */
    bool running;
};

/* "sums.test.ts:" */
static bool take_file(struct bun *bun, const char *line, size_t len)
{
    static const char *const parts[] = {".test.", "_test.", ".spec.", "_spec."};
    bool is = false;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        is = is || strstr(line, parts[i]);
    if (!is || len < 2 || len > RESULTS_MAX_NAME || line[len - 1] != ':' || strchr(line, ' '))
        return false;
    (void)snprintf(bun->file, sizeof(bun->file), "%.*s", (int)(len - 1), line);
    return true;
}

static void give_lines(struct bun *bun, struct failure *failure)
{
    AUTO_STRBUF text = {0};
    const char *error;

    strbuf_init(&text, RESULTS_MAX_DETAIL + 100);
    clip_text(&bun->lines, &text);
    error = text.ptr ? strstr(text.ptr, "error: ") : NULL;
    if (error) {
        error += strlen("error: ");
        failure_message(failure, error, strcspn(error, "\n"));
        failure_place_in(failure, error);
    }
    if (failure && failure->detail.head_len == 0) {
        failure->detail = bun->lines;
        bun->lines = (struct clip){0};
    }
}

/* "(fail) nested > adds wrong [0.40ms]"; where it colours its output "✗ nested > ..." */
static bool take_test(struct reading *r, const char *line)
{
    static const struct {
        const char *word;
        enum result_state state;
    } words[] = {{"(pass) ", RESULT_PASSED},  {"(fail) ", RESULT_FAILED},
                 {"(skip) ", RESULT_SKIPPED}, {"(todo) ", RESULT_SKIPPED},
                 {"\u2713 ", RESULT_PASSED},   /* ✓ */
                 {"\u2717 ", RESULT_FAILED},   /* ✗ */
                 {"\u00bb ", RESULT_SKIPPED},  /* » */
                 {"\u270e ", RESULT_SKIPPED}}; /* ✎ */
    struct bun *bun = r->state;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const char *text = text_after(line, words[i].word);
        const char *open = text ? strrchr(text, '[') : NULL;
        size_t len = text ? strlen(text) : 0;

        if (!text)
            continue;
        if (open > text && open[-1] == ' ' && isdigit((unsigned char)open[1]) &&
            text[len - 1] == ']')
            len = (size_t)(open - text) - 1;
        AUTO_FREE char *name =
            xasprintf("%s%s%.*s", bun->file, *bun->file ? " > " : "", (int)len, text);

        if (!bun->repeats)
            reading_test(r, name, words[i].state);
        if (!bun->repeats && words[i].state == RESULT_FAILED)
            give_lines(bun, reading_failure(r, name));
        clip_release(&bun->lines);
        return true;
    }
    return false;
}

/* " 2 pass" */
static bool take_sum(struct reading *r, const char *line)
{
    static const struct {
        const char *word;
        enum result_state state;
    } words[] = {{" pass", RESULT_PASSED},
                 {" fail", RESULT_FAILED},
                 {" skip", RESULT_SKIPPED},
                 {" todo", RESULT_SKIPPED}};
    const char *at = line + 1;
    int n;

    if (*line != ' ' || !text_number(&at, &n))
        return false;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(at, words[i].word) != 0)
            continue;
        /* Two lines tell of what was skipped: the named ones stay for the other. */
        if (words[i].state != RESULT_SKIPPED)
            reading_summary(r, words[i].state, n);
        return true;
    }
    return false;
}

static void bun_line(struct reading *r, const char *line, size_t len)
{
    struct bun *bun = r->state;
    const char *at = line;
    int n;

    if (text_after(line, "bun test v")) {
        bun->running = r->all_lines = true;
        bun->repeats = false;
    } else if (!bun->running || take_test(r, line) || take_file(bun, line, len)) {
        return;
    } else if (text_after(line, "Ran ") && strstr(line, " across ")) {
        bun->running = r->all_lines = r->in_block = false;
        clip_release(&bun->lines);
    } else if (text_number(&at, &n) && text_after(at, " test") && strstr(at, " failed:")) {
        bun->repeats = true;
    } else if (!take_sum(r, line) && *line) {
        clip_add(&bun->lines, line, len);
        r->in_block = true;
    }
}

static void bun_end(struct reading *r)
{
    struct bun *bun = r->state;

    clip_release(&bun->lines);
}

const struct format bun_format = {
    .name = "bun test",
    .first = "b",
    .state_size = sizeof(struct bun),
    .line = bun_line,
    .end = bun_end,
};
