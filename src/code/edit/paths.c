#include "paths.h"

#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NAME = 1024 };

static bool is_octal(char c)
{
    return c >= '0' && c <= '7';
}

/* git's quoting: "a/\303\274.txt". */
static char *unquote(const char *ptr, size_t len)
{
    static const char CODES[] = "abtnvfr";
    char *out = xmalloc(len + 1);
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        const char *code;

        if (ptr[i] != '\\' || i + 1 == len) {
            out[n++] = ptr[i];
            continue;
        }
        i++;
        code = strchr(CODES, ptr[i]);
        if (i + 2 < len && is_octal(ptr[i]) && is_octal(ptr[i + 1]) && is_octal(ptr[i + 2])) {
            out[n++] = (char)((ptr[i] - '0') * 64 + (ptr[i + 1] - '0') * 8 + (ptr[i + 2] - '0'));
            i += 2;
        } else if (code && *code) {
            out[n++] = (char)(7 + (code - CODES));
        } else {
            out[n++] = ptr[i];
        }
    }
    out[n] = '\0';
    return out;
}

char *path_clean(const char *ptr, size_t len)
{
    line_trim(&ptr, &len);
    if (len >= 2 && (ptr[0] == '"' || ptr[0] == '\'' || ptr[0] == '`') && ptr[len - 1] == ptr[0])
        return ptr[0] == '"' ? unquote(ptr + 1, len - 2) : xstrndup(ptr + 1, len - 2);
    while (len > 2 && ptr[0] == '.' && ptr[1] == '/') {
        ptr += 2;
        len -= 2;
    }
    return xstrndup(ptr, len);
}

static bool has_extension(const char *path)
{
    const char *base = strrchr(path, '/');
    const char *dot;
    size_t n;

    base = base ? base + 1 : path;
    dot = strrchr(base, '.');
    if (!dot)
        return false;
    n = strlen(dot + 1);
    if (n == 0 || n > 12)
        return false;
    for (const char *c = dot + 1; *c; c++) {
        if (!isalnum((unsigned char)*c) && *c != '_' && *c != '+' && *c != '-')
            return false;
    }
    return dot != base || n > 1;
}

/* Letters that a sentence has and a path has not. */
static bool has_odd_letter(const char *path)
{
    for (const char *c = path; *c; c++) {
        if ((unsigned char)*c <= ' ' || strchr(",;!?\"<>|*`{}=\\", *c))
            return true;
    }
    return false;
}

static bool only_digits_and_dots(const char *path)
{
    return strspn(path, "0123456789.") == strlen(path);
}

/* Would a reader take this text for the name of a file? */
static bool looks_like_path(struct work *work, const char *path)
{
    size_t len = strlen(path);

    if (len == 0 || len > MAX_NAME || path[len - 1] == '/' || path[len - 1] == '.')
        return false;
    if (strstr(path, "://"))
        return false;
    if (!has_odd_letter(path) && !only_digits_and_dots(path) &&
        (has_extension(path) || (strchr(path, '/') && path[0] != '/' && path[0] != '-')))
        return true;
    if (path[0] == '/' && !has_odd_letter(path) && has_extension(path))
        return true; /* refused later, as lying outside */
    return work_has_file(work, path);
}

static void strip_prefix(const char **ptr, size_t *len, const char *prefix)
{
    size_t n = strlen(prefix);

    if (*len > n && strncasecmp(*ptr, prefix, n) == 0) {
        *ptr += n;
        *len -= n;
        line_trim(ptr, len);
    }
}

static void strip_around(const char **ptr, size_t *len, const char *mark)
{
    size_t n = strlen(mark);

    if (*len > 2 * n && memcmp(*ptr, mark, n) == 0 && memcmp(*ptr + *len - n, mark, n) == 0) {
        *ptr += n;
        *len -= 2 * n;
        line_trim(ptr, len);
    }
}

static void strip_end(const char **ptr, size_t *len, char c)
{
    if (*len > 1 && (*ptr)[*len - 1] == c) {
        (*len)--;
        line_trim(ptr, len);
    }
}

/* Headings, bold, backticks, comment marks and "File:" around a name. */
static void strip_dress(const char **ptr, size_t *len)
{
    static const char *const WORDS[] = {
        "file path:", "filepath:", "filename:", "file name:", "file:", "path:",
        "new file:",  "modified:", "updated:",  "created:",   "file "};
    const char *before;
    size_t before_len;

    do {
        before = *ptr;
        before_len = *len;
        while (*len > 1 && **ptr == '#') {
            (*ptr)++;
            (*len)--;
        }
        line_trim(ptr, len);
        strip_prefix(ptr, len, "- ");
        strip_prefix(ptr, len, "* ");
        strip_prefix(ptr, len, "//");
        strip_prefix(ptr, len, "<!--");
        strip_prefix(ptr, len, "/* ");
        strip_prefix(ptr, len, "-- ");
        if (*len > 3 && memcmp(*ptr + *len - 3, "-->", 3) == 0)
            *len -= 3;
        if (*len > 2 && memcmp(*ptr + *len - 2, "*/", 2) == 0)
            *len -= 2;
        line_trim(ptr, len);
        strip_end(ptr, len, ':');
        strip_around(ptr, len, "**");
        strip_around(ptr, len, "__");
        strip_around(ptr, len, "`");
        strip_around(ptr, len, "\"");
        strip_around(ptr, len, "'");
        for (size_t i = 0; i < sizeof(WORDS) / sizeof(WORDS[0]); i++)
            strip_prefix(ptr, len, WORDS[i]);
        while (*len > 2 && isdigit((unsigned char)**ptr) && (*ptr)[1] == '.' && (*ptr)[2] == ' ') {
            *ptr += 3;
            *len -= 3;
        }
    } while (*ptr != before || *len != before_len);
}

/* The one name in backticks or bold in a sentence. */
static char *name_in_sentence(struct work *work, const char *ptr, size_t len)
{
    char *found = NULL;
    const char *end = ptr + len;

    for (const char *open = memchr(ptr, '`', len); open;) {
        const char *close = memchr(open + 1, '`', (size_t)(end - open - 1));
        char *name;

        if (!close)
            break;
        name = xstrndup(open + 1, (size_t)(close - open - 1));
        if (looks_like_path(work, name) && (strchr(name, '/') || work_has_file(work, name))) {
            if (found && strcmp(found, name) != 0) { /* two names: no telling */
                free(name);
                free(found);
                return NULL;
            }
            free(found);
            found = name;
        } else {
            free(name);
        }
        open = close + 1 < end ? memchr(close + 1, '`', (size_t)(end - close - 1)) : NULL;
    }
    return found;
}

char *path_from_line(struct work *work, const struct line *line, bool *weak)
{
    const char *ptr = line->ptr;
    size_t len = line->len;
    char *path;

    *weak = false;
    if (len > MAX_NAME)
        return NULL;
    line_trim(&ptr, &len);
    strip_dress(&ptr, &len);
    path = path_clean(ptr, len);
    if (looks_like_path(work, path))
        return path;
    free(path);
    *weak = true;
    return name_in_sentence(work, line->ptr, line->len);
}

static char *path_from_token(struct work *work, const char *ptr, size_t len, bool first)
{
    static const char *const KEYS[] = {"title=", "file=", "filename=", "path=", "name="};
    const char *colon = memchr(ptr, ':', len);
    bool keyed = false;
    char *path;

    for (size_t i = 0; i < sizeof(KEYS) / sizeof(KEYS[0]) && !keyed; i++) {
        size_t n = strlen(KEYS[i]);

        if (len > n && strncasecmp(ptr, KEYS[i], n) == 0) {
            ptr += n;
            len -= n;
            keyed = true;
        }
    }
    if (!keyed && first && colon && colon != ptr) { /* "go:cmd/main.go" */
        len -= (size_t)(colon + 1 - ptr);
        ptr = colon + 1;
        keyed = true;
    }
    path = path_clean(ptr, len);
    /* the first word is a language unless it can be nothing but a path */
    if (looks_like_path(work, path) &&
        (keyed || !first || strchr(path, '/') || work_has_file(work, path)))
        return path;
    free(path);
    return NULL;
}

char *path_from_info(struct work *work, const char *info, size_t len)
{
    bool first = true;

    for (size_t i = 0; i < len;) {
        size_t from;
        char *path;

        while (i < len && strchr(" \t{}(),", info[i]))
            i++;
        from = i;
        while (i < len && !strchr(" \t{}(),", info[i]))
            i++;
        if (i == from)
            continue;
        path = path_from_token(work, info + from, i - from, first);
        if (path)
            return path;
        first = false;
    }
    return NULL;
}
