/* OpenAI Chat Completions, as OpenAI and the servers compatible with it speak it. */
#include "../turns.h"
#include "../wire.h"
#include "openai.h"

#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

static const char *const adjustable[] = {"max_completion_tokens", "max_tokens",
                                         "stream_options",        "response_format",
                                         "+reasoning_effort",     NULL};

/* ---- request ---- */

/* OpenAI's own models refuse max_tokens; other servers often know nothing else. */
static const char *cap_field(const struct wire_call *call)
{
    bool modern = wire_host_ends(call->provider->base_url, "openai.com") ||
                  wire_host_ends(call->provider->base_url, "azure.com");

    if (modern && wire_is_adjusted(call, &openai_chat_ops, "max_completion_tokens"))
        modern = false;
    else if (!modern && wire_is_adjusted(call, &openai_chat_ops, "max_tokens"))
        modern = true;
    return modern ? "max_completion_tokens" : "max_tokens";
}

static void add_message(json_t *messages, const char *role, const char *text)
{
    (void)json_array_append_new(messages,
                                json_pack("{s:s, s:o}", "role", role, "content", wire_text(text)));
}

static void add_results(const struct wire_call *call, size_t at, json_t *messages)
{
    const struct turn *before = wire_calls_before(call->chat, at);
    bool replayed = before && wire_may_replay(call, openai_chat_ops.api, before);

    for (size_t i = 0; before && i < before->n_blocks; i++) {
        struct wire_result result;

        if (before->blocks[i].kind != BLOCK_TOOL_CALL)
            continue;
        wire_result_of(call->chat, at - 1, &before->blocks[i], replayed, &result);
        (void)json_array_append_new(messages,
                                    json_pack("{s:s, s:s, s:o}", "role", "tool", "tool_call_id",
                                              result.id, "content", wire_text(result.text)));
    }
}

static void add_user(const struct wire_call *call, size_t at, json_t *messages)
{
    const struct turn *turn = &call->chat->turns[at];
    AUTO_STRBUF text = {0};
    bool results = wire_calls_before(call->chat, at) != NULL;

    strbuf_init(&text, SIZE_MAX / 2);
    for (size_t i = 0; i < turn->n_blocks; i++) {
        AUTO_FREE char *orphan = wire_orphan_text(call->chat, at, &turn->blocks[i]);
        const char *part = orphan;

        if (!part && turn->blocks[i].kind == BLOCK_TEXT)
            part = turn->blocks[i].text;
        if (part && *part) {
            (void)strbuf_adds(&text, text.len ? "\n\n" : "");
            (void)strbuf_adds(&text, part);
        }
    }
    add_results(call, at, messages);
    if (text.len || !results)
        add_message(messages, "user", text.len ? text.ptr : "(no text)");
}

static json_t *call_item(const char *id, const char *name, const char *args)
{
    return json_pack("{s:s, s:s, s:{s:s, s:s}}", "id", id, "type", "function", "function", "name",
                     name, "arguments", args);
}

static void add_assistant(const struct wire_call *call, const struct turn *turn, json_t *messages)
{
    bool replayed = wire_may_replay(call, openai_chat_ops.api, turn);
    json_t *message =
        replayed ? json_deep_copy(turn->raw) : json_pack("{s:s}", "role", "assistant");
    AUTO_FREE char *text = turn_text(turn);
    json_t *calls = json_array();

    for (size_t i = 0; i < turn->n_blocks; i++) {
        AUTO_FREE char *args = NULL;
        char name[65];
        char id[256];

        if (turn->blocks[i].kind != BLOCK_TOOL_CALL)
            continue;
        wire_id_of(&turn->blocks[i], replayed, id, sizeof(id));
        wire_safe_name(turn->blocks[i].tool, name);
        /* Arguments that are no JSON are refused by some servers even in what they said before. */
        args = openai_args(&turn->blocks[i]);
        (void)json_array_append_new(calls,
                                    call_item(id, replayed ? turn->blocks[i].tool : name, args));
    }
    if (json_array_size(calls))
        (void)json_object_set(message, "tool_calls", calls);
    if (!replayed || !json_object_get(message, "content"))
        (void)json_object_set_new(message, "content", *text ? json_string(text) : json_null());
    if (json_array_size(calls) == 0 && !*text && json_is_null(json_object_get(message, "content")))
        (void)json_object_set_new(message, "content", json_string("(no answer)"));
    json_decref(calls);
    (void)json_array_append_new(messages, message);
}

static json_t *build_messages(const struct wire_call *call, const char *system)
{
    const struct chat *chat = call->chat;
    json_t *messages = json_array();

    if (*system)
        add_message(messages, "system", system);
    for (size_t i = 0; i < chat->n_turns; i++) {
        if (chat->turns[i].role == TURN_USER)
            add_user(call, i, messages);
        else
            add_assistant(call, &chat->turns[i], messages);
    }
    if (chat->n_turns && chat->turns[chat->n_turns - 1].role == TURN_ASSISTANT) {
        if (wire_calls_before(chat, chat->n_turns))
            add_results(call, chat->n_turns, messages);
        else
            add_message(messages, "user", wire_continue);
    }
    return messages;
}

static json_t *build_tools(const struct chat *chat)
{
    json_t *tools = json_array();

    for (size_t i = 0; i < chat->n_tools; i++) {
        const struct tool_def *tool = &chat->tools[i];

        (void)json_array_append_new(tools,
                                    json_pack("{s:s, s:{s:s, s:s, s:O}}", "type", "function",
                                              "function", "name", tool->name, "description",
                                              tool->description, "parameters", tool->schema));
    }
    return tools;
}

static json_t *build(const struct wire_call *call)
{
    bool in_prompt = wire_is_adjusted(call, &openai_chat_ops, "response_format");
    AUTO_FREE char *system = wire_system(call, in_prompt);
    char name[65];
    json_t *body = json_pack("{s:s, s:b, s:I}", "model", call->provider->model, "stream", 1,
                             cap_field(call), (json_int_t)call->max_output_tokens);

    if (!wire_is_adjusted(call, &openai_chat_ops, "stream_options"))
        (void)json_object_set_new(body, "stream_options", json_pack("{s:b}", "include_usage", 1));
    if (wire_is_adjusted(call, &openai_chat_ops, "+reasoning_effort"))
        (void)json_object_set_new(body, "reasoning_effort", json_string("none"));
    if (call->schema && !in_prompt) {
        wire_safe_name(call->schema_name ? call->schema_name : "answer", name);
        (void)json_object_set_new(body, "response_format",
                                  json_pack("{s:s, s:{s:s, s:b, s:O}}", "type", "json_schema",
                                            "json_schema", "name", name, "strict", 1, "schema",
                                            (json_t *)(uintptr_t)call->schema));
    }
    if (call->chat->n_tools)
        (void)json_object_set_new(body, "tools", build_tools(call->chat));
    (void)json_object_set_new(body, "messages", build_messages(call, system));
    return body;
}

static char *call_url(const struct config_provider *provider)
{
    return wire_url(provider->base_url, "/chat/completions");
}

/* ---- answer ---- */

struct tool_slot {
    int64_t index;
    char *id;
    char *name;
    struct strbuf args;
};

struct state {
    struct strbuf text;
    struct strbuf refusal;
    struct strbuf reasoning;
    struct tool_slot *calls;
    size_t n_calls;
};

static void begin(struct wire_answer *answer)
{
    struct state *state = xcalloc(1, sizeof(*state));

    strbuf_init(&state->text, VDO_MAX_HTTP_BODY);
    strbuf_init(&state->refusal, VDO_MAX_HTTP_BODY);
    strbuf_init(&state->reasoning, VDO_MAX_HTTP_BODY);
    answer->state = state;
}

static void end(struct wire_answer *answer)
{
    struct state *state = answer->state;

    if (!state)
        return;
    for (size_t i = 0; i < state->n_calls; i++) {
        free(state->calls[i].id);
        free(state->calls[i].name);
        strbuf_release(&state->calls[i].args);
    }
    free(state->calls);
    strbuf_release(&state->text);
    strbuf_release(&state->refusal);
    strbuf_release(&state->reasoning);
    free(state);
    answer->state = NULL;
}

static struct tool_slot *slot_for(struct state *state, int64_t index)
{
    struct tool_slot *slot;

    for (size_t i = 0; i < state->n_calls; i++) {
        if (state->calls[i].index == index)
            return &state->calls[i];
    }
    if (state->n_calls == WIRE_MAX_BLOCKS)
        return NULL;
    state->calls = xreallocarray(state->calls, state->n_calls + 1, sizeof(*state->calls));
    slot = &state->calls[state->n_calls++];
    *slot = (struct tool_slot){.index = index};
    strbuf_init(&slot->args, VDO_MAX_HTTP_BODY);
    return slot;
}

/* Some servers send the arguments as an object, whole. */
static void add_args(struct wire_answer *answer, struct tool_slot *slot, const json_t *args)
{
    AUTO_FREE char *dumped = NULL;
    const char *text = json_string_value(args);

    if (!text && json_is_object(args))
        text = dumped = json_dumps(args, JSON_COMPACT);
    if (!text)
        return;
    (void)strbuf_adds(&slot->args, text);
    answer->output_bytes += strlen(text);
}

/* Servers that leave the index out send each call whole, with an id of its own. */
static int64_t index_of(const struct state *state, const json_t *item, const char *id,
                        size_t position)
{
    int64_t index = js_int(item, "index", -1);

    if (index >= 0)
        return index;
    for (size_t i = 0; *id && i < state->n_calls; i++) {
        if (state->calls[i].id && strcmp(state->calls[i].id, id) == 0)
            return state->calls[i].index;
    }
    return *id ? -2 - (int64_t)state->n_calls : (int64_t)position;
}

static int on_call(struct wire_answer *answer, const json_t *item, size_t position, struct err *err)
{
    struct state *state = answer->state;
    const char *id = js_str(item, "id", "");
    struct tool_slot *slot = slot_for(state, index_of(state, item, id, position));
    const char *name = js_str(item, "function.name", "");

    if (!slot)
        return err_set(err, VDO_E_TOO_LARGE, "more than %d tool calls", WIRE_MAX_BLOCKS);
    if (*id && !slot->id)
        slot->id = xstrdup(id);
    if (*name && !slot->name)
        slot->name = xstrdup(name);
    add_args(answer, slot, js_at(item, "function.arguments"));
    return VDO_OK;
}

/* delta of a stream, or message of a whole answer: they have the same members. */
static int on_message(struct wire_answer *answer, const json_t *message, struct err *err)
{
    struct state *state = answer->state;
    const char *text = js_str(message, "content", "");
    const char *reasoning = js_str(message, "reasoning_content", js_str(message, "reasoning", ""));
    json_t *item;
    size_t i;
    int rc = VDO_OK;

    (void)strbuf_adds(&state->text, text);
    wire_on_text(answer, text, strlen(text));
    (void)strbuf_adds(&state->refusal, js_str(message, "refusal", ""));
    (void)strbuf_adds(&state->reasoning, reasoning);
    answer->output_bytes += strlen(reasoning);
    json_array_foreach (json_object_get(message, "tool_calls"), i, item) {
        rc = rc ? rc : on_call(answer, item, i, err);
    }
    return rc;
}

static int on_choices(struct wire_answer *answer, const json_t *data, const char *member,
                      struct err *err)
{
    const json_t *choice = json_array_get(json_object_get(data, "choices"), 0);
    const char *reason = js_str(choice, "finish_reason", NULL);
    int rc = on_message(answer, json_object_get(choice, member), err);

    if (!rc && reason) {
        wire_set_stop(answer, reason);
        answer->complete = true;
    }
    return rc;
}

static int event(struct wire_answer *answer, const char *name, const json_t *data, struct err *err)
{
    (void)name;
    if (json_is_object(json_object_get(data, "error")) ||
        json_is_string(json_object_get(data, "error"))) {
        wire_on_error(answer, &openai_chat_ops, data);
        return VDO_OK;
    }
    openai_chat_usage(answer, json_object_get(data, "usage"));
    return on_choices(answer, data, "delta", err);
}

static int whole(struct wire_answer *answer, const json_t *body, struct err *err)
{
    int rc;

    if (!json_is_array(json_object_get(body, "choices"))) {
        if (!json_object_get(body, "error"))
            return err_set(err, VDO_E_INVALID, "not an answer of Chat Completions: no choices");
        wire_on_error(answer, &openai_chat_ops, body);
        return VDO_OK;
    }
    openai_chat_usage(answer, json_object_get(body, "usage"));
    rc = on_choices(answer, body, "message", err);
    answer->complete = true;
    return rc;
}

static enum model_stop stop_of(const struct wire_answer *answer, bool refused)
{
    const char *raw = answer->raw_stop ? answer->raw_stop : "";

    if (refused || strcmp(raw, "content_filter") == 0)
        return STOP_REFUSAL;
    if (strcmp(raw, "length") == 0)
        return STOP_LENGTH;
    /* Some servers say "stop" although there are calls. */
    if (turn_has_calls(&answer->turn))
        return STOP_TOOL;
    return strcmp(raw, "stop") == 0 ? STOP_END : STOP_OTHER;
}

static void finish(struct wire_answer *answer, const struct config_provider *provider)
{
    struct state *state = answer->state;
    struct turn *turn = &answer->turn;
    json_t *raw = json_pack("{s:s}", "role", "assistant");
    json_t *calls = json_array();

    if (state->reasoning.len)
        (void)turn_add_block(turn, BLOCK_REASONING, state->reasoning.ptr, state->reasoning.len);
    if (state->text.len)
        (void)turn_add_block(turn, BLOCK_TEXT, state->text.ptr, state->text.len);
    if (state->refusal.len) {
        (void)turn_add_block(turn, BLOCK_REFUSAL, state->refusal.ptr, state->refusal.len);
        free(answer->note);
        answer->note = xstrdup(turn->blocks[turn->n_blocks - 1].text);
    }
    (void)json_object_set_new(raw, "content",
                              state->text.len ? js_string_lossy(state->text.ptr, state->text.len) :
                                                json_null());
    for (size_t i = 0; i < state->n_calls; i++) {
        struct tool_slot *slot = &state->calls[i];
        const struct block *call = turn_add_call(turn, slot->id, slot->name ? slot->name : "",
                                                 slot->args.ptr, slot->args.len);

        (void)json_array_append_new(calls, call_item(call->call_id, call->tool, call->args_raw));
    }
    if (json_array_size(calls))
        (void)json_object_set(raw, "tool_calls", calls);
    json_decref(calls);
    turn->raw = raw;
    turn->origin = turn_origin(provider->name, openai_chat_ops.api, provider->model);
    answer->stop = stop_of(answer, state->refusal.len > 0);
}

const struct provider_ops openai_chat_ops = {
    .api = "openai-chat",
    .adjustable = adjustable,
    .build = build,
    .call_url = call_url,
    .models_url = openai_models_url,
    .headers = openai_headers,
    .find_model = openai_find_model,
    .begin = begin,
    .event = event,
    .whole = whole,
    .finish = finish,
    .end = end,
    .error = openai_error,
};
