/* cmocka's standard output, which GoogleTest has as well. Source: cmocka 1.1.5 to 1.1.7, gtest
 * 1.14. */
#include "format.h"

#include "../name.h"

#include "vdo/base/mem.h"

#include <stdio.h>

enum { NAME = 700 };

struct cmocka {
    char group[256]; /* "" when it has no name */
    char running[NAME];
    struct clip lines; /* between "RUN" and how it ended */
};

/* "[==========] sums: Running 3 test(s)." */
static void take_group(struct cmocka *cmocka, const char *text)
{
    const char *run = strstr(text, ": Running ");

    if (run)
        (void)snprintf(cmocka->group, sizeof(cmocka->group), "%.*s", (int)(run - text), text);
    else if (text_after(text, "Running "))
        *cmocka->group = '\0';
}

static const char *full_name(const struct cmocka *cmocka, const char *name, char *out)
{
    /* gtest: "Suite.name (0 ms)", "Suite.name, where GetParam() = 3" */
    size_t len = text_without_duration(name, strlen(name));
    const char *where = strstr(name, ", where ");

    if (where && (size_t)(where - name) < len)
        len = (size_t)(where - name);
    AUTO_FREE char *clipped = name_clip(name, len);

    (void)snprintf(out, NAME, "%s%s%s", cmocka->group, *cmocka->group ? "." : "", clipped);
    return out;
}

static void take_end(struct reading *r, const char *text, enum result_state state)
{
    struct cmocka *cmocka = r->state;
    char name[NAME];

    /* The list at the end names the same tests again, and lines of counts. */
    if (strcmp(cmocka->running, full_name(cmocka, text, name)) != 0)
        return;
    reading_test(r, name, state);
    if (state == RESULT_FAILED) {
        struct failure *failure = reading_failure(r, name);
        AUTO_STRBUF lines = {0};

        strbuf_init(&lines, RESULTS_MAX_DETAIL + 100);
        clip_text(&cmocka->lines, &lines);
        failure_place_in(failure, lines.ptr);
        failure_message(failure, lines.ptr, strcspn(lines.ptr, "\n"));
        if (failure && failure->detail.head_len == 0) {
            failure->detail = cmocka->lines;
            cmocka->lines = (struct clip){0};
        }
    }
    clip_release(&cmocka->lines);
    *cmocka->running = '\0';
    r->all_lines = r->in_block = false;
}

/* A program that died within a test says no more about it. */
static void give_up(struct reading *r)
{
    static const char why[] = "the program ended within this test";
    struct cmocka *cmocka = r->state;
    char name[NAME];

    if (*cmocka->running) {
        memcpy(name, cmocka->running, NAME);
        reading_test(r, name, RESULT_FAILED);
        failure_message(reading_failure(r, name), why, sizeof(why) - 1);
    }
    *cmocka->running = '\0';
    clip_release(&cmocka->lines);
    r->all_lines = r->in_block = false;
}

static void cmocka_line(struct reading *r, const char *line, size_t len)
{
    struct cmocka *cmocka = r->state;
    const char *text;

    if ((text = text_after(line, "[ RUN      ] "))) {
        give_up(r);
        (void)full_name(cmocka, text, cmocka->running);
        r->all_lines = r->in_block = true;
    } else if ((text = text_after(line, "[==========] "))) {
        give_up(r);
        take_group(cmocka, text);
    } else if ((text = text_after(line, "[       OK ] "))) {
        take_end(r, text, RESULT_PASSED);
    } else if ((text = text_after(line, "[  SKIPPED ] "))) {
        take_end(r, text, RESULT_SKIPPED);
    } else if ((text = text_after(line, "[  ERROR   ] --- ")) ||
               (text = text_after(line, "[   LINE   ] --- "))) {
        clip_add(&cmocka->lines, text, strlen(text));
    } else if ((text = text_after(line, "[  FAILED  ] ")) ||
               (text = text_after(line, "[  ERROR   ] "))) {
        take_end(r, text, RESULT_FAILED);
    } else if (*cmocka->running && *line != '[') {
        clip_add(&cmocka->lines, line, len);
    }
}

const struct format cmocka_format = {
    .name = "cmocka",
    .first = "[",
    .state_size = sizeof(struct cmocka),
    .line = cmocka_line,
    .end = give_up,
};
