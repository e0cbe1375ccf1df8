/* mocha's spec and dot reporters. Source: mocha 8 to 12, lib/reporters/{spec,base}.js. */
#include "format.h"
#include "outline.h"

#include "vdo/base/mem.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { PENDING = 5000 };

struct mocha {
    struct outline suites;
    /* A mark before a title is no test yet: many tools print such lines. "n passing" makes it one.
     */
    char *names[PENDING];
    enum result_state states[PENDING];
    size_t n;
    int failing;   /* as the summary counts them; their names follow */
    int named;     /* of them */
    bool told;     /* "n passing" was seen: failures follow */
    bool spaced;   /* and a blank line behind the sums */
    bool naming;   /* within the lines that name a failing test */
    size_t indent; /* of the last of them */
    char name[OUTLINE_PATH];
    struct failure *current;
};

/* node --test ends its lines in a duration with decimals. */
static bool is_node(const char *text)
{
    size_t len = strlen(text);
    const char *open = strrchr(text, '(');

    return len > 4 && strcmp(text + len - 3, "ms)") == 0 && open && strchr(open, '.');
}

/* Behind the mark of a test that passed, or NULL. */
static const char *passed_title(const char *text)
{
    static const char *const passed[] = {"\u2714 ", "\u2713 "}; /* ✔ ✓ */
    const char *title = text_after(text, passed[0]);

    return title ? title : text_after(text, passed[1]);
}

static bool take_result(struct reading *r, const char *text, size_t indent)
{
    struct mocha *mocha = r->state;
    const char *title = passed_title(text);
    enum result_state state = RESULT_PASSED;
    char path[OUTLINE_PATH];

    if (!title && (title = text_after(text, "- ")))
        state = RESULT_SKIPPED;
    if (!title || is_node(title))
        return false;
    if (state == RESULT_SKIPPED && mocha->suites.depth == 0)
        return false;
    (void)outline_path(&mocha->suites, indent, title, text_without_duration(title, strlen(title)),
                       path);
    if (mocha->n < PENDING) {
        mocha->states[mocha->n] = state;
        mocha->names[mocha->n++] = xstrdup(path);
    }
    return true;
}

static void settle(struct reading *r, bool is_mocha)
{
    struct mocha *mocha = r->state;

    if (mocha->told)
        reading_summary(r, RESULT_FAILED, mocha->failing);
    for (size_t i = 0; i < mocha->n; i++) {
        if (is_mocha)
            reading_test(r, mocha->names[i], mocha->states[i]);
        free(mocha->names[i]);
    }
    mocha->n = 0;
    mocha->failing = mocha->named = 0;
    mocha->told = mocha->naming = r->in_block = false;
    mocha->current = NULL;
}

/* Before a further run, or after the last. */
static void begin_anew(struct reading *r)
{
    struct mocha *mocha = r->state;

    settle(r, false);
    mocha->suites.depth = 0;
}

/* "  3 passing (5ms)", "  2 pending", "  1 failing" */
static bool take_summary(struct reading *r, const char *text)
{
    struct mocha *mocha = r->state;
    int n;

    if (!text_number(&text, &n) || *text++ != ' ')
        return false;
    if (text_after(text, "passing (")) {
        settle(r, true);
        mocha->suites.depth = 0;
        reading_summary(r, RESULT_PASSED, n);
        mocha->told = true;
        mocha->spaced = false;
    } else if (mocha->told && strcmp(text, "pending") == 0) {
        reading_summary(r, RESULT_SKIPPED, n);
    } else if (mocha->told && strcmp(text, "failing") == 0) {
        mocha->failing = n;
    } else {
        return false;
    }
    return true;
}

/* "  1) sums", "       nested", "         adds wrong:": suites and the test, in lines of their own.
 */
static bool take_name(struct reading *r, const char *text, size_t indent)
{
    struct mocha *mocha = r->state;
    const char *at = text;
    size_t used = mocha->naming ? strlen(mocha->name) : 0;
    size_t len;
    int n;

    if (text_number(&at, &n) && text_after(at, ") ") && indent == 2) {
        mocha->naming = true;
        used = 0;
        text = at + 2;
    } else if (!mocha->naming || indent <= mocha->indent) {
        mocha->naming = false;
        return false;
    }
    mocha->indent = indent;
    len = text_len(text, strlen(text));
    mocha->naming = len == 0 || text[len - 1] != ':';
    len -= !mocha->naming;
    (void)snprintf(mocha->name + used, sizeof(mocha->name) - used, "%s%.*s", used ? " > " : "",
                   (int)len, text);
    if (!mocha->naming) {
        mocha->named++;
        reading_test(r, mocha->name, RESULT_FAILED);
        mocha->current = reading_failure(r, mocha->name);
        r->in_block = true;
    } else {
        mocha->current = NULL;
    }
    return true;
}

static void take_detail(struct mocha *mocha, const char *text)
{
    failure_detail(mocha->current, text, strlen(text));
    if (*text)
        failure_message(mocha->current, text, strlen(text));
    if (text_after(text, "at "))
        failure_place_in(mocha->current, text);
}

/* Does a further run begin with this line, though npm does not say so? */
static bool is_next_run(const struct mocha *mocha, const char *text)
{
    return mocha->named >= mocha->failing &&
           (mocha->failing == 0 ? mocha->spaced : passed_title(text) != NULL);
}

static void mocha_line(struct reading *r, const char *line, size_t len)
{
    struct mocha *mocha = r->state;
    size_t indent = text_indent(line);
    const char *text = line + indent;

    if (indent < 2 || *line != ' ') {
        /* npm's line before a further run */
        if (text_after(line, "> "))
            begin_anew(r);
        else if (mocha->current)
            take_detail(mocha, text);
        else if (*text)
            mocha->naming = false;
        mocha->spaced = mocha->spaced || *text == '\0';
        return;
    }
    if (take_summary(r, text)) {
        mocha->current = NULL;
        return;
    }
    if (mocha->told && is_next_run(mocha, text)) {
        settle(r, false);
    } else if (mocha->told && take_name(r, text, indent)) {
        return;
    } else if (mocha->told && mocha->current) {
        take_detail(mocha, text);
    }
    if (mocha->told) {
        outline_set(&mocha->suites, indent, text, text_len(text, len - indent));
        return;
    }
    if (!take_result(r, text, indent) && !isdigit((unsigned char)*text))
        outline_set(&mocha->suites, indent, text, text_len(text, len - indent));
}

const struct format mocha_format = {
    .name = "mocha",
    .first = NULL,
    .state_size = sizeof(struct mocha),
    .line = mocha_line,
    .end = begin_anew,
};
