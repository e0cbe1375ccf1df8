/*
 * target: what stands between the method and the version of a request line, taken apart.
 *
 * Segments are split before they are decoded, so that %2F never makes a new one.
 * Source: RFC 3986 section 2.1, RFC 9112 section 3.2; the query as an HTML form sends it.
 */
#ifndef VDO_HTTP_TARGET_H
#define VDO_HTTP_TARGET_H

#include <stdbool.h>
#include <stddef.h>

enum { TARGET_MAX_SEGMENTS = 16, TARGET_MAX_QUERY = 32 };

struct pair {
    const char *name;
    const char *value;
};

struct target {
    const char *path; /* decoded as a whole, for reading */
    const char *segments[TARGET_MAX_SEGMENTS];
    unsigned n_segments; /* more than TARGET_MAX_SEGMENTS: the path is too deep to match a route */
    struct pair query[TARGET_MAX_QUERY];
    unsigned n_query;
};

/* How many bytes target_parse() needs in `space` for this text. */
size_t target_space(const char *text);
/* False when it is broken: a bad or zero escape, a control character, no path, too many query
 * fields. The strings of `out` lie in `space`. */
bool target_parse(const char *text, char *space, struct target *out);

#endif
