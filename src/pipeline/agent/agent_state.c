#include "agent_state.h"

#include "vdo/base/limits.h"
#include "vdo/base/mem.h"
#include "vdo/json/json.h"

#include <stdlib.h>

void agent_tell(struct agent *agent, const char *text)
{
    chat_add_user(&agent->chat, text);
}

char *agent_clip(const struct strbuf *text)
{
    struct strbuf out;
    json_t *valid;
    char *result;
    size_t half = VDO_MAX_TOOL_OUTPUT / 2;

    strbuf_init(&out, VDO_MAX_TOOL_OUTPUT + 128);
    if (text->len <= VDO_MAX_TOOL_OUTPUT) {
        (void)strbuf_add(&out, text->ptr, text->len);
    } else {
        (void)strbuf_add(&out, text->ptr, half);
        (void)strbuf_addf(&out, "\n... %zu bytes left out ...\n", text->len - 2 * half);
        (void)strbuf_add(&out, text->ptr + text->len - half, half);
    }
    valid = js_string_lossy(out.ptr, out.len);
    result = xstrdup(json_string_value(valid));
    json_decref(valid);
    strbuf_release(&out);
    return result;
}

int agent_ask_for_more(struct agent *agent, bool *out_more, struct err *err)
{
    struct err why = {0};
    char *more;

    *out_more = false;
    if (!agent->more)
        return VDO_OK;
    more = agent->more(agent->more_arg, &why);
    if (!more)
        return why.code ? err_set(err, why.code, "%s", why.text) : VDO_OK;
    agent_tell(agent, more);
    free(more);
    agent->finished = false;
    *out_more = true;
    return VDO_OK;
}
