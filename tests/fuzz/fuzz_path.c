/*
 * An accepted path stays below any root it is joined to, and names no ".git" in any letter case;
 * a glob never runs away. Input: a path, and behind a newline a glob.
 */
#include "vdo/gitrepo/path.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_component(const char *name, size_t len)
{
    assert(len > 0 && len <= 255);
    assert(!(len == 1 && name[0] == '.'));
    assert(!(len == 2 && name[0] == '.' && name[1] == '.'));
    assert(!(len >= 4 && strncasecmp(name, ".git", 4) == 0 &&
             (len == 4 || name[4] == ':' || strspn(name + 4, " .") >= len - 4)));
    assert(!(len == 5 && strncasecmp(name, "git~1", 5) == 0));
}

/* How deep below the root the path ends; never above it on the way. */
static void check_stays_below(const char *path)
{
    int depth = 0;

    assert(path[0] != '/' && path[0] != '\0');
    for (const char *name = path;;) {
        size_t len = strcspn(name, "/");

        check_component(name, len);
        depth += len == 2 && memcmp(name, "..", 2) == 0 ? -1 : 1;
        assert(depth > 0);
        if (!name[len])
            break;
        name += len + 1;
    }
}

static void check_bytes(const char *path)
{
    assert(strlen(path) <= VDO_MAX_PATH_BYTES);
    for (const char *at = path; *at; at++)
        assert((unsigned char)*at >= 0x20 && *at != 0x7f && *at != '\\');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    AUTO_FREE char *path = xmemdup0(data, size);
    char *glob = strchr(path, '\n');
    int rc;

    if (glob)
        *glob++ = '\0';
    rc = path_check(path, &err);
    assert(rc == VDO_OK || rc == VDO_E_REFUSED);
    assert(rc == err.code && (rc == VDO_OK) == (err.text[0] == '\0'));
    if (rc == VDO_OK) {
        check_bytes(path);
        check_stays_below(path);
        assert(path_glob_match("**", path));
    }
    if (glob && strlen(glob) < 512 && strlen(path) < 512 && path_glob_match(glob, path)) {
        AUTO_FREE char *anywhere = xasprintf("%s%s", glob[0] == '/' ? "**" : "**/", glob);

        assert(path[0] != '\0');
        assert(path_glob_match(anywhere, path));
    }
    return 0;
}
