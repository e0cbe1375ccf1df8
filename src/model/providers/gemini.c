/* Google Gemini generateContent, v1beta. */
#include "../failure.h"
#include "../turns.h"
#include "../wire.h"

#include "vdo/base/mem.h"
#include "vdo/base/strbuf.h"
#include "vdo/json/json.h"

#include <stdlib.h>
#include <string.h>

static const char *const adjustable[] = {"responseJsonSchema", NULL};

/* Current models want a signature on the first call of each step. A call that another model made
 * has none; this value is the documented way of saying so. */
#define FOREIGN_SIGNATURE "skip_thought_signature_validator"

/* ---- request ---- */

static void add_text(json_t *parts, const char *text)
{
    if (*text)
        (void)json_array_append_new(parts, json_pack("{s:o}", "text", wire_text(text)));
}

static void add_content(json_t *contents, const char *role, json_t *parts)
{
    (void)json_array_append_new(contents, json_pack("{s:s, s:o}", "role", role, "parts", parts));
}

/* The functionCall of the n-th call of a turn as received, or NULL. */
static const json_t *raw_call(const struct turn *turn, size_t n)
{
    const json_t *part;
    size_t i;

    json_array_foreach (json_object_get(turn->raw, "parts"), i, part) {
        const json_t *call = json_object_get(part, "functionCall");

        if (call && n-- == 0)
            return call;
    }
    return NULL;
}

/* One response for each call, in the same order: they are joined by that where a call has no id. */
static void add_results(const struct wire_call *call, size_t at, json_t *parts)
{
    const struct turn *before = wire_calls_before(call->chat, at);
    bool replayed = before && wire_may_replay(call, gemini_ops.api, before);
    size_t n = 0;

    for (size_t i = 0; before && i < before->n_blocks; i++) {
        const json_t *raw;
        struct wire_result result;
        json_t *response;

        if (before->blocks[i].kind != BLOCK_TOOL_CALL)
            continue;
        wire_result_of(call->chat, at - 1, &before->blocks[i], replayed, &result);
        raw = replayed ? raw_call(before, n++) : NULL;
        response = json_pack("{s:s, s:{s:o}}", "name",
                             raw ? js_str(raw, "name", result.name) : result.name, "response",
                             result.is_error ? "error" : "output", wire_text(result.text));
        if (raw && json_object_get(raw, "id"))
            (void)json_object_set(response, "id", json_object_get(raw, "id"));
        (void)json_array_append_new(parts, json_pack("{s:o}", "functionResponse", response));
    }
}

static json_t *user_parts(const struct wire_call *call, size_t at)
{
    json_t *parts = json_array();

    add_results(call, at, parts);
    wire_add_said(call->chat, at, add_text, parts);
    if (json_array_size(parts) == 0)
        add_text(parts, "(no text)");
    return parts;
}

static json_t *rebuilt_parts(const struct turn *turn)
{
    json_t *parts = json_array();
    bool first = true;

    for (size_t i = 0; i < turn->n_blocks; i++) {
        const struct block *block = &turn->blocks[i];
        char name[65];
        json_t *part;

        if (block->kind == BLOCK_TEXT || block->kind == BLOCK_REFUSAL)
            add_text(parts, block->text);
        if (block->kind != BLOCK_TOOL_CALL)
            continue;
        wire_safe_name(block->tool, name);
        part = json_pack("{s:{s:s, s:o}}", "functionCall", "name", name, "args", wire_args(block));
        if (first)
            (void)json_object_set_new(part, "thoughtSignature", json_string(FOREIGN_SIGNATURE));
        first = false;
        (void)json_array_append_new(parts, part);
    }
    if (json_array_size(parts) == 0)
        add_text(parts, "(no answer)");
    return parts;
}

static void add_model(const struct wire_call *call, const struct turn *turn, json_t *contents)
{
    if (wire_may_replay(call, gemini_ops.api, turn) &&
        json_array_size(json_object_get(turn->raw, "parts")))
        (void)json_array_append(contents, turn->raw);
    else
        add_content(contents, "model", rebuilt_parts(turn));
}

static json_t *build_contents(const struct wire_call *call)
{
    const struct chat *chat = call->chat;
    json_t *contents = json_array();

    if (chat->n_turns == 0)
        add_content(contents, "user", json_pack("[{s:s}]", "text", "Begin."));
    for (size_t i = 0; i < chat->n_turns; i++) {
        if (chat->turns[i].role == TURN_USER)
            add_content(contents, "user", user_parts(call, i));
        else
            add_model(call, &chat->turns[i], contents);
    }
    if (chat->n_turns && chat->turns[chat->n_turns - 1].role == TURN_ASSISTANT) {
        json_t *parts = json_array();

        add_results(call, chat->n_turns, parts);
        if (json_array_size(parts) == 0)
            add_text(parts, wire_continue);
        add_content(contents, "user", parts);
    }
    return contents;
}

static json_t *build_tools(const struct chat *chat)
{
    json_t *list = json_array();

    for (size_t i = 0; i < chat->n_tools; i++) {
        const struct tool_def *tool = &chat->tools[i];

        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:O}", "name", tool->name,
                                                    "description", tool->description,
                                                    "parametersJsonSchema", tool->schema));
    }
    return json_pack("[{s:o}]", "functionDeclarations", list);
}

static json_t *build(const struct wire_call *call)
{
    bool in_prompt = wire_is_adjusted(call, &gemini_ops, "responseJsonSchema");
    AUTO_FREE char *system = wire_system(call, in_prompt);
    json_t *settings = json_pack("{s:I}", "maxOutputTokens", (json_int_t)call->max_output_tokens);
    json_t *body = json_object();

    if (*system)
        (void)json_object_set_new(body, "systemInstruction",
                                  json_pack("{s:[{s:s}]}", "parts", "text", system));
    if (call->schema) {
        (void)json_object_set_new(settings, "responseMimeType", json_string("application/json"));
        if (!in_prompt)
            (void)json_object_set(settings, "responseJsonSchema",
                                  (json_t *)(uintptr_t)call->schema);
    }
    (void)json_object_set_new(body, "generationConfig", settings);
    if (call->chat->n_tools)
        (void)json_object_set_new(body, "tools", build_tools(call->chat));
    (void)json_object_set_new(body, "contents", build_contents(call));
    if (call->continuation)
        (void)json_object_set_new(body, "continuationToken", json_string(call->continuation));
    return body;
}

static char *url_of(const struct config_provider *provider, const char *path)
{
    size_t len = strlen(provider->base_url);
    bool has_version;

    while (len && provider->base_url[len - 1] == '/')
        len--;
    has_version = (len > 7 && strncmp(provider->base_url + len - 7, "/v1beta", 7) == 0) ||
                  (len > 3 && strncmp(provider->base_url + len - 3, "/v1", 3) == 0);
    return wire_url(provider->base_url, has_version ? path + 7 : path);
}

static char *method_url(const struct config_provider *provider, const char *method)
{
    const char *model = provider->model;
    AUTO_FREE char *name = NULL;
    AUTO_FREE char *path = NULL;

    if (strncmp(model, "models/", 7) == 0)
        model += 7;
    name = url_encode(model);
    path = xasprintf("/v1beta/models/%s:%s", name, method);
    return url_of(provider, path);
}

static char *call_url(const struct config_provider *provider)
{
    return method_url(provider, "streamGenerateContent?alt=sse");
}

static char *count_url(const struct config_provider *provider)
{
    return method_url(provider, "countTokens");
}

static json_t *count_body(const struct config_provider *provider, const json_t *body)
{
    const char *model = provider->model;
    json_t *request = json_copy((json_t *)(uintptr_t)body);

    (void)json_object_set_new(
        request, "model",
        json_sprintf("%s%s", strncmp(model, "models/", 7) ? "models/" : "", model));
    return json_pack("{s:o}", "generateContentRequest", request);
}

static int64_t count_read(const json_t *answer)
{
    return js_int(answer, "totalTokens", -1);
}

static char *models_url(const struct config_provider *provider)
{
    return url_of(provider, "/v1beta/models?pageSize=1000");
}

static void headers(const struct config_provider *provider, struct wire_headers *out)
{
    /* Never in the URL: those end up in logs. */
    if (secret_is_set(&provider->key))
        wire_header_add(out, "x-goog-api-key", "", secret_reveal(&provider->key));
}

static const char *short_name(const char *name)
{
    return strncmp(name, "models/", 7) == 0 ? name + 7 : name;
}

static const json_t *find_model(const json_t *list, const char *model)
{
    const json_t *one;
    size_t i;

    json_array_foreach (json_object_get(list, "models"), i, one) {
        if (strcmp(short_name(js_str(one, "name", "")), short_name(model)) == 0)
            return one;
    }
    return NULL;
}

/* ---- answer ---- */

struct state {
    json_t *parts;
    struct strbuf text; /* of the last part, while more of it may come */
    bool open;
};

static void begin(struct wire_answer *answer)
{
    struct state *state = xcalloc(1, sizeof(*state));

    state->parts = json_array();
    strbuf_init(&state->text, VDO_MAX_HTTP_BODY);
    answer->state = state;
}

static void end(struct wire_answer *answer)
{
    struct state *state = answer->state;

    if (!state)
        return;
    json_decref(state->parts);
    strbuf_release(&state->text);
    free(state);
    answer->state = NULL;
}

static json_t *last_part(const struct state *state)
{
    size_t n = json_array_size(state->parts);

    return n ? json_array_get(state->parts, n - 1) : NULL;
}

static void close_text(struct state *state)
{
    if (!state->open)
        return;
    (void)json_object_set_new(last_part(state), "text",
                              js_string_lossy(state->text.ptr, state->text.len));
    strbuf_clear(&state->text);
    state->open = false;
}

static bool is_thought(const json_t *part)
{
    return js_bool(part, "thought", false);
}

static int on_text_part(struct wire_answer *answer, json_t *part, struct err *err)
{
    struct state *state = answer->state;
    const char *text = js_str(part, "text", "");
    const char *signature = js_str(part, "thoughtSignature", NULL);
    bool joins = state->open && !signature && is_thought(last_part(state)) == is_thought(part);

    if (is_thought(part))
        answer->output_bytes += strlen(text);
    else
        wire_on_text(answer, text, strlen(text));
    if (!joins) {
        close_text(state);
        if (json_array_size(state->parts) >= WIRE_MAX_BLOCKS)
            return err_set(err, VDO_E_TOO_LARGE, "more than %d parts", WIRE_MAX_BLOCKS);
        (void)json_array_append_new(state->parts, json_deep_copy(part));
    }
    (void)strbuf_adds(&state->text, text);
    state->open = true;
    /* A signature belongs to the part that it came with, so nothing may be joined behind it. */
    if (signature)
        close_text(state);
    return VDO_OK;
}

static int on_part(struct wire_answer *answer, json_t *part, struct err *err)
{
    struct state *state = answer->state;

    if (!json_is_object(part))
        return VDO_OK;
    if (json_is_string(json_object_get(part, "text")))
        return on_text_part(answer, part, err);
    close_text(state);
    if (json_array_size(state->parts) >= WIRE_MAX_BLOCKS)
        return err_set(err, VDO_E_TOO_LARGE, "more than %d parts", WIRE_MAX_BLOCKS);
    (void)json_array_append_new(state->parts, json_deep_copy(part));
    answer->output_bytes += 16;
    return VDO_OK;
}

static void read_usage(struct wire_answer *answer, const json_t *usage)
{
    struct usage *to = &answer->usage;

    if (js_int(usage, "promptTokenCount", -1) < 0)
        return;
    answer->usage_seen = true;
    to->cache_read = js_int(usage, "cachedContentTokenCount", 0);
    to->input = js_int(usage, "promptTokenCount", 0) + js_int(usage, "toolUsePromptTokenCount", 0) -
                to->cache_read;
    if (to->input < 0)
        to->input = 0;
    to->reasoning = js_int(usage, "thoughtsTokenCount", 0);
    to->output = js_int(usage, "candidatesTokenCount", 0) + to->reasoning;
}

static bool is_malformed(const char *reason)
{
    return strcmp(reason, "MALFORMED_FUNCTION_CALL") == 0 ||
           strcmp(reason, "MALFORMED_RESPONSE") == 0;
}

static void on_finish(struct wire_answer *answer, const char *reason)
{
    wire_set_stop(answer, reason);
    answer->complete = true;
    if (is_malformed(reason))
        failure_set(&answer->failure, FAIL_CUT, true,
                    "the model made a call that cannot be read (%s)", reason);
}

static int event(struct wire_answer *answer, const char *name, const json_t *data, struct err *err)
{
    const json_t *candidate = json_array_get(json_object_get(data, "candidates"), 0);
    const char *blocked = js_str(data, "promptFeedback.blockReason", NULL);
    const char *reason = js_str(candidate, "finishReason", NULL);
    json_t *part;
    size_t i;
    int rc = VDO_OK;

    (void)name;
    if (json_object_get(data, "error")) {
        wire_on_error(answer, &gemini_ops, data);
        return VDO_OK;
    }
    read_usage(answer, json_object_get(data, "usageMetadata"));
    json_array_foreach (js_at(candidate, "content.parts"), i, part) {
        rc = rc ? rc : on_part(answer, part, err);
    }
    if (js_str(candidate, "continuationToken", NULL)) {
        free(answer->continuation);
        answer->continuation = xstrdup(js_str(candidate, "continuationToken", ""));
    }
    if (!rc && reason)
        on_finish(answer, reason);
    /* A blocked prompt has no candidates and status 200. */
    if (!rc && blocked && !candidate) {
        free(answer->note);
        answer->note = xasprintf("the prompt was blocked: %s", blocked);
        on_finish(answer, blocked);
        answer->stop = STOP_REFUSAL;
    }
    return rc;
}

static int whole(struct wire_answer *answer, const json_t *body, struct err *err)
{
    if (!json_object_get(body, "candidates") && !json_object_get(body, "promptFeedback") &&
        !json_object_get(body, "error"))
        return err_set(err, VDO_E_INVALID, "not an answer of generateContent: no candidates");
    return event(answer, "", body, err);
}

static void finish_part(struct wire_answer *answer, const json_t *part)
{
    const json_t *call = json_object_get(part, "functionCall");
    const char *text = js_str(part, "text", NULL);

    if (json_is_object(call)) {
        const json_t *args = json_object_get(call, "args");
        AUTO_FREE char *raw = args ? json_dumps(args, JSON_COMPACT | JSON_ENCODE_ANY) : xstrdup("");

        (void)turn_add_call(&answer->turn, js_str(call, "id", NULL), js_str(call, "name", ""), raw,
                            strlen(raw));
    } else if (text && is_thought(part)) {
        (void)turn_add_block(&answer->turn, BLOCK_REASONING, text, strlen(text));
    } else if (text && *text) {
        (void)turn_add_block(&answer->turn, BLOCK_TEXT, text, strlen(text));
    }
}

static enum model_stop stop_of(const struct wire_answer *answer)
{
    static const char *const refusals[] = {
        "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", NULL};
    const char *raw = answer->raw_stop ? answer->raw_stop : "";

    for (size_t i = 0; refusals[i]; i++) {
        if (strcmp(raw, refusals[i]) == 0)
            return STOP_REFUSAL;
    }
    if (answer->stop == STOP_REFUSAL)
        return STOP_REFUSAL;
    if (strcmp(raw, "MAX_TOKENS") == 0)
        return STOP_LENGTH;
    if (turn_has_calls(&answer->turn))
        return STOP_TOOL;
    if (strcmp(raw, "CONTINUATION") == 0)
        return STOP_PAUSE;
    return strcmp(raw, "STOP") == 0 ? STOP_END : STOP_OTHER;
}

static void finish(struct wire_answer *answer, const struct config_provider *provider)
{
    struct state *state = answer->state;
    json_t *part;
    size_t i;

    close_text(state);
    json_array_foreach (state->parts, i, part) {
        finish_part(answer, part);
    }
    answer->turn.raw = json_pack("{s:s, s:O}", "role", "model", "parts", state->parts);
    answer->turn.origin = turn_origin(provider->name, gemini_ops.api, provider->model);
    answer->stop = stop_of(answer);
}

static int64_t read_delay(const char *text)
{
    char *rest = NULL;
    double seconds = strtod(text, &rest);

    return rest != text && *rest == 's' && seconds > 0 && seconds < 1e7 ?
               (int64_t)(seconds * 1000) :
               -1;
}

static void read_detail(const json_t *detail, struct wire_error *out)
{
    int64_t delay = read_delay(js_str(detail, "retryDelay", ""));
    const char *reason = js_str(detail, "reason", NULL);
    json_t *violation;
    size_t i;

    if (delay > 0)
        out->retry_after_ms = delay;
    if (reason)
        out->code = reason;
    json_array_foreach (json_object_get(detail, "violations"), i, violation) {
        if (strcasestr(js_str(violation, "quotaId", ""), "PerDay"))
            out->quota_of_day = true;
    }
}

static void error(const json_t *body, struct wire_error *out)
{
    const json_t *error = json_object_get(body, "error");
    json_t *detail;
    size_t i;

    out->type = js_str(error, "status", "");
    out->message = js_str(error, "message", "");
    out->status = (int)js_int(error, "code", 0);
    json_array_foreach (json_object_get(error, "details"), i, detail) {
        read_detail(detail, out);
    }
    /* A bad key is a 400 here. */
    if (strcmp(out->code, "API_KEY_INVALID") == 0)
        out->status = 401;
}

const struct provider_ops gemini_ops = {
    .api = "gemini",
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
