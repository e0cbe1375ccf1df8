#include "setup_private.h"

#include "vdo/base/mem.h"

#include <dirent.h>
#include <string.h>

/* What programs keep only to be faster: the XDG base directory specification's default, and npm's.
 */
static const char *const caches[] = {".cache", ".npm"};

static bool is_cache(const char *name)
{
    for (size_t i = 0; i < sizeof(caches) / sizeof(caches[0]); i++) {
        if (strcmp(caches[i], name) == 0)
            return true;
    }
    return false;
}

/* The first entry; NULL when there is none. */
static char *find(const char *files, bool caches_too)
{
    DIR *dir = opendir(files);
    const struct dirent *entry;
    char *found = NULL;

    // NOLINTNEXTLINE(concurrency-mt-unsafe): this DIR belongs to this call
    while (dir && !found && (entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            (caches_too || !is_cache(entry->d_name)))
            found = xstrdup(entry->d_name);
    }
    if (dir)
        (void)closedir(dir);
    return found;
}

char *setup_needs_home(const char *files)
{
    return find(files, false);
}

bool setup_fills_home(const char *files)
{
    AUTO_FREE char *found = find(files, true);

    return found != NULL;
}
