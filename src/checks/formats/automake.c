/* automake's test harness: "FAIL: name" and a summary. Source: automake 1.16, lib/am/check.am. */
#include "format.h"

#include "vdo/base/mem.h"

#include <stdlib.h>

enum { PENDING = 5000 };

struct automake {
    /* Many tools print "ERROR: ..." and the like: the summary makes them results. */
    char *names[PENDING];
    enum result_state states[PENDING];
    size_t n;
    bool summary;
};

static const struct {
    const char *lead;
    enum result_state state;
} leads[] = {
    {"PASS: ", RESULT_PASSED},   {"FAIL: ", RESULT_FAILED},  {"SKIP: ", RESULT_SKIPPED},
    {"XFAIL: ", RESULT_SKIPPED}, {"XPASS: ", RESULT_FAILED}, {"ERROR: ", RESULT_FAILED},
};

static void settle(struct reading *r, bool are_results)
{
    struct automake *automake = r->state;

    for (size_t i = 0; i < automake->n; i++) {
        if (are_results)
            reading_test(r, automake->names[i], automake->states[i]);
        free(automake->names[i]);
    }
    automake->n = 0;
}

/* "# FAIL:  1" of the summary. */
static void take_count(struct reading *r, const char *text)
{
    struct automake *automake = r->state;
    int n;

    for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
        const char *at = text_after(text, leads[i].lead);

        at = at ? at + strspn(at, " ") : NULL;
        if (at && text_number(&at, &n) && n > 0 && r->since[leads[i].state] < (size_t)n)
            reading_summary(r, leads[i].state, n);
    }
    if (text_after(text, "ERROR: ")) {
        automake->summary = false;
        memset(r->since, 0, sizeof(r->since));
    }
}

static void automake_line(struct reading *r, const char *line, size_t len)
{
    struct automake *automake = r->state;

    (void)len;
    if (text_after(line, "Testsuite summary")) {
        settle(r, true);
        reading_saw(r);
        automake->summary = true;
        return;
    }
    if (automake->summary && text_after(line, "# ")) {
        take_count(r, line + 2);
        return;
    }
    for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
        const char *name = text_after(line, leads[i].lead);

        if (name && *name && automake->n < PENDING) {
            automake->states[automake->n] = leads[i].state;
            automake->names[automake->n++] = xmemdup0(name, strnlen(name, RESULTS_MAX_NAME * 4UL));
        }
    }
}

static void automake_end(struct reading *r)
{
    settle(r, false);
}

const struct format automake_format = {
    .name = "automake",
    .first = "PFSXET#",
    .state_size = sizeof(struct automake),
    .line = automake_line,
    .end = automake_end,
};
