#include "option.h"

#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST = 96 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance; texts past LONGEST count by their beginnings. */
size_t edit_distance(const char *a, const char *b)
{
    size_t row[3][LONGEST + 1];
    size_t n = least(strlen(a), LONGEST);
    size_t m = least(strlen(b), LONGEST);

    for (size_t j = 0; j <= m; j++)
        row[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *now = row[i % 3];
        const size_t *before = row[(i - 1) % 3];
        const size_t *older = row[(i + 1) % 3];

        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            now[j] =
                least(before[j - 1] + (a[i - 1] != b[j - 1]), least(before[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], older[j - 2] + 1);
        }
    }
    return row[n % 3][m];
}

/* A known key with each "*" replaced by what stands there in path. */
static char *fill_in(const char *key, const char *path)
{
    AUTO_STRBUF filled = {0};

    strbuf_init(&filled, sizeof(char[4 * LONGEST]));
    while (*key) {
        size_t known = strcspn(key, ".");
        size_t given = strcspn(path, ".");

        if (known == 1 && *key == '*' && given > 0)
            (void)strbuf_add(&filled, path, least(given, LONGEST));
        else
            (void)strbuf_add(&filled, key, known);
        key += known;
        path += given;
        path += *path == '.';
        if (*key == '.') {
            (void)strbuf_addc(&filled, '.');
            key++;
        }
    }
    return strbuf_take(&filled, NULL);
}

/* Only the last part may stand at the wrong place: "listen" is near to "server.listen". */
static size_t distance_to(const char *path, const char *known)
{
    const char *last = strrchr(path, '.');
    const char *known_last = strrchr(known, '.');
    size_t moved = edit_distance(last ? last + 1 : path, known_last ? known_last + 1 : known) + 2;

    return least(edit_distance(path, known), moved);
}

/* A section is a known key too: "servre" is meant as "server". */
static char *nearest_part(const char *path, const char *filled, size_t *best, char *found)
{
    size_t len = 0;

    do {
        AUTO_FREE char *part = NULL;
        size_t distance;

        len += strcspn(filled + len, ".");
        part = xstrndup(filled, len);
        distance = distance_to(path, part);
        if (distance < *best) {
            *best = distance;
            free(found);
            found = xstrdup(part);
        }
    } while (filled[len++] == '.');
    return found;
}

char *option_nearest(const struct option_reader *r, const char *path)
{
    size_t best = SIZE_MAX;
    char *found = NULL;

    for (size_t i = 0; i < r->n_table; i++) {
        AUTO_FREE char *filled = fill_in(r->table[i].shown.key, path);

        found = nearest_part(path, filled, &best, found);
    }
    return found;
}
