#include "format.h"

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
