#include "name.h"

#include "vdo/base/mem.h"
#include "vdo/base/utf8.h"
#include "vdo/checks/results.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
uint64_t name_hash(const char *text, size_t len)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
    return hash;
}

char *name_clip(const char *name, size_t len)
{
    char hash[20];
    size_t keep;
    char *out;

    while (len && (*name == ' ' || *name == '\t'))
        name++, len--;
    while (len && (name[len - 1] == ' ' || name[len - 1] == '\t'))
        len--;
    if (len <= RESULTS_MAX_NAME)
        return xmemdup0(name, len);
    (void)snprintf(hash, sizeof(hash), "~%016" PRIx64, name_hash(name, len));
    keep = RESULTS_MAX_NAME - strlen(hash);
    while (keep && ((unsigned char)name[keep] & 0xc0u) == 0x80)
        keep--;
    out = xmalloc(keep + strlen(hash) + 1);
    memcpy(out, name, keep);
    (void)strcpy(out + keep, hash);
    return out;
}

char *name_canon(const char *name)
{
    static const char separators[] = " :/>.#$\\";
    static const char arrow[] = "\u203a"; /* jest's */
    char *out = xmalloc(strlen(name) + 1);
    size_t n = 0;

    while (*name) {
        if (strncmp(name, ".py", 3) == 0 && (name[3] == ':' || name[3] == '\0'))
            name += 3;
        else if (strncmp(name, arrow, sizeof(arrow) - 1) == 0 || strchr(separators, *name)) {
            name += strchr(separators, *name) ? 1 : sizeof(arrow) - 1;
            if (n && out[n - 1] != '.')
                out[n++] = '.';
        } else {
            out[n++] = *name++;
        }
    }
    while (n && out[n - 1] == '.')
        n--;
    out[n] = '\0';
    return out;
}

int name_is_tail(const char *whole, const char *tail)
{
    size_t n = strlen(whole);
    size_t m = strlen(tail);

    if (m == 0 || m > n || strcmp(whole + n - m, tail) != 0)
        return 0;
    return m == n || whole[n - m - 1] == '.';
}
