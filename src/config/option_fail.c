#include "option.h"

#include "vdo/base/mem.h"

#include "scalar.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The place of path, or of the nearest parent that stands in the file. */
static void find_place(const struct option_reader *r, const char *path, bool at_key, int *out_line,
                       int *out_column)
{
    AUTO_FREE char *at = xstrdup(path);

    for (;;) {
        char *dot;

        yaml_doc_place(r->doc, at, at_key, out_line, out_column);
        if (*out_line > 0)
            return;
        dot = strrchr(at, '.');
        if (!dot)
            break;
        *dot = '\0';
        at_key = true;
    }
    *out_line = 1;
    *out_column = 1;
}

static char *placed_text(const struct option_reader *r, const char *path, bool at_key,
                         const char *text)
{
    int line;
    int column;
    char *message;

    find_place(r, path, at_key, &line, &column);
    message =
        xasprintf("%s:%d:%d: %.200s%s%s", r->name, line, column, path, *path ? ": " : "", text);
    scalar_make_printable(message);
    return message;
}

char *option_place_text(const struct option_reader *r, const char *path, const char *text)
{
    return placed_text(r, path, true, text);
}

int option_fail(struct option_reader *r, const char *path, bool at_key, const char *fmt, ...)
{
    AUTO_FREE char *line = NULL;
    char text[400];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    line = placed_text(r, path, at_key, text);
    if (r->errors && r->n_errors < OPTION_MAX_ERRORS)
        (void)strbuf_addf(r->errors, "%s\n", line);
    r->n_errors++;
    return err_set(r->err, VDO_E_INVALID, "%s", line);
}
