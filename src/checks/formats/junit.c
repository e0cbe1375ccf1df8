/* JUnit XML in the output: from a line that begins a document to the end of its outermost element.
 */
#include "../junit.h"
#include "format.h"

#include <stdlib.h>

struct inline_junit {
    struct junit *junit;
};

static void stop(struct reading *r)
{
    struct inline_junit *state = r->state;

    junit_free(state->junit);
    state->junit = NULL;
    r->all_lines = r->in_block = false;
}

static void junit_line(struct reading *r, const char *line, size_t len)
{
    struct inline_junit *state = r->state;

    if (!state->junit) {
        if (!text_after(line, "<testsuite"))
            return;
        state->junit = junit_new(r->tally, TALLY_OUTPUT);
        r->all_lines = r->in_block = true;
        reading_saw(r);
    }
    /* What is not well-formed any more was torn by other output: what came before it counts. */
    if (junit_feed(state->junit, line, len, false, NULL) ||
        junit_feed(state->junit, "\n", 1, false, NULL) || junit_is_done(state->junit))
        stop(r);
}

static void junit_end(struct reading *r)
{
    stop(r);
}

const struct format junit_format = {
    .name = "junit",
    .first = "<",
    .state_size = sizeof(struct inline_junit),
    .line = junit_line,
    .end = junit_end,
};
