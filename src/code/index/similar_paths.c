#include "index_struct.h"

#include "../edit/match.h"

#include "vdo/base/limits.h"

#include <string.h>
#include <strings.h>

enum { MAX_SIMILAR = 20, NEVER = 1000, MAX_DISTANCE = 4, MAX_SHARED = 15 };

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static size_t stem_len(const char *base)
{
    const char *dot = strrchr(base, '.');

    return dot && dot > base ? (size_t)(dot - base) : strlen(base);
}

/* How far a file's name is from the wanted one: 0 the same, 1 another ending, 2.. misspelt. */
static unsigned name_distance(const char *want, const char *have)
{
    size_t a = strlen(want);
    size_t b = strlen(have);
    size_t limit = a / 3 < MAX_DISTANCE ? a / 3 : MAX_DISTANCE;
    size_t d;

    if (strcasecmp(want, have) == 0)
        return 0;
    if (stem_len(want) == stem_len(have) && strncasecmp(want, have, stem_len(want)) == 0)
        return 1;
    d = limit ? line_distance(want, a, have, b, limit) : 1;
    return limit && d <= limit ? 1 + (unsigned)d : NEVER;
}

/* Directories that both paths have, wherever they stand. */
static unsigned shared_dirs(const char *a, const char *b)
{
    unsigned n = 0;

    while (strchr(a, '/')) {
        size_t len = strcspn(a, "/");

        for (const char *at = b; strchr(at, '/'); at += strcspn(at, "/") + 1) {
            if (strcspn(at, "/") == len && strncmp(at, a, len) == 0) {
                n++;
                break;
            }
        }
        a += len + 1;
    }
    return n < MAX_SHARED ? n : MAX_SHARED;
}

static bool same_dir(const char *a, const char *b)
{
    size_t len = (size_t)(base_of(a) - a);

    return (size_t)(base_of(b) - b) == len && strncmp(a, b, len) == 0;
}

size_t code_index_similar(struct code_index *index, const char *path, size_t max, const char **out)
{
    unsigned score[MAX_SIMILAR];
    const char *want = base_of(path);
    size_t n = 0;

    max = max < MAX_SIMILAR ? max : MAX_SIMILAR;
    for (size_t i = 0; i < index->snapshot.n && max; i++) {
        const char *have = index->snapshot.files[i].path;
        unsigned far = name_distance(want, base_of(have));
        unsigned sum;
        size_t at;

        if (far == NEVER && !same_dir(path, have))
            continue;
        sum = (far == NEVER ? MAX_DISTANCE + 2 : far) * (MAX_SHARED + 1) + MAX_SHARED -
              shared_dirs(path, have);
        for (at = n; at && score[at - 1] > sum; at--) {
            if (at < max) {
                score[at] = score[at - 1];
                out[at] = out[at - 1];
            }
        }
        if (at == max)
            continue;
        score[at] = sum;
        out[at] = have;
        n += n < max;
    }
    return n;
}
