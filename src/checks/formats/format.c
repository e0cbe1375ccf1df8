#include "format.h"

#include <string.h>

void reading_saw(struct reading *r)
{
    tally_format(r->tally, r->format->name);
}

void reading_test(struct reading *r, const char *name, enum result_state state)
{
    reading_saw(r);
    r->since[state]++;
    tally_test(r->tally, TALLY_OUTPUT, name, state);
}

void reading_beside(struct reading *r, const char *name)
{
    reading_saw(r);
    tally_test(r->tally, TALLY_OUTPUT, name, RESULT_FAILED);
}

struct failure *reading_failure(struct reading *r, const char *name)
{
    return tally_failure(r->tally, TALLY_OUTPUT, name);
}

void reading_summary(struct reading *r, enum result_state state, int n)
{
    size_t total = n > 0 ? (size_t)n : 0;

    reading_saw(r);
    if (total > r->since[state])
        tally_unnamed(r->tally, TALLY_OUTPUT, state, total - r->since[state]);
    r->since[state] = 0;
}

void reading_summary_all(struct reading *r, int all, int failed, int skipped)
{
    reading_summary(r, RESULT_FAILED, failed);
    reading_summary(r, RESULT_SKIPPED, skipped);
    reading_summary(r, RESULT_PASSED, all - failed - skipped);
}

void reading_summary_parts(struct reading *r, const char *at, char mark)
{
    const char between[] = {mark, ' ', '\0'};
    int sums[RESULT_SKIPPED + 1] = {0};
    int n;

    while (text_number(&at, &n) && *at == ' ') {
        at++;
        if (text_after(at, "failed"))
            text_add(&sums[RESULT_FAILED], n);
        else if (text_after(at, "passed"))
            text_add(&sums[RESULT_PASSED], n);
        else if (text_after(at, "skipped") || text_after(at, "todo"))
            text_add(&sums[RESULT_SKIPPED], n);
        at += strcspn(at, (const char[]){mark, '\0'});
        at += strspn(at, between);
    }
    for (int i = RESULT_PASSED; i <= RESULT_SKIPPED; i++)
        reading_summary(r, (enum result_state)i, sums[i]);
}
