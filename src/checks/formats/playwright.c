/* Playwright Test. Source: the list, line and dot reporters of @playwright/test 1.40 to 1.65. Only
 * the lists at the end tell which test has failed for good. */
#include "held.h"

#include "vdo/base/mem.h"

#include <stdlib.h>

struct playwright {
    struct held tries;
    char *current; /* the test whose failure follows; NULL */
    bool running;
    bool failed;  /* the list of those that failed follows */
    bool counted; /* a summary has begun */
    int passed;
};

static void end_failure(struct reading *r)
{
    struct playwright *pw = r->state;

    free(pw->current);
    pw->current = NULL;
    r->in_block = false;
}

/* The next part of "[chromium] \u203a sums.spec.js:4:3 \u203a nested \u203a adds wrong"; at its
 * end, NULL. */
static const char *part_end(const char *text, const char **out_next)
{
    static const char mark[] = " \u203a ";
    const char *end = strstr(text, mark);

    *out_next = end ? end + sizeof(mark) - 1 : NULL;
    return end ? end : text + strlen(text);
}

/* Without the place, which moves, the rule behind it, "(retry #1)" and how long it took. */
static char *name_of(const char *text)
{
    AUTO_STRBUF name = {0};
    const char *rule = strstr(text, " \u2500");
    AUTO_FREE char *copy = xmemdup0(text, rule ? (size_t)(rule - text) : strlen(text));
    char *retry;

    copy[text_without_duration(copy, strlen(copy))] = '\0';
    retry = strstr(copy, " (retry #");
    if (retry)
        *retry = '\0';
    strbuf_init(&name, strlen(copy) + 16);
    for (const char *at = copy, *next; at; at = next) {
        const char *end = part_end(at, &next);
        const char *colon = memchr(at, ':', (size_t)(end - at));
        struct place place;

        if (name.len)
            (void)strbuf_adds(&name, " > ");
        if (colon && text_place(at, &place) && place.file >= at && place.file < end)
            end = colon;
        (void)strbuf_add(&name, at, (size_t)(end - at));
    }
    return strbuf_take(&name, NULL);
}

/* "\u2713  1 sums.spec.js:2:1 \u203a adds (6ms)", "-  4 ...": one that failed may be tried again */
static bool take_listed(struct reading *r, const char *text)
{
    const char *at = text_after(text, "\u2713 ");
    enum result_state state = at ? RESULT_PASSED : RESULT_SKIPPED;
    int n;

    at = at ? at : text_after(text, "- ");
    if (!at)
        return false;
    at += strspn(at, " ");
    if (!text_number(&at, &n) || *at++ != ' ' || !strstr(at, " \u203a "))
        return false;
    AUTO_FREE char *name = name_of(at);

    reading_test(r, name, state);
    return true;
}

/* "  1) sums.spec.js:4:3 \u203a nested \u203a adds wrong \u2500\u2500\u2500" */
static bool begin_failure(struct reading *r, const char *text)
{
    struct playwright *pw = r->state;
    const char *at = text;
    int n;

    if (!text_number(&at, &n) || !(at = text_after(at, ") ")) || !strstr(at, " \u203a "))
        return false;
    end_failure(r);
    pw->current = name_of(at);
    r->in_block = true;
    return true;
}

/* "  1 failed", "  1 flaky", "  2 skipped", "  3 did not run", "  1 passed (2.6s)" */
static bool take_sum(struct reading *r, const char *text)
{
    struct playwright *pw = r->state;
    const char *at = text;
    int n;

    if (!text_number(&at, &n) || *at++ != ' ')
        return false;
    if (strcmp(at, "failed") == 0 || strcmp(at, "interrupted") == 0 || strcmp(at, "timed out") == 0)
        pw->failed = true;
    else if (strcmp(at, "flaky") == 0 || text_after(at, "passed ("))
        text_add(&pw->passed, n);
    else if (strcmp(at, "skipped") != 0 && strcmp(at, "did not run") != 0)
        return false;
    if (*at == 's' || *at == 'd')
        reading_summary(r, RESULT_SKIPPED, n);
    pw->failed = pw->failed && (*at == 'f' || *at == 'i' || *at == 't') && at[1] != 'l';
    pw->counted = true;
    end_failure(r);
    reading_saw(r);
    return true;
}

static void settle(struct reading *r)
{
    struct playwright *pw = r->state;

    if (pw->counted)
        reading_summary(r, RESULT_PASSED, pw->passed);
    end_failure(r);
    held_release(&pw->tries);
    pw->passed = 0;
    pw->running = pw->failed = pw->counted = r->all_lines = false;
}

static void take_detail(struct playwright *pw, const char *text)
{
    struct failure *failure = held_get(&pw->tries, pw->current);
    const char *error = text_after(text, "Error: ");

    failure_detail(failure, text, strlen(text));
    if (error)
        failure_message(failure, error, strlen(error));
    if (text_after(text, "at "))
        failure_place_in(failure, text);
}

static void playwright_line(struct reading *r, const char *line, size_t len)
{
    struct playwright *pw = r->state;
    size_t indent = text_indent(line);
    const char *text = line + indent;
    const char *at = text_after(line, "Running ");
    int n;

    (void)len;
    if (at && text_number(&at, &n) && text_after(at, " test") && strstr(at, " using ") &&
        strstr(at, " worker")) {
        settle(r);
        pw->running = r->all_lines = true;
    } else if (!pw->running || *text == '\0') {
        return;
    } else if (indent == 2 &&
               (take_sum(r, text) || take_listed(r, text) || begin_failure(r, text))) {
        if (pw->counted && strstr(text, "passed ("))
            settle(r);
    } else if (pw->failed && indent == 4 && strstr(text, " \u203a ")) {
        AUTO_FREE char *name = name_of(text);

        held_give(&pw->tries, r, name);
    } else if (pw->current && indent >= 4) {
        take_detail(pw, text);
    }
}

const struct format playwright_format = {
    .name = "playwright",
    .first = "R",
    .state_size = sizeof(struct playwright),
    .line = playwright_line,
    .end = settle,
};
