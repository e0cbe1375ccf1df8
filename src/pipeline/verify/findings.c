#include "findings.h"

#include "../workspace.h"
#include "diff_lines.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool in_diff(const struct diff *diff, const char *path)
{
    for (size_t i = 0; i < diff->n_files; i++) {
        if (strcmp(diff->files[i].path, path) == 0)
            return true;
    }
    return false;
}

/* Text without blanks at its ends and with one blank for several: models do not keep indentation.
 */
static char *squeezed(const char *text, size_t len)
{
    char *out = xmalloc(len + 1);
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (!isspace((unsigned char)text[i]))
            out[n++] = text[i];
        else if (n > 0 && out[n - 1] != ' ')
            out[n++] = ' ';
    }
    while (n > 0 && out[n - 1] == ' ')
        n--;
    out[n] = '\0';
    return out;
}

/* The first line of a quote that says anything. */
static char *first_line(const char *quote)
{
    for (; *quote; quote += strcspn(quote, "\n"), quote += *quote == '\n') {
        char *line = squeezed(quote, strcspn(quote, "\n"));

        if (*line)
            return line;
        free(line);
    }
    return xstrdup("");
}

/* How many lines a text has; *out_near: the line that holds the quote and is nearest to `line`, 0
 * when there is none. */
static int64_t look_for(const char *text, const char *quote, int64_t line, int64_t *out_near)
{
    int64_t n = 0;

    *out_near = 0;
    while (*text) {
        size_t len = strcspn(text, "\n");
        AUTO_FREE char *clean = *quote ? squeezed(text, len) : NULL;

        n++;
        if (clean && strstr(clean, quote) &&
            (*out_near == 0 || llabs(n - line) < llabs(*out_near - line)))
            *out_near = n;
        text += len + (text[len] == '\n');
    }
    return n;
}

/* NULL: the finding stands; else why it is dropped. */
static const char *reason_against(struct job_run *run, const struct diff *diff, json_t *finding)
{
    const char *path = js_str(finding, "path", "");
    AUTO_FREE char *quote = first_line(js_str(finding, "quote", ""));
    AUTO_FREE char *text = NULL;
    int64_t line = js_int(finding, "line", 0);
    int64_t near = 0;
    int64_t n;

    if (!in_diff(diff, path))
        return "the change does not touch this file";
    if (sandbox_read_file(worktree_dir(run->tree), path, VDO_MAX_DIFF * 4, &text, NULL, NULL))
        return "there is no such file after the change";
    n = look_for(text, quote, line, &near);
    if (*quote && near == 0)
        return "the file does not hold the quoted text";
    if (near > 0)
        (void)json_object_set_new(finding, "line", json_integer(near));
    else if (line < 1 || line > n)
        return "the file has no such line";
    return NULL;
}

/* An earlier round's open finding that is said again is that of this round. */
static void forget_repeated(json_t *all, const json_t *finding)
{
    for (size_t i = json_array_size(all); i > 0; i--) {
        const json_t *was = json_array_get(all, i - 1);

        if (strcmp(js_str(was, "state", ""), "open") == 0 &&
            strcmp(js_str(was, "path", ""), js_str(finding, "path", "")) == 0 &&
            strcmp(js_str(was, "text", ""), js_str(finding, "text", "")) == 0)
            (void)json_array_remove(all, i - 1);
    }
}

json_t *findings_sort(struct job_run *run, const struct diff *diff, const json_t *findings,
                      json_t *all)
{
    json_t *open = json_array();
    size_t i;
    json_t *finding;

    json_array_foreach (findings, i, finding) {
        const char *why = reason_against(run, diff, finding);

        (void)json_object_set_new(finding, "state", json_string(why ? "dropped" : "open"));
        if (why) {
            (void)json_object_set_new(finding, "why", json_string(why));
            run_log(run, "warn", "a finding is dropped: %s:%lld: %s", js_str(finding, "path", ""),
                    (long long)js_int(finding, "line", 0), why);
        } else {
            forget_repeated(all, finding);
            (void)json_array_append(open, finding);
        }
        (void)json_array_append(all, finding);
    }
    return open;
}

int findings_mark(struct job_run *run, const char *was, const char *now, const json_t *open,
                  struct err *err)
{
    struct diff diff = {0};
    size_t i;
    json_t *finding;
    int rc = mirror_diff(run->mirror, was, now, VDO_MAX_DIFF, &diff, err);

    if (rc)
        return rc;
    json_array_foreach (open, i, finding) {
        if (diff_lines_touch(&diff, js_str(finding, "path", ""), js_int(finding, "line", 0)))
            (void)json_object_set_new(finding, "state", json_string("fixed"));
    }
    diff_release(&diff);
    return VDO_OK;
}
