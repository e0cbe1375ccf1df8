#include "tool.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/gitrepo/path.h"
#include "vdo/json/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEFAULT_LINES = 400 };

static int read_bytes(int fd, char **out, size_t *out_len)
{
    struct stat st;
    size_t len = 0;

    if (fstat(fd, &st) || !S_ISREG(st.st_mode) || (uint64_t)st.st_size > VDO_MAX_SOURCE_FILE)
        return VDO_E_TOO_LARGE;
    *out = xmalloc((size_t)st.st_size + 1);
    while (len < (size_t)st.st_size) {
        ssize_t n = read(fd, *out + len, (size_t)st.st_size - len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    (*out)[len] = '\0';
    *out_len = len;
    return VDO_OK;
}

int tool_read_text(const char *dir, const char *path, char **out, size_t *out_len, struct err *err)
{
    AUTO_FREE char *text = NULL;
    size_t len = 0;
    int fd;
    int rc = path_open_in(dir, path, O_RDONLY | O_NONBLOCK, 0, &fd, err);

    if (rc)
        return rc;
    rc = read_bytes(fd, &text, &len);
    (void)close(fd);
    if (rc)
        return err_set(err, rc, "%s is not a text file of at most %lu bytes", path,
                       VDO_MAX_SOURCE_FILE);
    if (memchr(text, '\0', len))
        return err_set(err, VDO_E_INVALID, "%s is a binary file of %zu bytes", path, len);
    *out = text;
    *out_len = len;
    text = NULL;
    return VDO_OK;
}

/* Lines first to last with their numbers, so that the model can name and quote them. */
static void show_lines(struct tool_call *call, const char *text, size_t len, int64_t first,
                       int64_t last)
{
    const char *at = text;
    const char *end = text + len;
    int64_t line = 1;

    for (; at < end; line++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t width = (size_t)((newline ? newline : end) - at);

        if (line >= first && line <= last) {
            (void)strbuf_addf(call->out, "%6lld  ", (long long)line);
            (void)strbuf_add(call->out, at, width);
            (void)strbuf_addc(call->out, '\n');
        }
        at += width + (newline ? 1 : 0);
    }
    if (first >= line && line > 1)
        (void)strbuf_addf(call->out, "(the file has %lld lines)\n", (long long)(line - 1));
    else if (last < line - 1)
        (void)strbuf_addf(call->out, "(lines %lld to %lld of %lld)\n", (long long)first,
                          (long long)last, (long long)(line - 1));
}

static int read_file(struct tool_call *call, struct err *err)
{
    const char *path = tool_arg(call, "path");
    int64_t first = js_int(call->args, "start", 1);
    int64_t last = js_int(call->args, "end", 0);
    AUTO_FREE char *text = NULL;
    struct err why = {0};
    size_t len = 0;

    (void)err;
    if (tool_read_text(call->dir, path, &text, &len, &why))
        return tool_fail(call, "%s", why.text);
    if (first < 1)
        first = 1;
    if (last < first)
        last = first + DEFAULT_LINES - 1;
    show_lines(call, text, len, first, last);
    if (len == 0)
        (void)strbuf_adds(call->out, "(the file is empty)\n");
    return VDO_OK;
}

const struct tool tool_read_file = {
    .name = "read_file",
    .description =
        "Show lines of a file, each with its number in front (the number and the two blanks behind it are "
        "not part of the file). start and end are line numbers; null: from the beginning, 400 lines.",
    .schema =
        "{\"type\":\"object\",\"properties\":{\"path\":{\"type\":\"string\"},"
        "\"start\":{\"type\":[\"integer\",\"null\"]},\"end\":{\"type\":[\"integer\",\"null\"]}},"
        "\"required\":[\"path\",\"start\",\"end\"],\"additionalProperties\":false}",
    .call = read_file,
};
