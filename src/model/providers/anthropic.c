/* Anthropic Messages API, version 2026-10-21. */
#include "../turns.h"
#include "../wire.h"

#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

#define API_VERSION "2026-10-21"

static const char *const adjustable[] = {"cache_control", "output_config", NULL};

/* ---- request ---- */

static void mark_cached(json_t *block)
{
    if (block)
        (void)json_object_set_new(block, "cache_control", json_pack("{s:s}", "type", "ephemeral"));
}

static json_t *last_of(const json_t *array)
{
    size_t n = json_array_size(array);

    return n ? json_array_get(array, n - 1) : NULL;
}

static void add_text(json_t *content, const char *text)
{
    /* Empty text blocks are refused. */
    if (text[strspn(text, " \t\r\n")])
        (void)json_array_append_new(
            content, json_pack("{s:s, s:o}", "type", "text", "text", wire_text(text)));
}

static void add_results(const struct wire_call *call, size_t at, json_t *content)
{
    const struct turn *before = wire_calls_before(call->chat, at);
    bool replayed = before && wire_may_replay(call, anthropic_ops.api, before);

    for (size_t i = 0; before && i < before->n_blocks; i++) {
        struct wire_result result;
        json_t *block;

        if (before->blocks[i].kind != BLOCK_TOOL_CALL)
            continue;
        wire_result_of(call->chat, at - 1, &before->blocks[i], replayed, &result);
        block = json_pack("{s:s, s:s, s:o}", "type", "tool_result", "tool_use_id", result.id,
                          "content", wire_text(result.text));
        if (result.is_error)
            (void)json_object_set_new(block, "is_error", json_true());
        (void)json_array_append_new(content, block);
    }
}

static json_t *user_content(const struct wire_call *call, size_t at)
{
    json_t *content = json_array();

    add_results(call, at, content);
    wire_add_said(call->chat, at, add_text, content);
    if (json_array_size(content) == 0)
        add_text(content, "(no text)");
    return content;
}

static json_t *replayed_content(const struct turn *turn)
{
    json_t *content = json_array();
    json_t *block;
    size_t i;

    json_array_foreach (turn->raw, i, block) {
        const char *text = js_str(block, "text", "");

        if (strcmp(js_str(block, "type", ""), "text") != 0 || text[strspn(text, " \t\r\n")])
            (void)json_array_append(content, block);
    }
    return content;
}

static json_t *rebuilt_content(const struct turn *turn)
{
    json_t *content = json_array();

    for (size_t i = 0; i < turn->n_blocks; i++) {
        const struct block *block = &turn->blocks[i];
        char name[65];
        char id[65];

        if (block->kind == BLOCK_TEXT || block->kind == BLOCK_REFUSAL)
            add_text(content, block->text);
        if (block->kind != BLOCK_TOOL_CALL)
            continue;
        wire_safe_id(block->call_id, id);
        wire_safe_name(block->tool, name);
        (void)json_array_append_new(content,
                                    json_pack("{s:s, s:s, s:s, s:o}", "type", "tool_use", "id", id,
                                              "name", name, "input", wire_args(block)));
    }
    return content;
}

static json_t *assistant_content(const struct wire_call *call, const struct turn *turn)
{
    json_t *content = wire_may_replay(call, anthropic_ops.api, turn) ? replayed_content(turn) :
                                                                       rebuilt_content(turn);

    if (json_array_size(content) == 0)
        add_text(content, "(no answer)");
    return content;
}

static void add_message(json_t *messages, const char *role, json_t *content)
{
    (void)json_array_append_new(messages,
                                json_pack("{s:s, s:o}", "role", role, "content", content));
}

static json_t *build_messages(const struct wire_call *call, bool cached)
{
    const struct chat *chat = call->chat;
    json_t *messages = json_array();
    json_t *newest = NULL;
    json_t *older = NULL;

    if (chat->n_turns == 0 || chat->turns[0].role == TURN_ASSISTANT)
        add_message(messages, "user", json_pack("[{s:s, s:s}]", "type", "text", "text", "Begin."));
    for (size_t i = 0; i < chat->n_turns; i++) {
        bool user = chat->turns[i].role == TURN_USER;
        json_t *content = user ? user_content(call, i) : assistant_content(call, &chat->turns[i]);

        add_message(messages, user ? "user" : "assistant", content);
        if (user) {
            older = newest;
            newest = last_of(content);
        }
    }
    if (chat->n_turns && chat->turns[chat->n_turns - 1].role == TURN_ASSISTANT) {
        json_t *content = json_array();

        add_results(call, chat->n_turns, content);
        if (json_array_size(content) == 0)
            add_text(content, wire_continue);
        add_message(messages, "user", content);
        older = newest;
        newest = last_of(content);
    }
    /* Two marks: the server looks back 20 blocks from each, and a turn may bring more. A question
     * without tools is asked once: putting it into the cache would cost a quarter more for nothing.
     */
    if (cached && (chat->n_tools || chat->n_turns > 1)) {
        mark_cached(newest);
        mark_cached(older);
    }
    return messages;
}

static json_t *build_tools(const struct chat *chat, bool cached)
{
    json_t *tools = json_array();

    for (size_t i = 0; i < chat->n_tools; i++) {
        const struct tool_def *tool = &chat->tools[i];

        (void)json_array_append_new(tools,
                                    json_pack("{s:s, s:s, s:O}", "name", tool->name, "description",
                                              tool->description, "input_schema", tool->schema));
    }
    if (cached)
        mark_cached(last_of(tools));
    return tools;
}

static json_t *build(const struct wire_call *call)
{
    bool cached = !wire_is_adjusted(call, &anthropic_ops, "cache_control");
    bool in_prompt = wire_is_adjusted(call, &anthropic_ops, "output_config");
    AUTO_FREE char *system = wire_system(call, in_prompt);
    json_t *body = json_pack("{s:s, s:I, s:b}", "model", call->provider->model, "max_tokens",
                             (json_int_t)call->max_output_tokens, "stream", 1);

    if (*system) {
        json_t *block = json_pack("{s:s, s:s}", "type", "text", "text", system);

        if (cached)
            mark_cached(block);
        (void)json_object_set_new(body, "system", json_pack("[o]", block));
    }
    if (call->chat->n_tools)
        (void)json_object_set_new(body, "tools", build_tools(call->chat, cached));
    if (call->schema && !in_prompt)
        (void)json_object_set_new(body, "output_config",
                                  json_pack("{s:{s:s, s:O}}", "format", "type", "json_schema",
                                            "schema", (json_t *)(uintptr_t)call->schema));
    (void)json_object_set_new(body, "messages", build_messages(call, cached));
    return body;
}

static char *url_of(const struct config_provider *provider, const char *path)
{
    size_t len = strlen(provider->base_url);
    bool has_version;

    while (len && provider->base_url[len - 1] == '/')
        len--;
    has_version = len > 3 && strncmp(provider->base_url + len - 3, "/v1", 3) == 0;
    return wire_url(provider->base_url, has_version ? path + 3 : path);
}

static char *call_url(const struct config_provider *provider)
{
    return url_of(provider, "/v1/messages");
}

static char *count_url(const struct config_provider *provider)
{
    return url_of(provider, "/v1/messages/count_tokens");
}

static json_t *count_body(const struct config_provider *provider, const json_t *body)
{
    json_t *out = json_copy((json_t *)(uintptr_t)body);

    (void)provider;
    (void)json_object_del(out, "max_tokens");
    (void)json_object_del(out, "stream");
    return out;
}

static int64_t count_read(const json_t *answer)
{
    return js_int(answer, "input_tokens", -1);
}

static char *models_url(const struct config_provider *provider)
{
    return url_of(provider, "/v1/models?limit=1000");
}

static void headers(const struct config_provider *provider, struct wire_headers *out)
{
    wire_header_add(out, "anthropic-version", "", API_VERSION);
    if (secret_is_set(&provider->key))
        wire_header_add(out, "x-api-key", "", secret_reveal(&provider->key));
}

static const json_t *find_model(const json_t *list, const char *model)
{
    const json_t *data = json_object_get(list, "data");
    const json_t *one;
    size_t i;

    json_array_foreach (data, i, one) {
        if (strcmp(js_str(one, "id", ""), model) == 0)
            return one;
    }
    return NULL;
}

/* ---- answer ---- */

struct slot {
    json_t *block; /* NULL: not begun */
    struct strbuf text;
    struct strbuf args;
};

struct state {
    struct slot *slots;
    size_t n;
};

static void begin(struct wire_answer *answer)
{
    answer->state = xcalloc(1, sizeof(struct state));
}

static void end(struct wire_answer *answer)
{
    struct state *state = answer->state;

    for (size_t i = 0; state && i < state->n; i++) {
        json_decref(state->slots[i].block);
        strbuf_release(&state->slots[i].text);
        strbuf_release(&state->slots[i].args);
    }
    if (state)
        free(state->slots);
    free(state);
    answer->state = NULL;
}

static struct slot *slot_at(struct state *state, int64_t index)
{
    if (index < 0 || index >= WIRE_MAX_BLOCKS)
        return NULL;
    while ((int64_t)state->n <= index) {
        state->slots = xreallocarray(state->slots, state->n + 1, sizeof(*state->slots));
        state->slots[state->n] = (struct slot){0};
        strbuf_init(&state->slots[state->n].text, VDO_MAX_HTTP_BODY);
        strbuf_init(&state->slots[state->n].args, VDO_MAX_HTTP_BODY);
        state->n++;
    }
    return &state->slots[index];
}

static void read_usage(struct wire_answer *answer, const json_t *usage)
{
    struct usage *to = &answer->usage;

    if (!json_is_object(usage))
        return;
    answer->usage_seen = true;
    /* The numbers of a later event are totals, not additions; null means no news. */
    to->input = js_int(usage, "input_tokens", to->input);
    to->cache_read = js_int(usage, "cache_read_input_tokens", to->cache_read);
    to->cache_write = js_int(usage, "cache_creation_input_tokens", to->cache_write);
    to->cache_write_long =
        js_int(usage, "cache_creation.ephemeral_1h_input_tokens", to->cache_write_long);
    to->output = js_int(usage, "output_tokens", to->output);
    to->reasoning = js_int(usage, "output_tokens_details.thinking_tokens", to->reasoning);
}

static void read_stop(struct wire_answer *answer, const json_t *from)
{
    const char *reason = js_str(from, "stop_reason", NULL);
    const char *why = js_str(from, "stop_details.explanation", NULL);

    if (!why)
        why = js_str(from, "stop_details.category", NULL);
    if (why) {
        free(answer->note);
        answer->note = xstrdup(why);
    }
    if (!reason)
        return;
    wire_set_stop(answer, reason);
    answer->complete = true;
}

static int on_block(struct wire_answer *answer, const json_t *data, struct err *err)
{
    struct slot *slot = slot_at(answer->state, js_int(data, "index", -1));
    json_t *block = json_object_get(data, "content_block");
    const char *text;

    if (!slot)
        return err_set(err, VDO_E_TOO_LARGE, "content_block_start: no index of 0 .. %d",
                       WIRE_MAX_BLOCKS - 1);
    if (!json_is_object(block))
        return VDO_OK;
    json_decref(slot->block);
    slot->block = json_deep_copy(block);
    strbuf_clear(&slot->text);
    strbuf_clear(&slot->args);
    text = js_str(block, "text", js_str(block, "thinking", ""));
    (void)strbuf_adds(&slot->text, text);
    if (json_object_get(block, "text"))
        wire_on_text(answer, text, strlen(text));
    return VDO_OK;
}

static void on_delta(struct wire_answer *answer, const json_t *data)
{
    struct slot *slot = slot_at(answer->state, js_int(data, "index", -1));
    const json_t *delta = json_object_get(data, "delta");
    const char *type = js_str(delta, "type", "");
    const char *text;

    if (!slot || !slot->block)
        return;
    if (strcmp(type, "text_delta") == 0) {
        text = js_str(delta, "text", "");
        (void)strbuf_adds(&slot->text, text);
        wire_on_text(answer, text, strlen(text));
    } else if (strcmp(type, "thinking_delta") == 0) {
        text = js_str(delta, "thinking", "");
        (void)strbuf_adds(&slot->text, text);
        answer->output_bytes += strlen(text);
    } else if (strcmp(type, "input_json_delta") == 0) {
        text = js_str(delta, "partial_json", "");
        (void)strbuf_adds(&slot->args, text);
        answer->output_bytes += strlen(text);
    } else if (strcmp(type, "signature_delta") == 0) {
        (void)json_object_set(slot->block, "signature", json_object_get(delta, "signature"));
    } else if (strcmp(type, "citations_delta") == 0) {
        json_t *list = json_object_get(slot->block, "citations");

        if (!json_is_array(list)) {
            list = json_array();
            (void)json_object_set_new(slot->block, "citations", list);
        }
        (void)json_array_append(list, json_object_get(delta, "citation"));
    }
}

static int event(struct wire_answer *answer, const char *name, const json_t *data, struct err *err)
{
    const char *type = js_str(data, "type", name);

    if (strcmp(type, "message_start") == 0)
        read_usage(answer, js_at(data, "message.usage"));
    else if (strcmp(type, "content_block_start") == 0)
        return on_block(answer, data, err);
    else if (strcmp(type, "content_block_delta") == 0)
        on_delta(answer, data);
    else if (strcmp(type, "message_delta") == 0) {
        read_stop(answer, json_object_get(data, "delta"));
        read_usage(answer, json_object_get(data, "usage"));
    } else if (strcmp(type, "message_stop") == 0)
        answer->complete = true;
    else if (strcmp(type, "error") == 0 || json_object_get(data, "error"))
        wire_on_error(answer, &anthropic_ops, data);
    return VDO_OK;
}

static int whole(struct wire_answer *answer, const json_t *body, struct err *err)
{
    const json_t *content = json_object_get(body, "content");
    json_t *block;
    size_t i;

    if (json_object_get(body, "error")) {
        wire_on_error(answer, &anthropic_ops, body);
        return VDO_OK;
    }
    if (!json_is_array(content))
        return err_set(err, VDO_E_INVALID, "not an answer of the Messages API: no content");
    json_array_foreach (content, i, block) {
        json_auto_t *start =
            json_pack("{s:I, s:O}", "index", (json_int_t)i, "content_block", block);
        int rc = on_block(answer, start, err);

        if (rc)
            return rc;
    }
    read_usage(answer, json_object_get(body, "usage"));
    read_stop(answer, body);
    return VDO_OK;
}

static void finish_call(struct wire_answer *answer, struct slot *slot)
{
    AUTO_FREE char *given = NULL;
    const struct block *call;
    const char *args = slot->args.ptr;
    size_t len = slot->args.len;

    if (len == 0) {
        const json_t *input = json_object_get(slot->block, "input");

        given = input ? json_dumps(input, JSON_COMPACT | JSON_ENCODE_ANY) : xstrdup("");
        args = given;
        len = strlen(given);
    }
    call = turn_add_call(&answer->turn, js_str(slot->block, "id", NULL),
                         js_str(slot->block, "name", ""), args, len);
    (void)json_object_set_new(slot->block, "id", json_string(call->call_id));
    (void)json_object_set_new(slot->block, "input", wire_args(call));
}

static void finish_block(struct wire_answer *answer, struct slot *slot)
{
    const char *type = js_str(slot->block, "type", "");

    if (strcmp(type, "text") == 0) {
        (void)turn_add_block(&answer->turn, BLOCK_TEXT, slot->text.ptr, slot->text.len);
        (void)json_object_set_new(slot->block, "text",
                                  js_string_lossy(slot->text.ptr, slot->text.len));
    } else if (strcmp(type, "thinking") == 0) {
        (void)turn_add_block(&answer->turn, BLOCK_REASONING, slot->text.ptr, slot->text.len);
        (void)json_object_set_new(slot->block, "thinking",
                                  js_string_lossy(slot->text.ptr, slot->text.len));
    } else if (strcmp(type, "redacted_thinking") == 0) {
        (void)turn_add_block(&answer->turn, BLOCK_REASONING, "", 0);
    } else if (strcmp(type, "tool_use") == 0) {
        finish_call(answer, slot);
    }
}

static enum model_stop stop_of(const struct wire_answer *answer)
{
    static const struct {
        const char *raw;
        enum model_stop stop;
    } table[] = {
        {"end_turn", STOP_END},
        {"stop_sequence", STOP_END},
        {"max_tokens", STOP_LENGTH},
        {"tool_use", STOP_TOOL},
        {"pause_turn", STOP_PAUSE},
        {"refusal", STOP_REFUSAL},
        {"model_context_window_exceeded", STOP_CONTEXT},
    };

    for (size_t i = 0; answer->raw_stop && i < sizeof(table) / sizeof(table[0]); i++) {
        if (strcmp(answer->raw_stop, table[i].raw) == 0)
            return table[i].stop == STOP_END && turn_has_calls(&answer->turn) ? STOP_TOOL :
                                                                                table[i].stop;
    }
    return turn_has_calls(&answer->turn) ? STOP_TOOL : STOP_OTHER;
}

static void finish(struct wire_answer *answer, const struct config_provider *provider)
{
    struct state *state = answer->state;
    json_t *raw = json_array();

    for (size_t i = 0; i < state->n; i++) {
        if (!state->slots[i].block)
            continue;
        finish_block(answer, &state->slots[i]);
        (void)json_array_append(raw, state->slots[i].block);
    }
    answer->turn.raw = raw;
    answer->turn.origin = turn_origin(provider->name, anthropic_ops.api, provider->model);
    answer->stop = stop_of(answer);
}

static int status_of(const char *type)
{
    static const struct {
        const char *type;
        int status;
    } table[] = {
        {"invalid_request_error", 400}, {"authentication_error", 401}, {"billing_error", 402},
        {"permission_error", 403},      {"not_found_error", 404},      {"conflict_error", 409},
        {"request_too_large", 413},     {"rate_limit_error", 429},     {"api_error", 500},
        {"timeout_error", 504},         {"overloaded_error", 529},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (strcmp(type, table[i].type) == 0)
            return table[i].status;
    }
    return 0;
}

static void error(const json_t *body, struct wire_error *out)
{
    out->type = js_str(body, "error.type", "");
    out->code = js_str(body, "error.details.error_code", "");
    out->message =
        js_str(body, "error.message", js_str(body, "error", js_str(body, "message", "")));
    out->status = status_of(out->type);
}

const struct provider_ops anthropic_ops = {
    .api = "anthropic",
    .adjustable = adjustable,
    .build = build,
    .call_url = call_url,
    .models_url = models_url,
    .count_url = count_url,
    .count_body = count_body,
    .count_read = count_read,
    .headers = headers,
    .find_model = find_model,
    .begin = begin,
    .event = event,
    .whole = whole,
    .finish = finish,
    .end = end,
    .error = error,
};
