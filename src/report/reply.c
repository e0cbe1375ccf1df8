#include "vdo/report/report.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/template/template.h"

int report_reply(const char *template_name, const json_t *data, char **out, struct err *err)
{
    AUTO_FREE char *asset = xasprintf("comments/%s", template_name);
    AUTO_STRBUF text = {0};
    int rc;

    strbuf_init(&text, VDO_MAX_COMMENT_BODY);
    rc = template_render_asset(asset, data, TEMPLATE_MARKDOWN, &text, err);
    if (!rc)
        *out = strbuf_take(&text, NULL);
    return rc;
}
