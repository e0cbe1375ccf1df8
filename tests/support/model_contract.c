#include "model_contract.h"

#include <ctype.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OPEN = 64 };

struct check {
    char *out;
    size_t len;
    const char *path;
    const char *head; /* header lines; NULL: not judged */
    const json_t *body;
};

static void bad(struct check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void bad(struct check *c, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    size_t n;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text) - 1, fmt, ap);
    va_end(ap);
    n = strlen(text);
    text[n++] = '\n';
    c->out = realloc(c->out, c->len + n + 1);
    memcpy(c->out + c->len, text, n);
    c->len += n;
    c->out[c->len] = '\0';
}

static const char *str(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

static bool has_header(const struct check *c, const char *start)
{
    size_t len = strlen(start);

    for (const char *line = c->head; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncasecmp(line, start, len) == 0)
            return true;
    }
    return false;
}

static void known_members(struct check *c, const json_t *object, const char *where,
                          const char *const *known)
{
    const char *key;
    json_t *value;

    json_object_foreach ((json_t *)(uintptr_t)object, key, value) {
        size_t i = 0;

        while (known[i] && strcmp(known[i], key) != 0)
            i++;
        if (!known[i])
            bad(c, "%s: unknown member %s", where, key);
    }
}

static void strict_schema(struct check *c, const json_t *schema, const char *where)
{
    static const char *const refused[] = {
        "allOf",   "oneOf",     "not",       "patternProperties", "minimum", "maximum",
        "pattern", "minLength", "maxLength", "uniqueItems",       NULL};
    const json_t *properties = json_object_get(schema, "properties");
    const json_t *required = json_object_get(schema, "required");
    const char *key;
    json_t *value;
    size_t i;

    if (!json_is_object(schema))
        return;
    for (i = 0; refused[i]; i++) {
        if (json_object_get(schema, refused[i]))
            bad(c, "%s: %s is not in the strict dialect", where, refused[i]);
    }
    if (properties && !json_is_false(json_object_get(schema, "additionalProperties")))
        bad(c, "%s: additionalProperties must be false", where);
    if (properties && json_array_size(required) != json_object_size(properties))
        bad(c, "%s: every property must be required", where);
    json_object_foreach ((json_t *)(uintptr_t)properties, key, value) {
        strict_schema(c, value, key);
    }
    strict_schema(c, json_object_get(schema, "items"), "items");
    json_array_foreach (json_object_get(schema, "anyOf"), i, value) {
        strict_schema(c, value, "anyOf");
    }
}

/* Calls that wait for their result. */
struct open_calls {
    const char *id[MAX_OPEN];
    size_t n;
};

static void open_call(struct check *c, struct open_calls *open, const char *id, const char *allowed)
{
    if (!*id)
        bad(c, "a call without id");
    for (const char *p = id; *p; p++) {
        if (!isalnum((unsigned char)*p) && !strchr(allowed, *p)) {
            bad(c, "call id %s: character %c", id, *p);
            break;
        }
    }
    if (open->n < MAX_OPEN)
        open->id[open->n++] = id;
}

static void close_call(struct check *c, struct open_calls *open, const char *id)
{
    for (size_t i = 0; i < open->n; i++) {
        if (strcmp(open->id[i], id) == 0) {
            open->id[i] = open->id[--open->n];
            return;
        }
    }
    bad(c, "a result for %s, which was not called", id);
}

static void want_closed(struct check *c, struct open_calls *open, const char *where)
{
    for (size_t i = 0; i < open->n; i++)
        bad(c, "%s: no result for call %s", where, open->id[i]);
    open->n = 0;
}

static bool is_positive(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) > 0;
}

static bool is_json_object_text(const char *text)
{
    json_t *value = json_loads(text, JSON_ALLOW_NUL, NULL);
    bool ok = json_is_object(value);

    json_decref(value);
    return ok;
}

static size_t count_marks(const json_t *value)
{
    size_t n = json_object_get(value, "cache_control") != NULL;
    const char *key;
    json_t *member;
    size_t i;

    json_object_foreach ((json_t *)(uintptr_t)value, key, member) {
        n += count_marks(member);
    }
    json_array_foreach (value, i, member) {
        n += count_marks(member);
    }
    return n;
}

static void anthropic_block(struct check *c, const json_t *block, bool user, bool *said_text,
                            struct open_calls *open)
{
    const char *type = str(block, "type");

    if (strcmp(type, "text") == 0) {
        *said_text = true;
        if (!*str(block, "text"))
            bad(c, "an empty text block");
    } else if (strcmp(type, "tool_result") == 0) {
        if (!user)
            bad(c, "tool_result in an assistant message");
        if (*said_text)
            bad(c, "tool_result behind text: results come first");
        if (!*str(block, "content"))
            bad(c, "an empty tool_result");
        close_call(c, open, str(block, "tool_use_id"));
    } else if (strcmp(type, "tool_use") == 0) {
        if (user)
            bad(c, "tool_use in a user message");
        if (!json_is_object(json_object_get(block, "input")))
            bad(c, "tool_use.input must be an object");
        if (!*str(block, "name"))
            bad(c, "tool_use without name");
        open_call(c, open, str(block, "id"), "_-");
    } else if (strcmp(type, "thinking") == 0 && !*str(block, "signature")) {
        bad(c, "a thinking block without its signature");
    }
}

static void anthropic_message(struct check *c, const json_t *message, const char **last,
                              struct open_calls *open)
{
    const char *role = str(message, "role");
    const json_t *content = json_object_get(message, "content");
    bool user = strcmp(role, "user") == 0;
    bool said_text = false;
    json_t *block;
    size_t i;

    if (!user && strcmp(role, "assistant") != 0)
        bad(c, "role %s", role);
    if (strcmp(role, *last) == 0)
        bad(c, "two %s messages in a row", role);
    *last = role;
    if (json_array_size(content) == 0)
        bad(c, "a message without content");
    if (!user)
        want_closed(c, open, "assistant message");
    json_array_foreach (content, i, block) {
        anthropic_block(c, block, user, &said_text, open);
    }
    if (user)
        want_closed(c, open, "user message");
}

static void anthropic(struct check *c)
{
    static const char *const members[] = {
        "model",         "max_tokens", "stream",   "system",      "tools", "messages",
        "output_config", "thinking",   "metadata", "tool_choice", NULL};
    const json_t *messages = json_object_get(c->body, "messages");
    const char *last = "assistant";
    struct open_calls open = {0};
    json_t *one;
    size_t i;

    known_members(c, c->body, "body", members);
    if (c->head && !has_header(c, "anthropic-version: 2026-10-21"))
        bad(c, "anthropic-version is missing or another");
    if (c->head && has_header(c, "x-api-key:") == has_header(c, "authorization:"))
        bad(c, "the key must be in one header, x-api-key or Authorization");
    if (strstr(c->path, "/count_tokens")) {
        if (json_object_get(c->body, "max_tokens") || json_object_get(c->body, "stream"))
            bad(c, "a count has neither max_tokens nor stream");
    } else if (!is_positive(json_object_get(c->body, "max_tokens"))) {
        bad(c, "max_tokens is required");
    }
    if (json_array_size(messages) == 0)
        bad(c, "messages is required");
    json_array_foreach (messages, i, one) {
        anthropic_message(c, one, &last, &open);
    }
    if (strcmp(last, "user") != 0)
        bad(c, "the last message must be the user's");
    json_array_foreach (json_object_get(c->body, "tools"), i, one) {
        if (!*str(one, "name") ||
            strcmp(str(json_object_get(one, "input_schema"), "type"), "object") != 0)
            bad(c, "tools[%zu] needs a name and an input_schema of type object", i);
    }
    if (count_marks(c->body) > 4)
        bad(c, "more than four cache_control marks");
    strict_schema(
        c,
        json_object_get(json_object_get(json_object_get(c->body, "output_config"), "format"),
                        "schema"),
        "output_config.format.schema");
}

static void chat_calls(struct check *c, const json_t *message, struct open_calls *open)
{
    const json_t *calls = json_object_get(message, "tool_calls");
    json_t *one;
    size_t i;

    if (calls && json_array_size(calls) == 0)
        bad(c, "empty tool_calls");
    json_array_foreach (calls, i, one) {
        const json_t *function = json_object_get(one, "function");

        if (strcmp(str(one, "type"), "function") != 0 || !*str(function, "name"))
            bad(c, "a tool call without type or name");
        if (!is_json_object_text(str(function, "arguments")))
            bad(c, "arguments are not a JSON object in a string: %.100s",
                str(function, "arguments"));
        open_call(c, open, str(one, "id"), "_-");
    }
}

static void chat_message(struct check *c, const json_t *message, struct open_calls *open)
{
    const char *role = str(message, "role");

    if (strcmp(role, "tool") == 0) {
        if (!json_is_string(json_object_get(message, "content")))
            bad(c, "a tool message without text");
        close_call(c, open, str(message, "tool_call_id"));
        return;
    }
    want_closed(c, open, role);
    if (strcmp(role, "assistant") == 0)
        chat_calls(c, message, open);
    else if (strcmp(role, "user") != 0 && strcmp(role, "system") != 0)
        bad(c, "role %s", role);
    if (!json_is_string(json_object_get(message, "content")) &&
        !json_object_get(message, "tool_calls"))
        bad(c, "a %s message without content", role);
}

static void openai_chat(struct check *c)
{
    static const char *const members[] = {
        "model",    "stream", "max_tokens",      "max_completion_tokens", "stream_options",
        "messages", "tools",  "response_format", "reasoning_effort",      NULL};
    const json_t *format =
        json_object_get(json_object_get(c->body, "response_format"), "json_schema");
    struct open_calls open = {0};
    json_t *one;
    size_t i;

    known_members(c, c->body, "body", members);
    if (!is_positive(json_object_get(c->body, "max_tokens")) ==
        !is_positive(json_object_get(c->body, "max_completion_tokens")))
        bad(c, "one of max_tokens and max_completion_tokens is required");
    if (json_array_size(json_object_get(c->body, "messages")) == 0)
        bad(c, "messages is required");
    json_array_foreach (json_object_get(c->body, "messages"), i, one) {
        chat_message(c, one, &open);
    }
    want_closed(c, &open, "the end");
    if (format && !*str(format, "name"))
        bad(c, "response_format.json_schema.name is required");
    strict_schema(c, json_object_get(format, "schema"), "response_format");
    json_array_foreach (json_object_get(c->body, "tools"), i, one) {
        if (!*str(json_object_get(one, "function"), "name"))
            bad(c, "tools[%zu].function.name", i);
    }
}

static void responses_item(struct check *c, const json_t *item, struct open_calls *open)
{
    const char *type = str(item, "type");

    if (strcmp(type, "function_call") == 0) {
        if (!is_json_object_text(str(item, "arguments")))
            bad(c, "arguments are not a JSON object in a string");
        open_call(c, open, str(item, "call_id"), "_-");
    } else if (strcmp(type, "function_call_output") == 0) {
        close_call(c, open, str(item, "call_id"));
        if (!*str(item, "output"))
            bad(c, "function_call_output without output");
    } else if (strcmp(type, "reasoning") == 0) {
        if (!*str(item, "encrypted_content"))
            bad(c, "reasoning without encrypted_content while nothing is stored");
    } else if (strcmp(str(item, "role"), "user") == 0) {
        want_closed(c, open, "user message");
    } else if (strcmp(str(item, "role"), "assistant") != 0) {
        bad(c, "an item of type %s and role %s", type, str(item, "role"));
    }
}

static void openai_responses(struct check *c)
{
    static const char *const members[] = {
        "model",   "instructions", "input", "max_output_tokens", "stream",           "store",
        "include", "tools",        "text",  "reasoning",         "prompt_cache_key", NULL};
    const json_t *format = json_object_get(json_object_get(c->body, "text"), "format");
    struct open_calls open = {0};
    json_t *one;
    size_t i;

    known_members(c, c->body, "body", members);
    if (!json_is_false(json_object_get(c->body, "store")))
        bad(c, "store must be false");
    if (!is_positive(json_object_get(c->body, "max_output_tokens")))
        bad(c, "max_output_tokens is required");
    if (json_array_size(json_object_get(c->body, "input")) == 0)
        bad(c, "input is required");
    json_array_foreach (json_object_get(c->body, "input"), i, one) {
        responses_item(c, one, &open);
    }
    want_closed(c, &open, "the end");
    if (format && !*str(format, "name"))
        bad(c, "text.format.name is required");
    strict_schema(c, json_object_get(format, "schema"), "text.format.schema");
    json_array_foreach (json_object_get(c->body, "tools"), i, one) {
        if (json_object_get(one, "function") || !*str(one, "name") ||
            !json_is_false(json_object_get(one, "strict")))
            bad(c, "tools[%zu]: flat, with a name, and not strict", i);
    }
}

static void gemini_parts(struct check *c, const json_t *content, char calls[MAX_OPEN][65],
                         size_t *n_calls)
{
    bool model = strcmp(str(content, "role"), "model") == 0;
    size_t answered = 0;
    size_t made = 0;
    json_t *part;
    size_t i;

    json_array_foreach (json_object_get(content, "parts"), i, part) {
        const json_t *response = json_object_get(part, "functionResponse");
        const json_t *call = json_object_get(part, "functionCall");

        if (response &&
            (answered >= *n_calls || strcmp(calls[answered++], str(response, "name")) != 0))
            bad(c, "functionResponse %s does not answer the call at its place",
                str(response, "name"));
        if (response && !json_is_object(json_object_get(response, "response")))
            bad(c, "functionResponse.response must be an object");
        if (!call)
            continue;
        if (!model ||
            (json_object_get(call, "args") && !json_is_object(json_object_get(call, "args"))))
            bad(c, "a functionCall of a user, or args that are no object");
        if (made == 0 && !*str(part, "thoughtSignature"))
            bad(c, "Function call is missing a thought_signature in functionCall parts");
        if (made < MAX_OPEN)
            (void)snprintf(calls[made++], 65, "%s", str(call, "name"));
    }
    if (!model && answered != *n_calls)
        bad(c, "%zu calls, %zu responses", *n_calls, answered);
    *n_calls = model ? made : 0;
}

static void gemini(struct check *c)
{
    static const char *const members[] = {
        "systemInstruction", "generationConfig",  "tools", "contents",
        "toolConfig",        "continuationToken", NULL};
    const json_t *settings = json_object_get(c->body, "generationConfig");
    const char *last = "model";
    char calls[MAX_OPEN][65];
    size_t n_calls = 0;
    json_t *one;
    size_t i;

    known_members(c, c->body, "body", members);
    if (c->head && !has_header(c, "x-goog-api-key:"))
        bad(c, "x-goog-api-key is missing");
    if (strstr(c->path, "key="))
        bad(c, "the key is in the URL");
    if (strstr(c->path, "stream") && !strstr(c->path, "alt=sse"))
        bad(c, "streamGenerateContent without alt=sse");
    if (!is_positive(json_object_get(settings, "maxOutputTokens")))
        bad(c, "generationConfig.maxOutputTokens is required");
    json_array_foreach (json_object_get(c->body, "contents"), i, one) {
        if (strcmp(str(one, "role"), last) == 0)
            bad(c, "two contents of role %s in a row", last);
        last = str(one, "role");
        if (json_array_size(json_object_get(one, "parts")) == 0)
            bad(c, "contents[%zu] has no parts", i);
        gemini_parts(c, one, calls, &n_calls);
    }
    if (strcmp(last, "user") != 0)
        bad(c, "the last content must be the user's");
    strict_schema(c, json_object_get(settings, "responseJsonSchema"), "responseJsonSchema");
}

/* Counting takes what makes up the prompt and nothing else. */
static void openai_count(struct check *c)
{
    static const char *const members[] = {
        "model",     "input", "instructions", "tools", "text", "tool_choice", "parallel_tool_calls",
        "reasoning", NULL};

    known_members(c, c->body, "body", members);
    if (!json_object_get(c->body, "input"))
        bad(c, "input is required");
    if (!*str(c->body, "model"))
        bad(c, "model is required");
}

static void gemini_count(struct check *c)
{
    const json_t *request = json_object_get(c->body, "generateContentRequest");

    if (strncmp(str(request, "model"), "models/", 7) != 0)
        bad(c, "generateContentRequest.model is required and begins with models/");
    if (!json_array_size(json_object_get(request, "contents")))
        bad(c, "generateContentRequest.contents is required");
}

static void check(struct check *c)
{
    if (strstr(c->path, "/input_tokens")) {
        openai_count(c);
        return;
    }
    if (strstr(c->path, ":countTokens")) {
        gemini_count(c);
        return;
    }
    if (strstr(c->path, "/chat/completions"))
        openai_chat(c);
    else if (strstr(c->path, "/messages"))
        anthropic(c);
    else if (strstr(c->path, "/responses"))
        openai_responses(c);
    else if (strstr(c->path, "enerateContent"))
        gemini(c);
    if (!strstr(c->path, "enerateContent") && !*str(c->body, "model"))
        bad(c, "model is required");
    if (json_object_get(c->body, "temperature") || json_object_get(c->body, "top_p"))
        bad(c, "temperature and top_p are refused by current models");
}

char *model_contract_check_body(const char *path, const char *body)
{
    struct check c = {.out = calloc(1, 1), .path = path};
    json_t *value = json_loads(body, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);

    c.body = value;
    if (json_is_object(value))
        check(&c);
    else
        bad(&c, "the body is not a JSON object");
    json_decref(value);
    return c.out;
}

char *model_contract_check(const char *request)
{
    struct check c = {.out = calloc(1, 1)};
    const char *body = strstr(request, "\r\n\r\n");
    char *path;
    json_t *value;

    if (strncmp(request, "POST ", 5) != 0 || !body)
        return c.out;
    path = strndup(request + 5, strcspn(request + 5, " "));
    value = json_loads(body + 4, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    c.path = path;
    c.head = request;
    c.body = value;
    if (!has_header(&c, "content-type: application/json"))
        bad(&c, "content-type is not application/json");
    if (json_is_object(value))
        check(&c);
    else
        bad(&c, "the body is not a JSON object");
    json_decref(value);
    free(path);
    return c.out;
}
