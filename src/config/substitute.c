#include "option.h"

#include "vdo/base/fs.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool is_name(const char *text, size_t len)
{
    if (len == 0 || isdigit((unsigned char)text[0]))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)text[i]) && text[i] != '_')
            return false;
    }
    return true;
}

/* inside: what stands between "${" and "}". */
static int add_variable(const char *inside, size_t len, struct strbuf *out, char **out_unset,
                        struct err *err)
{
    const char *split = memmem(inside, len, ":-", 2);
    size_t name_len = split ? (size_t)(split - inside) : len;
    AUTO_FREE char *name = xstrndup(inside, name_len);
    const char *value;

    if (!is_name(name, name_len))
        return err_set(err, VDO_E_INVALID,
                       "\"${%.*s}\" is not of the form ${NAME} or ${NAME:-default}", (int)len,
                       inside);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here sets variables
    value = getenv(name);
    if (split && (!value || !*value))
        return strbuf_add(out, split + 2, len - name_len - 2);
    if (!value) {
        *out_unset = xstrdup(name);
        return VDO_E_NOT_FOUND;
    }
    return strbuf_adds(out, value);
}

static int add_expanded(const char *text, struct strbuf *out, char **out_unset, struct err *err)
{
    const char *begin;
    int rc;

    while ((begin = strstr(text, "${"))) {
        const char *end = strchr(begin, '}');

        if (!end)
            return err_set(err, VDO_E_INVALID, "\"${\" without \"}\"");
        (void)strbuf_add(out, text, (size_t)(begin - text));
        rc = add_variable(begin + 2, (size_t)(end - begin - 2), out, out_unset, err);
        if (rc)
            return rc;
        text = end + 1;
    }
    (void)strbuf_adds(out, text);
    return strbuf_overflowed(out) ?
               err_set(err, VDO_E_TOO_LARGE, "more than %lu bytes", VDO_MAX_YAML_BYTES) :
               VDO_OK;
}

static int read_value_file(const char *dir, const char *path, char **out, struct err *err)
{
    AUTO_FREE char *full = *path == '/' ? xstrdup(path) : fs_join(dir, path);
    char *bytes = NULL;
    size_t len;
    int rc;

    if (!*path)
        return err_set(err, VDO_E_INVALID, "file: without a path");
    rc = fs_read_file(full, VDO_MAX_YAML_BYTES, &bytes, &len, err);
    if (rc)
        return rc;
    if (memchr(bytes, '\0', len)) {
        free(bytes);
        return err_set(err, VDO_E_INVALID, "%s holds a NUL byte", full);
    }
    if (len > 0 && bytes[len - 1] == '\n')
        bytes[--len] = '\0';
    if (len > 0 && bytes[len - 1] == '\r')
        bytes[--len] = '\0';
    *out = bytes;
    return VDO_OK;
}

int option_substitute(const char *dir, const char *text, char **out, char **out_unset,
                      struct err *err)
{
    AUTO_STRBUF expanded = {0};
    bool is_file = strncmp(text, "file:", 5) == 0;
    int rc;

    strbuf_init(&expanded, VDO_MAX_YAML_BYTES);
    rc = add_expanded(is_file ? text + 5 : text, &expanded, out_unset, err);
    if (rc)
        return rc;
    if (is_file)
        return read_value_file(dir, expanded.ptr, out, err);
    *out = strbuf_take(&expanded, NULL);
    return VDO_OK;
}
