#include "target.h"

#include <string.h>

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Decode in place. False for a broken escape and for %00, which would end a C string early. */
static bool decode(char *text, bool plus_is_space)
{
    char *to = text;

    for (const char *p = text; *p; p++) {
        int high;
        int low;

        if (*p != '%') {
            *to++ = (plus_is_space && *p == '+') ? ' ' : *p;
            continue;
        }
        high = hex_value(p[1]);
        low = high < 0 ? -1 : hex_value(p[2]);
        if (low < 0 || high * 16 + low == 0)
            return false;
        *to++ = (char)(high * 16 + low);
        p += 2;
    }
    *to = '\0';
    return true;
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || *text == 0x7f)
            return true;
    return false;
}

static bool split_path(char *path, struct target *out)
{
    char *at = path + 1; /* behind the leading slash */

    out->n_segments = 0;
    while (at) {
        char *slash = strchr(at, '/');

        if (slash)
            *slash = '\0';
        if (!decode(at, false))
            return false;
        if (out->n_segments < TARGET_MAX_SEGMENTS)
            out->segments[out->n_segments] = at;
        out->n_segments++;
        at = slash ? slash + 1 : NULL;
    }
    return true;
}

static bool split_query(char *query, struct target *out)
{
    char *at = query;

    out->n_query = 0;
    while (at) {
        char *next = strchr(at, '&');
        char *equals;

        if (next)
            *next++ = '\0';
        equals = strchr(at, '=');
        if (equals)
            *equals++ = '\0';
        if (!decode(at, true) || (equals && !decode(equals, true)))
            return false;
        if (*at) {
            if (out->n_query == TARGET_MAX_QUERY)
                return false;
            out->query[out->n_query].name = at;
            out->query[out->n_query].value = equals ? equals : "";
            out->n_query++;
        }
        at = next;
    }
    return true;
}

/* "http://host/path" is allowed in a request line too; what counts is the path. */
static const char *skip_authority(const char *text)
{
    const char *slash;

    if (strncmp(text, "http://", 7) != 0 && strncmp(text, "https://", 8) != 0)
        return text;
    slash = strchr(strchr(text, ':') + 3, '/');
    return slash ? slash : "/";
}

size_t target_space(const char *text)
{
    return 2 * (strlen(text) + 2);
}

bool target_parse(const char *text, char *space, struct target *out)
{
    size_t len;
    char *whole;
    char *query;

    memset(out, 0, offsetof(struct target, segments));
    out->path = "";
    out->n_segments = 0;
    out->n_query = 0;
    if (has_control(text))
        return false;
    text = skip_authority(text);
    if (text[0] != '/')
        return false;
    len = strlen(text);
    memcpy(space, text, len + 1);
    query = strchr(space, '?');
    if (query)
        *query++ = '\0';
    whole = space + len + 1;
    memcpy(whole, space, strlen(space) + 1); /* the path alone, never longer than text */
    if (!decode(whole, false))
        return false;
    out->path = whole;
    return split_path(space, out) && split_query(query, out);
}
