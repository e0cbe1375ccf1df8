#include "finder.h"

#include "vdo/base/mem.h"

#include <regex.h>
#include <stdlib.h>

bool finder_read(struct finder *f, const char *path, char **out_text)
{
    return f->tree->read(f->tree->arg, path, out_text);
}

bool finder_has(struct finder *f, const char *path)
{
    AUTO_FREE char *text = NULL;

    return finder_read(f, path, &text);
}

bool finder_text_matches(const char *text, const char *pattern)
{
    regex_t re;
    bool hit;

    if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB | REG_NEWLINE))
        return false;
    hit = regexec(&re, text, 0, NULL, 0) == 0;
    regfree(&re);
    return hit;
}

bool finder_matches(struct finder *f, const char *path, const char *pattern)
{
    AUTO_FREE char *text = NULL;

    return finder_read(f, path, &text) && (!pattern || finder_text_matches(text, pattern));
}

void finder_add(struct finder *f, const char *name, const char *line, const char *source)
{
    (void)json_array_append_new(f->found, json_pack("{s:s, s:s, s:i, s:s}", "name", name, "run",
                                                    line, "timeout_ms", 0, "source", source));
}
