#include "base_lines.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/checks/change.h"
#include "vdo/crypto/crypto.h"

#include <stdlib.h>
#include <string.h>

void base_lines_release(struct base_lines *base)
{
    json_decref(base->marked);
    base->marked = NULL;
}

static void key_of(const char *line, size_t len, char out[SHA256_HEX_SIZE])
{
    while (len && strchr(" \t\r", line[len - 1]))
        len--;
    while (len && (*line == ' ' || *line == '\t'))
        line++, len--;
    sha256_hex(line, len, out);
}

static void take_file(json_t *marked, const char *text, size_t len)
{
    const char *end = text + len;

    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        size_t n = stop ? (size_t)(stop - text) : (size_t)(end - text);
        char key[SHA256_HEX_SIZE];

        if (change_has_marker(text, n)) {
            key_of(text, n, key);
            (void)json_object_set_new(marked, key, json_true());
        }
        text += n + 1;
    }
}

/* What cannot be read holds no line. */
static int look_at(void *arg, const struct tree_entry *entry)
{
    struct base_lines *base = arg;
    AUTO_FREE char *text = NULL;
    size_t len = 0;

    if (entry->size > VDO_MAX_SOURCE_FILE || entry->size > BASE_LINES_MAX - base->read ||
        mirror_read_blob(base->run->mirror, entry->oid, VDO_MAX_SOURCE_FILE, &text, &len, NULL))
        return 0;
    base->read += len;
    if (change_has_marker(text, len))
        take_file(base->marked, text, len);
    return 0;
}

bool base_lines_have(void *arg, const char *line, size_t len)
{
    struct base_lines *base = arg;
    char key[SHA256_HEX_SIZE];

    if (!base->marked) {
        base->marked = json_object();
        (void)mirror_walk(base->run->mirror, run_str(base->run, "checkout.base_sha"), true, look_at,
                          base, NULL);
    }
    key_of(line, len, key);
    return json_object_get(base->marked, key) != NULL;
}
