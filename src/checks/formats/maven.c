/* Maven's Surefire and Failsafe. Source: the plain report of surefire 2.22 to 3.5, and its
 * rerunFailingTestsCount: which tests passed when they were tried again stands before the totals.
 */
#include "format.h"
#include "held.h"
#include "java.h"

#include "vdo/base/mem.h"

#include <stdio.h>
#include <stdlib.h>

struct maven {
    struct failure *current;
    bool message_follows;
    char class[RESULTS_MAX_NAME + 1]; /* that the counts were of; "" */
    bool classes;                     /* lines of classes were counted: the totals repeat them */
    bool flakes;                      /* behind "Flakes:" */
    struct held held;                 /* until the totals */
};

/* Without "[INFO] ", "[ERROR] ", "[WARNING] ". */
static const char *without_level(const char *line)
{
    static const char *const levels[] = {"[INFO] ", "[ERROR] ", "[WARNING] ", "[WARN] "};

    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        const char *at = text_after(line, levels[i]);

        if (at)
            return at;
    }
    return line;
}

static void end_failure(struct reading *r)
{
    struct maven *maven = r->state;

    maven->current = NULL;
    maven->message_follows = r->in_block = r->all_lines = false;
}

/* "Tests run: 4, Failures: 1, Errors: 1, Skipped: 1, Time elapsed: 0.1 s <<< FAILURE! - in ..." */
static void take_counts(struct reading *r, const char *text)
{
    struct maven *maven = r->state;
    bool of_class = strstr(text, "Time elapsed:") != NULL;
    int failed = text_count_after(text, "Failures: ") + text_count_after(text, "Errors: ");
    int skipped = text_count_after(text, "Skipped: ");
    const char *in;

    end_failure(r);
    maven->flakes = false;
    if (!of_class) {
        held_give_all(&maven->held, r);
        reading_summary(r, RESULT_FAILED, failed);
    }
    if (!of_class && maven->classes) {
        maven->classes = false;
        return;
    }
    maven->classes = of_class;
    in = strstr(text, " in ");
    (void)snprintf(maven->class, sizeof(maven->class), "%s", in ? in + 4 : "");
    reading_summary(r, RESULT_PASSED, text_count_after(text, "Tests run: ") - failed - skipped);
    reading_summary(r, RESULT_SKIPPED, skipped);
}

/* Takes the name. */
static void begin_failure(struct reading *r, char *name)
{
    struct maven *maven = r->state;

    maven->current = held_get(&maven->held, name);
    free(name);
}

/* "org.demo.CalcTest.addsWrong -- Time elapsed: 0.01 s <<< FAILURE!"; before 3.2
 * "addsWrong(org.demo.CalcTest)  Time elapsed: ...", or without the class, which the counts named.
 */
static bool take_test(struct reading *r, const char *text)
{
    struct maven *maven = r->state;
    const char *elapsed = strstr(text, " Time elapsed: ");
    const char *open;
    size_t len;

    if (!elapsed || (!strstr(elapsed, "<<< FAILURE!") && !strstr(elapsed, "<<< ERROR!")))
        return false;
    len = text_len(text, (size_t)(elapsed - text));
    if (len > 3 && strncmp(text + len - 3, " --", 3) == 0)
        len = text_len(text, len - 3);
    AUTO_FREE char *name = xmemdup0(text, len);
    open = len && name[len - 1] == ')' ? strrchr(name, '(') : NULL;
    if (open && strchr(open, '.'))
        begin_failure(r, xasprintf("%.*s.%.*s", (int)(len - (size_t)(open - name) - 2), open + 1,
                                   (int)(open - name), name));
    else if (*maven->class && !strstr(name, maven->class))
        begin_failure(r, xasprintf("%s.%s", maven->class, name));
    else
        begin_failure(r, xstrdup(name));
    maven->message_follows = r->in_block = r->all_lines = true;
    return true;
}

static void take_detail(struct maven *maven, const char *line, size_t len)
{
    const char *at = text_after(line + text_indent(line), "at ");

    if (maven->message_follows && *line)
        failure_message(maven->current, line, len);
    maven->message_follows = false;
    failure_detail(maven->current, line, len);
    if (at)
        java_frame(maven->current, at);
}

/* "[WARNING] Flakes: ", then "[WARNING] org.demo.CalcTest.adds" with a line for each try */
static void take_flake(struct maven *maven, const char *text)
{
    if (maven->flakes && strcspn(text, " :") == strlen(text))
        held_drop(&maven->held, text);
    else if (text_indent(text) == 0 && *text)
        maven->flakes = text_after(text, "Flakes:") != NULL;
}

/* "[ERROR] /src/A.java:[12,5] cannot find symbol" */
static void take_compiler(struct reading *r, const char *text)
{
    const char *open = strstr(text, ":[");
    const char *at = open ? open + 2 : NULL;
    int line;
    int column;

    if (!at || !text_number(&at, &line) || *at++ != ',' || !text_number(&at, &column) ||
        *at++ != ']' || *at != ' ' || memchr(text, ' ', (size_t)(open - text)))
        return;
    tally_problem(r->tally, text, (size_t)(open - text), line, at + 1, strlen(at + 1));
}

static void maven_line(struct reading *r, const char *line, size_t len)
{
    struct maven *maven = r->state;
    const char *text = without_level(line);

    if (text_after(text, "Tests run: ") && strstr(text, "Failures: "))
        take_counts(r, text);
    else if (text != line && take_test(r, text))
        return;
    else if (text != line) {
        end_failure(r);
        take_flake(maven, text);
        if (text_after(line, "[ERROR] "))
            take_compiler(r, text);
    } else if (maven->current) {
        if (*line == '\0')
            end_failure(r);
        else
            take_detail(maven, line, len);
    }
}

static void maven_end(struct reading *r)
{
    struct maven *maven = r->state;

    held_give_all(&maven->held, r);
}

const struct format maven_format = {
    .name = "maven",
    .first = "[T",
    .state_size = sizeof(struct maven),
    .line = maven_line,
    .end = maven_end,
};
