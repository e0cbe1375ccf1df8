/* cargo nextest. Source: the displayer and its snapshots in nextest-runner 0.9. */
#include "held.h"
#include "rust.h"

#include "vdo/base/mem.h"

#include <ctype.h>
#include <stdlib.h>

struct nextest {
    struct held tries; /* failing so far; those that pass in the end are dropped */
    char *current;     /* the test whose output follows; NULL */
    char *passed;      /* that passed in a second try: the next line may take it back. NULL */
    bool is_try;
    bool message_follows;
    bool is_final; /* behind the summary, which names the same tests again */
};

static void set_name(char **to, char *name)
{
    free(*to);
    *to = name;
}

/* A line that tells how a test ended. */
struct status {
    const char *word; /* without "TRY 2 " */
    size_t len;
    bool is_try;
    bool is_slow;     /* still running */
    const char *name; /* "crate::binary module::test", to the end of the line */
};

/* "        FAIL [   0.005s] (  3/100) crate module::test" */
static bool read_status(const char *line, struct status *out)
{
    const char *text = line + text_indent(line);
    const char *open = strstr(text, " [");
    const char *close = open ? strchr(open, ']') : NULL;
    const char *seconds = open ? open + 2 + strspn(open + 2, " >") : NULL;
    const char *retry = text_after(text, "TRY ");
    int n;

    *out = (struct status){.is_try = retry != NULL};
    if (!close || close[1] != ' ' || !(isdigit((unsigned char)*seconds) || seconds == close))
        return false;
    if (retry && (!text_number(&retry, &n) || *retry++ != ' '))
        return false;
    out->word = retry ? retry : text;
    out->len = text_len(out->word, (size_t)(open - out->word));
    out->is_slow = memchr(open, '>', (size_t)(close - open)) != NULL;
    out->name = close + 2;
    if (*out->name == '(') {
        close = strstr(out->name, ") ");
        out->name = close ? close + 2 : "";
    }
    return isupper((unsigned char)*out->word) && strchr(out->name, ' ') != NULL;
}

static enum result_state state_of(const struct status *status)
{
    static const char *const passed[] = {"PASS",        "LEAK",        "SLOW", "TIMEOUT-PASS",
                                         "SLOW + LEAK", "SLOW+TMPASS", NULL};
    static const char *const failed[] = {"FAIL",  "FAIL + LEAK", "XFAIL",  "LEAK-FAIL", "TIMEOUT",
                                         "ABORT", "FL+LK",       "LKFAIL", "TMT",       NULL};
    static const char *const skipped[] = {"SKIP", NULL};

    if (text_is_one_of(status->word, status->len, passed))
        return RESULT_PASSED;
    if (text_is_one_of(status->word, status->len, failed) || text_after(status->word, "SIG"))
        return RESULT_FAILED;
    return text_is_one_of(status->word, status->len, skipped) ? RESULT_SKIPPED : RESULT_UNKNOWN;
}

static void end_output(struct reading *r)
{
    struct nextest *nextest = r->state;

    set_name(&nextest->current, NULL);
    set_name(&nextest->passed, NULL);
    nextest->message_follows = r->in_block = r->all_lines = false;
}

static bool take_status(struct reading *r, const char *line)
{
    struct nextest *nextest = r->state;
    struct status status;
    enum result_state state;

    if (!read_status(line, &status) || (state = state_of(&status)) == RESULT_UNKNOWN)
        return false;
    end_output(r);
    if (status.is_slow || nextest->is_final)
        return true;
    if (state != RESULT_FAILED) {
        reading_test(r, status.name, state);
        held_drop(&nextest->tries, status.name);
        if (status.is_try)
            set_name(&nextest->passed, xstrdup(status.name));
        r->all_lines = status.is_try;
        return true;
    }
    (void)held_get(&nextest->tries, status.name);
    if (!status.is_try)
        held_give(&nextest->tries, r, status.name);
    if (!memmem(status.word, status.len, "FAIL", 4) && !status.is_try)
        failure_message(reading_failure(r, status.name), status.word, status.len);
    nextest->is_try = status.is_try;
    set_name(&nextest->current, xstrdup(status.name));
    r->in_block = r->all_lines = true;
    return true;
}

/* "     Summary [   0.021s] 3/4 tests run: 2 passed (1 flaky), 1 failed, 1 timed out, 5 skipped" */
static bool take_summary(struct reading *r, const char *line)
{
    struct nextest *nextest = r->state;
    const char *text = text_after(line + text_indent(line), "Summary [");
    const char *at = text ? strstr(text, " run: ") : NULL;
    const char *seconds = text ? text + strspn(text, " ") : NULL;
    int failed = 0;

    if (!at || !isdigit((unsigned char)*seconds))
        return false;
    end_output(r);
    held_give_all(&nextest->tries, r);
    reading_summary(r, RESULT_PASSED, text_count_before(at, " passed"));
    text_add(&failed, text_count_before(at, " failed"));
    text_add(&failed, text_count_before(at, " exec failed"));
    text_add(&failed, text_count_before(at, " timed out"));
    reading_summary(r, RESULT_FAILED, failed);
    reading_summary(r, RESULT_SKIPPED, text_count_before(at, " skipped"));
    nextest->is_final = true;
    return true;
}

static void take_output(struct reading *r, const char *line, size_t len)
{
    static const char flaky[] = "test configured to fail if flaky";
    struct nextest *nextest = r->state;
    struct failure *failure;

    if (nextest->passed && strstr(line, flaky)) {
        reading_test(r, nextest->passed, RESULT_FAILED);
        failure_message(reading_failure(r, nextest->passed), flaky, sizeof(flaky) - 1);
    }
    if (!nextest->current || text_after(line, "\u2500\u2500")) {
        end_output(r);
        return;
    }
    if (*line == '\0' || strstr(line, "stdout ---") || strstr(line, "stderr ---"))
        return;
    failure = nextest->is_try ? held_get(&nextest->tries, nextest->current) :
                                reading_failure(r, nextest->current);
    rust_detail(failure, &nextest->message_follows, line, len);
}

static void nextest_line(struct reading *r, const char *line, size_t len)
{
    struct nextest *nextest = r->state;

    if (text_after(line + text_indent(line), "Starting "))
        nextest->is_final = false;
    if (!take_status(r, line) && !take_summary(r, line) && r->all_lines)
        take_output(r, line, len);
}

static void nextest_end(struct reading *r)
{
    struct nextest *nextest = r->state;

    held_give_all(&nextest->tries, r);
    held_release(&nextest->tries);
    end_output(r);
}

const struct format nextest_format = {
    .name = "nextest",
    .first = "ABEFLPSTX",
    .state_size = sizeof(struct nextest),
    .line = nextest_line,
    .end = nextest_end,
};
