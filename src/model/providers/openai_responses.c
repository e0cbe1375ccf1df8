/* OpenAI Responses API, without anything stored at the provider. */
#include "../turns.h"
#include "../wire.h"
#include "openai.h"

#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/crypto/crypto.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

static const char *const adjustable[] = {"include", "prompt_cache_key", "text", NULL};

/* ---- request ---- */

static void add_message(json_t *input, const char *role, const char *type, const char *text)
{
    (void)json_array_append_new(input, json_pack("{s:s, s:[{s:s, s:o}]}", "role", role, "content",
                                                 "type", type, "text", wire_text(text)));
}

static void add_results(const struct wire_call *call, size_t at, json_t *input)
{
    const struct turn *before = wire_calls_before(call->chat, at);
    bool replayed = before && wire_may_replay(call, openai_responses_ops.api, before);

    for (size_t i = 0; before && i < before->n_blocks; i++) {
        struct wire_result result;
        AUTO_FREE char *output = NULL;

        if (before->blocks[i].kind != BLOCK_TOOL_CALL)
            continue;
        wire_result_of(call->chat, at - 1, &before->blocks[i], replayed, &result);
        /* There is no member for "this failed" here: the text has to say it. */
        output = xasprintf("%s%s", result.is_error ? "Error: " : "", result.text);
        (void)json_array_append_new(input,
                                    json_pack("{s:s, s:s, s:o}", "type", "function_call_output",
                                              "call_id", result.id, "output", wire_text(output)));
    }
}

static void add_user(const struct wire_call *call, size_t at, json_t *input)
{
    const struct turn *turn = &call->chat->turns[at];
    bool said = wire_calls_before(call->chat, at) != NULL;

    add_results(call, at, input);
    for (size_t i = 0; i < turn->n_blocks; i++) {
        AUTO_FREE char *orphan = wire_orphan_text(call->chat, at, &turn->blocks[i]);
        const char *text = orphan;

        if (!text && turn->blocks[i].kind == BLOCK_TEXT)
            text = turn->blocks[i].text;
        if (!text || !*text)
            continue;
        add_message(input, "user", "input_text", text);
        said = true;
    }
    if (!said)
        add_message(input, "user", "input_text", "(no text)");
}

static void replay(const struct turn *turn, json_t *input)
{
    json_t *item;
    size_t i;
    size_t at = 0;

    json_array_foreach (turn->raw, i, item) {
        json_t *copy;

        if (strcmp(js_str(item, "type", ""), "function_call") != 0) {
            (void)json_array_append(input, item);
            continue;
        }
        copy = json_copy(item);
        while (at < turn->n_blocks && turn->blocks[at].kind != BLOCK_TOOL_CALL)
            at++;
        if (at < turn->n_blocks && !turn->blocks[at].args) {
            AUTO_FREE char *args = openai_args(&turn->blocks[at]);

            (void)json_object_set_new(copy, "arguments", json_string(args));
        }
        at++;
        (void)json_array_append_new(input, copy);
    }
}

static void rebuild(const struct turn *turn, json_t *input)
{
    for (size_t i = 0; i < turn->n_blocks; i++) {
        const struct block *block = &turn->blocks[i];
        AUTO_FREE char *args = NULL;
        char name[65];
        char id[65];

        if ((block->kind == BLOCK_TEXT || block->kind == BLOCK_REFUSAL) && *block->text)
            add_message(input, "assistant", "output_text", block->text);
        if (block->kind != BLOCK_TOOL_CALL)
            continue;
        wire_safe_id(block->call_id, id);
        wire_safe_name(block->tool, name);
        args = openai_args(block);
        (void)json_array_append_new(input,
                                    json_pack("{s:s, s:s, s:s, s:s}", "type", "function_call",
                                              "call_id", id, "name", name, "arguments", args));
    }
}

static json_t *build_input(const struct wire_call *call)
{
    const struct chat *chat = call->chat;
    json_t *input = json_array();

    for (size_t i = 0; i < chat->n_turns; i++) {
        const struct turn *turn = &chat->turns[i];

        if (turn->role == TURN_USER)
            add_user(call, i, input);
        else if (wire_may_replay(call, openai_responses_ops.api, turn))
            replay(turn, input);
        else
            rebuild(turn, input);
    }
    if (chat->n_turns == 0)
        add_message(input, "user", "input_text", "Begin.");
    else if (wire_calls_before(chat, chat->n_turns))
        add_results(call, chat->n_turns, input);
    else if (chat->turns[chat->n_turns - 1].role == TURN_ASSISTANT)
        add_message(input, "user", "input_text", wire_continue);
    return input;
}

static json_t *build_tools(const struct chat *chat)
{
    json_t *tools = json_array();

    for (size_t i = 0; i < chat->n_tools; i++) {
        const struct tool_def *tool = &chat->tools[i];

        /* strict is the default here and would make every optional argument required. */
        (void)json_array_append_new(tools,
                                    json_pack("{s:s, s:s, s:s, s:O, s:b}", "type", "function",
                                              "name", tool->name, "description", tool->description,
                                              "parameters", tool->schema, "strict", 0));
    }
    return tools;
}

/* The same for all calls of one conversation, so that they meet the same cache. */
static json_t *cache_key(const struct chat *chat)
{
    char hex[SHA256_HEX_SIZE];
    AUTO_FREE char *first = chat->n_turns ? turn_text(&chat->turns[0]) : xstrdup("");
    AUTO_FREE char *seed = xasprintf("%s\n%s", chat->system, first);

    sha256_hex(seed, strlen(seed), hex);
    return json_stringn(hex, 32);
}

static json_t *build(const struct wire_call *call)
{
    bool in_prompt = wire_is_adjusted(call, &openai_responses_ops, "text");
    AUTO_FREE char *system = wire_system(call, in_prompt);
    char name[65];
    json_t *body =
        json_pack("{s:s, s:I, s:b, s:b}", "model", call->provider->model, "max_output_tokens",
                  (json_int_t)call->max_output_tokens, "stream", 1, "store", 0);

    if (!wire_is_adjusted(call, &openai_responses_ops, "include"))
        (void)json_object_set_new(body, "include", json_pack("[s]", "reasoning.encrypted_content"));
    if (!wire_is_adjusted(call, &openai_responses_ops, "prompt_cache_key"))
        (void)json_object_set_new(body, "prompt_cache_key", cache_key(call->chat));
    if (*system)
        (void)json_object_set_new(body, "instructions", json_string(system));
    if (call->schema && !in_prompt) {
        wire_safe_name(call->schema_name ? call->schema_name : "answer", name);
        (void)json_object_set_new(body, "text",
                                  json_pack("{s:{s:s, s:s, s:b, s:O}}", "format", "type",
                                            "json_schema", "name", name, "strict", 1, "schema",
                                            (json_t *)(uintptr_t)call->schema));
    }
    if (call->chat->n_tools)
        (void)json_object_set_new(body, "tools", build_tools(call->chat));
    (void)json_object_set_new(body, "input", build_input(call));
    return body;
}

static char *count_url(const struct config_provider *provider)
{
    return wire_url(provider->base_url, "/responses/input_tokens");
}

/* Only what goes into the prompt is taken there. */
static json_t *count_body(const struct config_provider *provider, const json_t *body)
{
    static const char *const members[] = {"model", "instructions",        "input",    "tools",
                                          "text",  "parallel_tool_calls", "reasoning"};
    json_t *out = json_object();

    (void)provider;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        json_t *member = json_object_get(body, members[i]);

        if (member)
            (void)json_object_set(out, members[i], member);
    }
    return out;
}

static int64_t count_read(const json_t *answer)
{
    return js_int(answer, "input_tokens", -1);
}

static char *call_url(const struct config_provider *provider)
{
    return wire_url(provider->base_url, "/responses");
}

/* ---- answer ---- */

struct state {
    json_t *items; /* by output_index; null where one is missing */
};

static void begin(struct wire_answer *answer)
{
    struct state *state = xcalloc(1, sizeof(*state));

    state->items = json_array();
    answer->state = state;
}

static void end(struct wire_answer *answer)
{
    struct state *state = answer->state;

    if (!state)
        return;
    json_decref(state->items);
    free(state);
    answer->state = NULL;
}

static int put_item(struct state *state, int64_t index, const json_t *item, struct err *err)
{
    if (!json_is_object(item))
        return VDO_OK;
    if (index < 0)
        index = (int64_t)json_array_size(state->items);
    if (index >= WIRE_MAX_BLOCKS)
        return err_set(err, VDO_E_TOO_LARGE, "output_index: more than %d items", WIRE_MAX_BLOCKS);
    while ((int64_t)json_array_size(state->items) <= index)
        (void)json_array_append_new(state->items, json_null());
    (void)json_array_set_new(state->items, (size_t)index, json_deep_copy(item));
    return VDO_OK;
}

static void read_usage(struct wire_answer *answer, const json_t *usage)
{
    struct usage *to = &answer->usage;

    if (js_int(usage, "input_tokens", -1) < 0)
        return;
    answer->usage_seen = true;
    to->cache_read = js_int(usage, "input_tokens_details.cached_tokens", 0);
    to->cache_write = js_int(usage, "input_tokens_details.cache_write_tokens", 0);
    to->cache_write_long =
        js_int(usage, "input_tokens_details.cache_write_tokens_details.ttl_12h_tokens", 0);
    to->input = js_int(usage, "input_tokens", 0) - to->cache_read - to->cache_write;
    if (to->input < 0)
        to->input = 0;
    to->output = js_int(usage, "output_tokens", 0);
    to->reasoning = js_int(usage, "output_tokens_details.reasoning_tokens", 0);
}

/* The response object of the last event, or of an answer without a stream. */
static int on_response(struct wire_answer *answer, const json_t *response, struct err *err)
{
    struct state *state = answer->state;
    const char *status = js_str(response, "status", "completed");
    const char *reason = js_str(response, "incomplete_details.reason", NULL);
    json_t *item;
    size_t i;
    int rc = VDO_OK;

    read_usage(answer, json_object_get(response, "usage"));
    if (strcmp(status, "failed") == 0 || json_is_object(json_object_get(response, "error"))) {
        wire_on_error(answer, &openai_responses_ops, response);
        return VDO_OK;
    }
    if (json_array_size(state->items) == 0) {
        json_array_foreach (json_object_get(response, "output"), i, item) {
            rc = rc ? rc : put_item(state, (int64_t)i, item, err);
        }
    }
    wire_set_stop(answer, reason ? reason : status);
    answer->complete = true;
    return rc;
}

static int event(struct wire_answer *answer, const char *name, const json_t *data, struct err *err)
{
    const char *type = js_str(data, "type", name);
    const char *delta = js_str(data, "delta", "");

    if (strcmp(type, "response.output_text.delta") == 0) {
        wire_on_text(answer, delta, strlen(delta));
    } else if (strcmp(type, "response.output_item.done") == 0) {
        return put_item(answer->state, js_int(data, "output_index", -1),
                        json_object_get(data, "item"), err);
    } else if (strcmp(type, "response.completed") == 0 ||
               strcmp(type, "response.incomplete") == 0 || strcmp(type, "response.failed") == 0) {
        return on_response(answer, json_object_get(data, "response"), err);
    } else if (strcmp(type, "error") == 0 || json_object_get(data, "error")) {
        wire_on_error(answer, &openai_responses_ops, data);
    } else {
        answer->output_bytes += strlen(delta);
    }
    return VDO_OK;
}

static int whole(struct wire_answer *answer, const json_t *body, struct err *err)
{
    if (!json_is_array(json_object_get(body, "output"))) {
        if (!json_is_object(json_object_get(body, "error")))
            return err_set(err, VDO_E_INVALID, "not an answer of the Responses API: no output");
        wire_on_error(answer, &openai_responses_ops, body);
        return VDO_OK;
    }
    return on_response(answer, body, err);
}

static void finish_message(struct wire_answer *answer, const json_t *item)
{
    json_t *part;
    size_t i;

    json_array_foreach (json_object_get(item, "content"), i, part) {
        const char *text = js_str(part, "text", NULL);
        const char *refusal = js_str(part, "refusal", NULL);

        if (text)
            (void)turn_add_block(&answer->turn, BLOCK_TEXT, text, strlen(text));
        if (refusal) {
            (void)turn_add_block(&answer->turn, BLOCK_REFUSAL, refusal, strlen(refusal));
            free(answer->note);
            answer->note = xstrdup(refusal);
        }
    }
}

static void finish_reasoning(struct wire_answer *answer, const json_t *item)
{
    AUTO_STRBUF text = {0};
    json_t *part;
    size_t i;

    strbuf_init(&text, VDO_MAX_HTTP_BODY);
    json_array_foreach (json_object_get(item, "summary"), i, part) {
        (void)strbuf_adds(&text, js_str(part, "text", ""));
    }
    (void)turn_add_block(&answer->turn, BLOCK_REASONING, text.ptr, text.len);
}

static void finish_item(struct wire_answer *answer, json_t *item)
{
    const char *type = js_str(item, "type", "");

    if (strcmp(type, "message") == 0) {
        finish_message(answer, item);
    } else if (strcmp(type, "reasoning") == 0) {
        finish_reasoning(answer, item);
    } else if (strcmp(type, "function_call") == 0) {
        const char *args = js_str(item, "arguments", "");
        const struct block *call = turn_add_call(&answer->turn, js_str(item, "call_id", NULL),
                                                 js_str(item, "name", ""), args, strlen(args));

        (void)json_object_set_new(item, "call_id", json_string(call->call_id));
        if (!*args)
            (void)json_object_set_new(item, "arguments", json_string("{}"));
    }
}

static enum model_stop stop_of(const struct wire_answer *answer)
{
    const char *raw = answer->raw_stop ? answer->raw_stop : "";

    for (size_t i = 0; i < answer->turn.n_blocks; i++) {
        if (answer->turn.blocks[i].kind == BLOCK_REFUSAL)
            return STOP_REFUSAL;
    }
    if (strcmp(raw, "content_filter") == 0)
        return STOP_REFUSAL;
    if (strcmp(raw, "max_output_tokens") == 0)
        return STOP_LENGTH;
    if (turn_has_calls(&answer->turn))
        return STOP_TOOL;
    return strcmp(raw, "completed") == 0 ? STOP_END : STOP_OTHER;
}

static void finish(struct wire_answer *answer, const struct config_provider *provider)
{
    struct state *state = answer->state;
    json_t *raw = json_array();
    json_t *item;
    size_t i;

    json_array_foreach (state->items, i, item) {
        if (!json_is_object(item))
            continue;
        finish_item(answer, item);
        (void)json_array_append(raw, item);
    }
    answer->turn.raw = raw;
    answer->turn.origin = turn_origin(provider->name, openai_responses_ops.api, provider->model);
    answer->stop = stop_of(answer);
}

const struct provider_ops openai_responses_ops = {
    .api = "openai-responses",
    .adjustable = adjustable,
    .build = build,
    .call_url = call_url,
    .models_url = openai_models_url,
    .count_url = count_url,
    .count_body = count_body,
    .count_read = count_read,
    .headers = openai_headers,
    .find_model = openai_find_model,
    .begin = begin,
    .event = event,
    .whole = whole,
    .finish = finish,
    .end = end,
    .error = openai_error,
};
