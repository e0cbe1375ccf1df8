#include "call.h"

#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

static char *list_providers(const struct config *config)
{
    struct strbuf out;

    strbuf_init(&out, 8192);
    for (size_t i = 0; i < config->n_providers; i++)
        (void)strbuf_addf(&out, "%s%s", i ? ", " : "", config->provider[i].name);
    return strbuf_take(&out, NULL);
}

static int refuse(struct bot_call *call, const char *verb, struct err *err)
{
    AUTO_FREE char *names = list_providers(call->bot->o.config);
    AUTO_FREE char *usage =
        xasprintf("%s %s --with NAME [text], NAME is one of: %s",
                  call->bot->o.config->trigger.command, verb, *names ? names : "(none)");
    int rc = call_reply(call, "usage.md", json_pack("{s:s}", "usage", usage), err);

    if (!rc)
        (void)call_done(call, "refused: --with names no provider");
    return rc ? rc : VDO_E_REFUSED;
}

int call_read_pin(struct bot_call *call, const char *verb, struct err *err)
{
    static const char option[] = "--with";
    const char *text = call->command->argument;
    size_t len = sizeof(option) - 1;

    call->instructions = text;
    if (strncmp(text, option, len) != 0 || (text[len] && !strchr(" \t\r\n=", text[len])))
        return VDO_OK;
    text += len;
    text += *text == '=' ? 1 : strspn(text, " \t");
    len = strcspn(text, " \t\r\n");
    if (len == 0 || len >= sizeof(call->provider))
        return refuse(call, verb, err);
    memcpy(call->provider, text, len);
    call->provider[len] = '\0';
    if (!config_find_provider(call->bot->o.config, call->provider))
        return refuse(call, verb, err);
    call->instructions = text + len + strspn(text + len, " \t\r\n");
    return VDO_OK;
}
