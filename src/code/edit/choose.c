#include "vdo/code/edit.h"

#include "vdo/base/limits.h"

#include <string.h>
#include <strings.h>

enum {
    /* Below this a whole file costs about as many tokens as a block with its context, and nothing
     * has to be matched: the answer cannot miss its place. */
    WHOLE_BYTES = 2048,
    /* Models that follow no edit format well still copy a file of this size without losing any of
     * it; above it they elide. */
    WHOLE_BYTES_WEAK = 12 * 1024,
};

struct habit {
    const char *part; /* of the model's name */
    enum edit_format format;
};

/*
 * First match wins. Why:
 * apply_patch     the GPT-4.1, GPT-5 and Codex families were trained on it.
 * search_replace  what other models damage least: no line numbers, no counts, no prefixes that
 *                 shift the indentation; a block that misses its place is refused, not misplaced.
 * udiff           is never asked for: models get its numbers wrong and leave context out; what
 *                 arrives in it is applied all the same.
 */
static const struct habit HABITS[] = {
    {"codex", EDIT_APPLY_PATCH}, {"gpt-4.1", EDIT_APPLY_PATCH}, {"gpt-oss", EDIT_SEARCH_REPLACE},
    {"gpt-5", EDIT_APPLY_PATCH}, {"gpt-6", EDIT_APPLY_PATCH},   {"o3", EDIT_APPLY_PATCH},
    {"o4", EDIT_APPLY_PATCH},
};

/* Small models: what is told here is their size or series. */
static const char *const WEAK[] = {":1b", ":3b", ":7b",  ":8b",  "-1b",  "-3b",
                                   "-7b", "-8b", "nano", "phi-", "gemma"};

static bool is_weak(const char *model)
{
    for (size_t i = 0; i < sizeof(WEAK) / sizeof(WEAK[0]); i++) {
        if (strcasestr(model, WEAK[i]))
            return true;
    }
    return false;
}

enum edit_format edit_format_for(const char *model, size_t file_bytes)
{
    if (file_bytes <= WHOLE_BYTES || (is_weak(model) && file_bytes <= WHOLE_BYTES_WEAK))
        return EDIT_WHOLE;
    for (size_t i = 0; i < sizeof(HABITS) / sizeof(HABITS[0]); i++) {
        if (strcasestr(model, HABITS[i].part))
            return HABITS[i].format;
    }
    return EDIT_SEARCH_REPLACE;
}
