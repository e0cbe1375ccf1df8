#include "vdo/model/redact.h"

#include "vdo/base/mem.h"
#include "vdo/base/secret.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"

#include <stdint.h>
#include <string.h>

struct redactor {
    struct strbuf text;
    json_t *clean; /* what was given out last, when it had to be made valid; or NULL */
};

static const char *hide(void *arg, const char *text, size_t *io_len)
{
    struct redactor *redactor = arg;
    struct strbuf *out = &redactor->text;

    strbuf_clear(out);
    redact_text(text, *io_len, out);
    if (out->len == *io_len && memcmp(out->ptr, text, *io_len) == 0)
        return text;
    json_decref(redactor->clean);
    redactor->clean = js_string_lossy(out->ptr, out->len);
    *io_len = json_string_length(redactor->clean);
    return json_string_value(redactor->clean);
}

char *redact_json(const json_t *value)
{
    struct redactor redactor = {0};
    struct strbuf out;

    strbuf_init(&redactor.text, SIZE_MAX / 2);
    strbuf_init(&out, SIZE_MAX / 2);
    (void)js_write(value, hide, &redactor, &out);
    json_decref(redactor.clean);
    strbuf_release(&redactor.text);
    return strbuf_take(&out, NULL);
}
