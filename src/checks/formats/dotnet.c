/* dotnet test: VSTest's console logger, and what Microsoft.Testing.Platform prints. Sources:
 * ConsoleLogger and MinimalistTestResult of VSTest 16 to 17, TerminalTestReporter of
 * Microsoft.Testing.Platform 1. */
#include "format.h"

#include "vdo/base/mem.h"

#include <ctype.h>

struct dotnet {
    struct failure *current;
    bool message; /* between "Error Message:" and "Stack Trace:": its lines are not indented */
    bool sums;    /* behind "Total tests: 3" or "Test run summary: ": counts follow, one a line */
    /* Projects run side by side, and their lines mix: what their summaries say is added up. */
    int sum[RESULT_SKIPPED + 1];
    bool told;
};

static void end_failure(struct reading *r)
{
    struct dotnet *dotnet = r->state;

    dotnet->current = NULL;
    dotnet->message = r->in_block = r->all_lines = false;
}

static void add_sum(struct reading *r, enum result_state state, int n)
{
    struct dotnet *dotnet = r->state;

    dotnet->told = true;
    text_add(&dotnet->sum[state], n);
}

/* "12 ms", "< 1 ms", "1 m 2 s" */
static bool is_duration(const char *text, size_t len)
{
    char unit = len > 1 ? text[len - 1] : '\0';

    return (isdigit((unsigned char)*text) || *text == '<') &&
           (unit == 's' || unit == 'm' || unit == 'h');
}

static void begin_test(struct reading *r, const char *name, size_t len, enum result_state state)
{
    struct dotnet *dotnet = r->state;
    AUTO_FREE char *copy = xmemdup0(name, text_len(name, len));

    end_failure(r);
    reading_test(r, copy, state);
    if (state == RESULT_FAILED) {
        dotnet->current = reading_failure(r, copy);
        r->in_block = r->all_lines = true;
    }
}

static enum result_state state_of(const char *text, const char **out_name)
{
    static const struct {
        const char *word;
        enum result_state state;
    } words[] = {
        {"passed ", RESULT_PASSED}, {"failed ", RESULT_FAILED}, {"skipped ", RESULT_SKIPPED}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const char *behind = *text ? text_after(text + 1, words[i].word + 1) : NULL;

        if (behind && tolower((unsigned char)*text) == words[i].word[0]) {
            *out_name = behind;
            return words[i].state;
        }
    }
    return RESULT_UNKNOWN;
}

/* "  Failed Sums.Tests.AddsWrong [12 ms]" of VSTest, "failed AddsWrong (12ms)" of the newer
 * platform. */
static bool take_test(struct reading *r, const char *line, size_t len)
{
    size_t indent = text_indent(line);
    const char *name = NULL;
    enum result_state state = state_of(line + indent, &name);
    bool is_old = indent == 2 && isupper((unsigned char)line[2]);
    const char *open;

    len = text_len(line, len);
    if (state == RESULT_UNKNOWN || (!is_old && (indent || isupper((unsigned char)*line))) ||
        line[len - 1] != (is_old ? ']' : ')'))
        return false;
    open = memrchr(line, is_old ? '[' : '(', len);
    if (!open || open <= name || open[-1] != ' ' ||
        !is_duration(open + 1, (size_t)(line + len - open) - 2))
        return false;
    begin_test(r, name, (size_t)(open - name), state);
    return true;
}

/* "Failed!  - Failed:     1, Passed:     2, Skipped:     0, Total:     3, Duration: 21 ms - a.dll",
 * "Total tests: 3. Passed: 2. Failed: 1. Skipped: 0.", "Test summary: total: 3, failed: 1, ..." */
static bool take_line_of_sums(struct reading *r, const char *line)
{
    bool is_short = text_after(line, "Failed!  - Failed:") ||
                    text_after(line, "Passed!  - Failed:") ||
                    text_after(line, "Skipped! - Failed:");

    if (is_short || (text_after(line, "Total tests: ") && strstr(line, ". Passed: "))) {
        add_sum(r, RESULT_FAILED, text_count_after(line, " Failed:"));
        add_sum(r, RESULT_PASSED, text_count_after(line, " Passed:"));
        add_sum(r, RESULT_SKIPPED, text_count_after(line, " Skipped:"));
    } else if (text_after(line, "Test summary: total: ")) {
        add_sum(r, RESULT_FAILED, text_count_after(line, " failed: "));
        add_sum(r, RESULT_PASSED, text_count_after(line, " succeeded: "));
        add_sum(r, RESULT_SKIPPED, text_count_after(line, " skipped: "));
    } else {
        return false;
    }
    end_failure(r);
    return true;
}

/* "     Passed: 2" behind "Total tests: 3", "  succeeded: 2" behind "Test run summary: Failed!" */
static bool take_sum(struct reading *r, const char *line)
{
    static const struct {
        const char *word;
        enum result_state state;
    } words[] = {{"Passed: ", RESULT_PASSED},      {"Failed: ", RESULT_FAILED},
                 {"Skipped: ", RESULT_SKIPPED},    {"failed: ", RESULT_FAILED},
                 {"skipped: ", RESULT_SKIPPED},    {"succeeded: ", RESULT_PASSED},
                 {"total: ", RESULT_UNKNOWN},      {"duration: ", RESULT_UNKNOWN},
                 {"Total time: ", RESULT_UNKNOWN}, {"Unknown: ", RESULT_UNKNOWN}};
    const char *text = line + text_indent(line);

    for (size_t i = 0; text != line && i < sizeof(words) / sizeof(words[0]); i++) {
        const char *at = text_after(text, words[i].word);
        int n;

        if (!at)
            continue;
        if (words[i].state != RESULT_UNKNOWN && text_number(&at, &n))
            add_sum(r, words[i].state, n);
        return true;
    }
    return false;
}

static bool take_summary(struct reading *r, const char *line)
{
    struct dotnet *dotnet = r->state;

    if (take_line_of_sums(r, line))
        return true;
    if (text_after(line, "Total tests: ") || text_after(line, "Test run summary: ")) {
        end_failure(r);
        dotnet->sums = r->all_lines = true;
        return true;
    }
    if (!dotnet->sums)
        return false;
    if (take_sum(r, line))
        return true;
    dotnet->sums = r->all_lines = false;
    return false;
}

/* "at Sums.Tests.AddsWrong() in /src/Tests.cs:line 12"; the newer platform has no "line". Sources
 * of packages stand below "/_/". */
static void take_frame(struct failure *failure, const char *text)
{
    const char *in = strstr(text, " in ");
    const char *colon = in ? strstr(in, ":line ") : NULL;
    const char *at = colon ? colon + strlen(":line ") : NULL;
    struct place place = {.file = in ? in + 4 : NULL};

    if (!in || text_after(place.file, "/_/"))
        return;
    if (!colon) {
        failure_place_in(failure, place.file);
        return;
    }
    place.len = (size_t)(colon - place.file);
    if (text_number(&at, &place.line) && !text_is_foreign(place.file, place.len))
        failure_place(failure, &place);
}

static void take_detail(struct dotnet *dotnet, const char *line, size_t len)
{
    const char *text = line + text_indent(line);

    if (text_after(text, "Error Message:") || text_after(text, "Stack Trace:")) {
        dotnet->message = *text == 'E';
        return;
    }
    failure_detail(dotnet->current, line, len);
    if (text_after(text, "at "))
        take_frame(dotnet->current, text);
    else
        failure_message(dotnet->current, text, strlen(text));
}

static void dotnet_line(struct reading *r, const char *line, size_t len)
{
    struct dotnet *dotnet = r->state;

    if (take_summary(r, line) || take_test(r, line, len) || !dotnet->current || *line == '\0')
        return;
    if (text_indent(line) == 0 && !dotnet->message)
        end_failure(r);
    else
        take_detail(dotnet, line, len);
}

static void dotnet_end(struct reading *r)
{
    struct dotnet *dotnet = r->state;

    for (int i = RESULT_PASSED; dotnet->told && i <= RESULT_SKIPPED; i++)
        reading_summary(r, (enum result_state)i, dotnet->sum[i]);
}

const struct format dotnet_format = {
    .name = "dotnet test",
    .first = "FPSTfps",
    .state_size = sizeof(struct dotnet),
    .line = dotnet_line,
    .end = dotnet_end,
};
