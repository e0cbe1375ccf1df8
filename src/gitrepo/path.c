#include "vdo/gitrepo/path.h"

#include "path_names.h"

#include "vdo/base/limits.h"
#include "vdo/base/utf8.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { MAX_COMPONENT_BYTES = 255, SHOWN_BYTES = 200 };

/* A path in a message: quoted, control and non-ASCII bytes escaped, long ones cut. */
static const char *show(const char *path, char *out, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; path[i] && used + 8 < size; i++) {
        unsigned char byte = (unsigned char)path[i];

        if (i == SHOWN_BYTES) {
            used += (size_t)snprintf(out + used, size - used, "...");
            break;
        }
        if (byte < 0x20 || byte >= 0x7f)
            used += (size_t)snprintf(out + used, size - used, "\\x%02x", byte);
        else
            out[used++] = (char)byte;
    }
    out[used] = '\0';
    return out;
}

static int refuse(struct err *err, const char *path, const char *rule)
{
    char shown[320];

    return err_set(err, VDO_E_REFUSED, "path '%s' refused: %s", show(path, shown, sizeof(shown)),
                   rule);
}

/* The rule a code point breaks, or NULL. */
static const char *point_rule(uint32_t point)
{
    if (point < 0x20 || (point >= 0x7f && point <= 0x9f))
        return "it has a control character";
    if (point == '\\')
        return "it has a backslash; components are separated by '/'";
    return NULL;
}

static const char *text_rule(const char *path)
{
    size_t len = strlen(path);

    for (size_t at = 0; at < len;) {
        uint32_t point = 0;
        size_t step = utf8_decode(path + at, len - at, &point);
        const char *rule;

        if (step == 0)
            return "it is not UTF-8";
        rule = point_rule(point);
        if (rule)
            return rule;
        at += step;
    }
    return NULL;
}

static const char *component_rule(const char *name, size_t len)
{
    if (len == 0)
        return "it has an empty component (a doubled or trailing '/')";
    if (len == 1 && name[0] == '.')
        return "it has a '.' component";
    if (len == 2 && name[0] == '.' && name[1] == '.')
        return "it has a '..' component";
    if (len > MAX_COMPONENT_BYTES)
        return "a component is over 255 bytes";
    if (name_is_dot_git(name, len))
        return "a component is a spelling of '.git'";
    if (name_is_device(name, len))
        return "a component is the name of a Windows device";
    return NULL;
}

static const char *shape_rule(const char *path)
{
    const char *rule;

    if (path[0] == '\0')
        return "it is empty";
    if (strnlen(path, VDO_MAX_PATH_BYTES + 1) > VDO_MAX_PATH_BYTES)
        return "it is over 4096 bytes";
    rule = text_rule(path);
    if (rule)
        return rule;
    if (path[0] == '/' || (isalpha((unsigned char)path[0]) && path[1] == ':' && path[2] == '/'))
        return "it is absolute; paths are relative to the root of the source tree";
    for (const char *name = path; name; name = strchr(name, '/')) {
        if (*name == '/')
            name++;
        rule = component_rule(name, strcspn(name, "/"));
        if (rule)
            return rule;
    }
    return NULL;
}

int path_check(const char *path, struct err *err)
{
    const char *rule = path ? shape_rule(path) : "it is missing";

    return rule ? refuse(err, path ? path : "", rule) : VDO_OK;
}

const char *const *path_protected_always(void)
{
    static const char *const globs[] = {".github/workflows", ".github/workflows/**", NULL};

    return globs;
}
