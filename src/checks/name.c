#include "name.h"

#include "vdo/base/mem.h"
#include "vdo/base/utf8.h"
#include "vdo/checks/results.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
#define FNV_START 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

uint64_t name_hash(const char *text, size_t len)
{
    uint64_t hash = FNV_START;

    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)text[i]) * FNV_PRIME;
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
    memcpy(out + keep, hash, strlen(hash) + 1);
    return out;
}

/*
 * The next character of a canonical name: '.' for a separator, which moves *at behind all of it;
 * '\0' at the end. ".py" goes where "::" or nothing follows.
 */
static char next_canon(const char **at)
{
    static const char separator[256] = {
        [' '] = 1, [':'] = 1, ['/'] = 1, ['>'] = 1, ['.'] = 1, ['#'] = 1, ['$'] = 1, ['\\'] = 1};
    static const char arrow[] = "\u203a"; /* jest's */
    const char *p = *at;
    const char *from = p;

    for (;;) {
        if (*p == '.' && p[1] == 'p' && p[2] == 'y' && (p[3] == ':' || p[3] == '\0'))
            p += 3;
        else if (separator[(unsigned char)*p])
            p++;
        else if (*p == arrow[0] && strncmp(p, arrow, sizeof(arrow) - 1) == 0)
            p += sizeof(arrow) - 1;
        else
            break;
    }
    *at = p;
    if (p != from)
        return *p ? '.' : '\0';
    if (*p)
        ++*at;
    return *p;
}

/* Separators at the start of a name are none between parts of it. */
static const char *canon_start(const char *name)
{
    const char *at = name;

    return next_canon(&at) == '.' ? at : name;
}

char *name_canon(const char *name)
{
    char *out = xmalloc(strlen(name) + 1);
    size_t n = 0;
    char c;

    name = canon_start(name);
    while ((c = next_canon(&name)))
        out[n++] = c;
    out[n] = '\0';
    return out;
}

uint64_t name_key(const char *name)
{
    uint64_t hash = FNV_START;
    char c;

    name = canon_start(name);
    while ((c = next_canon(&name)))
        hash = (hash ^ (unsigned char)c) * FNV_PRIME;
    return hash;
}

int name_is_tail(const char *whole, const char *tail)
{
    size_t n = strlen(whole);
    size_t m = strlen(tail);

    if (m == 0 || m > n || strcmp(whole + n - m, tail) != 0)
        return 0;
    return m == n || whole[n - m - 1] == '.';
}
