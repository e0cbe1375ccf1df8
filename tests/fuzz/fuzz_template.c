/* template: the output keeps to its room, and escaped text means nothing to its reader. */
#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"
#include "vdo/template/template.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROOM = 5000 };

static void check(int ok)
{
    if (!ok)
        abort();
}

static char *partial(void *arg, const char *name)
{
    return strcmp(name, "p") == 0 ? xstrdup(arg) : NULL;
}

static void try_template(char *text)
{
    static const char json[] =
        "{\"a\":\"<@x>\",\"b\":{\"c\":[1,2,3]},\"l\":[{\"a\":\"1\"},{\"a\":\"#2\"}],\"t\":true}";
    json_auto_t *data = NULL;
    AUTO_STRBUF out = {0};
    struct err err = {0};
    int rc;

    check(js_parse(json, strlen(json), &data, NULL) == 0);
    strbuf_init(&out, ROOM);
    (void)strbuf_adds(&out, "kept");
    rc = template_render(text, data, TEMPLATE_HTML, partial, text, &out, &err);
    check(rc == err.code && out.len <= ROOM && !strbuf_overflowed(&out));
    check(strncmp(out.ptr, "kept", 4) == 0 && (rc == 0 || out.len == 4));
}

static void check_markdown(const char *out)
{
    for (const char *c = out; *c; c++) {
        int escaped = c > out && c[-1] == '\\';

        check(*c != '@' || !isalnum((unsigned char)c[1]));
        check(*c != '#' || !isdigit((unsigned char)c[1]));
        check(*c != '<' && *c != '>' && *c != '\n' && *c != '\r');
        check(!strchr("`*[]|~$", *c) || escaped);
    }
}

static void try_escape(const char *text)
{
    AUTO_STRBUF out = {0};
    AUTO_STRBUF quoted = {0};
    json_auto_t *again = NULL;

    strbuf_init(&out, VDO_MIB);
    template_escape_text(TEMPLATE_MARKDOWN, text, &out);
    check(!strbuf_overflowed(&out));
    check_markdown(out.ptr);

    strbuf_clear(&out);
    template_escape_text(TEMPLATE_HTML, text, &out);
    check(!strpbrk(out.ptr, "<>\"'"));

    strbuf_clear(&out);
    strbuf_init(&quoted, VDO_MIB);
    template_escape_text(TEMPLATE_JSON, text, &out);
    (void)strbuf_addf(&quoted, "\"%s\"", out.ptr);
    check(js_parse(quoted.ptr, quoted.len, &again, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *text = xmemdup0(data, size);

    if (size > 4096)
        return 0;
    try_template(text);
    try_escape(text);
    return 0;
}
