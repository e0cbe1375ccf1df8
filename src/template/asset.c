#include "vdo/template/template.h"

#include "vdo/base/assets.h"
#include "vdo/base/mem.h"

#include <stdlib.h>
#include <string.h>

static int load(const char *name, char **out, struct err *err)
{
    AUTO_FREE char *path = xasprintf("templates/%s", name);

    if (strstr(name, ".."))
        return err_set(err, VDO_E_INVALID, "'%s' is not the name of a template", name);
    return assets_load(path, out, NULL, err);
}

/* A partial that is missing is no mistake in Mustache, but it is one in our templates. */
static char *load_partial(void *arg, const char *name)
{
    struct err *err = arg;
    char *text = NULL;

    (void)load(name, &text, err);
    return text;
}

int template_render_asset(const char *name, const json_t *data, enum template_escape escape,
                          struct strbuf *out, struct err *err)
{
    AUTO_STRBUF filled = {0};
    AUTO_FREE char *text = NULL;
    struct err missing = {0};
    struct err why = {0};
    int rc = load(name, &text, err);

    if (rc)
        return rc;
    strbuf_init(&filled, out->overflow ? 0 : out->max - out->len);
    rc = template_render(text, data, escape, load_partial, &missing, &filled, &why);
    if (!rc && missing.code) {
        rc = missing.code;
        why = missing;
    }
    if (rc)
        return err_set(err, why.code, "templates/%s: %s", name, why.text);
    return strbuf_add(out, filled.ptr, filled.len);
}
