/* What linters have printed, and what of it is new. */
#include "facts.h"

#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_MESSAGE = 300 };

/* "./a.sh:3:1: warning: x" -> "./a.sh: warning: x"; NULL when the line is no message. */
static char *without_numbers(const char *line, size_t len)
{
    AUTO_FREE char *copy = xmemdup0(line, len);
    const char *colon = strchr(copy, ':');
    const char *rest = colon;

    if (!colon || strncmp(copy, "==", 2) == 0)
        return NULL;
    while (*rest == ':' && isdigit((unsigned char)rest[1]))
        rest += 1 + strspn(rest + 1, "0123456789");
    if (rest == colon)
        return NULL;
    return xasprintf("%.*s%.*s", (int)(colon - copy), copy, MAX_MESSAGE, rest);
}

/* The file that a line of ESLint's own format names for those that follow: an absolute path. */
static bool take_file(const char *line, size_t len, const char *root, char **file)
{
    size_t n = root ? strlen(root) : 0;

    if (*line != '/' || memchr(line, ':', len))
        return false;
    if (n && len > n && strncmp(line, root, n) == 0 && line[n] == '/')
        line += n + 1, len -= n + 1;
    free(*file);
    *file = xmemdup0(line, len < MAX_MESSAGE ? len : MAX_MESSAGE);
    return true;
}

/* "  1:5  error  'x' is never used  no-unused-vars" -> "a.js: error 'x' is never used
 * no-unused-vars"; NULL when the line is no such message. */
static char *below_file(const char *line, size_t len, const char *file)
{
    AUTO_FREE char *copy = xmemdup0(line, len);
    const char *at = copy + strspn(copy, " ");
    size_t digits = strspn(at, "0123456789");

    if (!file || at == copy || digits == 0 || at[digits] != ':')
        return NULL;
    at += digits + 1;
    digits = strspn(at, "0123456789");
    if (digits == 0 || at[digits] != ' ')
        return NULL;
    at += digits + strspn(at + digits, " ");
    return xasprintf("%s: %.*s", file, MAX_MESSAGE, at);
}

static void add_message(json_t *linter, const char *message)
{
    json_t *messages = json_object_get(linter, "messages");
    json_int_t n = json_integer_value(json_object_get(messages, message));

    (void)json_object_set_new(messages, message, json_integer(n + 1));
    (void)json_object_set_new(linter, "n", json_integer(js_int(linter, "n", 0) + 1));
}

/* "== NAME", "== no NAME", "== failed NAME": the linter whose messages follow; NULL: none. */
static json_t *take_marker(json_t *all, const char *line, size_t len)
{
    static const char failed[] = "== failed ";
    bool missing = strncmp(line, "== no ", 6) == 0;
    bool has_failed = strncmp(line, failed, sizeof(failed) - 1) == 0;
    size_t skip = has_failed ? sizeof(failed) - 1 : missing ? 6 : 3;
    AUTO_FREE char *name = xmemdup0(line + skip, len - skip);
    json_t *now;

    if (has_failed) {
        (void)json_object_set_new(json_object_get(all, name), "failed", json_true());
        return NULL;
    }
    now = json_pack("{s:b, s:{}, s:i}", "missing", missing, "messages", "n", 0);
    return json_object_set_new(all, name, now) ? NULL : now; /* no UTF-8 */
}

json_t *lint_read(const char *output, const char *root)
{
    json_t *all = json_object();
    json_t *now = NULL;
    AUTO_FREE char *file = NULL;

    while (*output) {
        size_t len = strcspn(output, "\n");
        AUTO_FREE char *message = NULL;

        if (strncmp(output, "== ", 3) == 0) {
            now = take_marker(all, output, len);
            free(file);
            file = NULL;
        } else if (now && !take_file(output, len, root, &file)) {
            message = below_file(output, len, file);
            if (!message)
                message = without_numbers(output, len);
            if (message)
                add_message(now, message);
        }
        output += len + (output[len] == '\n');
    }
    return all;
}

json_t *lint_new(const json_t *before, const json_t *after)
{
    json_t *list = json_array();
    const char *text;
    json_t *n;

    json_object_foreach (json_object_get(after, "messages"), text, n) {
        const json_t *was = json_object_get(json_object_get(before, "messages"), text);

        for (json_int_t i = json_integer_value(was); i < json_integer_value(n); i++)
            (void)json_array_append_new(list, json_string(text));
    }
    return list;
}
