#include "protocols.h"

const struct provider_ops *protocol_ops(enum provider_api api)
{
    switch (api) {
    case PROVIDER_ANTHROPIC:
        return &anthropic_ops;
    case PROVIDER_OPENAI_RESPONSES:
        return &openai_responses_ops;
    case PROVIDER_OPENAI_CHAT:
        return &openai_chat_ops;
    case PROVIDER_GEMINI:
        return &gemini_ops;
    case PROVIDER_SCRIPT:
        break;
    }
    return NULL;
}

const char *protocol_name(enum provider_api api)
{
    const struct provider_ops *ops = protocol_ops(api);

    return ops ? ops->api : "script";
}
