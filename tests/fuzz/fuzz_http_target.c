/*
 * Whatever stands in a request line: it is taken apart within the space it asked for, and what
 * comes out holds what routes rely on.
 */
#include "../../src/http/target.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct target *target)
{
    unsigned n = target->n_segments;

    if (target->path[0] != '/' || n == 0 || target->n_query > TARGET_MAX_QUERY)
        abort();
    for (unsigned i = 0; i < n && i < TARGET_MAX_SEGMENTS; i++)
        if (!target->segments[i])
            abort();
    for (unsigned i = 0; i < target->n_query; i++)
        if (!target->query[i].name[0] || !target->query[i].value)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct target target;
    char *space;

    if (!text)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    space = malloc(target_space(text));
    if (!space)
        abort();
    if (target_parse(text, space, &target))
        check(&target);
    free(space);
    free(text);
    return 0;
}
