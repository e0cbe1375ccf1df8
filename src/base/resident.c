#include "vdo/base/resident.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

struct mapping {
    uintptr_t start;
    uintptr_t end;
    bool from_file; /* private, never writable, and of a file */
};

/* "7f2a...-7f2b... r-xp 00026000 08:01 1234 /usr/lib/..." */
static bool read_head(const char *line, struct mapping *out)
{
    struct mapping found = {0};
    char perms[5] = "";
    int path = 0;

    if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*s %*s %*s %n", &found.start, &found.end,
               perms, &path) != 3)
        return false;
    found.from_file =
        perms[0] == 'r' && perms[1] == '-' && perms[3] == 'p' && path > 0 && line[path] == '/';
    *out = found;
    return true;
}

/* A page that was written before its mapping became read-only (relocations) is counted here, and
 * would be lost. */
static bool is_clean(const char *line, bool *out_clean)
{
    unsigned long kib;

    if (sscanf(line, "Anonymous: %lu kB", &kib) != 1)
        return false;
    *out_clean = kib == 0;
    return true;
}

void resident_give_back(void)
{
    FILE *smaps;
    char line[4096];
    struct mapping at = {0};
    bool clean = false;

    (void)malloc_trim(0);
    smaps = fopen("/proc/self/smaps", "re");
    if (!smaps)
        return;
    while (fgets(line, sizeof(line), smaps)) {
        if (read_head(line, &at))
            continue;
        if (is_clean(line, &clean) && clean && at.from_file) {
            /* An address of a mapping comes as a number. */
            void *start = (void *)at.start; /* NOLINT(performance-no-int-to-ptr) */

            (void)madvise(start, at.end - at.start, MADV_DONTNEED);
        }
    }
    (void)fclose(smaps);
}
