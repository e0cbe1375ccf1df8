/* search: any pattern is refused with a reason or matches within its line, and a line that matches
 * holds the literal it promised. The first line is the pattern, the rest the text. */
#include "../../src/code/index/pattern.h"

#include "vdo/base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_LINES = 50, MAX_TEXT = 4000 };

static void check(int ok)
{
    if (!ok)
        abort();
}

static void try_lines(struct pattern *pattern, char *text)
{
    const char *literal = pattern_literal(pattern);
    char *save = NULL;

    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        size_t len = strlen(line);
        size_t start = 0;
        size_t end = 0;

        if (!pattern_match(pattern, line, len, &start, &end))
            continue;
        check(start <= end && end <= len);
        check(!literal || strstr(line, literal) != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *text = xmemdup0(data, size < MAX_TEXT ? size : MAX_TEXT);
    char *rest = strchr(text, '\n');
    struct pattern *pattern = NULL;
    struct err err = {0};

    if (rest)
        *rest++ = '\0';
    if (pattern_new(text, &pattern, &err)) {
        check(err.code && err.text[0] && !pattern);
        return 0;
    }
    if (rest)
        try_lines(pattern, rest);
    pattern_free(pattern);
    return 0;
}
