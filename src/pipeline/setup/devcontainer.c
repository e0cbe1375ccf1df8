#include "devcontainer.h"

#include "../workspace.h"

#include "vdo/base/image_name.h"
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* The end of the string, comment or single character that begins at i. */
static size_t token_end(const char *text, size_t len, size_t i)
{
    const char *end;

    if (text[i] == '"') {
        for (i++; i < len && text[i] != '"'; i++)
            i += text[i] == '\\';
        return i < len ? i + 1 : len;
    }
    if (text[i] != '/' || i + 1 >= len)
        return i + 1;
    if (text[i + 1] == '/') {
        end = memchr(text + i, '\n', len - i);
        return end ? (size_t)(end - text) : len;
    }
    if (text[i + 1] == '*') {
        end = memmem(text + i + 2, len - i - 2, "*/", 2);
        return end ? (size_t)(end - text) + 2 : len;
    }
    return i + 1;
}

/* JSON without comments and without commas that nothing follows. */
static char *plain_json(const char *text, size_t len)
{
    char *out = xmemdup0(text, len);
    size_t comma = len; /* the last one, while only blanks came after it */

    for (size_t i = 0; i < len;) {
        size_t end = token_end(text, len, i);

        if (text[i] == '/' && end > i + 1) {
            memset(out + i, ' ', end - i);
        } else if (text[i] == ',') {
            comma = i;
        } else if (!isspace((unsigned char)text[i])) {
            if (comma < len && (text[i] == '}' || text[i] == ']'))
                out[comma] = ' ';
            comma = len;
        }
        i = end;
    }
    return out;
}

char *devcontainer_image(const char *text, size_t len)
{
    AUTO_FREE char *plain = plain_json(text, len);
    json_auto_t *value = NULL;
    const char *image;

    if (js_parse(plain, len, &value, NULL))
        return NULL;
    image = json_string_value(json_object_get(value, "image"));
    return image && image_name_is_valid(image) ? xstrdup(image) : NULL;
}

static char *read_image(struct job_run *run)
{
    static const char *const places[] = {".devcontainer/devcontainer.json", ".devcontainer.json"};
    char *image = NULL;

    if (workspace_mirror(run, NULL))
        return NULL;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && !image; i++) {
        AUTO_FREE char *text = NULL;
        size_t len = 0;

        if (mirror_read_file(run->mirror, run_str(run, "checkout.base_sha"), places[i],
                             VDO_MAX_YAML_BYTES, &text, &len, NULL) == 0)
            image = devcontainer_image(text, len);
    }
    return image;
}

const char *devcontainer_of(struct job_run *run)
{
    const struct config_sandbox *sandbox = &run->p->o.config->sandbox;

    if (!sandbox->devcontainer || strcmp(sandbox->driver, "container") != 0)
        return NULL;
    if (!run->image) {
        run->image = read_image(run);
        if (run->image)
            run_log(run, "info", "commands run in the devcontainer's image %s", run->image);
        else
            run->image = xstrdup("");
    }
    return *run->image ? run->image : NULL;
}
